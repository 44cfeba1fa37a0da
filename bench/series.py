"""A year of heart rate by the minute in blocks, against the same rows in a row-a-sample table, in one run.

The values are two people's published minute means (twin/demo/data, one decimal), one after the other until
the year is full. The other side is given what it can: rows made beforehand, binary COPY, a server as durable,
and no row-level security, under which COPY could not write. It is read as psycopg and numpy are mostly used,
and once more tuned.
"""

import csv
import gzip
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt
import psycopg
from harness import CHECKOUT, Row, arguments, at_least, at_most, medians, product, say, seconds, verdict

from backend.actor import acting_on
from twin.series import store
from twin.series.columns import Columns

MINUTE = 60_000
DAY = 1440
YEAR = 365 * DAY
FIRST = 19_723 * DAY * MINUTE
SOURCE = UUID(int=7)
DEMO = CHECKOUT / "twin" / "demo" / "data"

ROW_A_SAMPLE = """
    CREATE TABLE row_a_sample (
        patient_id uuid, kind text, source_id uuid, start bigint, duration bigint, value float8,
        PRIMARY KEY (patient_id, kind, source_id, start, duration)
    )
"""
COPY = "COPY row_a_sample FROM STDIN (FORMAT binary)"
TYPES = ["uuid", "text", "uuid", "int8", "int8", "float8"]
SELECT = """
    SELECT start, duration, value FROM row_a_sample
    WHERE patient_id = %s AND kind = 'heart_rate' AND start >= %s AND start < %s ORDER BY start, duration
"""
SAMPLE = np.dtype([("start", "i8"), ("duration", "i8"), ("value", "f8")])


def heart_rate() -> npt.NDArray[np.float64]:
    """A year's values, minute after minute."""
    values: list[float] = []
    for name in ("fitabase_2347167796", "fitabase_6117666160"):
        with gzip.open(DEMO / f"{name}.csv.gz", "rt", newline="") as file:
            values += [float(row["value"]) for row in csv.DictReader(file) if row["kind"] == "heart_rate"]
    return np.resize(np.array(values), YEAR)


@dataclass
class Contest:
    """The same year on both sides, and a connection of the tables' owner."""

    owner: psycopg.Connection
    value: npt.NDArray[np.float64]
    patient: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        start = FIRST + MINUTE * np.arange(YEAR, dtype=np.int64)
        self.columns = Columns(start, np.full(YEAR, MINUTE, np.int64), self.value)
        self.rows = [
            (self.patient, "heart_rate", SOURCE, *sample)
            for sample in zip(
                start.tolist(), self.columns.duration.tolist(), self.value.tolist(), strict=True
            )
        ]

    def merging(self, size: int) -> Callable[[], float]:
        """Seconds to merge the year into an empty table, so many samples in one transaction."""

        def work() -> None:
            for low in range(0, YEAR, size):
                part = self.columns.take(slice(low, low + size))
                with acting_on(self.patient):
                    store.merge(self.patient, [store.Batch("heart_rate", SOURCE, part)])

        return self._into_empty("twin_seriesblock", work)

    def copying(self, size: int) -> Callable[[], float]:
        """Seconds to COPY the same rows, so many in one transaction."""

        def work() -> None:
            for low in range(0, YEAR, size):
                with self.owner.transaction(), self.owner.cursor() as cursor, cursor.copy(COPY) as copy:
                    copy.set_types(TYPES)
                    for row in self.rows[low : low + size]:
                        copy.write_row(row)

        return self._into_empty("row_a_sample", work)

    def read_blocks(self) -> float:
        """Seconds to have the year in arrays, within a transaction as every request has one."""

        def work() -> None:
            store.read(self.patient, "heart_rate", FIRST, FIRST + YEAR * MINUTE)

        with acting_on(self.patient):
            return seconds(work)

    def read_rows(self) -> float:
        """Seconds to have the year's rows in an array, as psycopg and numpy are mostly used."""
        with self.owner.transaction(), self.owner.cursor() as cursor:
            return seconds(lambda: np.array(cursor.execute(SELECT, self._year).fetchall()))

    def read_rows_tuned(self) -> float:
        """The same with binary fetching, into an array of the right types."""
        with self.owner.transaction(), self.owner.cursor(binary=True) as cursor:
            return seconds(lambda: np.fromiter(cursor.execute(SELECT, self._year).fetchall(), SAMPLE, YEAR))

    @property
    def _year(self) -> tuple[UUID, int, int]:
        return self.patient, FIRST, FIRST + YEAR * MINUTE

    def bytes_a_sample(self, table: str) -> float:
        """What the table takes on disk after vacuum, with its indexes."""
        self.owner.execute(f"VACUUM (ANALYZE) {table}")
        row = self.owner.execute("SELECT pg_total_relation_size(%s)", [table]).fetchone()
        return (row[0] if row else 0) / YEAR

    def _into_empty(self, table: str, work: Callable[[], None]) -> Callable[[], float]:
        def timed() -> float:
            self.owner.execute(f"TRUNCATE {table}")
            return seconds(work)

        return timed


def measure(owner: psycopg.Connection) -> list[Row]:
    """Every row of the table."""
    owner.execute(ROW_A_SAMPLE)
    value = heart_rate()
    rows = []

    say("Whole beats, for comparison")
    whole = Contest(owner, np.rint(value))
    whole.merging(YEAR)()
    rows.append(
        at_most(2.0, "storage, whole beats", whole.bytes_a_sample("twin_seriesblock"), None, "B/sample")
    )

    contest = Contest(owner, value)
    for size, name, bar, repeats in (
        (DAY, "a day", None, 3),
        (10_000, "10,000", 3, 5),
        (YEAR, "a year", 8, 7),
    ):
        say(f"Merging in calls of {name}")
        ours, other = medians(repeats, contest.merging(size), contest.copying(size))
        rows.append(at_least(bar, f"merge a year in calls of {name}", ours, other))
        storage = contest.bytes_a_sample("twin_seriesblock"), contest.bytes_a_sample("row_a_sample")
        rows.append(at_most(2.0, f"storage after calls of {name}", *storage, "B/sample"))

    say("Reading")
    ours, plain, tuned = medians(15, contest.read_blocks, contest.read_rows, contest.read_rows_tuned)
    rows.append(at_least(50, "read a year to numpy", ours, plain))
    rows.append(at_least(None, "read a year to numpy, rows tuned", ours, tuned))
    return rows


def main() -> int:
    """Runs the bench; the exit code says whether every bar holds."""
    options = arguments(__doc__).parse_args()
    with product() as url, psycopg.connect(url, autocommit=True) as owner:
        rows = measure(owner)
    return verdict("series", rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
