"""Health Connect's records: each type, both spellings, older versions, and damage of every sort."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import health_connect
from twin.intake.acceptance import accept
from twin.intake.items import Item, Problem, ProblemCode, Record, RecordType, RefusalCode, Refused, Samples
from twin.series.columns import Flag

SAMPLE = Path(__file__).parents[2] / "samples" / "health_connect" / "constructed_records.json"
ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = 60_000
AT, START = "2024-03-01T06:25:00Z", 1_709_274_300_000
LATER = "2024-03-01T06:35:00Z"


def read(*records: Any) -> list[Item]:
    content = json.dumps({"records": records}).encode()
    return list(health_connect.read(io.BytesIO(content), zone=ZONE))


def at(type_: str, **fields: Any) -> dict[str, Any]:
    return {"type": type_, "time": AT, "metadata": {"dataOrigin": "com.scale"}} | fields


def lasting(type_: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": type_,
        "startTime": AT,
        "endTime": LATER,
        "metadata": {"dataOrigin": "com.watch"},
    } | fields


def stored(items: list[Item]) -> list[tuple[str, float]]:
    return [
        (item.kind, value)
        for item in items
        if isinstance(item, Samples)
        for value in accept(item, now=NOW)[0].columns.value.tolist()
    ]


def test_read_of_the_sample_gives_its_facts() -> None:
    raw = SAMPLE.read_bytes()

    items = [item for item in health_connect.read(io.BytesIO(raw), zone=ZONE) if isinstance(item, Samples)]

    assert health_connect.sniff(raw[:65536])
    by_kind = {(item.kind, item.source): item.columns for item in items}
    rates = by_kind["heart_rate", "com.fitbit.FitbitMobile"]
    assert (len(rates), round(rates.value.mean(), 4)) == (1378, 70.5261)
    assert (rates.start.min(), rates.start.max()) == (1_498_255_200_000, 1_498_341_540_000)
    assert rates.offset is not None
    assert set(rates.offset.tolist()) == {120}
    assert by_kind["steps", "com.google.android.apps.fitness"].value.tolist() == [1200]
    assert by_kind["steps", "com.fitbit.FitbitMobile"].value.tolist() == [1100]
    assert by_kind["glucose", "x"].value.tolist() == [99.1]
    assert by_kind["sleep_duration", "x"].value.tolist() == [4, 4]
    assert by_kind["sleep_stage_light", "x"].value.tolist() == [240]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (at("WeightRecord", weight={"inGrams": 74800.0, "inKilograms": 74.8}), [("weight", 74.8)]),
        (at("Weight", weight={"inGrams": 74800.0}), [("weight", 74.8)]),
        (at("Weight", weight={"value": 165, "unit": "pounds"}), [("weight", 74.84274105)]),
        (at("Height", height={"inMeters": 1.75}), [("height", 175.0)]),
        (at("OxygenSaturation", percentage=97.0), [("spo2", 97.0)]),
        (at("OxygenSaturation", percentage={"value": 97.0}), [("spo2", 97.0)]),
        (at("BodyFat", percentage=21.5), [("body_fat", 21.5)]),
        (at("RespiratoryRate", rate=14), [("resp_rate", 14.0)]),
        (at("RestingHeartRate", beatsPerMinute=52), [("resting_heart_rate", 52.0)]),
        (at("HeartRateVariabilityRmssd", heartRateVariabilityMillis=41.5), [("hrv_rmssd", 41.5)]),
        (
            at("BodyTemperature", temperature={"inCelsius": 36.7, "inFahrenheit": 98.06}),
            [("temperature", 36.7)],
        ),
        (at("LeanBodyMass", mass={"inKilograms": 60}), [("lean_mass", 60.0)]),
        (at("Vo2Max", vo2MillilitersPerMinuteKilogram=44.1), [("vo2max", 44.1)]),
        (
            at(
                "BloodPressure",
                systolic={"inMillimetersOfMercury": 121},
                diastolic={"inMillimetersOfMercury": 79},
            ),
            [("sbp", 121.0), ("dbp", 79.0)],
        ),
        (at("BloodGlucose", level={"inMilligramsPerDeciliter": 99.1}), [("glucose", 99.1)]),
        (
            at("BloodGlucose", level={"inMilligramsPerDeciliter": 99.1}, specimenSource=1),
            [("glucose_cgm", 99.1)],
        ),
        (
            at("BloodGlucose", level={"inMilligramsPerDeciliter": 99.1}, relationToMeal=2),
            [("glucose_fasting", 99.1)],
        ),
        (lasting("Steps", count=412), [("steps", 412.0)]),
        (lasting("Distance", distance={"inKilometers": 1.5}), [("distance", 1500.0)]),
        (
            lasting("ActiveCaloriesBurned", energy={"inCalories": 15e4, "inKilocalories": 150}),
            [("active_energy", 150.0)],
        ),
        (lasting("FloorsClimbed", floors=3.0), [("floors", 3.0)]),
        (lasting("Hydration", volume={"inLiters": 0.25}), [("water", 250.0)]),
        (lasting("Nutrition", totalCarbohydrate={"inGrams": 45}), [("carbs", 45.0)]),
        (
            lasting("HeartRate", samples=[{"time": AT, "beatsPerMinute": one} for one in (60, 61)]),
            [("heart_rate", 60.0), ("heart_rate", 61.0)],
        ),
        (
            lasting("SkinTemperature", deltas=[{"time": AT, "delta": {"inCelsius": -0.3}}]),
            [("skin_temp_delta", -0.3)],
        ),
    ],
)
def test_read_of_each_type_is_its_kind(record: dict[str, Any], expected: list[tuple[str, float]]) -> None:
    items = read(record)
    spelled_otherwise = read({"recordType" if key == "type" else key: value for key, value in record.items()})

    assert stored(items) == stored(spelled_otherwise) == expected
    assert not [item for item in items if isinstance(item, Problem)]


@pytest.mark.parametrize(
    ("offset", "minutes"),
    [
        ({"id": "+02:00", "totalSeconds": 7200}, [120]),
        ({"id": "-03:30"}, [-210]),
        ("+05:45", [345]),
        ("Z", [0]),
        (3600, [60]),
        ("summer", None),
        ({"totalSeconds": 1e9}, None),
        (None, None),
    ],
)
def test_read_keeps_the_offset_where_one_is_stated(offset: Any, minutes: list[int] | None) -> None:
    (samples,) = read(lasting("Steps", count=412, startZoneOffset=offset))

    assert isinstance(samples, Samples)
    columns = samples.columns
    assert (columns.start.tolist(), columns.duration.tolist()) == ([START], [10 * MINUTE])
    assert (None if columns.offset is None else columns.offset.tolist()) == minutes


@pytest.mark.parametrize(
    ("metadata", "source", "flags"),
    [
        ({"dataOrigin": "com.scale", "recordingMethod": 3}, "com.scale", [Flag.MANUAL]),
        ({"dataOrigin": {"packageName": "com.scale"}, "recordingMethod": 2}, "com.scale", None),
        ({"recordingMethod": "RECORDING_METHOD_MANUAL_ENTRY"}, "", [Flag.MANUAL]),
        ({"recordingMethod": [3]}, "", None),
        ({}, "", None),
    ],
)
def test_read_says_who_wrote_a_record_and_whether_by_hand(
    metadata: Any, source: str, flags: list[int] | None
) -> None:
    (samples,) = read(at("Weight", weight={"inKilograms": 74.8}, metadata=metadata))

    assert isinstance(samples, Samples)
    assert samples.source == source
    assert (None if samples.columns.flags is None else samples.columns.flags.tolist()) == flags


def version(value: float, modified: str | None, identity: str = "w-1") -> dict[str, Any]:
    metadata = {"id": identity, "lastModifiedTime": modified}
    return at("Weight", weight={"inKilograms": value}, metadata=metadata)


@pytest.mark.parametrize(
    ("versions", "kept", "old"),
    [
        ([version(74, "2024-03-01T07:00:00Z"), version(75, "2024-03-02T07:00:00Z")], 75, "entry 1"),
        ([version(75, "2024-03-02T07:00:00Z"), version(74, "2024-03-01T07:00:00Z")], 75, "entry 2"),
        ([version(74, None), version(75, None)], 75, "entry 1"),
        ([version(75, "2024-03-02T07:00:00Z"), version(74, None)], 75, "entry 2"),
    ],
)
def test_read_of_several_versions_of_a_record_keeps_the_last_modified(
    versions: list[dict[str, Any]], kept: float, old: str
) -> None:
    *samples, problem = read(*versions, version(80, None, identity="w-2"))

    assert stored(samples) == [("weight", kept), ("weight", 80.0)]
    assert problem == Problem(ProblemCode.DUPLICATE_ROW, "an older version of w-1", old)


def stage(sort: Any, start: str = AT, end: str = LATER) -> dict[str, Any]:
    return {"stage": sort, "startTime": start, "endTime": end}


def test_read_of_a_night_counts_only_what_was_slept() -> None:
    items = read(lasting("SleepSession", stages=[stage(one) for one in (1, 2, 3, 4, 5, 6, 7, 0, 9)]))

    assert stored(items) == [
        *[("sleep_duration", 10 / 60)] * 4,
        ("sleep_stage_light", 10.0),
        ("sleep_stage_deep", 10.0),
        ("sleep_stage_rem", 10.0),
    ]
    problems = {(item.code, item.example) for item in items if isinstance(item, Problem)}
    assert problems == {
        (ProblemCode.NOT_SLEEP, "awake"),
        (ProblemCode.NOT_SLEEP, "out of bed"),
        (ProblemCode.NOT_SLEEP, "awake in bed"),
        (ProblemCode.NOT_SLEEP, "unknown stage"),
        (ProblemCode.UNKNOWN_KIND, "sleep stage 9"),
    }


@pytest.mark.parametrize("stages", [[], None])
def test_read_of_a_night_without_stages_was_slept_as_a_whole(stages: Any) -> None:
    assert stored(read(lasting("SleepSession", stages=stages))) == [("sleep_duration", 10 / 60)]


def test_read_of_an_exercise_is_a_record() -> None:
    session = lasting(
        "ExerciseSession",
        exerciseType=56,
        title="Morning run",
        metadata={"id": "e-1", "dataOrigin": "com.run"},
    )

    (record,) = read(session)

    assert isinstance(record, Record)
    assert (record.type, record.identity, record.code) == (RecordType.ACTIVITY, "e-1", "56")
    assert (record.text, record.source, record.body) == ("Morning run", "com.run", session)
    assert (record.start, record.end) == (
        datetime(2024, 3, 1, 6, 25, tzinfo=UTC),
        datetime(2024, 3, 1, 6, 35, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (
            at("BasalMetabolicRate", basalMetabolicRate={"inKilocaloriesPerDay": 1600}),
            ProblemCode.UNKNOWN_KIND,
        ),
        (at("BoneMass", mass={"inKilograms": 3}), ProblemCode.UNKNOWN_KIND),
        (lasting("TotalCaloriesBurned", energy={"inKilocalories": 2300}), ProblemCode.UNKNOWN_KIND),
        (at(""), ProblemCode.UNKNOWN_KIND),
        (
            at("BloodGlucose", level={"inMilligramsPerDeciliter": 9}, specimenSource=5),
            ProblemCode.UNKNOWN_KIND,
        ),
        (lasting("Nutrition", name="Coffee"), ProblemCode.UNKNOWN_KIND),
        (at("Weight", weight={"inStones": 12}), ProblemCode.UNKNOWN_UNIT),
        (at("Weight", weight={"inKilograms": "much"}), ProblemCode.NOT_A_NUMBER),
        (at("Weight"), ProblemCode.NOT_A_NUMBER),
        (at("Weight", weight={"inKilograms": 0}), ProblemCode.NOT_MEASURED),
        (at("RespiratoryRate", rate="fast"), ProblemCode.NOT_A_NUMBER),
        (at("RespiratoryRate", rate=14, time="soon"), ProblemCode.BAD_TIME),
        (lasting("Steps", count=5, endTime=None), ProblemCode.BAD_TIME),
        (lasting("ExerciseSession", startTime=None), ProblemCode.BAD_TIME),
        (lasting("SleepSession", endTime=None), ProblemCode.BAD_TIME),
        (lasting("HeartRate", samples=[{"beatsPerMinute": 60}]), ProblemCode.BAD_TIME),
        (lasting("HeartRate", samples=[]), ProblemCode.NOT_MEASURED),
        (lasting("HeartRate"), ProblemCode.NOT_MEASURED),
        (7, ProblemCode.MALFORMED),
    ],
)
def test_read_of_what_cannot_be_kept_is_a_problem(record: Any, code: ProblemCode) -> None:
    (problem,) = read(record)

    assert isinstance(problem, Problem)
    assert (problem.code, problem.count, problem.place) == (code, 1, "entry 1")


def test_read_of_a_weight_without_a_unit_is_not_stored() -> None:
    (samples,) = read(at("Weight", weight=74.8))

    assert isinstance(samples, Samples)
    assert [problem.code for problem in accept(samples, now=NOW)[1]] == [ProblemCode.UNKNOWN_UNIT]


def test_read_of_records_in_a_list_or_one_a_line() -> None:
    records = [at("RespiratoryRate", rate=rate) for rate in (14, 15)]
    listed = json.dumps(records).encode()
    lines = "\n".join(json.dumps(record) for record in records).encode()

    for content in (listed, lines):
        assert health_connect.sniff(content)
        (samples,) = health_connect.read(io.BytesIO(content), zone=ZONE)
        assert isinstance(samples, Samples)
        assert samples.columns.value.tolist() == [14, 15]


@pytest.mark.parametrize(
    "head",
    [
        b'{"type": "WeightRecord"}',
        b'{"type": "sgv", "time": "2024-03-01T06:25:00Z"}',
        b'{"resourceType":"Observation"}',
        b"{}",
        b"",
    ],
)
def test_sniff_leaves_other_documents_alone(head: bytes) -> None:
    assert not health_connect.sniff(head)


@pytest.mark.parametrize("raw", [b"", b"garbage", b'{"records": [{"type": '])
def test_read_of_nothing_readable_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        list(health_connect.read(io.BytesIO(raw), zone=ZONE))

    assert refused.value.code == RefusalCode.MALFORMED


@pytest.mark.parametrize("sixteenth", range(1, 16))
def test_read_of_a_file_cut_anywhere_keeps_what_came_before(sixteenth: int) -> None:
    raw = SAMPLE.read_bytes()

    items = list(health_connect.read(io.BytesIO(raw[: len(raw) * sixteenth // 16]), zone=ZONE))

    assert ProblemCode.TRUNCATED in {item.code for item in items if isinstance(item, Problem)}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([AT, "Z", "kg"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["time", "startTime", "value", "unit", "inKilograms", "totalSeconds", "id", "stage"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
FIELDS = [
    "time",
    "startTime",
    "endTime",
    "metadata",
    "startZoneOffset",
    "samples",
    "stages",
    "weight",
    "count",
]


@given(
    st.lists(
        st.builds(
            lambda type_, fields: {"type": type_} | fields,
            st.sampled_from(["HeartRate", "Weight", "Steps", "SleepSession", "ExerciseSession", "Nutrition"]),
            st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6),
        ),
        max_size=3,
    )
)
def test_read_of_any_records_ends_in_items(records: list[dict[str, Any]]) -> None:
    assert all(isinstance(item, Samples | Record | Problem) for item in read(*records))
