import math
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake.phone import MOST_SAMPLES, MOST_SERIES, Malformed, batch_name, read_batch
from twin.series.columns import UNKNOWN_OFFSET

PULSE = {"kind": "heart_rate", "unit": "/min", "source": "Watch", "start": [1000, 2000], "value": [60, 61.5]}


def body(*series, **fields):
    return {"batch_id": "one", "series": list(series)} | fields


def only(**fields):
    """The one series of a body whose pulse has these fields too."""
    return read_batch(body(PULSE | fields)).series[0]


def test_batch_of_the_least_that_is_taken():
    batch = read_batch(body(PULSE))

    assert (batch.batch_id, batch.patient, batch.sent_at, batch.time_zone) == ("one", None, None, None)
    (one,) = batch.series
    assert (one.samples.kind, one.samples.unit, one.samples.source) == ("heart_rate", "/min", "Watch")
    columns = one.samples.columns
    assert columns.start.tolist() == [1000, 2000]
    assert columns.duration.tolist() == [0, 0]
    assert columns.value.tolist() == [60.0, 61.5]
    assert (columns.offset, columns.flags, one.withdrawn) == (None, None, None)


def test_batch_says_who_when_and_where():
    patient = "01890000-0000-7000-8000-000000000000"
    batch = read_batch(body(patient=patient, sent_at="2026-03-01T12:00:00+01:00", time_zone="Europe/Berlin"))

    assert batch.patient == UUID(patient)
    assert batch.sent_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert batch.time_zone == "Europe/Berlin"
    assert read_batch(body(patient="me")).patient is None


def test_series_with_every_column():
    one = only(end=[1500, 2000], value=[None, 61], offset=[120, None], flags=[2, 9], deleted=[True, False])

    assert one.samples.columns.duration.tolist() == [500, 0]
    assert math.isnan(one.samples.columns.value[0])
    assert one.samples.columns.offset.tolist() == [120, UNKNOWN_OFFSET]
    assert one.samples.columns.flags.tolist() == [2, 8]  # what is usual is not for the phone to say
    assert one.withdrawn.tolist() == [True, False]


def test_series_of_no_samples_and_of_no_deletions():
    assert len(read_batch(body(PULSE | {"start": [], "value": []})).series[0].samples.columns) == 0
    assert only(deleted=[False, False]).withdrawn is None


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"start": [1000]}, "series.0.value"),
        ({"start": 1000}, "series.0.start"),
        ({"start": None}, "series.0.start"),
        ({"start": [1000, "2000"]}, "series.0.start.1"),
        ({"start": [1000, 2000.0]}, "series.0.start.1"),
        ({"start": [True, 2000]}, "series.0.start.0"),
        ({"start": [1000, 2**63]}, "series.0.start"),
        ({"end": [1000]}, "series.0.end"),
        ({"end": [1000, None]}, "series.0.end.1"),
        ({"value": None}, "series.0.value"),
        ({"value": [60, "61"]}, "series.0.value.1"),
        ({"value": [60, False]}, "series.0.value.1"),
        ({"value": [60, [61]]}, "series.0.value.1"),
        ({"offset": [0, 961]}, "series.0.offset.1"),
        ({"offset": [0, 1.5]}, "series.0.offset.1"),
        ({"flags": [0, 32]}, "series.0.flags.1"),
        ({"flags": [0, None]}, "series.0.flags.1"),
        ({"deleted": [0, 1]}, "series.0.deleted.0"),
        ({"deleted": [True]}, "series.0.deleted"),
        ({"kind": 7}, "series.0.kind"),
        ({"kind": "k" * 201}, "series.0.kind"),
        ({"unit": None}, "series.0.unit"),
        ({"source": "a\0b"}, "series.0.source"),
        ({"values": []}, "series.0.values"),
    ],
)
def test_series_that_is_malformed_names_the_place(fields, place):
    with pytest.raises(Malformed) as malformed:
        only(**fields)
    assert malformed.value.place == place


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([], ""),
        (None, ""),
        ({}, "batch_id"),
        (body(batch_id=""), "batch_id"),
        (body(batch_id="a\n"), "batch_id"),
        (body(batch_id="a" * 101), "batch_id"),
        ({"batch_id": "one"}, "series"),
        ({"batch_id": "one", "series": {}}, "series"),
        (body(None), "series.0"),
        (body(PULSE, []), "series.1"),
        (body(*[PULSE] * (MOST_SERIES + 1)), "series"),
        (body(PULSE | {"start": [0] * (MOST_SAMPLES + 1), "value": [0] * (MOST_SAMPLES + 1)}), "series"),
        (body(patient="you"), "patient"),
        (body(patient=7), "patient"),
        (body(sent_at="yesterday"), "sent_at"),
        (body(sent_at="2026-03-01T12:00:00"), "sent_at"),
        (body(time_zone="Europe/Atlantis"), "time_zone"),
        (body(time_zone="../../etc/passwd"), "time_zone"),
        (body(time_zone=""), "time_zone"),
        (body(serie=[]), "serie"),
    ],
)
def test_batch_that_is_malformed_names_the_place(given, place):
    with pytest.raises(Malformed) as malformed:
        read_batch(given)
    assert malformed.value.place == place


def test_name_comes_in_the_body_or_beside_it():
    beside = {"series": [PULSE]}
    assert read_batch(beside, "two").batch_id == "two"
    assert read_batch(beside | {"batch_id": None}, "two").batch_id == "two"
    assert read_batch(body(PULSE), "one").batch_id == "one"
    with pytest.raises(Malformed, match="Idempotency-Key") as malformed:
        read_batch(body(PULSE), "two")
    assert malformed.value.place == "batch_id"


@pytest.mark.parametrize("name", ["", "a" * 101, "a\n", "\x7f"])
def test_name_that_is_none_is_malformed(name):
    with pytest.raises(Malformed) as malformed:
        batch_name(name, "Idempotency-Key")
    assert malformed.value.place == "Idempotency-Key"


@pytest.mark.parametrize(
    ("more", "digest"),
    [
        ({}, "ab"),
        ({"patient": "01890000-0000-7000-8000-000000000000"}, "ab"),
        ({"sent_at": None, "time_zone": None, "batch_id": None}, "ab"),
        ({"series": [PULSE | {"deleted": [False, False]}]}, "ab"),
        ({"batch_id": "one"}, None),
        ({"sent_at": "2026-03-01T12:00:00Z"}, None),
        ({"time_zone": "Europe/Berlin"}, None),
        ({"series": [PULSE, PULSE | {"deleted": [False, True]}]}, None),
    ],
)
def test_body_can_be_known_again_when_it_says_nothing_but_samples(more, digest):
    assert read_batch({"series": [PULSE]} | more, "one", "ab").body_digest == digest


def test_content_is_what_the_series_say_and_nothing_else():
    content = read_batch(body(PULSE)).content()

    assert read_batch(body(PULSE, sent_at="2026-03-01T12:00:00Z", batch_id="two")).content() == content
    assert read_batch(body(PULSE | {"value": [60.0, 61.5], "deleted": [False, False]})).content() == content
    others = [
        body(),
        body(PULSE, PULSE),
        body(PULSE | {"kind": "steps"}),
        body(PULSE | {"value": [61.5, 60]}),
        body(PULSE | {"end": [1000, 2001]}),
        body(PULSE | {"flags": [0, 2]}),
        body(PULSE | {"offset": [0, 0]}),
        body(PULSE | {"deleted": [True, False]}),
    ]
    assert len({read_batch(other).content() for other in others} | {content}) == len(others) + 1


TEXTS = st.text("a\0é", max_size=3)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.floats(), TEXTS, st.lists(st.none())
)
NAMES = ("kind", "unit", "source", "start", "end", "value", "offset", "flags", "deleted")


@given(st.dictionaries(st.sampled_from(NAMES), st.one_of(SCALARS, st.lists(SCALARS, max_size=3))))
def test_any_series_is_read_or_malformed(fields):
    try:
        columns = only(**fields).samples.columns
    except Malformed:
        return
    assert len(columns.duration) == len(columns.value) == len(columns.start)


@given(st.recursive(SCALARS, lambda inner: st.dictionaries(TEXTS, inner) | st.lists(inner)))
def test_any_body_is_read_or_malformed(given):
    with pytest.raises(Malformed):
        read_batch(given)


def test_series_of_extreme_instants_wraps_around_to_nothing_plausible():
    one = only(start=[-(2**63), 2**63 - 1], end=[2**63 - 1, -(2**63)])
    assert one.samples.columns.duration.dtype == np.int64
