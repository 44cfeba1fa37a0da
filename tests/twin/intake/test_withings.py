"""Answers of the Withings Web API: the sample files' facts, each odd entry, and damage of every sort."""

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

from twin.intake import withings
from twin.intake.items import Item, Problem, ProblemCode, Record, RefusalCode, Refused, Samples
from twin.intake.withings.measures import scaled
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "withings"
FILES = sorted(path.name for path in SAMPLES.iterdir())
ZONE = ZoneInfo("Europe/Berlin")

Row = tuple[str, str, str, str, int, float]


def read_raw(raw: bytes) -> list[Item]:
    return list(withings.read(io.BytesIO(raw), zone=ZONE))


def read(body: Any, **answer: Any) -> list[Item]:
    return read_raw(json.dumps({"status": 0, "body": body} | answer).encode())


def rows(items: list[Item]) -> list[Row]:
    """Kind, source, unit, start, seconds and value of every sample."""
    return [
        (
            item.kind,
            item.source,
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


def problems(items: list[Item]) -> list[Problem]:
    return [item for item in items if isinstance(item, Problem)]


def columns(items: list[Item], kind: str) -> Any:
    return next(item.columns for item in items if isinstance(item, Samples) and item.kind == kind)


def group(*measures: tuple[int, int, int], **changes: Any) -> dict[str, Any]:
    named = [{"type": code, "value": value, "unit": unit} for code, value, unit in measures]
    return {"grpid": 1, "attrib": 0, "category": 1, "date": 1_433_052_383, "measures": named} | changes


@pytest.mark.parametrize("name", FILES)
def test_sniff_knows_every_answer(name: str) -> None:
    assert withings.sniff((SAMPLES / name).read_bytes())


def test_read_of_published_measures_gives_their_facts() -> None:
    items = read_raw((SAMPLES / "body_measures.json").read_bytes())

    assert rows(items) == [
        ("dbp", "Withings", "mm[Hg]", "2015-05-31T06:06:23Z", 0, 68.0),
        ("sbp", "Withings", "mm[Hg]", "2015-05-31T06:06:23Z", 0, 104.0),
        ("heart_rate", "Withings", "/min", "2015-05-31T06:06:23Z", 0, 41.0),
        ("heart_rate", "Withings", "/min", "2015-03-02T16:28:55Z", 0, 51.0),
        ("heart_rate", "Withings", "/min", "2015-02-26T21:57:17Z", 0, 47.0),
        ("weight", "Withings", "kg", "2015-05-31T06:06:23Z", 0, 74.126),
        ("weight", "Withings", "kg", "2015-04-20T17:13:56Z", 0, 74.128),
        ("height", "Withings", "m", "2015-02-23T19:24:49Z", 0, 1.93),
        ("temperature", "Withings", "Cel", "2015-02-23T19:24:49Z", 0, 37.0),
    ]
    pulses = columns(items, "heart_rate")
    assert pulses.flags.tolist() == [0, Flag.MANUAL, Flag.MANUAL]
    assert pulses.offset.tolist() == [-420, -480, -480]
    assert problems(items) == [Problem(ProblemCode.UNKNOWN_KIND, "type 18", "answer 1, measuregrps 1", 3)]


def test_read_of_published_nights_gives_their_facts() -> None:
    items = read_raw((SAMPLES / "sleep_summary.json").read_bytes())

    source = "Withings tracker, night totals"
    assert rows(items) == [
        ("sleep_duration", source, "s", "2017-09-01T23:15:00Z", 11_400, 3360.0 + 7800.0),
        ("sleep_duration", source, "s", "2017-09-03T22:19:00Z", 32_400, 15_900.0 + 13_800.0),
        ("sleep_stage_light", source, "s", "2017-09-01T23:15:00Z", 11_400, 3360.0),
        ("sleep_stage_light", source, "s", "2017-09-03T22:19:00Z", 32_400, 15_900.0),
        ("sleep_stage_deep", source, "s", "2017-09-01T23:15:00Z", 11_400, 7800.0),
        ("sleep_stage_deep", source, "s", "2017-09-03T22:19:00Z", 32_400, 13_800.0),
    ]
    assert columns(items, "sleep_duration").offset.tolist() == [60, 60]
    assert problems(items) == []


def test_read_of_published_segments_gives_their_facts() -> None:
    items = read_raw((SAMPLES / "sleep_measures.json").read_bytes())

    source = "Withings sleep monitor"
    assert rows(items) == [
        ("sleep_duration", source, "s", "2014-12-02T20:16:00Z", 960, 960.0),
        ("sleep_duration", source, "s", "2014-12-02T20:33:00Z", 1620, 1620.0),
        ("sleep_stage_light", source, "s", "2014-12-02T20:16:00Z", 960, 960.0),
        ("sleep_stage_rem", source, "s", "2014-12-02T20:33:00Z", 1620, 1620.0),
    ]
    assert problems(items) == [Problem(ProblemCode.NOT_SLEEP, "awake", "answer 1, series 1")]


def test_read_of_published_days_gives_their_facts() -> None:
    items = read_raw((SAMPLES / "activity.json").read_bytes())

    steps = [row for row in rows(items) if row[0] == "steps"]
    assert steps == [
        ("steps", "Withings day totals", "{steps}", "2015-06-18T07:00:00Z", 86_400, 2934.0),
        ("steps", "Withings day totals", "{steps}", "2015-06-19T07:00:00Z", 86_400, 2600.0),
        ("steps", "Withings day totals", "{steps}", "2015-06-20T07:00:00Z", 86_400, 5458.0),
        ("steps", "Withings day totals", "{steps}", "2015-02-21T08:00:00Z", 86_400, 1798.0),
    ]
    assert sum(row[5] for row in rows(items) if row[0] == "distance") == 2563 + 2387 + 4754 + 1666
    assert sum(row[5] for row in rows(items) if row[0] == "active_energy") == 139 + 130 + 241 + 99
    assert problems(items) == []


def test_read_of_published_stretches_gives_their_facts() -> None:
    items = read_raw((SAMPLES / "intraday_activity.json").read_bytes())

    steps = [row for row in rows(items) if row[0] == "steps"]
    assert steps[0] == ("steps", "Withings tracker", "{steps}", "2015-06-20T00:04:00Z", 60, 21.0)
    assert [row[5] for row in steps] == [21, 47, 20, 74]
    assert [row[5] for row in rows(items) if row[0] == "distance"] == [15, 35, 17, 59]
    assert columns(items, "steps").offset is None
    assert problems(items) == [
        Problem(ProblemCode.NOT_MEASURED, "a stretch without values", "answer 1, series 1434758700", 2)
    ]


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ((1, 74_126, -3), ("weight", "kg", 74.126)),
        ((4, 193, -2), ("height", "m", 1.93)),
        ((5, 61_303, -3), ("lean_mass", "kg", 61.303)),
        ((6, 17_299, -3), ("body_fat", "%", 17.299)),
        ((9, 68, 0), ("dbp", "mm[Hg]", 68.0)),
        ((10, 11, 1), ("sbp", "mm[Hg]", 110.0)),
        ((11, 41, 0), ("heart_rate", "/min", 41.0)),
        ((54, 97, 0), ("spo2", "%", 97.0)),
        ((71, 37_123, -3), ("temperature", "Cel", 37.123)),
        ((123, 45, 0), ("vo2max", "mL/kg/min", 45.0)),
    ],
)
def test_read_of_a_measure(measure: tuple[int, int, int], expected: tuple[str, str, float]) -> None:
    ((kind, _, unit, _, _, value),) = rows(read({"measuregrps": [group(measure)]}))

    assert (kind, unit, value) == expected


@pytest.mark.parametrize("code", [8, 12, 18, 73, 76, 77, 88, 91, 226])
def test_read_of_a_measure_that_the_catalogue_does_not_know_is_counted(code: int) -> None:
    items = read({"measuregrps": [group((code, 250, -1), (code, 251, -1))]})

    assert items == [Problem(ProblemCode.UNKNOWN_KIND, f"type {code}", "answer 1, measuregrps 1", 2)]


@pytest.mark.parametrize(
    ("attribution", "flags"),
    [(0, None), (2, [Flag.MANUAL]), (4, [Flag.MANUAL]), (5, None), (7, None), (8, None)],
)
def test_read_of_a_measure_by_its_attribution(attribution: int, flags: list[int] | None) -> None:
    items = read({"measuregrps": [group((1, 80, 0), attrib=attribution)]})

    assert (
        None if columns(items, "weight").flags is None else columns(items, "weight").flags.tolist()
    ) == flags


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"category": 2}, Problem(ProblemCode.UNSUPPORTED_RESOURCE, "a goal", "answer 1, measuregrps 1", 2)),
        (
            {"attrib": 1},
            Problem(
                ProblemCode.OTHER_PATIENT, "a measure of perhaps somebody else", "answer 1, measuregrps 1", 2
            ),
        ),
        ({"date": "soon"}, Problem(ProblemCode.BAD_TIME, "soon", "answer 1, measuregrps 1", 2)),
        ({"date": 1e300}, Problem(ProblemCode.BAD_TIME, "1e+300", "answer 1, measuregrps 1", 2)),
        (
            {"measures": None},
            Problem(ProblemCode.MALFORMED, "no group of measures", "answer 1, measuregrps 1"),
        ),
    ],
)
def test_read_of_a_group_that_is_no_measurement_is_a_problem(
    changes: dict[str, Any], problem: Problem
) -> None:
    assert read({"measuregrps": [group((1, 80, 0), (6, 20, 0), **changes)]}) == [problem]


@pytest.mark.parametrize(
    ("zones", "offset"),
    [
        ({}, None),
        ({"timezone": "Nowhere/Else"}, None),
        ({"timezone": "Asia/Tokyo"}, [540]),
    ],
)
def test_read_of_measures_keeps_the_offset_of_the_zone_named(
    zones: dict[str, str], offset: list[int] | None
) -> None:
    weight = columns(read({"measuregrps": [group((1, 80, 0))]} | zones), "weight")

    assert weight.start.tolist() == [1_433_052_383_000]
    assert (None if weight.offset is None else weight.offset.tolist()) == offset


def test_read_names_the_device_of_a_measure() -> None:
    items = read({"measuregrps": [group((1, 80, 0), model="Body Cardio"), group((1, 81, 0), model=None)]})

    assert [(source, value) for _, source, _, _, _, value in rows(items)] == [
        ("Withings Body Cardio", 80.0),
        ("Withings", 81.0),
    ]


def test_read_of_a_segment_gives_its_curves() -> None:
    segment = {
        "startdate": 1_417_551_360,
        "enddate": 1_417_551_420,
        "state": 2,
        "model": "Sleep Analyzer",
        "hr": {"1417551360": 55, "1417551420": 54},
        "rr": {"1417551360": 14},
        "snoring": {"1417551360": 0, "1417551420": 20},
    }

    items = read({"series": [segment]})

    assert [(kind, unit, seconds, value) for kind, _, unit, _, seconds, value in rows(items)] == [
        ("heart_rate", "/min", 0, 55.0),
        ("heart_rate", "/min", 0, 54.0),
        ("resp_rate", "/min", 0, 14.0),
        ("sleep_duration", "s", 60, 60.0),
        ("sleep_stage_deep", "s", 60, 60.0),
    ]
    assert {source for _, source, *_ in rows(items)} == {"Withings Sleep Analyzer"}
    assert problems(items) == [Problem(ProblemCode.UNKNOWN_KIND, "snoring", "answer 1, series 1", 2)]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            {"startdate": 2, "enddate": 1, "state": 1},
            Problem(ProblemCode.BAD_TIME, "2", "answer 1, series 1", 1, "sleep_duration"),
        ),
        (
            {"startdate": 1, "enddate": 9, "state": 17},
            Problem(ProblemCode.UNKNOWN_KIND, "sleep of state 17", "answer 1, series 1"),
        ),
        (
            {"startdate": 1, "enddate": 9, "data": {}},
            Problem(ProblemCode.NOT_A_NUMBER, "None", "answer 1, series 1", 1, "sleep_duration"),
        ),
        ({"id": 3}, Problem(ProblemCode.MALFORMED, "no sleep", "answer 1, series 1")),
        (
            {"id": 3, "category": 2, "startdate": 1, "enddate": 9, "data": {}},
            Problem(ProblemCode.UNSUPPORTED_RESOURCE, "a workout", "answer 1, series 1"),
        ),
    ],
)
def test_read_of_sleep_that_is_none_is_a_problem(entry: dict[str, Any], problem: Problem) -> None:
    assert read({"series": [entry]}) == [problem]


def test_read_of_a_night_prefers_the_stated_sum_and_keeps_its_breathing() -> None:
    night = {
        "startdate": 1_504_307_700,
        "enddate": 1_504_319_100,
        "timezone": "Europe/London",
        "model": 32,
        "data": {"total_sleep_time": 10_000, "remsleepduration": 1200, "rr_average": 15, "hr_average": 60},
    }

    assert [(kind, unit, value) for kind, _, unit, _, _, value in rows(read({"series": [night]}))] == [
        ("sleep_duration", "s", 10_000.0),
        ("sleep_stage_rem", "s", 1200.0),
        ("resp_rate", "/min", 15.0),
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ({"date": "2024-03-31", "steps": 10, "timezone": "Europe/Berlin"}, ("2024-03-30T23:00:00Z", 82_800)),
        ({"date": "2024-03-31", "steps": 10}, ("2024-03-30T23:00:00Z", 82_800)),
        (
            {"date": "2024-11-03", "steps": 10, "timezone": "America/New_York"},
            ("2024-11-03T04:00:00Z", 90_000),
        ),
    ],
)
def test_read_of_a_day_covers_it_where_the_person_was(day: dict[str, Any], expected: tuple[str, int]) -> None:
    ((_, _, _, start, seconds, _),) = rows(read({"activities": [day]}))

    assert (start, seconds) == expected


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ({"date": "2024-03-31", "steps": 0, "distance": 0}, ProblemCode.NOT_WORN),
        ({"date": "yesterday", "steps": 10}, ProblemCode.BAD_TIME),
        ({"date": "9999-12-31", "steps": 10}, ProblemCode.BAD_TIME),
        ({"date": "2024-03-31", "steps": "many"}, ProblemCode.NOT_A_NUMBER),
        (17, ProblemCode.MALFORMED),
    ],
)
def test_read_of_a_day_that_is_none_is_a_problem(day: Any, code: ProblemCode) -> None:
    assert [problem.code for problem in problems(read({"activities": [day]}))] == [code]


def test_read_keeps_another_trackers_days_apart() -> None:
    items = read({"activities": [{"date": "2024-03-31", "steps": 10, "is_tracker": False}]})

    assert [source for _, source, *_ in rows(items)] == ["Withings day totals of other trackers"]


def test_read_of_an_answer_that_has_a_next_page_says_so() -> None:
    items = read({"measuregrps": [group((1, 80, 0))], "more": 1, "offset": 3})

    assert problems(items) == [
        Problem(ProblemCode.TRUNCATED, "the answer names more, which is not in the file", "answer 1")
    ]


def test_read_of_several_answers_reads_each() -> None:
    answer = {"status": 0, "body": {"measuregrps": [group((1, 80, 0))]}}
    raw = b"\n".join(
        json.dumps(one).encode() for one in (answer, {"status": 401, "error": "expired"}, answer)
    )

    items = read_raw(raw)

    assert len(rows(items)) == 2
    assert problems(items) == [Problem(ProblemCode.MALFORMED, "no answer of the Web API", "answer 2")]


@pytest.mark.parametrize(
    ("value", "exponent", "expected"),
    [
        (74_126, -3, 74.126),
        (1_930, -3, 1.93),
        (7, 1, 70.0),
        ("81", "-1", 8.1),
        (1, 13, None),
        (1, 0.5, None),
        (None, 0, None),
        (True, 0, None),
    ],
)
def test_scaled(value: Any, exponent: Any, expected: float | None) -> None:
    assert scaled(value, exponent) == expected


@given(st.integers(-(10**9), 10**9), st.integers(0, 9))
def test_scaled_is_the_nearest_float(value: int, digits: int) -> None:
    text = f"{abs(value):0{digits + 1}d}"
    written = f"{'-' if value < 0 else ''}{text[: len(text) - digits]}.{text[len(text) - digits :]}0"

    assert scaled(value, -digits) == float(written)


@pytest.mark.parametrize("raw", [b"", b"garbage", b"\xff\xfe\x00", b'{"status":0,"body":{"measuregrps":['])
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


ANYTHING = st.sampled_from(
    [None, True, 0, -1, 3, 1e300, 1_433_052_383, 253_370_764_799, "", "x", "1433052383", [], {}, {"1": "x"}]
)
GROUP = st.fixed_dictionaries(
    {"date": ANYTHING, "attrib": ANYTHING, "measures": ANYTHING | st.lists(ANYTHING)}
)
MEASURE = st.fixed_dictionaries({"type": ANYTHING, "value": ANYTHING, "unit": ANYTHING})
DAY = st.fixed_dictionaries({"date": ANYTHING, "steps": ANYTHING, "timezone": ANYTHING})
SLEEP = st.fixed_dictionaries(
    {"startdate": ANYTHING, "enddate": ANYTHING, "state": ANYTHING, "hr": ANYTHING, "data": ANYTHING}
)


@given(
    st.lists(ANYTHING | GROUP, max_size=3),
    st.lists(MEASURE, max_size=3),
    st.lists(ANYTHING | DAY, max_size=3),
    st.lists(ANYTHING | SLEEP, max_size=3) | st.dictionaries(st.sampled_from(["x", "1433052383"]), ANYTHING),
)
def test_read_of_any_values_ends_in_items(
    groups: list[Any], measures: list[Any], days: list[Any], series: Any
) -> None:
    body = {"measuregrps": [*groups, group() | {"measures": measures}], "activities": days, "series": series}

    assert all(isinstance(item, Samples | Problem) for item in read(body))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{}",
        b'{"status":401,"body":{},"error":"expired"}',
        b'{"status":0,"body":{"devices":[{"type":"Scale"}]}}',
        b'{"activities":[{"steps":1}]}',
        b'{"sleep":[{"logId":1}]}',
    ],
)
def test_sniff_leaves_other_documents_alone(head: bytes) -> None:
    assert not withings.sniff(head)
