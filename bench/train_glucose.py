"""Trains the glucose model on the shipped people and writes it to twin/data/, with how well it did on others.

LightGBM grows the trees; it is installed into .venv-rivals, and Pollux needs none. The same data give the
same trees. Every fold of people is forecast by trees that saw only the other folds: these errors are what is
published, and from these forecasts come the factors that make the bands hold.
"""

import json
import sys
from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
from forecasting import rivals
from forecasting.glucose_answers import Answers, as_said, beside_rivals, figures
from forecasting.wearers import Origins, Wearer, fold_of, origins, read_cgm

from twin.forecast.glucose import NEEDED
from twin.forecast.glucose_band import LEVELS, MINUTES, NARROWEST, QUANTILES, Floats
from twin.forecast.glucose_features import HISTORY, STEP_MINUTES, features
from twin.forecast.trees import Trees
from twin.kinds import DATA

# After our own, so that of packages that both have ours count.
sys.path.append(str(rivals.packages()))

import lightgbm

VERSION = "glucose-1"
"""Raise it with every change of the files: forecasts name it, and what is known of bands begins anew."""
MADE_ON = "2026-11-24"
FOLDS = 5
TREES = 100
LEAVES = 24
PARAMETERS = {
    "objective": "quantile",
    "learning_rate": 0.08,
    "num_leaves": LEAVES,
    "min_data_in_leaf": 100,
    "bagging_fraction": 0.6,
    "bagging_freq": 1,
    "feature_fraction": 0.6,
    "seed": 20261124,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
SHORTENED = 0.15
"""The share of origins that are learnt from a second time with a shorter history, as after a gap."""
CHECKS = 24
"""Rows of features whose forecasts by LightGBM itself are kept, for a test to hold ours to."""

Rows = npt.NDArray[np.float32]


def main() -> None:
    """Grows the trees of every fold, learns the factors, scores, and writes both files."""
    wearers = read_cgm()
    at = origins(wearers)
    fold = np.array(fold_of(wearers, FOLDS))[at.wearer]
    rows = features(at.history, at.minute_of_day)
    grown, change = _grow(at, fold, rows)

    raw = np.sort(change) + at.history[:, -1, None, None]
    factors = np.array(
        [_factors(raw[fold != number], at.truth[fold != number]) for number in [*range(FOLDS), FOLDS]]
    ).round(4)
    scored = beside_rivals(at, as_said(at, raw, factors[fold]))

    checks = rows[:: len(rows) // CHECKS][:CHECKS].copy()
    checks[::3, 8:20] = np.nan
    np.savez_compressed(
        DATA / "glucose_model.npz",
        **_arrays(grown),
        check_rows=checks,
        check_said=np.stack([booster.predict(checks) for booster in grown], axis=-1),
    )
    about = {
        "version": VERSION,
        "made_on": MADE_ON,
        "made_with": f"LightGBM {lightgbm.__version__}",
        "licence": "CC BY 4.0, of people whose credits stand in docs/data-credits.md",
        "folds": FOLDS,
        "factors": factors.tolist(),
        "people": len(wearers),
        "origins": len(rows),
        "metrics": _rounded(figures(scored)),
        "sources": _by_source(wearers, scored),
    }
    (DATA / "glucose_model.json").write_text(json.dumps(about, indent=1) + "\n")


def _grow(at: Origins, fold: npt.NDArray[np.int64], rows: Rows) -> tuple[list[lightgbm.Booster], Floats]:
    """The boosters by fold, horizon and quantile, and what each origin hears from those that never saw it."""
    change = at.truth - at.history[:, -1:]
    short, whose = _shortened(at)
    # Who wore a sensor for long counts more than who did not, but not as many times as there are readings.
    weight = np.sqrt(1 / np.bincount(at.wearer))[at.wearer]
    weight /= weight.mean()
    grown: list[lightgbm.Booster] = []
    heard = np.empty((*change.shape, len(QUANTILES)))
    for number in range(FOLDS):
        others, again = fold != number, fold[whose] != number
        known = lightgbm.Dataset(np.concatenate([rows[others], short[again]]), params=PARAMETERS)
        came = np.concatenate([change[others], change[whose[again]]])
        known.set_weight(np.concatenate([weight[others], weight[whose[again]]]))
        for place, level in product(range(len(MINUTES)), range(len(QUANTILES))):
            told = f"fold {number + 1}, {MINUTES[place]} minutes, quantile {QUANTILES[level]}"
            print(told, file=sys.stderr, flush=True)
            known.set_label(came[:, place])
            booster = lightgbm.train(PARAMETERS | {"alpha": QUANTILES[level]}, known, TREES)
            heard[~others, place, level] = booster.predict(rows[~others])
            grown.append(booster)
    return grown, heard


def _shortened(at: Origins) -> tuple[Rows, npt.NDArray[np.int64]]:
    """Features of some origins as if reading had begun half an hour to a day before, and which they are."""
    random = np.random.default_rng(PARAMETERS["seed"])
    chosen = np.sort(random.choice(len(at.wearer), round(SHORTENED * len(at.wearer)), replace=False))
    least = NEEDED // STEP_MINUTES + 1
    kept = np.rint(least * (HISTORY / least) ** random.random(len(chosen))).astype(np.int64)
    known = np.arange(HISTORY) >= HISTORY - kept[:, None]
    return features(np.where(known, at.history[chosen], np.nan), at.minute_of_day[chosen]), chosen


def _factors(raw: Floats, truth: Floats) -> Floats:
    """By horizon and level, how far each band must reach, in its own widths, to hold that share of truths.

    Conformalised quantile regression (Romano, Patterson, Candès 2019), with the distance of the truth from
    the centre measured in the band's reach to that side.
    """
    centre = raw[..., 2]
    factors = np.empty((len(MINUTES), len(LEVELS)))
    for place, (low, high) in enumerate([(1, 3), (0, 4)]):
        below = np.maximum(centre - raw[..., low], NARROWEST)
        above = np.maximum(raw[..., high] - centre, NARROWEST)
        distance = np.where(truth < centre, (centre - truth) / below, (truth - centre) / above)
        factors[:, place] = np.quantile(distance, LEVELS[place], axis=0)
    return factors


def _arrays(grown: Sequence[lightgbm.Booster]) -> dict[str, npt.NDArray[np.generic]]:
    """The trees of all boosters in order, as twin/forecast/trees.py wants them."""
    trees = [tree for booster in grown for tree in _trees_of(booster)]
    return {name: np.stack([tree[name] for tree in trees]) for name in Trees.names()}


def _trees_of(booster: lightgbm.Booster) -> list[dict[str, npt.NDArray[np.generic]]]:
    """Each tree read from LightGBM's text, padded to LEAVES."""
    found = []
    for text in booster.model_to_string().split("\nTree=")[1:]:
        told = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

        def numbers(name: str, size: int, told: dict[str, str] = told) -> Floats:
            given = np.array(told.get(name, "").split(), np.float64)
            return np.pad(given, (0, size - len(given)))

        nodes = LEAVES - 1
        decision = numbers("decision_type", nodes).astype(np.int64)
        if told["num_leaves"] == "1":
            raise ValueError("a tree without a question")
        found.append(
            {
                "feature": numbers("split_feature", nodes).astype(np.uint8),
                "threshold": _float32_below(numbers("threshold", nodes)),
                "left": numbers("left_child", nodes).astype(np.int8),
                "right": numbers("right_child", nodes).astype(np.int8),
                # Bit 1 says where what is missing goes. Where none was missing in training, it counts as 0.
                "missing_left": np.where(
                    decision & 0b1100 == 0b1000, decision & 0b10 > 0, numbers("threshold", nodes) >= 0
                ),
                "leaf": numbers("leaf_value", LEAVES).astype(np.float32),
            }
        )
    return found


def _float32_below(thresholds: Floats) -> npt.NDArray[np.float32]:
    """The greatest float32 up to each threshold, so that a float32 is up to both or to neither."""
    rounded = thresholds.astype(np.float32)
    down = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > thresholds, down, rounded)


def _by_source(wearers: Sequence[Wearer], scored: Answers) -> dict[str, object]:
    source = np.array([wearer.source for wearer in wearers])
    told = {}
    for name in np.unique(source).tolist():
        mine = scored.of(source[scored.wearer] == name)
        told[name] = {"people": int((source == name).sum()), "metrics": _rounded(figures(mine))}
    return told


def _rounded(told: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: round(value, 4) for name, value in one.items()} for one in told]


if __name__ == "__main__":
    main()
