"""What a known event may do to a series: how far its level may move, and from which day on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from twin.forecast.band import Days, Values

# Found on simulated starts of a medicine (bench/forecasting/synthetic.py): more gains little there and costs
# where nothing comes of the event.
_AT_ONCE = 4.0
_LATER = 0.3
_FADING = 5.0
_LASTS = 14


@dataclass(frozen=True, slots=True)
class Jump:
    """An event after which a series may come to another level; when it `ends`, it may come back."""

    day: date
    ends: date | None
    type: str


def jumps_of(events: Sequence[Jump], days: Days) -> Values:
    """The variance by which each of `days`, which follow each other, may move the level that is to come.

    In units of the series' own noise. An event weighs most on its day and fades over a fortnight, because the
    date that is known is not always the day on which it began to work.
    """
    weights = np.zeros(len(days))
    for event in events:
        for day in (event.day, event.ends):
            if day is not None:
                since = (days - np.datetime64(day, "D")).astype(np.int64)
                later = _LATER * np.exp(-np.clip(since, 0, _LASTS) / _FADING)
                weights += np.where(
                    since == 0, _AT_ONCE, np.where((since > 0) & (since < _LASTS), later, 0.0)
                )
    return weights
