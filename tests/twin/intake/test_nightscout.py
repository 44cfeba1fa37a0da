"""Nightscout entries: the sample files' facts, each odd document, and damage of every sort."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from twin.intake import nightscout
from twin.intake.items import Item, Problem, ProblemCode, Record, RefusalCode, Refused, Samples
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "nightscout"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
ZONE = ZoneInfo("Europe/Berlin")


def read(*documents: Any) -> list[Item]:
    return list(nightscout.read(io.BytesIO(json.dumps(documents).encode()), zone=ZONE))


def entry(**changes: Any) -> dict[str, Any]:
    return {"type": "sgv", "sgv": 120, "date": 1_518_995_177_000, "device": "share2"} | changes


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_read_of_a_published_file_gives_its_facts(name: str) -> None:
    expected, raw = EXPECTED[name], (SAMPLES / name).read_bytes()

    (samples,) = nightscout.read(io.BytesIO(raw), zone=ZONE)

    assert nightscout.sniff(raw[:65536])
    assert isinstance(samples, Samples)
    assert (samples.kind, samples.source, samples.unit) == ("glucose_cgm", expected["source"], "mg/dL")
    columns = samples.columns
    ends = [datetime.fromtimestamp(edge / 1000, UTC) for edge in (columns.start.min(), columns.start.max())]
    assert len(columns) == len(np.unique(columns.start)) == expected["count"]
    assert [end.strftime("%Y-%m-%dT%H:%M:%SZ") for end in ends] == [expected["first"], expected["last"]]
    assert (columns.value.min(), columns.value.max()) == (expected["min"], expected["max"])
    assert round(columns.value.mean(), 2) == expected["mean"]
    assert columns.value[0] == expected["newest"]


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


@pytest.mark.parametrize("name", sorted(EXPECTED))
@pytest.mark.parametrize("sixteenth", range(17))
def test_read_of_a_damaged_file_ends_in_items_or_a_refusal(name: str, sixteenth: int) -> None:
    raw = (SAMPLES / name).read_bytes()
    place = len(raw) * sixteenth // 16
    for damaged in (
        raw[:place],
        raw[:place] + b"\x00" + raw[place + 1 :],
        raw[:place] + b"}" + raw[place + 1 :],
    ):
        try:
            items = list(nightscout.read(io.BytesIO(damaged), zone=ZONE))
        except Refused:
            continue
        assert all(isinstance(item, Samples | Record | Problem) for item in items)


@pytest.mark.parametrize(
    "head",
    [
        b'[{"_id":"1","eventType":"Meal Bolus","carbs":25,"created_at":"2018-02-18T22:25:01Z"}]',
        b'[{"enteredBy":"x","carbs":5,"created_at":"2018-06-02T07:00:00.000Z"}]',
        b'{"resourceType":"Observation"}',
        b"date,sgv",
        b"",
    ],
)
def test_sniff_leaves_other_documents_alone(head: bytes) -> None:
    assert not nightscout.sniff(head)
