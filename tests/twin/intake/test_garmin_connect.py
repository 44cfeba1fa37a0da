"""Garmin Connect's JSON: the sample files' facts, each layout, odd values, and damage."""

import io
import json
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_in import damaged

from twin.intake import garmin_connect
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused, Samples
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "garmin_connect"
FILES = sorted(path.name for path in SAMPLES.glob("*.json"))
ZONE = ZoneInfo("Europe/Berlin")
HOUR, DAY = 3_600_000, 86_400_000

T0 = 1_700_006_400_000
"""2023-11-15T00:00:00Z."""


class NoZone(tzinfo):
    """A zone that nobody may ask."""


NO_ZONE = NoZone()


def read(*entries: Any, zone: tzinfo = NO_ZONE) -> list[Item]:
    return list(garmin_connect.read(io.BytesIO(json.dumps(entries).encode()), zone=zone))


def values(items: list[Item]) -> list[tuple[str, str, int, int, float]]:
    """Kind, source, start, duration and value of every sample."""
    return [
        (item.kind, item.source, *sample)
        for item in items
        if isinstance(item, Samples)
        for sample in zip(
            item.columns.start.tolist(),
            item.columns.duration.tolist(),
            item.columns.value.tolist(),
            strict=True,
        )
    ]


def offsets(items: list[Item]) -> list[list[int] | None]:
    return [
        None if item.columns.offset is None else item.columns.offset.tolist()
        for item in items
        if isinstance(item, Samples)
    ]


def problems(items: list[Item]) -> list[tuple[ProblemCode, str, int, str]]:
    return [(item.code, item.example, item.count, item.kind) for item in items if isinstance(item, Problem)]


@pytest.mark.parametrize(
    ("number", "count", "missing", "resting", "first", "last"),
    [
        (0, 707, 3, 52.0, "2026-01-07T06:00:00", "2026-01-08T05:58:00"),
        (1, 604, 2, 53.0, "2026-01-06T06:00:00", "2026-01-07T05:58:00"),
        (2, 694, 3, 49.0, "2026-01-05T06:00:00", "2026-01-06T05:58:00"),
    ],
)
def test_read_of_a_day_of_heart_rates(
    number: int, count: int, missing: int, resting: float, first: str, last: str
) -> None:
    raw = (SAMPLES / f"hr_daily_heart_rate_list_{number}.json").read_bytes()

    rates, of_day, problem = garmin_connect.read(io.BytesIO(raw), zone=NO_ZONE)

    assert isinstance(rates, Samples)
    assert isinstance(of_day, Samples)
    assert isinstance(problem, Problem)
    assert (rates.kind, rates.source, rates.unit, len(rates.columns)) == (
        "heart_rate",
        "Garmin Connect",
        "/min",
        count,
    )
    edges = [
        datetime.fromtimestamp(int(at) / 1000, UTC)
        for at in (rates.columns.start[0], rates.columns.start[-1])
    ]
    assert [f"{edge:%Y-%m-%dT%H:%M:%S}" for edge in edges] == [first, last]
    assert rates.columns.offset is not None
    assert set(rates.columns.offset.tolist()) == {-360}
    assert values([of_day]) == [
        ("resting_heart_rate", "Garmin Connect", int(edges[0].timestamp()) * 1000, DAY, resting)
    ]
    assert (problem.code, problem.count, problem.kind) == (ProblemCode.NOT_MEASURED, missing, "heart_rate")


@pytest.mark.parametrize(
    ("number", "start", "end", "seconds", "spo2", "breaths"),
    [
        (0, 1_626_758_400_000, 1_626_785_940_000, [25740, 4440, 18720, 2580], 92, 15),
        (1, 1_626_671_040_000, 1_626_695_040_000, [22560, 2100, 16260, 4200], 90, 15),
        (2, 1_626_588_480_000, 1_626_615_420_000, [26100, 4800, 15360, 5940], 91, 14),
    ],
)
def test_read_of_a_night(
    number: int, start: int, end: int, seconds: list[float], spo2: float, breaths: float
) -> None:
    raw = (SAMPLES / f"sleep_sleep_data_list_{number}.json").read_bytes()

    items = list(garmin_connect.read(io.BytesIO(raw), zone=NO_ZONE))

    kinds = ("sleep_duration", "sleep_stage_deep", "sleep_stage_light", "sleep_stage_rem")
    assert values(items) == [
        *(
            (kind, "Garmin Connect", start, end - start, of_kind)
            for kind, of_kind in zip(kinds, seconds, strict=True)
        ),
        ("spo2", "Garmin Connect nights", start, end - start, spo2),
        ("resp_rate", "Garmin Connect nights", start, end - start, breaths),
    ]
    assert [item.unit for item in items if isinstance(item, Samples)] == ["s", "s", "s", "s", "%", "/min"]
    assert offsets(items) == [[-300]] * 6


@pytest.mark.parametrize("name", FILES)
def test_sniff_knows_every_sample(name: str) -> None:
    assert garmin_connect.sniff((SAMPLES / name).read_bytes()[:65536])


def test_read_of_an_exported_night_adds_up_its_stages() -> None:
    items = read(
        {
            "sleepStartTimestampGMT": "2023-11-15T00:00:00.0",
            "sleepEndTimestampGMT": "2023-11-15T08:00:00.0",
            "calendarDate": "2023-11-15",
            "deepSleepSeconds": 3600,
            "lightSleepSeconds": 18_000,
            "remSleepSeconds": None,
            "awakeSleepSeconds": 600,
            "averageRespiration": 14.5,
            "spo2SleepSummary": {"averageSPO2": 95.0, "lowestSPO2": 88},
        }
    )

    assert values(items) == [
        ("sleep_duration", "Garmin Connect", T0, 8 * HOUR, 21_600.0),
        ("sleep_stage_deep", "Garmin Connect", T0, 8 * HOUR, 3600.0),
        ("sleep_stage_light", "Garmin Connect", T0, 8 * HOUR, 18_000.0),
        ("spo2", "Garmin Connect nights", T0, 8 * HOUR, 95.0),
        ("resp_rate", "Garmin Connect nights", T0, 8 * HOUR, 14.5),
    ]
    assert offsets(items) == [None] * 5


def test_read_of_the_lists_of_a_night() -> None:
    night = {
        "sleepTimeSeconds": 3600,
        "sleepStartTimestampGMT": T0,
        "sleepEndTimestampGMT": T0 + HOUR,
        "sleepStartTimestampLocal": T0 + HOUR,
    }

    items = read(
        {
            "dailySleepDTO": night,
            "sleepHeartRate": [{"value": 52, "startGMT": T0}, {"value": None, "startGMT": T0 + 60_000}],
            "hrvData": [{"value": 61.0, "startGMT": T0}],
            "wellnessEpochSPO2DataDTOList": [{"epochTimestamp": "2023-11-15T00:00:00.0", "spo2Reading": 95}],
            "wellnessEpochRespirationDataDTOList": [
                {"startTimeGMT": T0, "respirationValue": 14.0},
                {"startTimeGMT": T0, "respirationValue": -2.0},
            ],
            "sleepStress": [{"value": 12, "startGMT": T0}],
            "sleepLevels": [{"startGMT": "2023-11-15T00:00:00.0", "activityLevel": 1.0}],
        }
    )

    assert values(items) == [
        ("sleep_duration", "Garmin Connect", T0, HOUR, 3600.0),
        ("heart_rate", "Garmin Connect", T0, 0, 52.0),
        ("hrv_rmssd", "Garmin Connect", T0, 0, 61.0),
        ("spo2", "Garmin Connect", T0, 0, 95.0),
        ("resp_rate", "Garmin Connect", T0, 0, 14.0),
    ]
    assert offsets(items) == [[60]] * 5
    assert problems(items) == [
        (ProblemCode.NOT_MEASURED, "None", 1, "heart_rate"),
        (ProblemCode.NOT_MEASURED, "-2.0", 1, "resp_rate"),
        (ProblemCode.UNKNOWN_KIND, "sleepStress", 1, ""),
    ]


def test_read_of_a_nights_variability() -> None:
    reading = {
        "hrvValue": 48,
        "readingTimeGMT": "2023-11-15T00:05:00.0",
        "readingTimeLocal": "2023-11-15T01:05:00.0",
    }

    items = read({"hrvSummary": {"lastNightAvg": 50}, "hrvReadings": [reading]})

    assert values(items) == [("hrv_rmssd", "Garmin Connect", T0 + 300_000, 0, 48.0)]


DAY_SUMMARY = {
    "calendarDate": "2023-11-15",
    "totalSteps": 8123,
    "totalDistanceMeters": 6100,
    "activeKilocalories": 412.0,
    "bmrKilocalories": 1800.0,
    "floorsAscended": None,
    "restingHeartRate": 55,
    "currentDayRestingHeartRate": 53,
    "wellnessStartTimeGmt": "2023-11-15T00:00:00.0",
    "wellnessEndTimeGmt": "2023-11-16T00:00:00.0",
    "wellnessStartTimeLocal": "2023-11-14T18:00:00.0",
}


def test_read_of_a_day_gives_its_totals_under_a_name_of_their_own() -> None:
    items = read(DAY_SUMMARY)

    assert values(items) == [
        ("steps", "Garmin Connect day totals", T0, DAY, 8123.0),
        ("distance", "Garmin Connect day totals", T0, DAY, 6100.0),
        ("active_energy", "Garmin Connect day totals", T0, DAY, 412.0),
        ("basal_energy", "Garmin Connect day totals", T0, DAY, 1800.0),
        ("resting_heart_rate", "Garmin Connect", T0, DAY, 53.0),
    ]
    assert offsets(items) == [[-360]] * 5


@pytest.mark.parametrize(
    ("end", "length"),
    [
        ("2023-11-15T12:00:00.0", DAY),
        ("2023-11-16T01:00:00.0", 25 * HOUR),
        ("2023-11-15T23:00:00.0", 23 * HOUR),
        (None, DAY),
    ],
)
def test_read_of_a_day_that_is_not_over_has_its_whole_length(end: str | None, length: int) -> None:
    items = read(DAY_SUMMARY | {"wellnessEndTimeGmt": end})

    assert {duration for _, _, _, duration, _ in values(items)} == {length}


def test_read_of_a_day_with_a_date_alone_is_the_patients_day() -> None:
    items = read({"calendarDate": "2023-11-15", "totalSteps": 100}, zone=ZONE)

    assert values(items) == [("steps", "Garmin Connect day totals", T0 - HOUR, DAY, 100.0)]


def test_read_of_a_day_without_a_step_is_not_worn() -> None:
    items = read(DAY_SUMMARY | {"totalSteps": 0, "totalDistanceMeters": 0, "activeKilocalories": 0})

    assert [kind for kind, *_ in values(items)] == ["basal_energy", "resting_heart_rate"]
    assert problems(items) == [
        (ProblemCode.NOT_WORN, "2023-11-15", 1, kind) for kind in ("steps", "distance", "active_energy")
    ]


WEIGHING = {
    "weight": 81_350.0,
    "bmi": 24.1,
    "bodyFat": 21.5,
    "boneMass": 3300,
    "timestampGMT": T0,
    "date": T0 + HOUR,
}


@pytest.mark.parametrize(
    "entry",
    [
        {"dateWeightList": [WEIGHING]},
        {"dailyWeightSummaries": [{"allWeightMetrics": [WEIGHING]}]},
        {
            "metaData": {"calendarDate": "2023-11-15"},
            "weight": WEIGHING | {"timestampGMT": "2023-11-15T00:00:00.0"},
        },
    ],
)
def test_read_of_a_weighing(entry: dict[str, Any]) -> None:
    items = read(entry)

    assert values(items) == [
        ("weight", "Garmin Connect", T0, 0, 81_350.0),
        ("bmi", "Garmin Connect", T0, 0, 24.1),
        ("body_fat", "Garmin Connect", T0, 0, 21.5),
    ]
    assert offsets(items) == [[60]] * 3
    assert problems(items) == [(ProblemCode.UNKNOWN_KIND, "boneMass", 1, "")]


def test_read_of_a_typed_in_weighing_says_so() -> None:
    (samples,) = read({"dateWeightList": [{"weight": 80_000, "timestampGMT": T0, "sourceType": "MANUAL"}]})

    assert isinstance(samples, Samples)
    assert samples.columns.flags is not None
    assert samples.columns.flags.tolist() == [Flag.MANUAL]


def heart_rates(*pairs: Any, **members: Any) -> dict[str, Any]:
    return {"startTimestampGMT": "2023-11-15T00:00:00.0", "heartRateValues": list(pairs)} | members


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (heart_rates([T0, None]), (ProblemCode.NOT_MEASURED, "None", 1, "heart_rate")),
        (heart_rates([T0, 0]), (ProblemCode.NOT_MEASURED, "0", 1, "heart_rate")),
        (heart_rates([T0, "fast"]), (ProblemCode.NOT_A_NUMBER, "fast", 1, "heart_rate")),
        (heart_rates([None, 60]), (ProblemCode.BAD_TIME, "no time", 1, "heart_rate")),
        (heart_rates([1e300, 60]), (ProblemCode.BAD_TIME, "no time", 1, "heart_rate")),
        (heart_rates(60), (ProblemCode.MALFORMED, "no time and value", 1, "heart_rate")),
        (
            {"dailySleepDTO": {"sleepTimeSeconds": None, "sleepStartTimestampGMT": None}},
            (ProblemCode.NOT_MEASURED, "a night without sleep", 1, "sleep_duration"),
        ),
        (
            {"sleepStartTimestampGMT": None, "deepSleepSeconds": 60},
            (ProblemCode.BAD_TIME, "None", 1, "sleep_duration"),
        ),
        (
            {"dateWeightList": [{"bodyFat": 0, "timestampGMT": T0}]},
            (ProblemCode.NOT_MEASURED, "0", 1, "body_fat"),
        ),
        (
            {"calendarDate": "9999-12-31", "totalSteps": 5},
            (ProblemCode.BAD_TIME, "no time", 1, "steps"),
        ),
        ({"restingHeartRate": 50}, (ProblemCode.UNSUPPORTED_RESOURCE, "an entry of another sort", 1, "")),
        ("text", (ProblemCode.MALFORMED, "text", 1, "")),
    ],
)  # fmt: skip
def test_read_of_what_is_no_sample_is_counted(entry: Any, problem: tuple[ProblemCode, str, int, str]) -> None:
    items = read(entry, zone=ZONE)

    assert (values(items), problems(items)) == ([], [problem])


def test_read_of_a_day_on_which_the_clock_changed_leaves_the_offset_open() -> None:
    items = read(
        heart_rates(
            [T0, 60],
            startTimestampLocal="2023-11-15T01:00:00.0",
            endTimestampGMT="2023-11-16T00:00:00.0",
            endTimestampLocal="2023-11-16T02:00:00.0",
        )
    )

    assert offsets(items) == [None]


def test_read_of_a_truncated_list_keeps_what_came_before() -> None:
    raw = json.dumps([DAY_SUMMARY, DAY_SUMMARY]).encode()[:-50]

    items = list(garmin_connect.read(io.BytesIO(raw), zone=NO_ZONE))

    assert len(values(items)) == 5
    assert [code for code, *_ in problems(items)] == [ProblemCode.TRUNCATED]


@pytest.mark.parametrize("raw", [b"", b"garbage", b'{"heartRateValues": ['])
def test_read_of_nothing_readable_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        list(garmin_connect.read(io.BytesIO(raw), zone=ZONE))

    assert refused.value.code is RefusalCode.MALFORMED


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("sixteenth", range(17))
def test_read_of_a_damaged_file_ends_in_items_or_a_refusal(name: str, sixteenth: int) -> None:
    raw = (SAMPLES / name).read_bytes()
    for broken in damaged(raw, sixteenth, b"]"):
        assert_read_or_refused(broken)


KEYS = st.sampled_from(
    [
        "heartRateValues", "dailySleepDTO", "hrvReadings", "sleepStartTimestampGMT", "sleepEndTimestampGMT",
        "dateWeightList", "dailyWeightSummaries", "allWeightMetrics", "weight", "timestampGMT", "totalSteps",
        "calendarDate", "wellnessStartTimeGmt", "sleepTimeSeconds", "sleepHeartRate", "spo2SleepSummary",
    ]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
ANY = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)


@given(st.dictionaries(KEYS, ANY, min_size=1, max_size=6))
def test_read_of_any_values_under_the_known_names_ends_in_items(entry: dict[str, Any]) -> None:
    assert_read_or_refused(json.dumps([entry]).encode())


def assert_read_or_refused(raw: bytes) -> None:
    try:
        items = list(garmin_connect.read(io.BytesIO(raw), zone=ZONE))
    except Refused:
        return
    assert all(isinstance(item, Samples | Problem) for item in items)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b'{"resourceType": "Observation"}',
        b'[{"dateTime": "03/01/24 07:00:10", "value": {"bpm": 62}}]',
        b'{"weight": [{"weight": 80}]}',
        b"heartRateValues",
    ],
)
def test_sniff_leaves_other_documents_alone(head: bytes) -> None:
    assert not garmin_connect.sniff(head)
