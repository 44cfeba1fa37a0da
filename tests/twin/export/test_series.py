"""What is written as a table is read back to the bit."""

import io
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from twin.export import series
from twin.intake import plain_csv
from twin.intake.items import Samples
from twin.kinds import KINDS
from twin.series.columns import UNKNOWN_OFFSET, Columns, join
from twin.text import storable

EARLIEST, LATEST = -2_208_988_800_000, 4_102_444_800_000
YEAR = 366 * 86_400_000

samples = st.lists(
    st.tuples(
        st.integers(EARLIEST, LATEST),
        st.one_of(st.just(0), st.integers(0, YEAR)),
        st.floats(allow_nan=False, allow_infinity=False),
        st.one_of(st.just(UNKNOWN_OFFSET), st.integers(-16 * 60, 16 * 60)),
        st.integers(0, 31),
    ),
    min_size=1,
    max_size=30,
)
# As the store has them: nothing that no column can hold, nothing blank around.
names = st.text(max_size=40).map(lambda text: storable(text).strip()[:200].strip())


def columns_of(rows: list[tuple[int, int, float, int, int]]) -> Columns:
    start, duration, value, offset, flags = zip(*rows, strict=True)
    return Columns(
        np.array(start, np.int64),
        np.array(duration, np.int64),
        np.array(value, np.float64),
        np.array(offset, np.int16),
        np.array(flags, np.uint8),
    )


def read_back(written: bytes) -> list[Samples]:
    items = list(plain_csv.read(io.BytesIO(series.HEADER + written), zone=ZoneInfo("Europe/Rome")))
    assert all(isinstance(item, Samples) for item in items)
    return items


@given(samples, names)
@example([(0, 0, -0.0, UNKNOWN_OFFSET, 0)], "Paul\u2019s Apple\xa0Watch")
@example([(0, 0, 5e-324, 0, 0)], 'a "b",\r\nc\rd;\te')
@example([(0, 1, 1.7976931348623157e308, -90, 31)], "a\x1c.\x85.\u2028.")
def test_rows_come_back_as_they_were(rows, source):
    written = columns_of(rows)
    found = read_back(b"".join(series.rows(KINDS["glucose_cgm"], source, written)))
    assert {(item.kind, item.source, item.unit) for item in found} == {
        ("glucose_cgm", source.replace("\ufffd", "?"), "mg/dL")
    }
    back = join([item.columns for item in found])
    assert back.start.tolist() == written.start.tolist()
    assert back.duration.tolist() == written.duration.tolist()
    assert back.value.tobytes() == written.value.tobytes()
    assert back.offset is not None
    assert written.offset is not None
    assert back.offset.tolist() == written.offset.tolist()
    assert (np.zeros(len(back)) if back.flags is None else back.flags).tolist() == (
        written.flags.tolist() if written.flags is not None else None
    )


def test_rows_of_every_kind_name_a_unit_that_is_read_as_the_kinds_own():
    one = Columns(np.array([0]), np.array([0]), np.array([1.5]))
    for kind in KINDS.values():
        (item,) = read_back(b"".join(series.rows(kind, "", one)))
        assert (item.kind, item.unit) == (kind.code, kind.unit)


def test_rows_are_text_a_person_can_read():
    columns = columns_of(
        [(1_719_813_600_123, 0, 41.0, 120, 6), (1_719_814_200_000, 60_000, 5.5, UNKNOWN_OFFSET, 0)]
    )
    assert b"".join(series.rows(KINDS["weight"], "Scale, old", columns)).decode().splitlines() == [
        '2024-07-01T08:00:00.123+02:00,,weight,41.0,kg,"Scale, old",manual censored_low',
        '2024-07-01T06:10:00.000Z,2024-07-01T06:11:00.000Z,weight,5.5,kg,"Scale, old",',
    ]
