"""The state of each series of a fleet as bytes, and back to the bit. Pure."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from twin.forecast import calibration
from twin.forecast.fleet import LONGEST, Fleet
from twin.forecast.grid import MODELS
from twin.forecast.habits import Habits
from twin.forecast.mixture import Mixture

LAYOUT = 1


class StateUnreadable(ValueError):
    """These bytes were not written by pack() of this version."""


def pack(fleet: Fleet) -> list[bytes]:
    """Each series as bytes that unpack() gives back to the bit; little-endian, LAYOUT first."""
    count = len(fleet)
    rows = np.empty(count, _PACKED)
    rows["layout"] = LAYOUT
    rows["own"] = np.vstack([fleet.habits.centre, fleet.habits.scale, fleet.habits.weekday, fleet.last]).T
    parts = (*fleet.mixture, fleet.since, fleet.lately, fleet.score)
    filters = np.concatenate([part.reshape(-1, count) for part in parts])
    rows["rest"] = np.hstack([filters.T, calibration.to_rows(fleet.adaptive)])
    data, size = rows.tobytes(), _PACKED.itemsize
    return [data[at : at + size] for at in range(0, len(data), size)]


def unpack(blobs: Sequence[bytes], through: date) -> Fleet:
    """The fleet whose series pack() wrote on the evening of `through`. Raises StateUnreadable."""
    if any(len(blob) != _PACKED.itemsize or blob[0] != LAYOUT for blob in blobs):
        raise StateUnreadable(f"layout {LAYOUT} has {_PACKED.itemsize} bytes")
    rows = np.frombuffer(b"".join(blobs), _PACKED)
    centre, scale, *weekday, last = np.array(rows["own"].T, order="C")
    parts = np.split(np.array(rows["rest"].T, order="C"), np.cumsum([*map(_rows_of, _SHAPES)]))
    *filters, since, lately, score = (
        part.reshape(*shape, len(rows)) for part, shape in zip(parts[:-1], _SHAPES, strict=True)
    )
    return Fleet(
        through=through,
        habits=Habits(centre, scale, np.array(weekday)),
        mixture=Mixture(*filters),
        adaptive=calibration.from_rows(parts[-1].T),
        last=last,
        since=since,
        lately=lately,
        score=score,
    )


def _rows_of(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape))


# What a packed series holds in float32, part by part, before the calibration's own.
_MANY = (len(MODELS),)
_SHAPES = ((2, *_MANY), (3, *_MANY), _MANY, _MANY, _MANY, _MANY, (), (), (), (LONGEST,), (5,))
_REST = sum(map(_rows_of, _SHAPES)) + calibration.WIDTH
_PACKED = np.dtype([("layout", "u1"), ("own", "<f8", (10,)), ("rest", "<f4", (_REST,))])
