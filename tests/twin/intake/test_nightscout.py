"""Nightscout entries and treatments: the sample files' facts, each odd document, damage of every sort."""

import io
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from taken_in import damaged

from twin.intake import nightscout
from twin.intake.items import Item, Problem, ProblemCode, Record, RecordType, RefusalCode, Refused, Samples
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "nightscout"
ZONE = ZoneInfo("Europe/Berlin")


def read(*documents: Any) -> list[Item]:
    return list(nightscout.read(io.BytesIO(json.dumps(documents).encode()), zone=ZONE))


def entry(**changes: Any) -> dict[str, Any]:
    return {"type": "sgv", "sgv": 120, "date": 1_518_995_177_000, "device": "share2"} | changes


@pytest.mark.parametrize(
    ("changes", "start", "value", "flags"),
    [
        ({"sgv": "145"}, 1_518_995_177_000, 145.0, None),
        ({"date": 1_518_995_177_000.4}, 1_518_995_177_000, 120.0, None),
        ({"date": "1518995177000"}, 1_518_995_177_000, 120.0, None),
        ({"date": None, "dateString": "2018-02-18T23:06:17.000Z"}, 1_518_995_177_000, 120.0, None),
        ({"date": None, "dateString": "2018-02-19T00:06:17"}, 1_518_995_177_000, 120.0, None),
        ({"sgv": 39}, 1_518_995_177_000, 39.0, [Flag.CENSORED_LOW]),
        ({"sgv": 401}, 1_518_995_177_000, 401.0, [Flag.CENSORED_HIGH]),
        ({"sgv": 400}, 1_518_995_177_000, 400.0, None),
    ],
)
def test_read_of_one_entry(
    changes: dict[str, Any], start: int, value: float, flags: list[int] | None
) -> None:
    (samples,) = read(entry(**changes))

    assert isinstance(samples, Samples)
    assert (samples.columns.start.tolist(), samples.columns.value.tolist()) == ([start], [value])
    assert (None if samples.columns.flags is None else samples.columns.flags.tolist()) == flags


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (entry(sgv=10), Problem(ProblemCode.ERROR_CODE, "sgv 10", "document 1", 1, "glucose_cgm")),
        (entry(sgv="LOW"), Problem(ProblemCode.NOT_A_NUMBER, "LOW", "document 1", 1, "glucose_cgm")),
        (entry(date="soon"), Problem(ProblemCode.BAD_TIME, "soon", "document 1", 1, "glucose_cgm")),
        (entry(date=1e300), Problem(ProblemCode.BAD_TIME, "1e+300", "document 1", 1, "glucose_cgm")),
        (
            entry(isValid=False),
            Problem(ProblemCode.ENTERED_IN_ERROR, "isValid is false", "document 1", 1, "glucose_cgm"),
        ),
        (
            {"type": "cal", "slope": 1, "date": 1},
            Problem(ProblemCode.UNKNOWN_KIND, "entry of type cal", "document 1"),
        ),
        ("text", Problem(ProblemCode.MALFORMED, "text", "document 1")),
    ],
)
def test_read_of_what_is_no_reading_is_a_problem(document: Any, problem: Problem) -> None:
    assert read(document) == [problem]


def test_read_tells_meter_from_sensor_and_devices_apart() -> None:
    items = read(
        entry(), {"type": "mbg", "mbg": 99, "date": 1_518_995_000_000}, entry(device="xDrip", date=2e12)
    )

    assert [(item.kind, item.source) for item in items if isinstance(item, Samples)] == [
        ("glucose_cgm", "share2"),
        ("glucose", ""),
        ("glucose_cgm", "xDrip"),
    ]


def test_read_of_one_document_a_line() -> None:
    lines = "\n".join(json.dumps(entry(date=date)) for date in (3e12, 2e12, 1e12))

    (samples,) = nightscout.read(io.BytesIO(lines.encode()), zone=ZONE)

    assert isinstance(samples, Samples)
    assert samples.columns.start.tolist() == [3 * 10**12, 2 * 10**12, 10**12]


@pytest.mark.parametrize("raw", [b"", b"garbage", b"\xff\xfe\x00", b'[{"sgv": '])
def test_read_of_nothing_readable_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        list(nightscout.read(io.BytesIO(raw), zone=ZONE))

    assert refused.value.code == RefusalCode.MALFORMED


def test_read_of_a_truncated_file_keeps_what_came_before() -> None:
    raw = (SAMPLES / "entries.json").read_bytes()[:8000]

    samples, problem = nightscout.read(io.BytesIO(raw), zone=ZONE)

    assert isinstance(samples, Samples)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.place) == (ProblemCode.TRUNCATED, f"after document {len(samples.columns)}")


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir()))
@pytest.mark.parametrize("sixteenth", range(17))
def test_read_of_a_damaged_file_ends_in_items_or_a_refusal(name: str, sixteenth: int) -> None:
    raw = (SAMPLES / name).read_bytes()
    for broken in damaged(raw, sixteenth, b"}"):
        try:
            items = list(nightscout.read(io.BytesIO(broken), zone=ZONE))
        except Refused:
            continue
        assert all(isinstance(item, Samples | Record | Problem) for item in items)


@pytest.mark.parametrize(
    "head",
    [
        b'[{"name":"x","created_at":"2018-06-02T07:00:00.000Z","default":{"carbratio":[]}}]',
        b'{"resourceType":"Observation"}',
        b"date,sgv",
        b"",
    ],
)
def test_sniff_leaves_other_documents_alone(head: bytes) -> None:
    assert not nightscout.sniff(head)


CREATED = "2018-02-18T22:25:01Z"
CREATED_AT = 1_518_992_701_000


def treatment(**changes: Any) -> dict[str, Any]:
    return {"_id": "1", "eventType": "Meal Bolus", "created_at": CREATED} | changes


def amounts(items: list[Item]) -> list[tuple[str, str, float]]:
    return [
        (item.kind, item.unit, value)
        for item in items
        if isinstance(item, Samples)
        for value in item.columns.value.tolist()
    ]


def records(items: list[Item]) -> list[Record]:
    return [item for item in items if isinstance(item, Record)]


def test_read_of_published_treatments_gives_their_facts() -> None:
    raw = (SAMPLES / "treatments.json").read_bytes()

    items = list(nightscout.read(io.BytesIO(raw), zone=ZONE))

    assert nightscout.sniff(raw[:65536])
    taken = {item.kind: item for item in items if isinstance(item, Samples)}
    assert {kind: (len(item.columns), item.unit) for kind, item in taken.items()} == {
        "carbs": (41, "g"),
        "insulin": (63, "U"),
        "glucose": (8, "mg/dL"),
    }
    assert taken["carbs"].columns.value.sum() == 1325
    assert taken["insulin"].columns.value.sum() == pytest.approx(167.225, abs=1e-9)
    kept = records(items)
    assert len(kept) == len({record.identity for record in kept}) == 729
    assert [record.body for record in kept] == json.loads(raw)
    started = [record.start for record in kept if record.start is not None]
    assert min(started).replace(microsecond=0).isoformat() == "2018-02-14T22:21:33+00:00"
    assert max(started).replace(microsecond=0).isoformat() == "2018-02-18T22:25:01+00:00"
    assert Counter(record.type for record in kept) == {RecordType.TREATMENT: 727, RecordType.ACTIVITY: 2}
    assert Counter(record.text for record in kept)["Temp Basal"] == 595
    assert not any(isinstance(item, Problem) for item in items)


def test_read_of_a_history_of_carbohydrates_that_names_no_event_gives_its_facts() -> None:
    raw = (SAMPLES / "oref0_carbhistory.json").read_bytes()

    items = list(nightscout.read(io.BytesIO(raw), zone=ZONE))

    assert nightscout.sniff(raw)
    assert amounts(items) == [("carbs", "g", 5.0), ("carbs", "g", 15.0)]
    assert [(record.identity, record.text) for record in records(items)] == [
        ("2018-06-02T07:00:00.000Z", "Treatment"),
        ("2018-06-02T07:05:00.000Z", "Treatment"),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"carbs": 25}, [("carbs", "g", 25.0)]),
        ({"carbs": "25"}, [("carbs", "g", 25.0)]),
        ({"carbs": 0, "insulin": 0}, []),
        ({"carbs": None, "insulin": ""}, []),
        ({"carbs": 60, "insulin": 1.05}, [("carbs", "g", 60.0), ("insulin", "U", 1.05)]),
        ({"eventType": "Combo Bolus", "insulin": 0.5, "enteredinsulin": "1"}, [("insulin", "U", 0.5)]),
        ({"eventType": "Temp Basal", "rate": 1.8, "absolute": 1.8, "duration": 30}, []),
        ({"eventType": "BG Check", "glucose": 103, "units": "mg/dl"}, [("glucose", "mg/dL", 103.0)]),
        ({"eventType": "BG Check", "glucose": 5.7, "units": "mmol"}, [("glucose", "mmol/L", 5.7)]),
        ({"eventType": "BG Check", "glucose": 103}, [("glucose", "", 103.0)]),
        ({"eventType": "BG Check", "glucose": 103, "glucoseType": "Sensor", "units": "mg/dl"}, []),
    ],
)
def test_read_of_a_treatment_gives_what_was_taken_and_the_record(
    changes: dict[str, Any], expected: list[tuple[str, str, float]]
) -> None:
    document = treatment(**changes)

    items = read(document)

    assert amounts(items) == expected
    assert [record.body for record in records(items)] == [document]
    assert not any(isinstance(item, Problem) for item in items)


@pytest.mark.parametrize(
    ("changes", "start", "offset"),
    [
        ({}, CREATED_AT, None),
        ({"timestamp": "2018-02-18T08:00:00Z"}, CREATED_AT, None),
        ({"created_at": "2018-02-18T16:25:01-06:00"}, CREATED_AT, [-360]),
        ({"created_at": "2018-02-18T23:25:01"}, CREATED_AT, [60]),
        ({"created_at": CREATED_AT}, CREATED_AT, None),
        ({"created_at": None, "timestamp": CREATED_AT}, CREATED_AT, None),
        ({"created_at": None, "timestamp": CREATED}, CREATED_AT, None),
        ({"created_at": "", "date": str(CREATED_AT)}, CREATED_AT, None),
    ],
)
def test_read_of_a_treatment_places_it_by_created_at_first(
    changes: dict[str, Any], start: int, offset: list[int] | None
) -> None:
    record, samples = read(treatment(carbs=5, **changes))

    assert isinstance(samples, Samples)
    assert isinstance(record, Record)
    assert samples.columns.start.tolist() == [start]
    assert (None if samples.columns.offset is None else samples.columns.offset.tolist()) == offset
    assert record.start == datetime.fromtimestamp(start / 1000, UTC)


def test_read_of_treatments_with_a_duration_ends_them() -> None:
    (basal, note) = records(
        read(
            treatment(eventType="Temp Basal", duration=30),
            treatment(eventType="Note", duration=0, notes="a quiet night"),
        )
    )

    assert basal.start is not None
    assert basal.end is not None
    assert (basal.end - basal.start).total_seconds() == 30 * 60
    assert note.end is None
    assert (note.text, note.topic, note.body["notes"]) == ("Note", "glucose", "a quiet night")


@pytest.mark.parametrize(
    ("changes", "type_", "topic"),
    [
        ({"carbs": None}, RecordType.ACTIVITY, "vitals"),
        ({"carbs": 20}, RecordType.TREATMENT, "glucose"),
        ({"glucose": 90, "glucoseType": "Sensor"}, RecordType.TREATMENT, "glucose"),
    ],
)
def test_read_of_exercise_is_an_activity_unless_it_tells_of_more(
    changes: dict[str, Any], type_: RecordType, topic: str
) -> None:
    (record,) = records(read(treatment(eventType="Exercise", duration=30, **changes)))

    assert (record.type, record.topic, record.text) == (type_, topic, "Exercise")


@pytest.mark.parametrize(
    ("changes", "identity"),
    [
        ({}, "1"),
        ({"_id": {"$oid": "5a89f9fc"}}, "5a89f9fc"),
        ({"_id": None, "identifier": "8f1c"}, "8f1c"),
        ({"_id": None}, f"{CREATED} Meal Bolus"),
        ({"_id": None, "eventType": "<none>"}, CREATED),
    ],
)
def test_read_of_a_treatment_twice_has_one_identity(changes: dict[str, Any], identity: str) -> None:
    kept = records(read(treatment(**changes), treatment(**changes)))

    assert [record.identity for record in kept] == [identity] * 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"created_at": "soon"}, Problem(ProblemCode.BAD_TIME, "soon", "document 1")),
        ({"created_at": None}, Problem(ProblemCode.BAD_TIME, "None", "document 1")),
        (
            {"created_at": "9999-12-31T23:59:59-12:00"},
            Problem(ProblemCode.BAD_TIME, "9999-12-31T23:59:59-12:00", "document 1"),
        ),
        (
            {"created_at": "0001-01-01T00:00:00+12:00"},
            Problem(ProblemCode.BAD_TIME, "0001-01-01T00:00:00+12:00", "document 1"),
        ),
        ({"created_at": 1e300}, Problem(ProblemCode.BAD_TIME, "1e+300", "document 1")),
        ({"isValid": False}, Problem(ProblemCode.ENTERED_IN_ERROR, "isValid is false", "document 1")),
    ],
)
def test_read_of_a_treatment_that_is_none_is_a_problem(changes: dict[str, Any], problem: Problem) -> None:
    assert read(treatment(carbs=5, **changes)) == [problem]


def test_read_of_an_amount_that_is_no_number_keeps_the_record() -> None:
    record, problem = read(treatment(carbs="some"))

    assert isinstance(record, Record)
    assert problem == Problem(ProblemCode.NOT_A_NUMBER, "some", "document 1", 1, "carbs")


def test_read_of_entries_and_treatments_in_one_file_gives_both() -> None:
    items = read(entry(), treatment(carbs=5))

    assert [kind for kind, _, _ in amounts(items)] == ["glucose_cgm", "carbs"]
    assert len(records(items)) == 1


def test_read_flags_carbohydrates_as_typed_in_and_insulin_not() -> None:
    items = read(treatment(carbs=5, insulin=1))

    flags = {item.kind: item.columns.flags for item in items if isinstance(item, Samples)}
    assert flags["carbs"] is not None
    assert flags["carbs"].tolist() == [Flag.MANUAL]
    assert flags["insulin"] is None
