"""Answers of the iHealth Web API: the sample files' facts, each odd entry, and damage of every sort."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_in import damaged

from twin.intake import ihealth
from twin.intake.ihealth import offset_of
from twin.intake.items import Item, Problem, ProblemCode, Record, RefusalCode, Refused, Samples
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "ihealth"
FILES = sorted(path.name for path in SAMPLES.iterdir())
ZONE = ZoneInfo("Europe/Berlin")
NOON = 1_719_835_200
"""12:00 on 1 July 2024, by whatever clock."""


def read_raw(raw: bytes) -> list[Item]:
    return list(ihealth.read(io.BytesIO(raw), zone=ZONE))


def read(**answer: Any) -> list[Item]:
    return read_raw(json.dumps(answer).encode())


def rows(items: list[Item]) -> list[tuple[str, str, str, int, float]]:
    """Kind, unit, start, seconds and value of every sample."""
    return [
        (
            item.kind,
            item.unit,
            datetime.fromtimestamp(start / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            duration // 1000,
            value,
        )
        for item in items
        if isinstance(item, Samples)
        for start, duration, value in zip(
            item.columns.start.tolist(),
            item.columns.duration.tolist(),
            item.columns.value.tolist(),
            strict=True,
        )
    ]


def columns(items: list[Item], kind: str) -> Any:
    return next(item.columns for item in items if isinstance(item, Samples) and item.kind == kind)


def problems(items: list[Item]) -> list[Problem]:
    return [item for item in items if isinstance(item, Problem)]


def pressure(**changes: Any) -> dict[str, Any]:
    return {"HP": 120, "LP": 80, "MDate": NOON, "TimeZone": "+0200", "DataSource": "FromDevice"} | changes


@pytest.mark.parametrize("name", FILES)
def test_sniff_knows_every_answer(name: str) -> None:
    assert ihealth.sniff((SAMPLES / name).read_bytes())


def test_read_of_published_pressures_gives_their_facts() -> None:
    items = read_raw((SAMPLES / "bp.json").read_bytes())

    assert rows(items) == [
        ("sbp", "mm[Hg]", "2015-09-17T20:04:23Z", 0, 120.0),
        ("sbp", "mm[Hg]", "2015-09-17T20:07:45Z", 0, 130.0),
        ("dbp", "mm[Hg]", "2015-09-17T20:04:23Z", 0, 90.0),
        ("dbp", "mm[Hg]", "2015-09-17T20:07:45Z", 0, 95.0),
        ("heart_rate", "/min", "2015-09-17T20:04:23Z", 0, 100.0),
        ("heart_rate", "/min", "2015-09-17T20:07:45Z", 0, 75.0),
    ]
    assert columns(items, "sbp").offset.tolist() == [-480, -360]
    assert columns(items, "sbp").flags.tolist() == [0, Flag.MANUAL]
    assert problems(items) == []


def test_read_of_published_pressures_places_them_just_before_they_were_sent() -> None:
    """LastChangeTime is UTC; MDate is the wall clock's, and would else lie hours before it."""
    raw = (SAMPLES / "bp.json").read_bytes()

    taken = columns(read_raw(raw), "sbp").start.tolist()

    sent = [entry["LastChangeTime"] * 1000 for entry in json.loads(raw)["BPDataList"]]
    assert [late - early for early, late in zip(taken, sent, strict=True)] == [7000, 0]


def test_read_of_published_saturations_gives_their_facts() -> None:
    items = read_raw((SAMPLES / "spo2.json").read_bytes())

    assert rows(items) == [
        ("spo2", "%", "2015-09-23T21:46:00Z", 0, 99.0),
        ("spo2", "%", "2015-09-24T21:03:00Z", 0, 90.0),
        ("heart_rate", "/min", "2015-09-23T21:46:00Z", 0, 80.0),
        ("heart_rate", "/min", "2015-09-24T21:03:00Z", 0, 65.0),
    ]
    assert problems(items) == []


def test_read_of_published_weighings_gives_their_facts() -> None:
    items = read_raw((SAMPLES / "weight.json").read_bytes())

    assert [(kind, unit, value) for kind, unit, _, _, value in rows(items)] == [
        ("weight", "kg", 77.5643875134944),
        ("weight", "kg", 77.56438446044922),
        ("bmi", "kg/m2", 22.56052563257619),
        ("bmi", "kg/m2", 22.56052398681641),
        ("body_fat", "%", 10.0),
    ]
    assert problems(items) == [
        Problem(ProblemCode.NOT_MEASURED, "0", "answer 1, WeightDataList 2", 1, "body_fat")
    ]


def test_read_of_published_glucose_gives_its_facts() -> None:
    items = read_raw((SAMPLES / "glucose.json").read_bytes())

    assert [(kind, unit, value) for kind, unit, _, _, value in rows(items)] == [
        ("glucose", "mg/dL", 60.0),
        ("glucose", "mg/dL", 70.0),
    ]


def test_read_of_published_sleep_gives_its_facts() -> None:
    items = read_raw((SAMPLES / "sleep.json").read_bytes())

    assert rows(items) == [
        ("sleep_duration", "min", "2015-11-15T08:51:00Z", 26_700, 345.0),
        ("sleep_duration", "min", "2015-11-15T12:51:00Z", 12_300, 195.0),
        ("sleep_duration", "min", "2015-11-16T07:27:00Z", 24_300, 355.0),
    ]
    efficiency = [round(value * 60 / seconds * 100) for _, _, _, seconds, value in rows(items)]
    assert efficiency == [78, 95, 88]


def test_read_of_published_days_gives_their_facts() -> None:
    items = read_raw((SAMPLES / "activity.json").read_bytes())

    assert rows(items) == [
        ("steps", "{steps}", "2015-11-15T19:00:00Z", 86_400, 21.0),
        ("steps", "{steps}", "2015-11-18T00:00:00Z", 86_400, 4398.0),
        ("distance", "km", "2015-11-15T19:00:00Z", 86_400, 0.01743),
    ]
    assert problems(items) == [
        Problem(ProblemCode.NOT_MEASURED, "0", "answer 1, ARDataList 2", 1, "distance")
    ]


@pytest.mark.parametrize(
    ("answer", "unit"),
    [
        ({"BPUnit": 0, "BPDataList": [{"HP": 16, "MDate": NOON}]}, "mm[Hg]"),
        ({"BPUnit": 1, "BPDataList": [{"HP": 16, "MDate": NOON}]}, "kPa"),
        ({"WeightUnit": 0, "WeightDataList": [{"WeightValue": 16, "MDate": NOON}]}, "kg"),
        ({"WeightUnit": 1, "WeightDataList": [{"WeightValue": 16, "MDate": NOON}]}, "lb"),
        ({"WeightUnit": 2, "WeightDataList": [{"WeightValue": 16, "MDate": NOON}]}, "st"),
        ({"BGUnit": 0, "BGDataList": [{"BG": 16, "MDate": NOON}]}, "mg/dL"),
        ({"BGUnit": 1, "BGDataList": [{"BG": 16, "MDate": NOON}]}, "mmol/L"),
        ({"BGUnit": 7, "BGDataList": [{"BG": 16, "MDate": NOON}]}, "BGUnit 7"),
        ({"BGDataList": [{"BG": 16, "MDate": NOON}]}, "BGUnit None"),
    ],
)
def test_read_takes_the_unit_from_its_number(answer: dict[str, Any], unit: str) -> None:
    ((_, written, _, _, value),) = rows(read(**answer))

    assert (written, value) == (unit, 16.0)


@pytest.mark.parametrize(
    ("zone", "start", "offset"),
    [
        ("+0200", "2024-07-01T10:00:00Z", 120),
        ("-0800", "2024-07-01T20:00:00Z", -480),
        ("+05:30", "2024-07-01T06:30:00Z", 330),
        ("-8", "2024-07-01T20:00:00Z", -480),
        (1, "2024-07-01T11:00:00Z", 60),
        ("", "2024-07-01T10:00:00Z", 120),
        (None, "2024-07-01T10:00:00Z", 120),
        ("+9900", "2024-07-01T10:00:00Z", 120),
    ],
)
def test_read_takes_times_for_those_of_the_wall_clock(zone: Any, start: str, offset: int) -> None:
    items = read(BPDataList=[pressure(TimeZone=zone)], BPUnit=0)

    assert {row[2] for row in rows(items)} == {start}
    assert columns(items, "sbp").offset.tolist() == [offset]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            pressure(HR=-1),
            Problem(ProblemCode.NOT_MEASURED, "-1", "answer 1, BPDataList 1", 1, "heart_rate"),
        ),
        (pressure(HR=0), Problem(ProblemCode.NOT_MEASURED, "0", "answer 1, BPDataList 1", 1, "heart_rate")),
        (
            pressure(HR="fast"),
            Problem(ProblemCode.NOT_A_NUMBER, "fast", "answer 1, BPDataList 1", 1, "heart_rate"),
        ),
        (pressure(MDate=None), Problem(ProblemCode.BAD_TIME, "None", "answer 1, BPDataList 1")),
        (pressure(MDate=1e300), Problem(ProblemCode.BAD_TIME, "1e+300", "answer 1, BPDataList 1")),
        ("text", Problem(ProblemCode.MALFORMED, "no measurement", "answer 1, BPDataList 1")),
    ],
)
def test_read_of_what_is_no_measurement_is_a_problem(entry: Any, problem: Problem) -> None:
    assert problems(read(BPDataList=[entry], BPUnit=0)) == [problem]


def test_read_of_a_day_without_a_step_was_not_worn() -> None:
    items = read(ARDataList=[{"Steps": 0, "DistanceTraveled": 0, "MDate": NOON, "TimeZone": "+0200"}])

    assert items == [Problem(ProblemCode.NOT_WORN, "no step that day", "answer 1, ARDataList 1", 1, "steps")]


def test_read_of_a_day_without_an_offset_lasts_as_long_as_the_patients() -> None:
    items = read(ARDataList=[{"Steps": 10, "MDate": 1_711_886_400}])

    assert rows(items) == [("steps", "{steps}", "2024-03-30T23:00:00Z", 82_800, 10.0)]


def test_read_of_sleep_that_ends_before_it_begins_is_a_problem() -> None:
    items = read(SRDataList=[{"HoursSlept": 300, "StartTime": NOON, "EndTime": NOON - 1}])

    assert [problem.code for problem in problems(items)] == [ProblemCode.BAD_TIME]


def test_read_of_a_list_of_something_else_is_counted() -> None:
    items = read(SPORTDataList=[{"SportName": "Running"}, {"SportName": "Rowing"}])

    assert items == [
        Problem(ProblemCode.UNSUPPORTED_RESOURCE, "SPORTDataList", "answer 1, SPORTDataList 1", 2)
    ]


def test_read_of_an_answer_that_has_a_next_page_says_so() -> None:
    items = read(BPDataList=[pressure()], BPUnit=0, NextPageUrl="https://api.example/next")

    assert problems(items) == [
        Problem(ProblemCode.TRUNCATED, "the answer names a next page that is not in the file", "answer 1")
    ]


@pytest.mark.parametrize("written", [None, True, 1.5, "", "Z", "PST", "+1700", [], "+02:75", "२"])
def test_offset_of_what_is_none_is_none(written: Any) -> None:
    assert offset_of(written) is None


@given(st.integers(-960, 960))
def test_offset_of_reads_what_is_written(minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)

    assert offset_of(f"{sign}{hours:02}{rest:02}") == minutes
    assert offset_of(f"{sign}{hours:02}:{rest:02}") == minutes


@pytest.mark.parametrize("raw", [b"", b"garbage", b"\xff\xfe\x00", b'{"BPDataList":[{"HP":'])
def test_read_of_nothing_readable_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_raw(raw)

    assert refused.value.code == RefusalCode.MALFORMED


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("sixteenth", range(17))
def test_read_of_a_damaged_file_ends_in_items_or_a_refusal(name: str, sixteenth: int) -> None:
    raw = (SAMPLES / name).read_bytes()
    for broken in damaged(raw, sixteenth, b"9"):
        try:
            items = read_raw(broken)
        except Refused:
            continue
        assert all(isinstance(item, Samples | Record | Problem) for item in items)


@pytest.mark.parametrize(
    "head", [b"", b"{}", b'{"SPORTDataList":[]}', b'[{"BPDataList":[]}]', b'{"resourceType":"Observation"}']
)
def test_sniff_leaves_other_documents_alone(head: bytes) -> None:
    assert not ihealth.sniff(head)
