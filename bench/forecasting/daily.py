"""How well daily series are forecast: ours beside four rivals, from the same evenings, kind by kind."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from harness import Row, at_most, say, within

from forecasting import learning, ours, rivals, scores
from forecasting.scores import Points
from forecasting.series import (
    HORIZON,
    SHIPPED,
    DailySeries,
    Origin,
    evenly,
    in_folds,
    known_again,
    origins,
    read_daily,
)
from twin.forecast import calibration
from twin.forecast.band import Values

BARS = {"MAE / stock Prophet": 0.87, "CRPS / stock Prophet": 0.82, "MAE / last value": 0.82}
HELD80 = (0.78, 0.82)
HELD80_OF_ONE = (0.70, 0.90)
SHARE_OF_SERIES = 0.80
# A share of days says something from this many on; a kind is held to its bar from this many people on.
LEAST_DAYS = 28
LEAST_PEOPLE = 10
MOST_PER_SERIES = 40
QUICK = 250
FOLDS = 5


def rows(file: Path, *, quick: bool) -> list[Row]:
    """A row each promise, and each kind's figures beside stock Prophet's."""
    every = read_daily(file)
    evenings = [one for each in every for one in evenly(list(origins(each)), MOST_PER_SERIES)]
    if quick:
        evenings = evenly(evenings, QUICK)
    if not evenings:
        return [_told(f"daily: {file.name} has no series that is long enough", 0, None, "series")]
    say(f"daily: {len(evenings)} evenings of {len({(o.series.who, o.series.name) for o in evenings})} series")
    known = [evening.known for evening in evenings]
    found = {
        "ours": without_them(evenings),
        "stock Prophet": rivals.of_all(rivals.prophet, known, processes=2),
        "last value": rivals.of_all(rivals.last_value, known),
        "seasonal naive": rivals.of_all(rivals.seasonal_naive, known),
    }
    missing = ""
    try:
        found["AutoETS"] = rivals.auto_ets(known)
    except rivals.RivalMissing as error:
        missing = f"daily: AutoETS is left out, its packages could not be installed or run ({error})"
    points = {name: scores.points(evenings, quantiles) for name, quantiles in found.items()}
    made = [*_beside(points), *_of_kinds(points, evenings), *_of_series(points["ours"])]
    return [*made, _told(missing, 0, None, "evenings")] if missing else made


def without_them(evenings: Sequence[Origin]) -> Values:
    """Our quantiles [origin, day ahead, quantile], with factors learnt from other people alone.

    Whoever is among the people that the shipped factors were learnt from, under whatever name, is forecast
    with factors learnt anew from the others of them; everybody else with the shipped ones.
    """
    learnt_from = read_daily(SHIPPED)
    folds = in_folds(learnt_from, FOLDS)
    again = known_again({id(one.series): one.series for one in evenings}.values(), learnt_from)
    quantiles = np.empty((len(evenings), HORIZON, len(rivals.QUANTILES)))
    whose = [again.get(evening.series.who, evening.series.who) for evening in evenings]
    fold_of = np.array([folds.get(who, FOLDS) for who in whose])
    for fold in np.unique(fold_of):
        factors = (
            calibration.SHIPPED if fold == FOLDS else learning.learn(_others(learnt_from, folds, fold), "")
        )
        chosen = np.flatnonzero(fold_of == fold)
        bands = ours.bands([evenings[at] for at in chosen], factors, HORIZON)
        quantiles[chosen] = ours.quantiles(bands)
    return quantiles


def _others(series: Sequence[DailySeries], folds: dict[tuple[str, str], int], fold: int) -> list[DailySeries]:
    return [one for one in series if folds[one.who] != fold]


def _beside(points: dict[str, Points]) -> list[Row]:
    kinds = {name: scores.by_kind(all_kinds) for name, all_kinds in points.items()}
    made = []
    for rival in list(kinds)[1:]:
        for name, score in (("MAE", scores.mae), ("CRPS", scores.crps)):
            mine, theirs = ({kind: score(own) for kind, own in kinds[who].items()} for who in ("ours", rival))
            what = f"{name} / {rival}"
            ratio = scores.ratio(mine, theirs)
            made.append(at_most(BARS.get(what), f"daily, mean over kinds: {what}", ratio, 1.0, "times"))
    return made


def _of_kinds(points: dict[str, Points], evenings: Sequence[Origin]) -> list[Row]:
    mine, theirs = scores.by_kind(points["ours"]), scores.by_kind(points["stock Prophet"])
    made = []
    for kind, own in mine.items():
        other = theirs[kind]
        of_kind = [evening.series for evening in evenings if evening.series.name == kind]
        people, unit = len({series.who for series in of_kind}), of_kind[0].kind.unit
        name = f"daily, {kind} ({people} people)"
        held, bar = scores.held(own), HELD80 if people >= LEAST_PEOPLE else None
        made += [
            _told(f"{name}: MAE beside Prophet's", scores.mae(own), scores.mae(other), unit),
            _told(f"{name}: CRPS beside Prophet's", scores.crps(own), scores.crps(other), unit),
            _told(
                f"{name}: 80 % band's width beside Prophet's", scores.width(own), scores.width(other), unit
            ),
            within(bar, f"{name}: 80 % band holds", held, scores.held(other)),
            within(None, f"{name}: 95 % band holds", scores.held95(own), scores.held95(other)),
        ]
    return made


def _of_series(points: Points) -> list[Row]:
    shares = [share for share, days in scores.held_by_series(points).values() if days >= LEAST_DAYS]
    inside = [HELD80_OF_ONE[0] <= share <= HELD80_OF_ONE[1] for share in shares]
    every = [
        HELD80_OF_ONE[0] <= share <= HELD80_OF_ONE[1] for share, _ in scores.held_by_series(points).values()
    ]
    name = "daily, single series: 80 % band holds 70 to 90 %"
    made = [within(None, f"{name}, all {len(every)}", float(np.mean(every)))]
    if inside:
        what = f"{name}, {len(inside)} with {LEAST_DAYS} days or more"
        made.insert(0, within((SHARE_OF_SERIES, 1.0), what, float(np.mean(inside))))
    return made


def _told(what: str, mine: float, other: float | None, unit: str) -> Row:
    """A row without a bar; a forecast that never errs is beside nobody."""
    return at_most(None, what, mine, other if mine > 0 else None, unit)
