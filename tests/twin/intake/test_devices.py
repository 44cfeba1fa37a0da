"""Topics and payloads of devices: what is read, and that nothing else is, whatever comes."""

import json
from uuid import UUID

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twin.intake import devices
from twin.intake.devices import Address, Message, address, read_message
from twin.intake.phone import Malformed, PhoneBatch, PhoneSeries
from twin.series.columns import UNKNOWN_OFFSET

PATIENT = UUID("0198c0de-0000-7000-8000-000000000001")
OTHER = "0198c0de-0000-7000-8000-000000000002"
NOON = 1_772_362_800_000  # 2026-03-01T11:00Z
READING = Address(PATIENT, "Scale", "weight")
BATCH = Address(PATIENT)


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        (f"pollux/{PATIENT}/samples", BATCH),
        (f"pollux/{PATIENT}/Scale/weight", READING),
        (f"pollux/{PATIENT}/samples/weight", Address(PATIENT, "samples", "weight")),
        (f"pollux/{str(PATIENT).upper()}/samples", None),
        (f"pollux/{{{PATIENT}}}/samples", None),
        (f"pollux/{PATIENT.hex}/samples", None),
        (f"pollux/{PATIENT}/refused", None),
        (f"pollux/{PATIENT}//weight", None),
        (f"pollux/{PATIENT}/Scale/", None),
        (f"pollux/{PATIENT}/Scale/weight/now", None),
        (f"castor/{PATIENT}/samples", None),
        (f"/pollux/{PATIENT}/samples", None),
        ("pollux/me/samples", None),
        ("", None),
    ],
)
def test_topic_names_whose_message_it_is(topic, expected):
    assert address(topic) == expected


def said(payload: object, *, to: Address = READING, arrived: int | None = NOON) -> PhoneBatch | PhoneSeries:
    return read_message(
        Message(to, payload if isinstance(payload, bytes) else json.dumps(payload).encode(), arrived)
    )


@pytest.mark.parametrize(
    ("payload", "unit", "start", "offset", "value"),
    [
        (b"72.5", "kg", NOON, UNKNOWN_OFFSET, 72.5),
        (b" 72\n", "kg", NOON, UNKNOWN_OFFSET, 72.0),
        ({"value": 160, "unit": "lb"}, "lb", NOON, UNKNOWN_OFFSET, 160.0),
        ({"value": -0.5, "at": None}, "kg", NOON, UNKNOWN_OFFSET, -0.5),
        ({"value": 72, "at": "2026-03-01T12:00:00.250+01:00"}, "kg", NOON + 250, 60, 72.0),
        ({"value": 72, "at": "2026-03-01T11:00:00Z"}, "kg", NOON, UNKNOWN_OFFSET, 72.0),
    ],
)
def test_reading_has_the_kinds_unit_and_the_time_of_arrival_unless_it_says_others(
    payload, unit, start, offset, value
):
    read = said(payload)
    assert isinstance(read, PhoneSeries)
    columns = read.samples.columns
    assert (read.samples.kind, read.samples.source, read.samples.unit) == ("weight", "Scale", unit)
    assert (columns.start.tolist(), columns.duration.tolist()) == ([start], [0])
    assert columns.value.tolist() == [value]
    assert (UNKNOWN_OFFSET if columns.offset is None else columns.offset[0]) == offset


def test_reading_of_an_unknown_kind_is_left_for_others_to_judge():
    read = said(b"7", to=Address(PATIENT, "Scale", "luck"))
    assert isinstance(read, PhoneSeries)
    assert (read.samples.kind, read.samples.unit) == ("luck", "")


def test_batch_is_read_as_a_phones_is():
    series = {"kind": "weight", "unit": "kg", "source": "Hub", "start": [NOON], "value": [72]}
    for patient in ({}, {"patient": str(PATIENT)}):
        read = said({"batch_id": "a", "series": [series]} | patient, to=BATCH, arrived=None)
        assert isinstance(read, PhoneBatch)
        assert (read.batch_id, len(read.series)) == ("a", 1)
        assert np.array_equal(read.series[0].samples.columns.start, [NOON])


@pytest.mark.parametrize(
    ("payload", "to", "place"),
    [
        (b"", READING, ""),
        (b"72,5", READING, ""),
        (b"NaN", READING, ""),
        (b"-Infinity", READING, ""),
        (b"1e999", READING, ""),
        (b"9" * 400, READING, ""),
        (b"\xff\xfe", READING, ""),
        (b"[" * 100_000, READING, ""),
        (b'{"value":' * 20_000, READING, ""),
        (b"7" * (devices.LARGEST + 1), READING, ""),
        (b"true", READING, "value"),
        (b"null", READING, "value"),
        (b'"72"', READING, "value"),
        (b"[72]", READING, "value"),
        ({}, READING, "value"),
        ({"value": "72"}, READING, "value"),
        ({"value": 72, "units": "kg"}, READING, "units"),
        ({"value": 72, "unit": 1}, READING, "unit"),
        ({"value": 72, "unit": "k" * 201}, READING, "unit"),
        ({"value": 72, "at": NOON}, READING, "at"),
        ({"value": 72, "at": "noon"}, READING, "at"),
        ({"value": 72, "at": "2026-03-01T12:00:00"}, READING, "at"),
        ({"value": 72, "at": "2026-03-01"}, READING, "at"),
        ({"value": 72, "at": "2026-03-01T12:00:00+23:00"}, READING, "at"),
        (b"72", BATCH, ""),
        ({"series": []}, BATCH, "batch_id"),
        ({"batch_id": "a", "series": [], "patient": OTHER}, BATCH, "patient"),
    ],
)
def test_anything_else_is_malformed_in_its_place(payload, to, place):
    with pytest.raises(Malformed) as malformed:
        said(payload, to=to)
    assert malformed.value.place == place


def test_reading_that_waited_and_says_no_time_is_refused():
    with pytest.raises(Malformed, match="waited") as malformed:
        said(b"72", arrived=None)
    assert malformed.value.place == "at"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["value", "unit", "at", "batch_id", "series"]) | st.text(), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(
    payload=st.binary(max_size=300) | anything.map(lambda value: json.dumps(value).encode()),
    to=st.sampled_from([READING, BATCH]),
    arrived=st.none() | st.just(NOON),
)
@example(payload=b'{"value": 1e308, "at": "9999-12-31T23:59:59-16:00"}', to=READING, arrived=None)
@example(payload=b'{"value": 1, "at": "0001-01-01T00:00:00+16:00"}', to=READING, arrived=None)
def test_whatever_comes_is_read_or_malformed(payload, to, arrived):
    try:
        read = read_message(Message(to, payload, arrived))
    except Malformed:
        return
    if isinstance(read, PhoneSeries):
        assert np.isfinite(read.samples.columns.value).all()
        assert len(read.samples.columns) == 1


@given(
    st.text(max_size=80) | st.lists(st.sampled_from(["pollux", str(PATIENT), "samples", "a"])).map("/".join)
)
def test_topic_is_somebodys_or_nobodys(topic):
    found = address(topic)
    assert found is None or f"pollux/{found.patient}/{found.below}" == topic
