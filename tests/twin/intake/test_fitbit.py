"""Fitbit's four layouts: the sample files' facts, each odd row, several people, and damage of every sort."""

import io
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import fitbit
from twin.intake.clock import DAY, parse_clock, parse_date, parse_wall
from twin.intake.fitbit.logs import weight_unit
from twin.intake.fitbit.rows import rows
from twin.intake.items import Item, Problem, ProblemCode, Record, RefusalCode, Refused, Samples
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "fitbit"
EXPECTED: dict[str, Any] = {
    "dailyActivity_merged.csv": {
        "rows": 541,
        "people": 19,
        "zero_step_days": 47,
        "sum_steps": 4156120,
        "first_local": "2016-04-12 00:00:00",
        "last_local": "2016-05-12 00:00:00",
    },
    "sleepDay_merged.csv": {
        "rows": 268,
        "people": 14,
        "exact_duplicate_rows": 1,
        "first_local": "2016-04-12 00:00:00",
        "last_local": "2016-05-12 00:00:00",
    },
    "weightLogInfo_merged.csv": {
        "rows": 60,
        "people": 6,
        "exact_duplicate_rows": 0,
        "first_local": "2016-04-12 06:47:00",
        "last_local": "2016-05-12 23:59:00",
        "manual": 34,
        "body_fat": [22.0, 25.0],
    },
    "heartrate_seconds_merged.csv": {
        "rows": 1200,
        "min": 58.0,
        "max": 172.0,
        "sum": 105195.0,
        "first_local": "2016-04-12 11:19:00",
        "last_local": "2016-04-12 14:07:50",
    },
    "minutes.csv": {"heart_rate": 667, "sum_heart_rate": 49712, "steps": 533, "sum_steps": 3016},
}
FILES = sorted(path.name for path in SAMPLES.iterdir())
NEW_YORK = ZoneInfo("America/New_York")
HOUR = 3_600_000


class Named(io.BytesIO):
    """A stream that knows its file's name, as a member of an archive does."""

    def __init__(self, raw: bytes, name: str) -> None:
        super().__init__(raw)
        self.name = name


def read(raw: bytes | str, person: str | None = None, name: str = "") -> list[Item]:
    text = raw.encode() if isinstance(raw, str) else raw
    return list(fitbit.read(Named(text, name), zone=NEW_YORK, person=person))


def read_json(document: Any, name: str = "") -> list[Item]:
    return read(json.dumps(document), name=name)


def local(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, NEW_YORK).strftime("%Y-%m-%d %H:%M:%S")


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def table(items: list[Item]) -> list[tuple[str, str, str, list[str], list[int], list[float]]]:
    return [
        (
            item.kind,
            item.source,
            item.unit,
            [local(at) for at in item.columns.start.tolist()],
            item.columns.duration.tolist(),
            item.columns.value.tolist(),
        )
        for item in items
        if isinstance(item, Samples)
    ]


def problems_of(items: list[Item]) -> list[Problem]:
    return [item for item in items if isinstance(item, Problem)]


def everybody(name: str) -> tuple[dict[str, list[Samples]], Counter[ProblemCode]]:
    """What reading a file once for each person in it gives, taken together."""
    raw = (SAMPLES / name).read_bytes()
    samples: dict[str, list[Samples]] = {}
    problems: Counter[ProblemCode] = Counter()
    for person in fitbit.people(io.BytesIO(raw)):
        for item in read(raw, person=person):
            if isinstance(item, Samples):
                samples.setdefault(item.kind, []).append(item)
            elif isinstance(item, Problem):
                problems[item.code] += item.count
    return samples, problems


def edges(samples: list[Samples]) -> tuple[str, str]:
    starts = np.concatenate([each.columns.start for each in samples])
    return local(int(starts.min())), local(int(starts.max()))


def values(samples: list[Samples]) -> list[float]:
    return [value for each in samples for value in each.columns.value.tolist()]


def test_read_of_daily_activity_gives_its_facts_person_by_person() -> None:
    expected = EXPECTED["dailyActivity_merged.csv"]

    samples, problems = everybody("dailyActivity_merged.csv")

    steps = samples["steps"]
    worn = expected["rows"] - expected["zero_step_days"]
    assert len(steps) == expected["people"]
    assert {(each.source, each.unit) for each in steps} == {("Fitbit day totals", "{steps}")}
    assert (len(values(steps)), sum(values(steps))) == (worn, expected["sum_steps"])
    assert edges(steps) == (expected["first_local"], expected["last_local"])
    assert (len(values(samples["distance"])), samples["distance"][0].unit) == (worn, "km")
    assert {duration for each in steps for duration in each.columns.duration.tolist()} == {DAY}
    assert problems[ProblemCode.NOT_WORN] == expected["zero_step_days"]
    assert problems[ProblemCode.UNKNOWN_KIND] == 5 * expected["rows"]


def test_read_of_sleep_days_gives_their_facts_person_by_person() -> None:
    expected = EXPECTED["sleepDay_merged.csv"]

    samples, problems = everybody("sleepDay_merged.csv")

    (kind,) = samples
    assert (kind, samples[kind][0].unit) == ("sleep_duration", "min")
    assert len(values(samples[kind])) == expected["rows"] - expected["exact_duplicate_rows"]
    assert edges(samples[kind]) == (expected["first_local"], expected["last_local"])
    assert values(samples[kind])[0] == 327
    assert problems[ProblemCode.DUPLICATE_ROW] == expected["exact_duplicate_rows"]


def test_read_of_weights_gives_their_facts_person_by_person() -> None:
    expected = EXPECTED["weightLogInfo_merged.csv"]

    samples, _ = everybody("weightLogInfo_merged.csv")

    manual = sum(
        int((each.columns.flags == Flag.MANUAL).sum())
        for each in samples["weight"]
        if each.columns.flags is not None
    )
    assert len(samples["weight"]) == expected["people"]
    assert len(values(samples["weight"])) == len(values(samples["bmi"])) == expected["rows"]
    assert sorted(values(samples["body_fat"])) == expected["body_fat"]
    assert edges(samples["weight"]) == (expected["first_local"], expected["last_local"])
    assert values(samples["weight"])[0] == 52.59999847
    assert manual == expected["manual"]


def test_read_of_heart_rate_by_the_second_gives_its_facts() -> None:
    expected = EXPECTED["heartrate_seconds_merged.csv"]

    (samples,) = read((SAMPLES / "heartrate_seconds_merged.csv").read_bytes())

    assert isinstance(samples, Samples)
    value = samples.columns.value
    assert (samples.kind, samples.source, samples.unit) == ("heart_rate", "Fitbit", "/min")
    assert (len(value), value.min(), value.max(), value.sum()) == tuple(
        expected[fact] for fact in ("rows", "min", "max", "sum")
    )
    assert edges([samples]) == (expected["first_local"], expected["last_local"])
    assert len(np.unique(samples.columns.start)) == expected["rows"]
    assert samples.columns.offset is not None
    assert set(samples.columns.offset.tolist()) == {-240}


def test_read_of_minutes_gives_their_facts() -> None:
    expected = EXPECTED["minutes.csv"]

    heart, steps = read((SAMPLES / "minutes.csv").read_bytes())

    assert isinstance(heart, Samples)
    assert isinstance(steps, Samples)
    assert (len(heart.columns), heart.columns.value.sum()) == (
        expected["heart_rate"],
        expected["sum_heart_rate"],
    )
    assert (len(steps.columns), steps.columns.value.sum()) == (expected["steps"], expected["sum_steps"])
    assert local(int(heart.columns.start[0])) == "2017-06-30 00:00:00"
    assert (set(heart.columns.duration.tolist()), set(steps.columns.duration.tolist())) == ({0}, {60_000})


def test_read_of_takeouts_resting_heart_rate_gives_its_facts() -> None:
    items = read((SAMPLES / "takeout_resting_heart_rate-2024-03-01.json").read_bytes())

    assert table(items) == [
        ("resting_heart_rate", "Fitbit", "/min", ["2024-03-01 00:00:00", "2024-03-02 00:00:00"], [DAY, DAY],
         [54.01231098175049, 55.069952964782715]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "web_api_heart_intraday.json",
            [("heart_rate", "Fitbit", "/min", [f"2015-08-21 00:0{minute}:00" for minute in range(1, 6)],
              [0] * 5, [64.0, 63.0, 64.0, 65.0, 65.0])],
        ),
        (
            "web_api_steps_intraday.json",
            [("steps", "Fitbit day totals", "{steps}", ["2015-08-21 00:00:00"], [DAY], [3212.0]),
             ("steps", "Fitbit", "{steps}",
              ["2015-08-21 00:00:00", "2015-08-21 14:27:00", "2015-08-21 14:28:00"],
              [60_000] * 3, [7.0, 0.0, 52.0])],
        ),
        (
            "web_api_weight.json",
            [("weight", "Fitbit", "kg", ["2015-05-13 18:28:59", "2015-05-14 11:51:57", "2015-05-22 18:12:06",
                                         "2015-05-24 15:15:25"], [0] * 4, [56.7, 55.9, 58.1, 57.2]),
             ("bmi", "Fitbit", "kg/m2", ["2015-05-13 18:28:59", "2015-05-14 11:51:57", "2015-05-22 18:12:06",
                                         "2015-05-24 15:15:25"], [0] * 4, [21.48, 21.17, 21.99, 21.65])],
        ),
        (
            "web_api_sleep.json",
            [("sleep_duration", "Fitbit", "min", ["2016-12-13 09:59:00", "2016-12-13 01:16:00"],
              [3_780_000, 7_080_000], [63.0, 112.0])],
        ),
    ],
)  # fmt: skip
def test_read_of_an_answer_of_the_web_api_gives_its_facts(name: str, expected: list[Any]) -> None:
    assert table(read((SAMPLES / name).read_bytes())) == expected


@pytest.mark.parametrize("name", FILES)
def test_sniff_knows_each_layout(name: str) -> None:
    assert fitbit.sniff((SAMPLES / name).read_bytes()[:65536])


@pytest.mark.parametrize(
    "head",
    [
        b'{"hrv": [{"value": {"dailyRmssd": 34.938}, "dateTime": "2024-03-01"}]}',
        b'{"br":[{"value":{"breathingRate":17.8},"dateTime":"2024-03-01"}]}',
        b'{"tempSkin": [{"dateTime": "2024-03-01", "value": {"nightlyRelative": -0.2}}]}',
    ],
)
def test_sniff_knows_what_a_night_alone_says(head: bytes) -> None:
    assert fitbit.sniff(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"start,kind,value,unit\n",
        b"Id,Time\n1,2",
        b"time,value\n",
        b"[]",
        b'[{"sgv":1}]',
        b'{"resourceType":"Bundle"}',
        b'{"weight": 3}',
        b'{"sleep":[{"calendarDate":"2024-01-01"}]}',
        b"\xff\xfe",
        b'[{"dateTime":"x"}]',
    ],
)
def test_sniff_leaves_other_files_alone(head: bytes) -> None:
    assert not fitbit.sniff(head)


@pytest.mark.parametrize(("name", "count"), [("dailyActivity", 19), ("sleepDay", 14), ("weightLogInfo", 6)])
def test_read_of_several_people_is_refused_before_anything_is_handed_on(name: str, count: int) -> None:
    raw = (SAMPLES / f"{name}_merged.csv").read_bytes()

    with pytest.raises(Refused) as refused:
        read(raw)

    assert refused.value.code == RefusalCode.SEVERAL_PEOPLE
    assert f"the data of {count} people" in refused.value.message
    assert len(fitbit.people(io.BytesIO(raw))) == count


def test_read_of_one_person_counts_the_others_rows() -> None:
    raw = "Id,Time,Value\n1,4/12/2016 7:00:00 AM,60\n2,4/12/2016 7:00:00 AM,99\n1,4/12/2016 7:00:05 AM,61\n"

    items = read(raw, person="1")

    assert [row[-1] for row in table(items)] == [[60.0, 61.0]]
    assert problems_of(items) == [Problem(ProblemCode.OTHER_PATIENT, "a row of another person", "line 3")]
    with pytest.raises(Refused):
        read(raw, person="3")


def test_people_of_a_file_without_ids_is_nobody() -> None:
    assert fitbit.people(io.BytesIO((SAMPLES / "minutes.csv").read_bytes())) == []


HEART = "Id,Time,Value\n"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1,4/31/2016 7:00:00 AM,60", Problem(ProblemCode.BAD_TIME, "4/31/2016 7:00:00 AM", "line 2")),
        ("1,4/12/2016 13:00:00 PM,60", Problem(ProblemCode.BAD_TIME, "4/12/2016 13:00:00 PM", "line 2")),
        ("1,4/12/2016 7:00:00 AM,x", Problem(ProblemCode.NOT_A_NUMBER, "x", "line 2", 1, "heart_rate")),
        ("1,4/12/2016 7:00:00 AM,nan", Problem(ProblemCode.NOT_A_NUMBER, "nan", "line 2", 1, "heart_rate")),
        ("1,4/12/2016 7:00:00 AM", Problem(ProblemCode.MALFORMED, "not a row of this table", "line 2")),
        ("1,4/12/2016 7:00:00 AM,6,0", Problem(ProblemCode.MALFORMED, "not a row of this table", "line 2")),
        ('1,"4/12/2016 7:00:00 AM,60', Problem(ProblemCode.MALFORMED, "not a row of this table", "line 2")),
    ],
)
def test_read_of_an_unreadable_row_is_a_problem_and_goes_on(row: str, problem: Problem) -> None:
    items = read(f"{HEART}{row}\n1,4/12/2016 7:00:05 AM,61\n")

    assert [values_ for *_, values_ in table(items)] == [[61.0]]
    assert problems_of(items) == [problem]


def test_read_of_a_last_row_without_a_line_end_counts_unless_cells_are_missing() -> None:
    whole = HEART + "1,4/12/2016 7:00:00 AM,60\n1,4/12/2016 7:00:05 AM,61"
    assert [row[-1] for row in table(read(whole))] == [[60.0, 61.0]]
    assert problems_of(read(whole)) == []

    items = read(HEART + "15,4/12/2016 7:00:00 AM,60\n1")
    assert [row[-1] for row in table(items)] == [[60.0]]
    assert problems_of(items) == [Problem(ProblemCode.TRUNCATED, "not a row of this table", "line 3")]


def test_read_of_bytes_that_are_no_text_and_of_endless_lines_goes_on() -> None:
    raw = HEART.encode() + b"1,\xff\xfe,60\n" + b"1," + b"x" * 200_000 + b",60\n1,4/12/2016 7:00:05 AM,61\r\n"

    items = read(raw)

    assert [row[-1] for row in table(items)] == [[61.0]]
    assert problems_of(items) == [Problem(ProblemCode.MALFORMED, "not a row of this table", "line 2", 2)]


def test_read_of_a_zero_counts_where_it_is_a_measure_and_not_where_nothing_was_worn() -> None:
    day = read("Id,ActivityDay,StepTotal\n1,4/12/2016,0\n1,4/13/2016,5\n")
    hour = read("Id,ActivityHour,StepTotal\n1,4/12/2016 3:00:00 AM,0\n")
    minute = read("Id,ActivityMinute,Steps\n1,4/12/2016 3:00:00 AM,0\n")

    assert [row[-1] for row in table(day)] == [[5.0]]
    assert [problem.code for problem in problems_of(day)] == [ProblemCode.NOT_WORN]
    assert [row[1:] for row in table(hour)] == [
        ("Fitbit hour totals", "{steps}", ["2016-04-12 03:00:00"], [HOUR], [0.0])
    ]
    assert [row[1:] for row in table(minute)] == [
        ("Fitbit", "{steps}", ["2016-04-12 03:00:00"], [60_000], [0.0])
    ]


def test_read_of_a_day_lasts_as_long_as_the_clock_makes_it() -> None:
    items = read("Id,ActivityDay,StepTotal\n1,3/12/2016,5\n1,3/13/2016,6\n1,11/6/2016,7\n")

    ((*_, durations, _),) = table(items)
    assert durations == [24 * HOUR, 23 * HOUR, 25 * HOUR]


def test_read_of_takeouts_heart_rate_is_in_utc() -> None:
    items = read_json([{"dateTime": "03/01/24 05:00:03", "value": {"bpm": 65, "confidence": 2}}])

    (samples,) = items
    assert isinstance(samples, Samples)
    assert (samples.kind, samples.columns.start.tolist()) == (
        "heart_rate",
        [utc("2024-03-01T05:00:03+00:00")],
    )
    assert samples.columns.value.tolist() == [65.0]


@pytest.mark.parametrize(
    "value", [{"date": None, "value": 0.0, "error": 0.0}, {"date": "03/01/24", "value": 0.0}]
)
def test_read_of_a_day_without_resting_heart_rate_is_not_zero(value: dict[str, Any]) -> None:
    items = read_json([{"dateTime": "03/01/24 00:00:00", "value": value}])

    assert items == [
        Problem(ProblemCode.NOT_WORN, "no resting heart rate that day", "entry 1", 1, "resting_heart_rate")
    ]


@pytest.mark.parametrize(
    ("name", "kind", "unit"),
    [("Takeout/Fitbit/Global Export Data/steps-2024-03-01.json", "steps", "{steps}"),
     ("distance-2024-03-01.json", "distance", "cm")],
)  # fmt: skip
def test_read_of_takeouts_minutes_goes_by_the_files_name(name: str, kind: str, unit: str) -> None:
    (samples,) = read_json([{"dateTime": "03/01/24 05:00:00", "value": "12"}], name=name)

    assert isinstance(samples, Samples)
    assert (samples.kind, samples.unit, samples.columns.duration.tolist()) == (kind, unit, [60_000])
    assert samples.columns.start.tolist() == [utc("2024-03-01T05:00:00+00:00")]


@pytest.mark.parametrize("name", ["", "calories-2024-03-01.json", "altitude-2024-03-01.json", "steps.json"])
def test_read_of_minutes_of_unknown_meaning_guesses_nothing(name: str) -> None:
    (problem,) = read_json([{"dateTime": "03/01/24 05:00:00", "value": "12"}], name=name)

    assert isinstance(problem, Problem)
    assert problem.code == ProblemCode.UNKNOWN_KIND


def test_read_of_takeouts_sleep_has_stages_in_local_time() -> None:
    stages = {
        "deep": {"minutes": 80},
        "light": {"minutes": 210},
        "rem": {"minutes": 90},
        "wake": {"minutes": 40},
    }
    night = {"logId": 1, "dateOfSleep": "2024-03-02", "startTime": "2024-03-01T23:10:30.000",
             "endTime": "2024-03-02T06:10:30.000", "duration": 25_200_000, "minutesAsleep": 380,
             "levels": {"summary": stages}}  # fmt: skip

    found = {
        kind: (start, duration, value) for kind, _, _, start, duration, value in table(read_json([night]))
    }

    when = ["2024-03-01 23:10:30"], [25_200_000]
    assert found == {
        "sleep_duration": (*when, [380.0]),
        "sleep_stage_deep": (*when, [80.0]),
        "sleep_stage_rem": (*when, [90.0]),
        "sleep_stage_light": (*when, [210.0]),
    }


@pytest.mark.parametrize("end", ["2024-02-29T23:00:00.000", "2024-03-09T23:00:00.000", "soon"])
def test_read_of_a_sleep_that_cannot_be_is_a_bad_time(end: str) -> None:
    log = {
        "logId": 1,
        "dateOfSleep": "x",
        "startTime": "2024-03-01T23:10:30.000",
        "endTime": end,
        "minutesAsleep": 1,
    }

    assert [problem.code for problem in problems_of(read_json([log]))] == [ProblemCode.BAD_TIME]


@pytest.mark.parametrize(
    ("weight", "bmi", "unit"),
    [
        (56.7, 21.48, "kg"),
        (191.8, 27.77, "lb"),
        (100.0, 23.5, "kg"),  # 2.06 m
        (46.0, 23.2, "kg"),  # 1.41 m
        (70.0, 16.2, None),  # 2.08 m in kg, 1.40 m in lb
        (400.0, 45.0, "lb"),
        (12.5, 27.0, None),  # in stones
        (70.0, None, None),
        (70.0, 0.0, None),
        (None, 21.0, None),
    ],
)
def test_weight_unit_is_the_one_that_the_bmi_allows(
    weight: float | None, bmi: float | None, unit: str | None
) -> None:
    assert weight_unit(weight, bmi) == unit


@given(st.floats(1.41, 2.06), st.floats(12, 70), st.booleans())
def test_weight_unit_of_every_adult_is_found(height: float, bmi: float, pounds: bool) -> None:
    kilograms = bmi * height * height

    assert weight_unit(kilograms / (0.45359237 if pounds else 1), bmi) == ("lb" if pounds else "kg")


def test_read_of_a_weight_whose_unit_nothing_tells_is_not_stored() -> None:
    (problem,) = read_json([{"logId": 1, "weight": 150.0, "date": "03/01/24", "time": "08:00:00"}])

    assert problem == Problem(ProblemCode.UNKNOWN_UNIT, "150, which may be kg or lb", "entry 1", 1, "weight")


def test_read_of_the_web_api_takes_resting_rate_nights_and_floors() -> None:
    items = read_json(
        {
            "activities-heart": [
                {"dateTime": "2024-03-01", "value": {"restingHeartRate": 58, "heartRateZones": []}}
            ],
            "hrv": [{"dateTime": "2024-03-01", "value": {"dailyRmssd": 34.938}}],
            "br": [{"dateTime": "2024-03-01", "value": {"breathingRate": 17.8}}],
            "tempSkin": [{"dateTime": "2024-03-01", "value": {"nightlyRelative": -0.3}}],
            "activities-floors": [{"dateTime": "2024-03-01", "value": "12"}],
            "activities-distance": [{"dateTime": "2024-03-01", "value": "3.4"}],
        }
    )

    assert [(kind, unit, value) for kind, _, unit, _, _, value in table(items)] == [
        ("resting_heart_rate", "/min", [58.0]),
        ("hrv_rmssd", "ms", [34.938]),
        ("resp_rate", "/min", [17.8]),
        ("skin_temp_delta", "K", [-0.3]),
        ("floors", "{floors}", [12.0]),
    ]
    assert problems_of(items) == [
        Problem(ProblemCode.UNKNOWN_KIND, "activities-distance", "activities-distance 1")
    ]


def test_read_of_an_intraday_answer_over_several_days_has_no_date() -> None:
    items = read_json(
        {
            "activities-steps": [{"dateTime": f"2024-03-0{day}", "value": "5"} for day in (1, 2)],
            "activities-steps-intraday": {"dataset": [{"time": "00:00:00", "value": 3}]},
        }
    )

    assert [problem.code for problem in problems_of(items)] == [ProblemCode.BAD_TIME]


@pytest.mark.parametrize("raw", [b"", b"garbage", b"\xff\xfe\x00", b"[]", b'[{"dateTime": "x", "value": '])
def test_read_of_nothing_readable_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        read(raw)


@pytest.mark.parametrize("sixteenth", range(17))
@pytest.mark.parametrize("name", FILES)
def test_read_of_a_damaged_file_ends_in_items_or_a_refusal(name: str, sixteenth: int) -> None:
    raw = (SAMPLES / name).read_bytes()
    place = len(raw) * sixteenth // 16
    damages = (
        raw[:place],
        *(raw[:place] + byte + raw[place + 1 :] for byte in (b"\x00", b"\xff", b",", b'"', b"9")),
    )
    for damaged in damages:
        people = fitbit.people(io.BytesIO(damaged))
        try:
            items = read(damaged, person=people[0] if people else None)
        except Refused:
            continue
        assert all(isinstance(item, Samples | Record | Problem) for item in items)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4/12/2016 11:19:05 AM", "2016-04-12T11:19:05"),
        ("4/12/2016 12:00:00 AM", "2016-04-12T00:00:00"),
        ("4/12/2016 12:00:00 PM", "2016-04-12T12:00:00"),
        ("4/12/2016 0:00", "2016-04-12T00:00:00"),
        ("5/2/2016 23:59", "2016-05-02T23:59:00"),
        ("4/12/2016", "2016-04-12T00:00:00"),
        ("03/01/24 05:00:03", "2024-03-01T05:00:03"),
        ("2016-12-13T09:59:00.250", "2016-12-13T09:59:00.250"),
        ("2016-12-13", "2016-12-13T00:00:00"),
    ],
)
def test_parse_wall_reads_each_way_fitbit_writes_a_time(text: str, expected: str) -> None:
    assert parse_wall(text) == utc(f"{expected}+00:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "13/1/2016",
        "2/30/2016",
        "4/12/2016 24:00",
        "4/12/2016 0:00 AM",
        "4/12/2016 7:60",
        "7:00",
        "4.2016",
    ],
)
def test_parse_wall_refuses_what_is_no_time(text: str) -> None:
    assert parse_wall(text) is None


@given(st.integers(-2_000_000_000, 4_000_000_000))
def test_parse_wall_finds_every_time_again(second: int) -> None:
    at = datetime.fromtimestamp(second, UTC)
    twelve = f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"

    assert parse_wall(twelve) == parse_wall(f"{at:%Y-%m-%dT%H:%M:%S}") == second * 1000


@given(st.text())
def test_parsers_of_any_text_give_a_value_or_none(text: str) -> None:
    assert isinstance(parse_date(text), date | None)
    assert isinstance(parse_clock(text), int | None)
    assert isinstance(parse_wall(text), int | None)


@given(st.binary())
def test_rows_of_any_bytes_end(raw: bytes) -> None:
    found = list(rows(io.BytesIO(raw)))

    assert all(row.cells is None or isinstance(row.cells, list) for row in found)
    assert [row.line for row in found] == sorted({row.line for row in found})
