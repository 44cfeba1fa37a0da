"""Google Fit: the published answers' facts, both layouts, streams and their origins, damage of each sort."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import google_fit
from twin.intake.acceptance import accept
from twin.intake.items import Item, Problem, ProblemCode, Record, RecordType, RefusalCode, Refused, Samples
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "google_fit"
ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
START, END = 1_709_274_300_000, 1_709_274_900_000
HOURS = 10 / 60


def read(document: Any) -> list[Item]:
    return list(google_fit.read(io.BytesIO(json.dumps(document).encode()), zone=ZONE))


def read_sample(name: str) -> list[Item]:
    raw = (SAMPLES / name).read_bytes()
    assert google_fit.sniff(raw[:65536])
    return list(google_fit.read(io.BytesIO(raw), zone=ZONE))


def point(type_: str, *values: Any, origin: str = "") -> dict[str, Any]:
    return {
        "startTimeNanos": f"{START}000000",
        "endTimeNanos": f"{END}000000",
        "dataTypeName": f"com.google.{type_}",
        "originDataSourceId": origin,
        "value": [one if isinstance(one, dict) else {"fpVal": one} for one in values],
    }


def choice(number: int) -> dict[str, Any]:
    return {"intVal": number}


def dataset(*points: Any, stream: str = "raw:com.google.any:com.app:") -> dict[str, Any]:
    return {"minStartTimeNs": "1", "maxEndTimeNs": "2", "dataSourceId": stream, "point": points}


def takeout(*points: dict[str, Any], stream: str = "raw:com.google.any:com.app:") -> dict[str, Any]:
    wrapped = [
        {key: value for key, value in one.items() if key != "value"}
        | {"fitValue": [{"value": value} for value in one["value"]]}
        | {key: int(one[key]) for key in ("startTimeNanos", "endTimeNanos")}
        for one in points
    ]
    return {"Data Source": stream, "Data Points": wrapped}


def stored(items: list[Item]) -> list[tuple[str, float]]:
    return [
        (item.kind, value)
        for item in items
        if isinstance(item, Samples)
        for value in accept(item, now=NOW)[0].columns.value.tolist()
    ]


def sources(items: list[Item]) -> list[str]:
    return [item.source for item in items if isinstance(item, Samples)]


def test_read_of_merged_steps_keeps_them_together_and_says_which_were_typed() -> None:
    (samples,) = read_sample("merge-step-deltas.json")

    assert isinstance(samples, Samples)
    assert samples.source == "derived:com.google.android.gms:merge_step_deltas"
    columns = samples.columns
    assert columns.value.tolist() == [4146, 0, 17, 184]
    assert columns.start.min() == 1_422_917_379_811
    assert (columns.start + columns.duration).max() == 1_436_566_038_006
    assert columns.flags is not None
    assert columns.flags.tolist() == [0, Flag.MANUAL, 0, Flag.MANUAL]


def test_read_of_merged_weights_names_where_each_came_from() -> None:
    items = read_sample("merge-weight.json")

    assert stored(items) == [
        ("weight", 72.0999984741211),
        ("weight", 72.0),
        ("weight", 75.75070190429688),
    ]
    assert sources(items) == [
        "com.fatsecret.android",
        "com.wsl.noom",
        "com.google.android.apps.fitness:user_input",
    ]


def test_read_of_merged_heart_rates_gives_their_times() -> None:
    items = read_sample("merge-heart-rate.json")

    assert stored(items) == [("heart_rate", 54.0), ("heart_rate", 58.0)]
    spans = [
        (int(item.columns.start[0]), int(item.columns.duration[0]))
        for item in items
        if isinstance(item, Samples)
    ]
    assert spans == [(1_422_632_268_186, 0), (1_436_538_872_914, 1001)]


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("empty.json", []),
        ("merge-calories-expended.json", [(ProblemCode.UNKNOWN_KIND, "com.google.calories.expended", 3)]),
        (
            "data_sources.json",
            [
                (
                    ProblemCode.UNSUPPORTED_RESOURCE,
                    "the source derived:com.google.blood_glucose:com.google.android.gms:merged alone",
                    34,
                )
            ],
        ),
    ],
)
def test_read_of_what_holds_no_measurements_counts_it(name: str, problems: list[Any]) -> None:
    items = read_sample(name)

    assert [(item.code, item.example, item.count) for item in items if isinstance(item, Problem)] == problems
    assert len(items) == len(problems)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (point("step_count.delta", choice(412)), [("steps", 412.0)]),
        (point("distance.delta", 350.5), [("distance", 350.5)]),
        (point("heart_rate.bpm", 61.0), [("heart_rate", 61.0)]),
        (point("weight", 74.8), [("weight", 74.8)]),
        (point("height", 1.75), [("height", 175.0)]),
        (point("body.fat.percentage", 21.5), [("body_fat", 21.5)]),
        (point("body.temperature", 36.7), [("temperature", 36.7)]),
        (point("oxygen_saturation", 97.0, 0.0), [("spo2", 97.0)]),
        (point("hydration", 0.25), [("water", 250.0)]),
        (point("blood_pressure", 121.0, 79.0), [("sbp", 121.0), ("dbp", 79.0)]),
        (
            point("nutrition", {"mapVal": [{"key": "carbs.total", "value": {"fpVal": 45.0}}]}),
            [("carbs", 45.0)],
        ),
        (point("sleep.segment", choice(2)), [("sleep_duration", HOURS)]),
        (point("sleep.segment", choice(4)), [("sleep_duration", HOURS), ("sleep_stage_light", 10.0)]),
        (point("sleep.segment", choice(5)), [("sleep_duration", HOURS), ("sleep_stage_deep", 10.0)]),
        (point("sleep.segment", choice(6)), [("sleep_duration", HOURS), ("sleep_stage_rem", 10.0)]),
        (point("activity.segment", choice(72)), [("sleep_duration", HOURS)]),
        (point("activity.segment", choice(109)), [("sleep_duration", HOURS), ("sleep_stage_light", 10.0)]),
        (point("activity.segment", choice(110)), [("sleep_duration", HOURS), ("sleep_stage_deep", 10.0)]),
        (point("activity.segment", choice(111)), [("sleep_duration", HOURS), ("sleep_stage_rem", 10.0)]),
    ],
)
def test_read_of_each_type_is_its_kind_in_both_layouts(
    one: dict[str, Any], expected: list[tuple[str, float]]
) -> None:
    for document in (dataset(one), takeout(one)):
        assert google_fit.sniff(json.dumps(document).encode())
        items = read(document)
        assert stored(items) == expected
        for item in items:
            assert isinstance(item, Samples)
            assert (item.columns.start.tolist(), item.columns.duration.tolist()) == ([START], [END - START])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([5.5], "glucose"),
        ([5.5, choice(2)], "glucose_fasting"),
        ([5.5, choice(2), {}, {}, choice(1)], "glucose_cgm"),
        ([5.5, {}, {}, {}, choice(2)], "glucose"),
    ],
)
def test_read_of_a_glucose_goes_by_where_and_when_it_was_measured(values: list[Any], kind: str) -> None:
    (samples,) = read(dataset(point("blood_glucose", *values)))

    assert isinstance(samples, Samples)
    assert (samples.kind, samples.unit, samples.columns.value.tolist()) == (kind, "mmol/L", [5.5])


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (point("sleep.segment", choice(1)), ProblemCode.NOT_SLEEP),
        (point("sleep.segment", choice(3)), ProblemCode.NOT_SLEEP),
        (point("activity.segment", choice(112)), ProblemCode.NOT_SLEEP),
        (point("activity.segment", choice(7)), ProblemCode.UNSUPPORTED_RESOURCE),
        (point("activity.segment"), ProblemCode.UNSUPPORTED_RESOURCE),
        (point("blood_glucose", 5.5, {}, {}, {}, choice(5)), ProblemCode.UNKNOWN_KIND),
        (point("calories.bmr", 1600), ProblemCode.UNKNOWN_KIND),
        (point("nutrition", {"mapVal": []}), ProblemCode.UNKNOWN_KIND),
        (point("weight"), ProblemCode.NOT_A_NUMBER),
        (point("heart_rate.bpm", 0.0), ProblemCode.NOT_MEASURED),
        (point("weight", "heavy"), ProblemCode.NOT_A_NUMBER),
        (point("weight", 74.8) | {"startTimeNanos": "-1"}, ProblemCode.BAD_TIME),
        (point("weight", 74.8) | {"endTimeNanos": "9" * 40}, ProblemCode.BAD_TIME),
        (point("weight", 74.8) | {"endTimeNanos": True}, ProblemCode.BAD_TIME),
        ("no point", ProblemCode.MALFORMED),
        ({"value": []}, ProblemCode.MALFORMED),
    ],
)
def test_read_of_what_cannot_be_kept_is_a_problem(one: Any, code: ProblemCode) -> None:
    (problem,) = read(dataset(one))

    assert isinstance(problem, Problem)
    assert (problem.code, problem.count, problem.place) == (code, 1, "entry 1")


def test_read_never_gives_raw_and_merged_steps_one_source() -> None:
    watch = "raw:com.google.step_count.delta:com.google.android.gms:watch:derive_step_deltas"
    merged = "derived:com.google.step_count.delta:com.google.android.gms:merge_step_deltas"
    steps = point("step_count.delta", choice(412), origin=watch)

    assert sources(read(dataset(steps, stream=watch))) == ["com.google.android.gms:watch:derive_step_deltas"]
    assert sources(read(dataset(steps, stream=merged))) == [
        "derived:com.google.android.gms:merge_step_deltas"
    ]


def test_read_keeps_a_night_of_activities_apart_from_segments_of_sleep() -> None:
    items = read(dataset(point("sleep.segment", choice(2)), point("activity.segment", choice(72))))

    assert sources(items) == ["com.app", "com.app, activities"]


def test_read_of_resting_heart_rates_goes_by_their_stream() -> None:
    stream = (
        "derived:com.google.heart_rate.bpm:com.google.android.gms:resting_heart_rate<-merge_heart_rate_bpm"
    )

    assert stored(read(dataset(point("heart_rate.bpm", 52.0), stream=stream))) == [
        ("resting_heart_rate", 52.0)
    ]


def test_read_of_a_point_without_a_type_takes_that_of_its_stream() -> None:
    one = point("weight", 74.8)
    del one["dataTypeName"]

    assert stored(read(dataset(one, stream="raw:com.google.weight:com.scale:"))) == [("weight", 74.8)]


def test_read_of_an_aggregate_finds_the_points_of_its_days() -> None:
    stream = "derived:com.google.step_count.delta:com.google.android.gms:aggregated"
    days = [
        {
            "startTimeMillis": "1",
            "endTimeMillis": "2",
            "dataset": [dataset(point("step_count.delta", choice(one)))],
        }
        for one in (412, 413)
    ]
    days[0]["dataset"][0]["dataSourceId"] = stream

    items = read({"bucket": days})

    assert stored(items) == [("steps", 412.0), ("steps", 413.0)]
    assert sources(items) == ["derived:com.google.android.gms:aggregated", "com.app"]


def test_read_of_an_answer_with_a_next_page_says_that_more_is_missing() -> None:
    samples, problem = read({"nextPageToken": "x"} | dataset(point("weight", 74.8), point("weight", 74.8)))

    assert isinstance(samples, Samples)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.count) == (ProblemCode.TRUNCATED, 1)


REST_SESSION = {
    "id": "1697356800000",
    "name": "Morning Run",
    "startTimeMillis": "1697356800000",
    "endTimeMillis": "1697358600000",
    "application": {"packageName": "com.strava"},
    "activityType": 8,
}
TAKEOUT_SESSION = {
    "fitnessActivity": "running",
    "startTime": "2023-10-15T08:00:00.000Z",
    "endTime": "2023-10-15T08:30:00.000Z",
    "duration": "1800s",
    "aggregate": [{"metricName": "com.google.step_count.delta", "intValue": 4000}],
}


@pytest.mark.parametrize(
    ("document", "session", "expected"),
    [
        ({"session": [REST_SESSION]}, REST_SESSION, ("1697356800000", "8", "Morning Run", "com.strava")),
        (
            TAKEOUT_SESSION,
            TAKEOUT_SESSION,
            ("running/2023-10-15T08:00:00+00:00", "running", "running", ""),
        ),
    ],
)
def test_read_of_a_session_is_a_record(document: Any, session: Any, expected: tuple[str, ...]) -> None:
    assert google_fit.sniff(json.dumps(document).encode())
    (record,) = read(document)

    assert isinstance(record, Record)
    assert record.type == RecordType.ACTIVITY
    assert (record.identity, record.code, record.text, record.source) == expected
    assert record.body == session
    assert (record.start, record.end) == (
        datetime(2023, 10, 15, 8, tzinfo=UTC),
        datetime(2023, 10, 15, 8, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"activityType": 72}, ProblemCode.UNSUPPORTED_RESOURCE),
        ({"startTimeMillis": "soon"}, ProblemCode.BAD_TIME),
        ({"startTimeMillis": "1e300"}, ProblemCode.BAD_TIME),
    ],
)
def test_read_of_a_session_that_is_no_record_is_a_problem(changes: dict[str, Any], code: ProblemCode) -> None:
    (problem,) = read({"session": [REST_SESSION | changes]})

    assert isinstance(problem, Problem)
    assert (problem.code, problem.count) == (code, 1)


@pytest.mark.parametrize(
    "head",
    [
        b"{}",
        b'{"point": []}',
        b'{"startTimeNanos": 1}',
        b'{"resourceType":"Observation"}',
        b"startTimeNanos",
        b"",
    ],
)
def test_sniff_leaves_other_documents_alone(head: bytes) -> None:
    assert not google_fit.sniff(head)


@pytest.mark.parametrize("raw", [b"", b"garbage", b'{"point": [{"start'])
def test_read_of_nothing_readable_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        list(google_fit.read(io.BytesIO(raw), zone=ZONE))

    assert refused.value.code == RefusalCode.MALFORMED


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.json")))
@pytest.mark.parametrize("sixteenth", range(16))
def test_read_of_a_file_cut_anywhere_ends_in_items_or_a_refusal(name: str, sixteenth: int) -> None:
    raw = (SAMPLES / name).read_bytes()
    try:
        items = list(google_fit.read(io.BytesIO(raw[: len(raw) * sixteenth // 16]), zone=ZONE))
    except Refused:
        return
    assert ProblemCode.TRUNCATED in {item.code for item in items if isinstance(item, Problem)}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["fpVal", "intVal", "mapVal", "value", "key", "point", "dataset"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KEYS = [
    "value",
    "fitValue",
    "startTimeNanos",
    "dataset",
    "point",
    "fitnessActivity",
    "startTimeMillis",
    "dataStreamId",
]


@given(
    st.lists(
        st.builds(
            lambda type_, fields: point(type_, 5.5) | fields,
            st.sampled_from(["weight", "blood_glucose", "nutrition", "sleep.segment", "activity.segment"]),
            st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5),
        )
        | VALUES,
        max_size=3,
    )
)
def test_read_of_any_points_ends_in_items(points: list[Any]) -> None:
    assert all(isinstance(item, Samples | Record | Problem) for item in read(dataset(*points)))
