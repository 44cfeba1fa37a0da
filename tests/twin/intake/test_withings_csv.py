"""The Withings export: measurements in two languages, nights, lists in cells, day totals and workouts."""

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import table, withings_csv
from twin.intake.items import Item, Problem, ProblemCode, Record, RecordType, RefusalCode, Refused, Samples

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000

# The headings as the export writes them; the values are made up.
WEIGHT = 'Date,"Weight (kg)","Fat mass (kg)","Bone mass (kg)","Muscle mass (kg)","Hydration (kg)",Comments\n'
PRESSURE = 'Date,"Heart rate",Systolic,Diastolic,Comments\n'
NIGHT = 'from,to,"light (s)","deep (s)","rem (s)","awake (s)","wake up","Average heart rate"\n'
RAW = "start,duration,value\n"
WORKOUT = 'from,to,"from (manual)","to (manual)",Timezone,"Activity type",Data,GPS,Modified\n'


class Named(io.BytesIO):
    """A stream that knows its file's name, as a member of an archive does."""

    def __init__(self, raw: bytes, name: str) -> None:
        super().__init__(raw)
        self.name = name


def read(text: str, name: str = "") -> list[Item]:
    assert withings_csv.sniff(text.encode())
    assert not table.sniff(text.encode())
    return list(withings_csv.read(Named(text.encode(), name), zone=BERLIN))


def rows(items: list[Item]) -> list[tuple[str, str, str, str, int, float]]:
    return [
        (one.kind, one.source, one.unit, utc(start), duration, value)
        for one in items
        if isinstance(one, Samples)
        for start, duration, value in zip(
            one.columns.start.tolist(), one.columns.duration.tolist(), one.columns.value.tolist(), strict=True
        )
    ]


def utc(start: int) -> str:
    return datetime.fromtimestamp(start / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def problems(items: list[Item]) -> list[tuple[ProblemCode, str, int]]:
    return [(item.code, item.kind or item.example, item.count) for item in items if isinstance(item, Problem)]


def test_read_a_weighing_is_on_the_patients_clock() -> None:
    items = read(
        f'{WEIGHT}"2026-09-30 07:12:45",84.2,16.4,3.4,63.6,47.1,\n"2026-09-29 07:05:01",84.6,,,,,late'
    )
    assert rows(items) == [
        ("weight", "Withings", "kg", "2026-09-30 05:12:45", 0, 84.2),
        ("weight", "Withings", "kg", "2026-09-29 05:05:01", 0, 84.6),
    ]
    assert problems(items) == [
        (ProblemCode.UNKNOWN_KIND, name, 1)
        for name in ("Fat mass (kg)", "Bone mass (kg)", "Muscle mass (kg)", "Hydration (kg)", "Comments")
    ]


@pytest.mark.parametrize(
    ("text", "unit", "weight"),
    [
        (
            '"Date","Gewicht (kg)","Fettmasse (kg)","Fettfreier Anteil (kg)","Kommentare"\n'  # noqa: ISC004
            '"2014-02-13 6:04 Uhr","94.34","","68.43",""\n',
            "kg",
            94.34,
        ),
        ("Datum;Gewicht (kg);Fettmasse (kg);Kommentare\n13.02.2014 6:04;94,34;;\n", "kg", 94.34),
        ('Date,"Weight (lb)","Fat mass (lb)"\n"2014-02-13 06:04:00",208.0,\n', "lb", 208.0),
        ('Date,"Weight (kg)",Comments\n"2014-02-13 06:04:00","94,3",\n', "kg", 94.3),
    ],
)
def test_read_other_languages_units_and_decimal_commas(text: str, unit: str, weight: float) -> None:
    assert rows(read(text))[0] == ("weight", "Withings", unit, "2014-02-13 05:04:00", 0, weight)


def test_read_a_blood_pressure_may_be_a_pulse_alone() -> None:
    items = read(f'{PRESSURE}"2025-10-02 07:34:49",61,,,\n"2025-10-03 07:34:49",62,121,78,\n')
    assert [(row[0], row[2], row[5]) for row in rows(items)] == [
        ("heart_rate", "bpm", 61.0),
        ("heart_rate", "bpm", 62.0),
        ("sbp", "mmHg", 121.0),
        ("dbp", "mmHg", 78.0),
    ]


def test_read_a_height_in_feet_and_inches_is_no_number() -> None:
    items = read('Date,"Height (in)",Comments\n"2026-06-01 08:00:00","5\' 10.0\'\'",\n')
    assert problems(items) == [(ProblemCode.NOT_A_NUMBER, "height", 1)]


def test_read_a_night_is_its_stages_and_their_sum() -> None:
    items = read(f"{NIGHT}2026-06-08T23:10:00+02:00,2026-06-09T06:40:00+02:00,14400,7200,3600,1800,2,52\n")
    night = ("2026-06-08 21:10:00", 27_000_000)
    assert rows(items) == [
        ("sleep_stage_light", "Withings, night totals", "s", *night, 14_400.0),
        ("sleep_stage_deep", "Withings, night totals", "s", *night, 7_200.0),
        ("sleep_stage_rem", "Withings, night totals", "s", *night, 3_600.0),
        ("sleep_duration", "Withings, night totals", "s", *night, 25_200.0),
    ]
    assert problems(items) == [
        (ProblemCode.NOT_SLEEP, "awake", 1),
        (ProblemCode.UNKNOWN_KIND, "wake up", 1),
        (ProblemCode.UNKNOWN_KIND, "Average heart rate", 1),
    ]


@pytest.mark.parametrize(
    "edges",
    [
        "2026-06-09T06:40:00+02:00,2026-06-08T23:10:00+02:00",
        "2026-06-01T06:40:00+02:00,2026-06-08T23:10:00+02:00",
        "x,2026-06-08T23:10:00+02:00",
    ],
)
def test_read_a_night_of_no_length_or_too_much_has_no_time(edges: str) -> None:
    items = read(f"{NIGHT}{edges},1,2,3,,,\n")
    assert rows(items) == []
    assert {(code, count) for code, _, count in problems(items)} == {(ProblemCode.BAD_TIME, 1)}


def test_read_stages_beyond_any_number_are_handed_on_to_be_refused() -> None:
    items = read(f"{NIGHT}2026-06-08T23:10:00Z,2026-06-09T06:40:00Z,1e308,1e308,,,,\n")
    assert [row[5] for row in rows(items)] == [1e308, 1e308, float("inf")]


def test_read_the_lists_of_a_cell_are_readings_one_after_the_other() -> None:
    text = (
        f'{RAW}2024-06-07T09:22:00+02:00,"[60,30,60]","[65,0,63]"\n'
        "2022-01-06T12:50:26+01:00,[60],[72]\n2022-01-06T13:00:00+01:00,[],[]\n"
    )
    items = read(text, "export/raw_hr_hr.csv")
    assert rows(items) == [
        ("heart_rate", "Withings tracker", "bpm", "2024-06-07 07:22:00", 60_000, 65.0),
        ("heart_rate", "Withings tracker", "bpm", "2024-06-07 07:23:30", 60_000, 63.0),
        ("heart_rate", "Withings tracker", "bpm", "2022-01-06 11:50:26", 60_000, 72.0),
    ]
    assert [item.columns.offset.tolist() for item in items if isinstance(item, Samples)] == [[120, 120, 60]]
    assert problems(items) == [(ProblemCode.NOT_MEASURED, "heart_rate", 1)]


def test_read_lists_that_do_not_belong_together_are_malformed() -> None:
    items = read(
        f'{RAW}2022-01-06T12:50:26Z,[60],"[72,1]"\n2022-01-06T12:50:26Z,"[60,60]",[72]\n', "raw_hr_hr.csv"
    )
    assert rows(items) == []
    assert [(code, count) for code, _, count in problems(items)] == [(ProblemCode.MALFORMED, 2)]


@pytest.mark.parametrize("duration", ["x", "-60", "1e308", "nan", "90000"])
def test_read_readings_beside_a_length_that_is_none_have_no_time(duration: str) -> None:
    text = f'{RAW}2022-01-06T12:50:26Z,"[{duration},60]","[72,71]"\n2022-01-07T12:50:26Z,[60],[70]\n'
    items = read(text, "raw_tracker_hr.csv")
    assert rows(items) == [("heart_rate", "Withings tracker", "bpm", "2022-01-07 12:50:26", 60_000, 70.0)]
    assert problems(items) == [(ProblemCode.BAD_TIME, "heart_rate", 2)]


@pytest.mark.parametrize(
    ("name", "kind", "source", "unit"),
    [
        ("raw_tracker_steps.csv", "steps", "Withings tracker", "{steps}"),
        ("raw_tracker_distance.csv", "distance", "Withings tracker", "m"),
        ("raw_tracker_calories-earned.csv", "active_energy", "Withings tracker", "kcal"),
        ("raw_spo2_auto_spo2.csv", "spo2", "Withings tracker", "%"),
        ("raw_bed_respiratory rate.csv", "resp_rate", "Withings sleep monitor", "/min"),
        ("raw_sleep-monitor_hr.csv", "heart_rate", "Withings sleep monitor", "bpm"),
    ],
)
def test_read_a_raw_files_name_says_what_it_holds(name: str, kind: str, source: str, unit: str) -> None:
    items = read(f"{RAW}2022-01-06T12:50:26Z,[60],[72]\n", f"data_X/{name}")
    assert [row[:3] for row in rows(items)] == [(kind, source, unit)]


@pytest.mark.parametrize("name", ["", "hearts.csv", "raw_location_latitude.csv", "raw_bed_sleep-state.csv"])
def test_read_a_raw_file_of_another_name_is_counted(name: str) -> None:
    items = read(f'{RAW}2022-01-06T12:50:26Z,"[60,60]","[1,2]"\n', name)
    assert [(code, count) for code, _, count in problems(items)] == [(ProblemCode.UNKNOWN_KIND, 2)]


def test_read_the_states_of_a_tracker_are_stages_of_sleep() -> None:
    items = read(f'{RAW}2024-06-07T00:00:00Z,"[60,60,120,5]","[0,1,3,9]"\n', "raw_tracker_sleep-state.csv")
    assert rows(items) == [
        ("sleep_stage_light", "Withings tracker", "ms", "2024-06-07 00:01:00", 60_000, 60_000.0),
        ("sleep_duration", "Withings tracker", "ms", "2024-06-07 00:01:00", 60_000, 60_000.0),
        ("sleep_stage_rem", "Withings tracker", "ms", "2024-06-07 00:02:00", 120_000, 120_000.0),
        ("sleep_duration", "Withings tracker", "ms", "2024-06-07 00:02:00", 120_000, 120_000.0),
    ]
    assert problems(items) == [(ProblemCode.NOT_SLEEP, "0", 1), (ProblemCode.UNKNOWN_KIND, "9", 1)]


def test_read_a_days_total_covers_the_day_and_is_a_source_of_its_own() -> None:
    items = read("date,value\n2024-03-31,500\n2024-04-01,0\n", "aggregates_steps.csv")
    assert rows(items) == [
        ("steps", "Withings day totals", "{steps}", "2024-03-30 23:00:00", 23 * HOUR, 500.0)
    ]
    assert problems(items) == [(ProblemCode.NOT_WORN, "steps", 1)]


def test_read_a_days_value_of_another_name_is_counted() -> None:
    items = read("date,value\n2024-03-31,7.1\n", "pwv.csv")
    assert [(code, count) for code, _, count in problems(items)] == [(ProblemCode.UNKNOWN_KIND, 1)]


def test_read_a_workout_is_a_record_with_its_row_whole() -> None:
    row = '2020-01-01T10:00:00+01:00,2020-01-01T10:30:00+01:00,,,Europe/Paris,Running,"{""steps"":9}",,\n'
    record, problem = read(f"{WORKOUT}{row}2020-01-01T10:00:00+01:00,,,,,Running,,,\n")
    assert isinstance(record, Record)
    assert (record.type, record.text, record.source) == (RecordType.ACTIVITY, "Running", "Withings")
    assert (record.start, record.end) == (
        datetime(2020, 1, 1, 9, tzinfo=UTC),
        datetime(2020, 1, 1, 9, 30, tzinfo=UTC),
    )
    assert record.body["Data"] == '{"steps":9}'
    assert isinstance(problem, Problem)
    assert problem.code is ProblemCode.BAD_TIME


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Date,Weight (kg)\n",
        b"from,to\n",
        b"start,kind,value,unit\n",
        b"date,value,unit\n",
        b"Comments\n",
    ],
)
def test_sniff_another_first_line_is_another_format_and_refused(head: bytes) -> None:
    assert not withings_csv.sniff(head)
    with pytest.raises(Refused) as refusal:
        list(withings_csv.read(io.BytesIO(head), zone=BERLIN))
    assert refusal.value.code is RefusalCode.MALFORMED


@given(st.sampled_from([WEIGHT, PRESSURE, NIGHT, RAW, WORKOUT, "date,value\n"]), st.binary(max_size=300))
def test_read_any_bytes_never_raise(header: str, noise: bytes) -> None:
    for name in ("raw_hr_hr.csv", "raw_tracker_sleep-state.csv", "aggregates_steps.csv"):
        list(withings_csv.read(Named(header.encode() + noise, name), zone=BERLIN))


@given(
    st.lists(st.text("[]0159,.-eE x", max_size=20), max_size=4), st.lists(st.text("[]01,.-e", max_size=20))
)
def test_read_any_lists_never_raise(durations: list[str], values: list[str]) -> None:
    lines = [
        f'2024-01-01T00:00:00Z,"{one}","{other}"\n' for one, other in zip(durations, values, strict=False)
    ]
    list(withings_csv.read(Named((RAW + "".join(lines)).encode(), "raw_hr_hr.csv"), zone=BERLIN))
