"""People who wear a glucose sensor, and the past readings from which their next two hours are forecast.

An origin is a reading about every 15 minutes with two hours of readings before it, in which at most three
points in a row are missing, and with a reading after it at every horizon. Nothing that was filled in is an
origin or a truth.
"""

import csv
import gzip
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin.forecast.glucose_features import AHEAD, HISTORY, NEAR, STEP_MINUTES, Floats

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "glucose.npz"
JOINED = 3
"""Missing points in a row that are filled in between two readings."""
EVERY = 3
"""Points from one origin to the next."""
_SAME_PERSON = 0.5
"""The share of equal readings at equal times from which two series are one person's."""


@dataclass(frozen=True, slots=True)
class Wearer:
    """One person's readings on a grid of five minutes (NaN: none), from minute `start` of the local clock."""

    source: str
    person: str
    start: int
    values: Floats


@dataclass(frozen=True, slots=True)
class Origins:
    """Past moments of wearers: what was known at each, and what came, in mg/dL. First axis: the origins.

    Those of one wearer come in order; `minute` counts from the wearer's first reading.
    """

    wearer: npt.NDArray[np.int64]
    minute: npt.NDArray[np.int64]
    history: Floats
    minute_of_day: Floats
    truth: Floats


def read_cgm(path: Path = SHIPPED) -> list[Wearer]:
    """The people of a file with the columns source, person, at (local clock), mg_dl; or the shipped ones.

    A row without a number is no reading.
    """
    if path.suffix == ".npz":
        return _unpacked(path)
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    found: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(text)):
        # A clock without a zone, counted as if it were UTC's: only differences and times of day are used.
        at, value = datetime.fromisoformat(row["at"]).replace(tzinfo=UTC), float(row["mg_dl"] or "nan")
        if math.isfinite(value):
            found[row["source"], row["person"]].append((at.timestamp(), value))
    return [on_grid(*who, readings) for who, readings in sorted(found.items())]


def on_grid(source: str, person: str, readings: Iterable[tuple[float, float]]) -> Wearer:
    """Readings (second of the local clock, mg/dL) at their nearest points; of two at one the later counts."""
    ordered = sorted(readings, key=lambda reading: reading[0])
    at = np.array([second for second, _ in ordered])
    place = np.round((at - at[0]) / (STEP_MINUTES * 60)).astype(np.int64)
    values = np.full(place[-1] + 1, np.nan)
    values[place] = [value for _, value in ordered]
    return Wearer(source, person, int(at[0] // 60), values)


def pack(wearers: Sequence[Wearer], path: Path) -> None:
    """Writes the people to a file that read_cgm() reads: tenths of mg/dL as int16, -1 for no reading."""
    values = np.concatenate([wearer.values for wearer in wearers])
    np.savez_compressed(
        path,
        source=np.array([wearer.source for wearer in wearers]),
        person=np.array([wearer.person for wearer in wearers]),
        start=np.array([wearer.start for wearer in wearers], np.int32),
        length=np.array([len(wearer.values) for wearer in wearers], np.int32),
        tenths=np.where(np.isnan(values), -1, np.rint(values * 10)).astype(np.int16),
    )


def _unpacked(path: Path) -> list[Wearer]:
    with np.load(path, allow_pickle=False) as arrays:
        tenths = arrays["tenths"]
        each = np.split(np.where(tenths < 0, np.nan, tenths / 10), np.cumsum(arrays["length"])[:-1])
        people = [arrays[name].tolist() for name in ("source", "person", "start")]
    return [Wearer(*who, values) for *who, values in zip(*people, each, strict=True)]


def origins(wearers: Sequence[Wearer]) -> Origins:
    """Every origin of every wearer; its history goes back as far as the readings do, a day at most."""
    found = [_origins_of(wearer, number) for number, wearer in enumerate(wearers)]
    return Origins(
        np.concatenate([one.wearer for one in found]),
        np.concatenate([one.minute for one in found]),
        np.concatenate([one.history for one in found]),
        np.concatenate([one.minute_of_day for one in found]),
        np.concatenate([one.truth for one in found]),
    )


def _origins_of(wearer: Wearer, number: int) -> Origins:
    values, known = wearer.values, joined(wearer.values)
    read = np.flatnonzero(~np.isnan(values))
    at = read[np.unique(read // EVERY, return_index=True)[1]]
    at = at[(at >= NEAR - 1) & (at + AHEAD[-1] < len(values))]
    so_far = np.cumsum(np.isnan(known))
    at = at[so_far[at] == so_far[at - NEAR + 1] - np.isnan(known[at - NEAR + 1]).astype(int)]
    at = at[~np.isnan(values[at[:, None] + np.array(AHEAD)]).any(axis=1)]
    before = np.concatenate([np.full(HISTORY - 1, np.nan), known])
    return Origins(
        np.full(len(at), number),
        at * STEP_MINUTES,
        np.lib.stride_tricks.sliding_window_view(before, HISTORY)[at],
        (wearer.start + at * STEP_MINUTES) % (24 * 60.0),
        values[at[:, None] + np.array(AHEAD)],
    )


def joined(values: Floats) -> Floats:
    """The values with short gaps filled by the line between the readings on both sides."""
    read = np.flatnonzero(~np.isnan(values))
    if len(read) < 2:
        return values
    place = np.arange(len(values))
    after = np.searchsorted(read, place).clip(1, len(read) - 1)
    between = (read[after] - read[after - 1] <= JOINED + 1) & (place >= read[0]) & (place <= read[-1])
    return np.where(between, np.interp(place, read, values[read]), values)


def fold_of(wearers: Sequence[Wearer], folds: int) -> list[int]:
    """The fold of each person: dealt out in turn, so that every fold has people of every source."""
    order = sorted(range(len(wearers)), key=lambda place: (wearers[place].source, wearers[place].person))
    dealt = {place: turn % folds for turn, place in enumerate(order)}
    return [dealt[place] for place in range(len(wearers))]


def seen_in(wearers: Sequence[Wearer], trained: Sequence[Wearer], folds: int) -> list[int | None]:
    """Of each person the fold whose trees never saw him or her; None for people whom no tree saw.

    A person is known again by the readings, whatever a file calls them.
    """
    known = list(zip(trained, fold_of(trained, folds), strict=True))
    return [next((fold for one, fold in known if _is_same(wearer, one)), None) for wearer in wearers]


def _is_same(one: Wearer, other: Wearer) -> bool:
    shift = round((other.start - one.start) / STEP_MINUTES)
    # Two grids over the same readings may begin half a step apart.
    return any(_equal(one.values, other.values, shift + aside) > _SAME_PERSON for aside in (0, -1, 1))


def _equal(mine: Floats, theirs: Floats, shift: int) -> float:
    """The share of equal readings where both have one, when the second series begins `shift` points later."""
    mine, theirs = mine[max(shift, 0) :], theirs[max(-shift, 0) :]
    points = min(len(mine), len(theirs))
    apart = np.abs(mine[:points] - theirs[:points])
    both = ~np.isnan(apart)
    return float((apart[both] < 0.1).mean()) if both.any() else 0.0
