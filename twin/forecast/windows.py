"""A series' last days as one number, on the days that are known and on courses that may follow them. Pure."""

from dataclasses import dataclass

import numpy as np

from twin.forecast.band import Values
from twin.kinds import DayRule, Kind


@dataclass(frozen=True, slots=True)
class Window:
    """So many days that count together: their mean, or if `middle` their median, which bears an outlier."""

    days: int = 1
    middle: bool = False

    def now(self, past: Values) -> float:
        """The number of the last days of `past`, of which any may be nan; nan where all are."""
        return float(self._of(past[-self.days :][None])[0])

    def ahead(self, past: Values, courses: Values) -> Values:
        """The same [draws, H] on each day of courses [draws, H] that follow the days of `past`."""
        if self.days == 1:
            return courses
        before = np.full(self.days - 1, np.nan)
        known = past[-len(before) :]
        before[len(before) - len(known) :] = known
        whole = np.hstack([np.broadcast_to(before, (len(courses), len(before))), courses])
        if self.middle:
            return self._of(np.lib.stride_tricks.sliding_window_view(whole, self.days, axis=1))
        # As _of() has it, but of sums that go on from day to day: many courses are drawn each night.
        days = np.isfinite(whole[0])
        whole[:, ~days] = 0
        return self._running(whole) / self._running(days[None].astype(np.float64))

    def _running(self, days: Values) -> Values:
        """The sum of each `days` columns that follow each other."""
        sums = np.cumsum(days, axis=1)
        sums[:, self.days :] -= sums[:, : -self.days].copy()
        running: Values = sums[:, self.days - 1 :]
        return running

    def _of(self, days: Values) -> Values:
        """Along the last axis."""
        known = ~np.isnan(days)
        count = known.sum(axis=-1)
        some = np.maximum(count, 1)
        if not self.middle:
            mean = np.where(known, days, 0.0).sum(axis=-1) / some
            return np.where(count > 0, mean, np.nan)
        # nan sorts last, so that the middle of the known ones is found by their number.
        ordered = np.sort(days, axis=-1)
        low, high = ((some - 1) // 2)[..., None], (some // 2)[..., None]
        ends = [np.take_along_axis(ordered, at, axis=-1)[..., 0] for at in (low, high)]
        median: Values = (ends[0] + ends[1]) / 2
        return median


def week(kind: Kind) -> Window:
    """A week of a kind: its mean where a day adds up, so that every weekday counts, else its median."""
    return Window(7, middle=kind.daily not in (DayRule.SUM, DayRule.DURATION))
