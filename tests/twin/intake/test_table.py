"""Tables of one's own: real files with their facts, every sort of column, several people, and damage."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_in import rows

from twin.intake import table
from twin.intake.acceptance import accept
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused, Samples
from twin.kinds import KINDS, UnknownUnit, to_canonical

SAMPLES = Path(__file__).parents[2] / "samples" / "table"
MADRID = ZoneInfo("Europe/Madrid")
HOUR = 3_600_000
DAY = 24 * HOUR
NOON = int(datetime(2024, 7, 1, 10, tzinfo=UTC).timestamp() * 1000)  # in Madrid


def read(text: str | bytes, person: str | None = None) -> list[Item]:
    content = text.encode() if isinstance(text, str) else text
    return list(table.read(io.BytesIO(content), zone=MADRID, person=person))


def problems(items: list[Item]) -> list[tuple[ProblemCode, str, str, int]]:
    return [
        (item.code, item.kind or item.example, item.place, item.count)
        for item in items
        if isinstance(item, Problem)
    ]


def series(items: list[Item]) -> Iterator[tuple[str, Samples]]:
    return ((f"{item.kind}/{item.source}".rstrip("/"), item) for item in items if isinstance(item, Samples))


def test_read_repeated_times_that_conflict_are_handed_on_in_order() -> None:
    row = "2023-12-14 12:09:00"
    items = read(f"timestamp,glucose_value_mg_dl\n{row},169\n{row},180\n{row},169\n")
    assert [row[5] for row in rows(items)] == [169.0, 180.0, 169.0]


def test_read_a_day_covers_the_local_day_also_where_the_clock_changes() -> None:
    items = read("date,steps\n2024-03-31,500\n2024-07-01,600\n2024-10-27,700\n")
    assert [row[4] // HOUR for row in rows(items)] == [23, 24, 25]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("timestamp,hr\n2024-07-01 12:00:00,60\n", ("heart_rate", "", "/min", NOON, 0, 60.0)),
        ("Time;Weight (kg)\n2024-07-01 12:00;81,35\n", ("weight", "", "kg", NOON, 0, 81.35)),
        ("Date,Time,Weight [lb]\n1.7.2024,12:00,180\n", ("weight", "", "[lb_av]", NOON, 0, 180.0)),
        (
            "Date\tHour\tGlucose mmol/l\n2024-07-01\t12\t5.6\n",
            ("glucose", "", "mmol/L", NOON, HOUR, 5.6),
        ),
        ("minute,bpm_mean\n2024-07-01 12:00,60.5\n", ("heart_rate", "", "/min", NOON, 60_000, 60.5)),
        ("datetime,SYS (kPa)\n2024-07-01T10:00:00Z,16\n", ("sbp", "", "kPa", NOON, 0, 16.0)),
        ('Date,Time,Note,Steps\n"Jul 1, 2024",12:00,"a, b",7\n', ("steps", "", "{steps}", NOON, 0, 7.0)),
        ('date,weight_kg\n"2024-07-01 12:00","81,5"\n', ("weight", "", "kg", NOON, 0, 81.5)),
        ("date,SpO₂ (%)\n2024-07-01 12:00:00,97\n", ("spo2", "", "%", NOON, 0, 97.0)),
    ],
)
def test_read_a_cell_is_a_sample_of_the_kind_and_unit_that_its_column_names(
    text: str, expected: tuple[str, str, str, int, int, float]
) -> None:
    assert table.sniff(text.encode())
    assert rows(read(text)) == [expected]


def test_read_an_ihealth_export_gives_pressures_and_pulse() -> None:
    header = "Date,Time,SYS(mmHg),DIA(mmHg),Pulse(Beats/Min),Note\n"
    items = read(f'{header}"Jul 1, 2024",12:00,111,81,68,\n')
    assert rows(items) == [
        ("sbp", "", "mm[Hg]", NOON, 0, 111.0),
        ("dbp", "", "mm[Hg]", NOON, 0, 81.0),
        ("heart_rate", "", "/min", NOON, 0, 68.0),
    ]
    assert problems(items) == []


def test_read_two_columns_of_a_kind_are_two_sources() -> None:
    items = read("time,Weight (kg),Weight (lb)\n2024-07-01 12:00:00,81.35,179.3\n")
    assert [(row[1], row[2]) for row in rows(items)] == [("", "kg"), ("Weight (lb)", "[lb_av]")]


def test_read_a_monitors_pressures_and_pulses_are_sources_of_their_own() -> None:
    header = "time,HR (bpm),PULSE (bpm),ABPSys (mmHg),NBPSys (mmHg),RESP (pm)\n"
    items = read(header + "2024-07-01 12:00:00,61,60,120,118,14\n2024-07-01 12:01:00,0,0,0,,0\n")
    assert [row[:2] + row[5:] for row in rows(items)] == [
        ("heart_rate", "ECG", 61.0),
        ("heart_rate", "Pulse oximeter", 60.0),
        ("sbp", "Arterial line", 120.0),
        ("sbp", "Cuff", 118.0),
        ("resp_rate", "ECG", 14.0),
    ]
    assert {(code, count) for code, _, _, count in problems(items)} == {(ProblemCode.NOT_MEASURED, 1)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time,hr\nyesterday,60\n", (ProblemCode.BAD_TIME, "heart_rate", "line 2, column hr", 1)),
        ("seconds,hr\n0,60\n60,61\n", (ProblemCode.BAD_TIME, "heart_rate", "line 2, column hr", 2)),
        ("date,hr\n3/4/2024,60\n", (ProblemCode.BAD_TIME, "heart_rate", "line 2, column hr", 1)),
        (
            "time,hr\n2024-07-01 12:00,fast\n",
            (ProblemCode.NOT_A_NUMBER, "heart_rate", "line 2, column hr", 1),
        ),
        (
            'time,weight_kg\n2024-07-01 12:00,"1,234"\n',
            (ProblemCode.NOT_A_NUMBER, "weight", "line 2, column weight_kg", 1),
        ),
        ("time,hr\n2024-07-01 12:00,0\n", (ProblemCode.NOT_MEASURED, "heart_rate", "line 2, column hr", 1)),
        (
            "date,resting_hr\n2024-07-01,0\n",
            (ProblemCode.NOT_WORN, "resting_heart_rate", "line 2, column resting_hr", 1),
        ),
        ("date,steps\n2024-07-01,0\n", (ProblemCode.NOT_WORN, "steps", "line 2, column steps", 1)),
        (
            "time,glucose\n2024-07-01 12:00,25\n",
            (ProblemCode.UNKNOWN_UNIT, "glucose", "line 2, column glucose", 1),
        ),
        ("time,hr,mood\n2024-07-01 12:00,,good\n", (ProblemCode.UNKNOWN_KIND, "mood", "column mood", 1)),
        ("time,hr,\n2024-07-01 12:00,,x\n", (ProblemCode.UNKNOWN_KIND, "number 3", "column number 3", 1)),
        ("time,hr\n2024-07-01 12:00\n", (ProblemCode.MALFORMED, "2024-07-01 12:00", "line 2", 1)),
        (
            "time,hr\n2024-07-01 12:00,81,5\n",
            (ProblemCode.MALFORMED, "2024-07-01 12:00,81,5", "line 2", 1),
        ),
        ("time,hr\n2024-07-01 12:0", (ProblemCode.TRUNCATED, "2024-07-01 12:0", "line 2", 1)),
    ],
)
def test_read_what_is_no_sample_is_counted(text: str, expected: tuple[ProblemCode, str, str, int]) -> None:
    items = read(text)
    assert rows(items) == []
    assert problems(items) == [expected]


def test_read_a_last_row_without_a_line_end_counts() -> None:
    items = read("time,hr\n2024-07-01 12:00,61\n2024-07-01 12:01,62")
    assert [value for *_, value in rows(items)] == [61, 62]
    assert problems(items) == []


def test_read_steps_of_none_in_an_hour_are_steps() -> None:
    assert rows(read("date,hour,steps\n2024-07-01,12,0\n")) == [("steps", "", "{steps}", NOON, HOUR, 0.0)]


@pytest.mark.parametrize("cell", ["", "-", "NA", "N/A", "null"])
def test_read_a_cell_that_says_nothing_is_not_counted(cell: str) -> None:
    assert read(f"time,hr,mood\n2024-07-01 12:00,{cell},{cell}\n") == []


@pytest.mark.parametrize("column", ["weight", "height", "distance", "carbs", "sleep_duration"])
def test_read_a_unit_that_nothing_tells_is_left_to_be_refused(column: str) -> None:
    (samples,) = read(f"time,{column}\n2024-07-01 12:00,7\n")
    assert isinstance(samples, Samples)
    _, found = accept(samples, now=datetime(2024, 8, 1, tzinfo=UTC))
    assert [problem.code for problem in found] == [ProblemCode.UNKNOWN_UNIT]


PEOPLE = "subject,date,weight_kg\n1,2024-07-01,70\n2,2024-07-01,80\n1,2024-07-02,71\n"


def test_read_several_people_are_refused_before_anything_is_handed_on() -> None:
    assert table.people(io.BytesIO(PEOPLE.encode())) == ["1", "2"]
    for person in (None, "3"):
        with pytest.raises(Refused) as refusal:
            read(PEOPLE, person=person)
        assert refusal.value.code is RefusalCode.SEVERAL_PEOPLE


def test_read_one_of_several_people_counts_the_rows_of_the_others() -> None:
    items = read(PEOPLE, person="1")
    assert [row[5] for row in rows(items)] == [70.0, 71.0]
    assert [(code, count) for code, _, _, count in problems(items)] == [(ProblemCode.OTHER_PATIENT, 1)]


def test_read_one_person_alone_needs_no_name() -> None:
    assert table.people(io.BytesIO(b"date,weight_kg\n2024-07-01,70\n")) == []
    assert len(rows(read("subject,date,weight_kg\n1,2024-07-01,70\n1,2024-07-02,71\n"))) == 2


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"hello",
        b"530\n518\n506\n",
        b"timer,hr\n0.0,515\n",
        b"time,mood\n",
        b"hr,steps\n",
        b"start,kind,value,unit\n",
        b"Timestamp (YYYY-MM-DDThh:mm:ss),Glucose Value (mg/dL)\n",
        b"Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId\n",
        b'Date,"Weight (kg)","Fat mass (kg)",Comments\n',
        b"x" * 70_000,
    ],
)
def test_sniff_leaves_other_tables_to_others(head: bytes) -> None:
    assert not table.sniff(head)


@pytest.mark.parametrize("cell", ["hr,", "hr (", "a" + " " * 60_000 + "b", "(" * 60_000, "hr" * 30_000])
def test_sniff_a_hostile_header_takes_no_time(cell: str) -> None:
    table.sniff(("time," + cell * (60_000 // len(cell))).encode())


def test_read_another_first_line_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        read("timer,hr\n0.0,515\n")
    assert refusal.value.code is RefusalCode.MALFORMED


def test_read_many_rows_come_in_batches() -> None:
    text = "timestamp,hr\n" + "2024-07-01 12:00:00,60\n" * 60_000
    sizes = [len(item.columns) for item in read(text) if isinstance(item, Samples)]
    assert sum(sizes) == 60_000
    assert max(sizes) <= 50_000


def test_every_name_means_a_kind_and_a_unit_that_exist() -> None:
    known = json.loads((Path(table.__file__).parents[1] / "data" / "table_columns.json").read_text("utf-8"))
    columns = [
        *known["columns"].values(),
        *(one for row in known["layouts"] for one in row["columns"].values()),
    ]
    for column in filter(None, columns):
        kind = KINDS[column["kind"]]
        if column["unit"]:
            to_canonical(kind, column["unit"], np.ones(1))
        else:
            with pytest.raises(UnknownUnit):
                to_canonical(kind, "", np.ones(1))


@given(st.binary(max_size=300))
def test_read_any_bytes_account_for_every_cell(noise: bytes) -> None:
    items = read(b"time,hr,mood\n" + noise)
    counted = len(rows(items)) + sum(count for _, _, _, count in problems(items))
    assert counted <= 2 * (noise.count(b"\n") + 1)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4_000_000_000_000),
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False).filter(bool)),
            st.one_of(st.none(), st.integers(1, 10**9)),
        )
    )
)
def test_read_what_is_written_comes_back_exactly(
    written: list[tuple[int, float | None, int | None]],
) -> None:
    def cell(value: float | None) -> str:
        return "" if value is None else repr(value)

    lines = [f"{np.datetime64(at, 'ms')}Z,{cell(hr)},{cell(steps)}\n" for at, hr, steps in written]
    found = rows(read("time,hr,steps\n" + "".join(lines)))
    pulses = [("heart_rate", "", "/min", at, 0, hr) for at, hr, _ in written if hr is not None]
    counts = [("steps", "", "{steps}", at, 0, float(steps)) for at, _, steps in written if steps is not None]
    assert found == pulses + counts
