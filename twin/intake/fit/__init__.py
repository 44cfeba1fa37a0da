"""Garmin's and others' .FIT files: activities, days, nights, scales and cuffs. Pure."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.fit import measures, monitoring, profile, protocol, sessions, sleep
from twin.intake.fit.protocol import EVERY, Damaged, FitFile, Message
from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode, RefusalCode, Refused

NAME = "fit"

_FILE_ID = profile.number_of("file_id")
_HRV, _STRESS = profile.number_of("hrv"), profile.number_of("stress_level")
_SERIAL = 3
# Messages that state one moment in UTC and by the clock, and in which field the latter.
_LOCAL_TIME = {
    profile.number_of("activity"): 5,
    profile.number_of("timestamp_correlation"): 3,
    monitoring.INFO: 0,
}
_QUARTER, _MOST_OFFSET, _SLACK = 15 * 60, 16 * 60 * 60, 60

# What these say of the file, the device and its settings is read to understand the rest, or measures nothing.
_DESCRIBING = frozenset(
    profile.number_of(name)
    for name in (
        "activity",
        "bike_profile",
        "cadence_zone",
        "capabilities",
        "connectivity",
        "developer_data_id",
        "device_info",
        "device_settings",
        "field_capabilities",
        "field_description",
        "file_capabilities",
        "file_creator",
        "file_id",
        "hr_zone",
        "hrm_profile",
        "mesg_capabilities",
        "met_zone",
        "monitoring_info",
        "ohr_settings",
        "power_zone",
        "sdm_profile",
        "slave_device",
        "software",
        "speed_zone",
        "sport",
        "timestamp_correlation",
        "training_settings",
        "user_profile",
        "watchface_settings",
        "zones_target",
    )
)
_WANTED = {
    **measures.WANTED,
    **monitoring.WANTED,
    **sleep.WANTED,
    monitoring.INFO: frozenset({_LOCAL_TIME[monitoring.INFO]}),
    sessions.SESSION: EVERY,
    _HRV: frozenset({0}),
    _STRESS: frozenset({0}),
}


def sniff(head: bytes) -> bool:
    """Whether the first bytes are the header of a FIT file."""
    return protocol.looks_like_header(head)


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:  # noqa: ARG001  # FIT's times are UTC
    """The samples and sessions of every FIT file in the stream, which may hold several.

    A wrong checksum is a problem, and what the file says is kept. Where a file is damaged, what came before
    is kept, and the next file is read. Raises Refused when not one message can be read.
    """
    batches, tally, read_any = Batches(), Tally(), False
    try:
        for index, file in enumerate(protocol.files(stream), start=1):
            place = "" if index == 1 else f"file {index}, "
            one = _File(stream, file, place, batches, tally)
            yield from one.items()
            read_any = read_any or one.messages > 0
    except Damaged as damage:
        tally.add(ProblemCode.MALFORMED, damage.message, "after the last file")
    if not read_any:
        raise Refused(RefusalCode.MALFORMED, "Nothing can be read: this FIT file holds no whole message.")
    yield from batches.rest()
    yield from tally.problems()


class _File:
    """One way through one FIT file."""

    def __init__(self, stream: BinaryIO, file: FitFile, place: str, batches: Batches, tally: Tally) -> None:
        self.messages = 0
        self._stream = stream
        self._file = file
        self._place = place
        self._batches = batches
        self._tally = tally
        self._serial: int | None = None
        self._source = ""
        self._offset: int | None = None
        self._others: Counter[str] = Counter()

    def items(self) -> Iterator[Item]:
        """The sessions, and the batches that are full; the others stay with the caller."""
        self._look_ahead()
        days = monitoring.Days(self._source, self._batches, self._tally)
        nights = sleep.Nights()
        try:
            for message in protocol.messages(self._stream, self._file, _WANTED):
                self.messages += 1
                if message.number == sessions.SESSION:
                    yield self._session(message)
                else:
                    self._take(message, days, nights)
                    yield from self._batches.full()
            protocol.check(self._stream, self._file)
        except Damaged as damage:
            code = ProblemCode.TRUNCATED if damage.truncated else ProblemCode.MALFORMED
            self._tally.add(code, damage.message, self._here())
        days.rest()
        for name, count in self._others.items():
            self._tally.add(
                ProblemCode.UNSUPPORTED_RESOURCE, name, f"{self._place}{name}", sort=name, count=count
            )

    def _look_ahead(self) -> None:
        """Who wrote the file, and under which offset, which an activity says in its last message."""
        wanted = {_FILE_ID: EVERY} | {number: frozenset({field}) for number, field in _LOCAL_TIME.items()}
        # The same damage is reported when the file is read.
        with suppress(Damaged):
            for message in protocol.messages(self._stream, self._file, wanted):
                if message.number == _FILE_ID and not self._source:
                    self._source = profile.device(message.fields)
                    self._serial = message.whole(_SERIAL)
                elif message.number in _LOCAL_TIME and self._offset is None:
                    self._offset = _offset(message)

    def _here(self) -> str:
        return f"{self._place}message {self.messages}"

    def _session(self, message: Message) -> Item:
        record = sessions.record(message, source=self._source, serial=self._serial)
        if record.start is None:
            self._tally.add(ProblemCode.BAD_TIME, "a session without a date", self._here(), sort="session")
        return record

    def _take(self, message: Message, days: monitoring.Days, nights: sleep.Nights) -> None:
        number, place = message.number, self._here()
        if number in measures.LAYOUTS:
            measures.take(
                message, place, self._batches, self._tally, source=self._source, offset=self._offset
            )
        elif number == monitoring.MONITORING:
            days.take(message, place)
        elif number == sleep.LEVEL:
            nights.take_level(
                message, place, self._batches, self._tally, source=self._source, offset=self._offset
            )
        elif number == monitoring.INFO:
            self._offset = _offset(message)
            days.begin(message, self._offset)
        elif number == _HRV:
            self._tally.add(
                ProblemCode.UNKNOWN_KIND, "time between beats", place, sort="hrv", count=_beats(message)
            )
        elif number == _STRESS:
            self._tally.add(ProblemCode.UNKNOWN_KIND, "stress level", place, sort="stress")
        elif number not in _DESCRIBING and not (number == sleep.EVENT and nights.take_event(message)):
            self._others[profile.name_of(number)] += 1


def _beats(message: Message) -> int:
    times = message.fields.get(0)
    return sum(time is not None for time in times) if isinstance(times, tuple) else 1


def _offset(message: Message) -> int | None:
    """Minutes east of UTC: how far the local time in the message is ahead of its timestamp, which is UTC."""
    local = message.whole(_LOCAL_TIME[message.number])
    if local is None or message.time is None or profile.instant(message.time) is None:
        return None
    east = local - message.time
    quarters = round(east / _QUARTER) * _QUARTER
    # Some devices write the two some seconds apart; every zone is on a quarter of an hour.
    return quarters // 60 if abs(east - quarters) <= _SLACK and abs(quarters) <= _MOST_OFFSET else None
