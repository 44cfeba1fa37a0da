"""What a FIT device writes all day: heart rate, and counters of steps, distance and active energy. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from twin.intake.fit import profile
from twin.intake.fit.counters import DailyCounter, Increment, midnight_before
from twin.intake.fit.protocol import Message
from twin.intake.gathering import Batches, Tally
from twin.intake.items import ProblemCode

MONITORING = profile.number_of("monitoring")
INFO = profile.number_of("monitoring_info")

_DISTANCE, _CYCLES, _ACTIVITY_TYPE, _ACTIVE_CALORIES = 2, 3, 5, 19
_TYPE_AND_INTENSITY, _TIMESTAMP_16, _HEART_RATE = 24, 26, 27
_ON_FOOT = (1, 6)  # running, walking


@dataclass(frozen=True, slots=True)
class _Measure:
    """What a counter counts; one `on_foot` counts something else in other activities, such as strokes."""

    kind: str
    unit: str
    on_foot: bool


_COUNTED: Mapping[int, _Measure] = {
    # Half cycles: on foot each is a step, as the profile says.
    _CYCLES: _Measure("steps", "{steps}", on_foot=True),
    _DISTANCE: _Measure("distance", "cm", on_foot=True),
    _ACTIVE_CALORIES: _Measure("active_energy", "kcal", on_foot=False),
}

WANTED = {MONITORING: frozenset(_COUNTED) | {_ACTIVITY_TYPE, _TYPE_AND_INTENSITY, _TIMESTAMP_16, _HEART_RATE}}


class Days:
    """The days of one file, in the order of its messages."""

    def __init__(self, source: str, batches: Batches, tally: Tally) -> None:
        self._source = source
        self._batches = batches
        self._tally = tally
        self._clock: int | None = None
        self._began: int | None = None
        self._offset: int | None = None
        self._counters: dict[int, DailyCounter] = {}

    def begin(self, message: Message, offset: int | None) -> None:
        """Takes note of a monitoring_info: since when what follows is counted, and under which offset."""
        self._clock = message.time
        self._offset = offset
        if self._began is None:
            self._began = profile.instant(message.time)

    def take(self, message: Message, place: str) -> None:
        """Heart rate as it is, and what the counters added; a message of neither is about intensity alone."""
        at = profile.instant(self._time(message))
        values = {number: message.whole(number) for number in (_HEART_RATE, *_COUNTED)}
        present = {number: value for number, value in values.items() if value is not None}
        if not present:
            self._tally.add(ProblemCode.UNKNOWN_KIND, "activity and intensity", place, sort="intensity")
        for number, value in present.items():
            kind = "heart_rate" if number == _HEART_RATE else _COUNTED[number].kind
            if at is None:
                self._tally.add(ProblemCode.BAD_TIME, "no date to count from", place, kind=kind)
            elif number != _HEART_RATE:
                self._count(number, value, _activity(message), at, place)
            elif value > 0:
                self._batches.add(kind, self._source, "/min", at, 0, value, offset=self._offset)
            else:
                self._tally.add(ProblemCode.NOT_MEASURED, value, place, kind=kind)

    def rest(self) -> None:
        """Hands on what was counted last."""
        for number, counter in self._counters.items():
            self._add(_COUNTED[number], counter.rest())

    def _time(self, message: Message) -> int | None:
        """The message's own time, or the next one that ends in the 16 bits that it states."""
        low = message.whole(_TIMESTAMP_16)
        if message.time is not None:
            self._clock = message.time
        elif low is None or self._clock is None:
            return None
        else:
            self._clock += (low - self._clock) & 0xFFFF
        return self._clock

    def _count(self, number: int, total: int, activity: int | None, at: int, place: str) -> None:
        measure = _COUNTED[number]
        if measure.on_foot and activity not in _ON_FOOT:
            what = f"{measure.kind} of {profile.word('activity_type', activity) or 'an unknown activity'}"
            self._tally.add(ProblemCode.UNKNOWN_KIND, what, place, sort=what)
            return
        counter = self._counters.setdefault(number, DailyCounter(self._began))
        complete, unplaced = counter.read(activity, total, at, midnight_before(at, self._offset))
        self._add(measure, complete)
        if unplaced:
            example = f"{unplaced:g} {measure.unit} before the file begins"
            self._tally.add(ProblemCode.BAD_TIME, example, place, kind=measure.kind)

    def _add(self, measure: _Measure, increment: Increment | None) -> None:
        if increment is not None:
            self._batches.add(
                measure.kind,
                self._source,
                measure.unit,
                increment.start,
                increment.duration,
                increment.value,
                offset=self._offset,
            )


def _activity(message: Message) -> int | None:
    stated, packed = message.whole(_ACTIVITY_TYPE), message.fields.get(_TYPE_AND_INTENSITY)
    if stated is None and isinstance(packed, bytes):
        return packed[0] & 0x1F
    return stated
