"""Counters that begin again at midnight, one for each activity, as what was added between readings. Pure."""

from dataclasses import dataclass

DAY = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Increment:
    """What was added from `start` on, for `duration`; both in milliseconds."""

    start: int
    duration: int
    value: float


@dataclass(frozen=True, slots=True)
class _Reading:
    total: float
    midnight: int | None


def midnight_before(at: int, offset: int | None) -> int | None:
    """The local midnight at which the day began that `at` belongs to or ends; None without an offset."""
    if offset is None:
        return None
    east = offset * 60_000
    return (at - 1 + east) // DAY * DAY - east


class DailyCounter:
    """One quantity that several activities count, each from midnight; readings of one time are added up."""

    def __init__(self, began: int | None) -> None:
        """`began` is since when every reading is known, where that is known."""
        self._began = began
        self._since = began
        self._until: int | None = None
        self._added = 0.0
        self._readings: dict[int | None, _Reading] = {}

    def read(
        self, activity: int | None, total: float, at: int, midnight: int | None
    ) -> tuple[Increment | None, float]:
        """The increment that is complete now that the counters stand at `total`, and what cannot be placed.

        The first reading of an activity counts from midnight where that was seen; otherwise all that it
        stands at was added at a time unknown.
        """
        complete = self.rest() if at != self._until else None
        known = self._readings.get(activity)
        nothing_read_before = not self._readings
        self._readings[activity] = _Reading(total, midnight)
        if known is None and not self._saw(midnight):
            if nothing_read_before:
                self._since = at
            # What is read at the very beginning was counted before it.
            return complete, 0.0 if at == self._began else total
        if known is None or total < known.total or midnight != known.midnight:
            base = 0.0
        else:
            base = known.total
        if midnight is not None and self._since is not None:
            self._since = max(self._since, midnight)
        self._until = at
        self._added += total - base
        return complete, 0.0

    def _saw(self, midnight: int | None) -> bool:
        return self._began is not None and midnight is not None and self._began <= midnight

    def rest(self) -> Increment | None:
        """The increment that is not handed on yet, if any."""
        if self._until is None:
            return None
        start = self._until if self._since is None else min(self._since, self._until)
        increment = Increment(start, self._until - start, self._added)
        self._since, self._until, self._added = self._until, None, 0.0
        return increment
