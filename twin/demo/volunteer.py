"""One participant of a published data set as a demo patient: true measurements, moved in time. Pure.

Origins, licences and changes stand in docs/data-credits.md, the files' layout in data/README.md.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from backend.zones import ZoneHistory
from twin.demo.days import MINUTE_MS
from twin.demo.delivery import delivered
from twin.demo.records import META
from twin.intake import wall_time
from twin.intake.items import Item, Record, RecordType, Samples
from twin.kinds import kind
from twin.series.columns import Columns

DATA = Path(__file__).parent / "data"
NOON = time(12)
_DAY_MS = 24 * 60 * MINUTE_MS
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Journey:
    """So many days in another zone, from so many days before the last one on; both flights at noon."""

    to: str
    left: int
    days: int


@dataclass(frozen=True, slots=True)
class Volunteer:
    """One participant of a published data set: `file` in data/, `source` as the patient's page shows it.

    `conditions` are those that everybody in the data set has. The `journey` is invented.
    """

    file: str
    source: str
    time_zone: str
    conditions: tuple[str, ...] = ()
    journey: Journey | None = None

    def items(self, now: datetime) -> Iterator[Item]:
        """All measurements, moved by whole weeks so that they reach the person's today; none is after `now`.

        The move changes once a week: between, a later `now` only adds.
        """
        for text in self.conditions:
            yield self._condition(text)
        published = _published(self.file)
        moved_by = self._moved_by(now, published)
        zone = self._zones(_last_day(published) + moved_by)
        for code, columns in published.items():
            wall = columns.start + moved_by * _DAY_MS
            start, offset = wall_time.instants(wall, zone)
            end, _ = wall_time.instants(wall + columns.duration, zone)
            moved = Columns(start, end - start, columns.value, offset)
            yield from delivered(Samples(code, self.source, kind(code).unit, moved), now)

    def zones(self, now: datetime) -> ZoneHistory:
        """By whose clocks the person lived while this was measured."""
        published = _published(self.file)
        return self._zones(_last_day(published) + self._moved_by(now, published))

    def _zones(self, last_day: int) -> ZoneHistory:
        lived = ZoneHistory(self.time_zone)
        if self.journey is not None:
            left = _EPOCH + timedelta(days=last_day - self.journey.left)
            returned = left + timedelta(days=self.journey.days)
            for day, to in ((left, self.journey.to), (returned, self.time_zone)):
                lived = lived.moved(datetime.combine(day, NOON, lived), to)
        return lived

    def _moved_by(self, now: datetime, published: dict[str, Columns]) -> int:
        """The days between then and now, in whole weeks: today is reached, what lies after is yet to come."""
        today = now.astimezone(ZoneHistory(self.time_zone)).date()
        return -((_last_day(published) - (today - _EPOCH).days) // 7) * 7

    def _condition(self, text: str) -> Record:
        identity = f"demo-{self.file}"
        return Record(
            type=RecordType.CONDITION,
            identity=f"Condition/{identity}",
            system="",
            code="",
            text=text,
            status="active",
            start=None,
            end=None,
            body={"resourceType": "Condition", "id": identity, "meta": META, "code": {"text": text}},
            topic="records",
            source=self.source,
        )


def _published(file: str) -> dict[str, Columns]:
    """Each kind's samples as they were published: in wall-clock milliseconds."""
    rows: dict[str, list[list[str]]] = defaultdict(list)
    with gzip.open(DATA / f"{file}.csv.gz", "rt", encoding="ascii", newline="") as lines:
        reader = csv.reader(lines)
        next(reader)
        for code, *sample in reader:
            rows[code].append(sample)
    published = {}
    for code, samples in rows.items():
        start, minutes, value = zip(*samples, strict=True)
        published[code] = Columns(
            np.array(start, dtype="datetime64[ms]").astype(np.int64),
            np.array(minutes, dtype=np.int64) * MINUTE_MS,
            np.array(value, dtype=np.float64),
        )
    return published


def _last_day(published: dict[str, Columns]) -> int:
    """Days since the epoch of the last day as it was published."""
    return max(int(columns.start[-1]) for columns in published.values()) // _DAY_MS
