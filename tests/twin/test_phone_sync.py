"""What a phone hands over: every sample accounted for, safe to send again, withdrawn at its word."""

import gzip
import json
import os
from datetime import timedelta
from threading import Thread
from typing import Any

import make
import orjson
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from phones import COUNTS, DAY, MINUTE, NOON, counts, pulse

from backend.actor import acting_for_all, acting_on
from backend.models import Change, Patient
from backend.rest import BulkBody
from twin.intake import phone
from twin.models import DaySummary, SampleBatch, SeriesBlock, Source, StaleDays
from twin.series import store
from twin.services.intake import MOST_SOURCES
from twin.services.observations import TYPED_IN
from twin.services.reading import read_upload
from twin.services.samples import KEPT, MOST_PLACES, forget_batches
from twin.services.stale_days import SETTLE, digest_stale, stale_patients


def post(client: Client, *series: Any, batch_id: str | None = None, **fields: Any) -> Any:
    body = {"batch_id": batch_id or os.urandom(8).hex(), "series": list(series)} | fields
    return client.post("/api/v1/samples", body, content_type="application/json")


def held(patient: Patient, kind: str = "heart_rate") -> list[tuple[int, float]]:
    with acting_on(patient.id):
        columns = store.read(patient.id, kind, 0, store.LATEST_MS).columns
    minutes = ((columns.start - NOON) // MINUTE).tolist()
    return list(zip(minutes, columns.value.tolist(), strict=True))


@pytest.fixture
def pia(client_of):
    return client_of("pia")


def test_batch_is_stored_and_each_series_answered(cast, pia):
    steps = {"kind": "steps", "unit": "count", "source": "Phone", "start": [NOON], "end": [NOON + MINUTE]}
    answer = post(pia, pulse(60, 61), steps | {"value": [20]})

    zero = dict.fromkeys(COUNTS, 0) | {"refused_at": []}
    assert answer.json() == {
        "repeated": False,
        "series": [
            zero | {"kind": "heart_rate", "source": "Watch", "stored": 2},
            zero | {"kind": "steps", "source": "Phone", "stored": 1},
        ],
    }
    assert held(cast.pia_patient) == [(0, 60.0), (1, 61.0)]
    assert held(cast.pia_patient, "steps") == [(0, 20.0)]


def test_batches_that_overlap_are_one_series(cast, pia):
    post(pia, pulse(60, 61, 62))
    assert counts(post(pia, pulse(61, 65, 63, start=NOON + MINUTE))) == [
        {"stored": 1, "known": 1, "replaced": 1}
    ]
    assert held(cast.pia_patient) == [(0, 60.0), (1, 61.0), (2, 65.0), (3, 63.0)]


def test_batch_sent_again_is_answered_again_and_changes_nothing(cast, pia):
    first = post(pia, pulse(60, 61), batch_id="a", sent_at="2026-03-01T12:00:00Z").json()
    post(pia, pulse(None))
    again = post(pia, pulse(60, 61), batch_id="a", sent_at="2026-03-01T12:00:05Z").json()

    assert again == first | {"repeated": True}
    assert held(cast.pia_patient) == [(1, 61.0)]


def test_batch_id_used_for_other_content_is_refused(cast, pia):
    post(pia, pulse(60), batch_id="a")
    refused = post(pia, pulse(61), batch_id="a")

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "batch_id")
    assert held(cast.pia_patient) == [(0, 60.0)]


def test_what_cannot_be_stored_is_refused_by_its_index_and_the_rest_is_stored(cast, pia):
    future = pulse(60) | {"start": [4_000_000_000_000]}
    long_ago = pulse(60) | {"start": [-4_000_000_000_000]}
    backwards = pulse(60, end=[NOON - 1])
    wrapped = pulse(60, end=[-(2**63)])
    answer = post(
        pia,
        pulse(60, 1e308, 61, 0) | {"value": [60, 4000, 61, None]},
        pulse(1, kind="luck"),
        pulse(1, 2, unit="furlong"),
        *(future, long_ago, backwards, wrapped),
    )

    assert counts(answer)[0] == {"stored": 2, "refused": 2}
    assert [one["refused_at"] for one in answer.json()["series"]] == [
        [{"index": 1, "code": "out_of_range"}, {"index": 3, "code": "not_a_number"}],
        [{"index": 0, "code": "unknown_kind"}],
        [{"index": 0, "code": "unknown_unit"}, {"index": 1, "code": "unknown_unit"}],
        *[[{"index": 0, "code": "implausible_time"}]] * 4,
    ]
    assert held(cast.pia_patient) == [(0, 60.0), (2, 61.0)]


def test_answer_names_no_more_places_than_it_says(pia):
    series = pulse(*[60.0] * 800, kind="luck")
    answer = post(pia, series, series).json()["series"]

    assert [(one["refused"], len(one["refused_at"])) for one in answer] == [
        (800, 800),
        (800, MOST_PLACES - 800),
    ]


def test_units_are_converted_and_flags_and_offsets_kept(cast, pia):
    sugar = {"kind": "glucose", "unit": "mmol/L", "source": "Sensor", "start": [NOON], "value": [5.5]}
    post(pia, sugar | {"offset": [60], "flags": [8]})
    with acting_on(cast.pia_patient.id):
        columns = store.read(cast.pia_patient.id, "glucose", 0, store.LATEST_MS).columns
    assert columns.value.tolist() == [pytest.approx(99.1, abs=0.1)]
    assert (columns.offset.tolist(), columns.flags.tolist()) == ([60], [8])


@pytest.mark.parametrize(
    ("batches", "left"),
    [
        # An edit on the phone is a deletion and an addition; what is said last counts.
        ([[60], [None]], []),
        ([[60], [None], [62]], [(0, 62.0)]),
        ([[60], [62], [None]], []),
        ([[None], [60]], [(0, 60.0)]),
        ([[None], [None], [60], [60]], [(0, 60.0)]),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_statements_of_the_phone_count_one_by_one_in_one_batch_or_several(cast, pia, batches, left, together):
    statements = [pulse(*values) for values in batches]
    for each in [statements] if together else [[one] for one in statements]:
        post(pia, *each)
    assert held(cast.pia_patient) == left


def test_withdrawal_is_counted_once_and_needs_no_value(cast, pia):
    post(pia, pulse(60, 61))
    assert counts(post(pia, pulse(None, 61))) == [{"deleted": 1, "known": 1}]
    assert counts(post(pia, pulse(None, None))) == [{"deleted": 1, "known": 1}]


def test_withdrawal_is_respected_by_an_older_export(cast, pia):
    export = b"start,kind,value,unit,source\n2026-03-01T12:00:00Z,heart_rate,60,bpm,Watch\n"
    post(pia, pulse(60))
    post(pia, pulse(None))
    read_upload(make.make_upload(cast.pia_patient, export).id, now=timezone.now())
    assert held(cast.pia_patient) == []
    post(pia, pulse(60))
    assert held(cast.pia_patient) == [(0, 60.0)]


def test_what_a_person_took_back_is_not_brought_back_by_a_phone(cast, pia):
    observation = {"kind": "heart_rate", "value": 60, "unit": "/min", "start": "2026-03-01T12:00:00Z"}
    path = "/api/v1/patients/me/observations"
    pia.post(path, observation, content_type="application/json")
    pia.delete(path, query_params={"kind": "heart_rate", "start": "2026-03-01T12:00:00Z"})
    answer = post(pia, pulse(None, 61, source=TYPED_IN), pulse(60, source=TYPED_IN))

    assert counts(answer) == [{"known": 1, "stored": 1}, {"suppressed": 1}]
    assert answer.json()["series"][1]["refused_at"] == [{"index": 0, "code": "suppressed"}]
    pia.post(path, observation, content_type="application/json")
    assert held(cast.pia_patient) == [(0, 60.0), (1, 61.0)]


def test_batch_of_somebody_who_may_not_act_in_a_topic_is_absent_and_stores_nothing(cast, client_of):
    patient = str(cast.pia_patient.id)
    sugar = pulse(100, kind="glucose", unit="mg/dL")
    assert post(client_of("dora"), pulse(60), patient=patient).status_code == 200
    assert post(client_of("dora"), pulse(61), sugar, patient=patient).status_code == 404
    assert post(client_of("paul"), pulse(62), patient=patient).status_code == 404
    assert held(cast.pia_patient) == [(0, 60.0)]
    assert held(cast.paul_patient) == []


def test_batch_packed_by_gzip_is_taken(cast, pia):
    body = gzip.compress(orjson.dumps({"batch_id": "a", "series": [pulse(60)]}))
    packed = {"content_type": "application/json", "headers": {"Content-Encoding": "gzip"}}
    assert pia.post("/api/v1/samples", body, **packed).status_code == 200
    assert held(cast.pia_patient) == [(0, 60.0)]
    for spoiled in (body[:-1], body + b"x", body + body, b"x" + body):
        assert pia.post("/api/v1/samples", spoiled, **packed).status_code == 400


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"{", "identity", 400),
        (b'{"batch_id": "\xff"}', "identity", 400),
        (b"[" * 2_000, "identity", 400),
        (b"{}", "br", 415),
        (b"{}", "identity", 422),
        (b'["' + b"a" * BulkBody.most_bytes + b'"]', "identity", 413),
        (b"[" + b"0," * BulkBody.most_commas + b"0,0]", "identity", 413),
        (b"[" * BulkBody.most_brackets + b"[", "identity", 413),
        (gzip.compress(b" " * (BulkBody.most_bytes + 1)), "gzip", 413),
    ],
)
def test_body_that_cannot_be_taken_is_a_problem(pia, body, encoding, status):
    headers = {"Content-Encoding": encoding}
    answer = pia.post("/api/v1/samples", body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_the_largest_batch_fits_the_limits_of_the_parser():
    full = {"start": [10**12] * phone.MOST_SAMPLES, "value": [-1.2345678901234567e-300] * phone.MOST_SAMPLES}
    full |= {"end": full["start"], "offset": [-480] * phone.MOST_SAMPLES, "flags": [16] * phone.MOST_SAMPLES}
    body = json.dumps({"series": [full | {"deleted": [False] * phone.MOST_SAMPLES}]}, indent=0).encode()
    assert len(body) < BulkBody.most_bytes
    assert body.count(b",") < BulkBody.most_commas
    assert BulkBody.most_brackets > 8 * phone.MOST_SERIES


def test_largest_batch_is_stored_and_known_again(cast, pia):
    start = list(range(NOON - 1000 * phone.MOST_SAMPLES, NOON, 1000))
    largest = pulse() | {"start": start, "value": [60 + place % 40 for place in range(phone.MOST_SAMPLES)]}
    assert counts(post(pia, largest)) == [{"stored": phone.MOST_SAMPLES}]
    assert counts(post(pia, largest)) == [{"known": phone.MOST_SAMPLES}]
    assert len(held(cast.pia_patient)) == phone.MOST_SAMPLES


def test_source_beyond_the_most_is_refused_by_its_indexes(cast, pia):
    with acting_for_all():
        Source.objects.bulk_create(
            Source(patient=cast.pia_patient, name=str(number)) for number in range(MOST_SOURCES)
        )
    answer = post(pia, pulse(60, 9000), pulse(60, source="7"))
    assert counts(answer) == [{"refused": 2}, {"stored": 1}]
    assert [one["code"] for one in answer.json()["series"][0]["refused_at"]] == [
        "too_many_sources",
        "out_of_range",
    ]


def test_source_is_in_touch_once_a_minute_with_the_skew_of_its_clock(cast, pia):
    ahead = (timezone.now() + timedelta(minutes=5)).isoformat()
    post(pia, pulse(60), sent_at=ahead)

    def source() -> Source:
        with acting_on(cast.pia_patient.id):
            return Source.objects.get()

    first = source()
    assert abs(first.clock_skew_ms - 300_000) < 10_000
    post(pia, pulse(61), sent_at="2026-03-01T12:00:00Z")
    assert (source().last_sync_at, source().clock_skew_ms) == (first.last_sync_at, first.clock_skew_ms)
    with acting_on(cast.pia_patient.id):
        Source.objects.update(
            last_sync_at=first.last_sync_at - timedelta(minutes=2), silent_since=first.last_sync_at
        )
    post(pia, pulse(62))
    assert source().last_sync_at > first.last_sync_at
    assert (source().clock_skew_ms, source().silent_since) == (first.clock_skew_ms, None)


def zone_of(patient: Patient) -> str:
    with acting_on(patient.id):
        return Patient.objects.get(id=patient.id).time_zone


def test_phone_in_another_zone_is_a_move_of_its_owner(cast, pia):
    now = timezone.now()
    post(pia, pulse(60), time_zone="America/New_York", sent_at=now.isoformat())
    assert zone_of(cast.pia_patient) == "America/New_York"
    late = (now - timedelta(hours=5)).isoformat()
    post(pia, pulse(60), time_zone="Europe/Berlin", sent_at=late)
    assert zone_of(cast.pia_patient) == "America/New_York"
    post(pia, pulse(60), time_zone="Europe/Berlin")
    assert zone_of(cast.pia_patient) == "Europe/Berlin"


def test_phone_of_somebody_else_moves_nobody(cast, client_of):
    patient = str(cast.pia_patient.id)
    assert post(client_of("dora"), pulse(60), patient=patient, time_zone="Asia/Tokyo").status_code == 200
    assert zone_of(cast.pia_patient) == "Europe/Berlin"


def test_upload_is_a_sync_of_its_sources(cast):
    now = timezone.now()
    read_upload(make.make_upload(cast.pia_patient, make.minutes_csv(3)).id, now=now)
    with acting_on(cast.pia_patient.id):
        assert Source.objects.get(name="Watch").last_sync_at >= now


def marks(patient: Patient) -> dict[str, tuple[int, int]]:
    with acting_on(patient.id):
        return {mark.kind: (mark.first_at - NOON, mark.last_at - NOON) for mark in StaleDays.objects.all()}


def days(patient: Patient) -> list[tuple[str, int]]:
    with acting_on(patient.id):
        rows = DaySummary.objects.order_by("kind", "day")
        return [(day.isoformat(), count) for day, count in rows.values_list("day", "count")]


def test_batch_marks_its_days_and_a_worker_sums_them_up(cast, pia):
    post(pia, pulse(60, 61))
    post(pia, pulse(62, start=NOON - DAY))
    assert (days(cast.pia_patient), marks(cast.pia_patient)) == ([], {"heart_rate": (-DAY, MINUTE)})
    assert stale_patients(now=timezone.now() + SETTLE, limit=5) == [cast.pia_patient.id]

    digest_stale(cast.pia_patient.id, now=timezone.now())
    assert days(cast.pia_patient) == [("2026-02-28", 1), ("2026-03-01", 2)]
    assert marks(cast.pia_patient) == {}
    assert stale_patients(now=timezone.now() + SETTLE, limit=5) == []
    with acting_on(cast.pia_patient.id):
        assert "series/heart_rate" in Change.objects.values_list("ref", flat=True)


def test_batch_that_changes_nothing_marks_nothing_and_writes_no_block(cast, pia):
    post(pia, pulse(60, 61))
    digest_stale(cast.pia_patient.id, now=timezone.now())
    with acting_on(cast.pia_patient.id), connection.cursor() as cursor:
        versions = "SELECT array_agg(xmin::text) FROM twin_seriesblock"
        before = cursor.execute(versions).fetchall()
        post(pia, pulse(60, 61))
        assert cursor.execute(versions).fetchall() == before
    assert marks(cast.pia_patient) == {}


def test_withdrawal_takes_its_day_along(cast, pia):
    post(pia, pulse(60))
    digest_stale(cast.pia_patient.id, now=timezone.now())
    post(pia, pulse(None))
    digest_stale(cast.pia_patient.id, now=timezone.now())
    assert days(cast.pia_patient) == []


def test_days_of_many_years_are_summed_up(cast, pia):
    post(pia, pulse(60, start=NOON - 900 * DAY), pulse(61))
    digest_stale(cast.pia_patient.id, now=timezone.now())
    assert [count for _, count in days(cast.pia_patient)] == [1, 1]
    assert marks(cast.pia_patient) == {}


def test_days_that_cannot_be_summed_up_stop_no_others_and_wait_at_the_end(cast, pia):
    post(pia, pulse(60), pulse(100, kind="glucose", unit="mg/dL"))
    with acting_on(cast.pia_patient.id):
        SeriesBlock.objects.filter(kind="heart_rate").update(data=b"damaged")
    later = timezone.now() + timedelta(minutes=1)
    digest_stale(cast.pia_patient.id, now=later)
    assert days(cast.pia_patient) == [("2026-03-01", 1)]
    assert list(marks(cast.pia_patient)) == ["heart_rate"]
    with acting_on(cast.pia_patient.id):
        assert StaleDays.objects.get().stale_since == later


def test_forget_batches_forgets_the_old_ones_alone(cast, pia):
    post(pia, pulse(60), batch_id="old")
    later = timezone.now() + KEPT
    post(pia, pulse(61), batch_id="new")
    with acting_for_all():
        SampleBatch.objects.filter(batch_id="new").update(received_at=later)
    assert forget_batches(now=later) == 1
    with acting_for_all():
        assert [row.batch_id for row in SampleBatch.objects.all()] == ["new"]


def test_one_batch_sent_twice_at_once_is_taken_once(transactional_db):
    patient = make.make_patient()
    answers = []

    def send() -> None:
        client = Client()
        client.force_login(patient.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        try:
            answers.append(post(client, pulse(*range(60, 90)), batch_id="a").json())
        finally:
            connection.close()

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer["repeated"] for answer in answers) == [False, True, True, True]
    assert {answer["series"][0]["stored"] for answer in answers} == {30}
