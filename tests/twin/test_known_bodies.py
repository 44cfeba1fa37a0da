"""A body that comes again is known by its bytes, unread, for as long as the store holds what it says."""

import gzip
import random
import threading
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import make
import orjson
import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone
from locks import is_waited_for
from phones import DAY, MINUTE, NOON, counts, pulse

from backend.actor import acting_for_all, acting_on
from backend.models import AuditEvent, CareGrant, Patient
from twin.models import SampleBatch, SeriesBlock, Source
from twin.series import store
from twin.services.reading import read_upload
from twin.services.samples import KEPT, forget_batches


def body(*series: Any, **fields: Any) -> bytes:
    return orjson.dumps({"series": list(series)} | fields)


def send(client: Client, content: bytes, key: str | None = None, encoding: str = "identity") -> Any:
    """The answer to a body that is named beside it."""
    headers = {"Idempotency-Key": key or str(uuid4()), "Content-Encoding": encoding}
    return client.post("/api/v1/samples", content, content_type="application/json", headers=headers)


def held(patient: Patient, kind: str = "heart_rate") -> list[tuple[int, float]]:
    with acting_on(patient.id):
        columns = store.read(patient.id, kind, 0, store.LATEST_MS).columns
    return list(zip(((columns.start - NOON) // MINUTE).tolist(), columns.value.tolist(), strict=True))


def is_known(client: Client, content: bytes) -> bool:
    """Whether it is answered although nothing of the store can be read."""
    with acting_for_all():
        blocks = dict(SeriesBlock.objects.exclude(data=None).values_list("pk", "data"))
        SeriesBlock.objects.exclude(data=None).update(data=b"damaged")
    client.raise_request_exception = False
    answer = send(client, content)
    client.raise_request_exception = True
    with acting_for_all():
        for key, data in blocks.items():
            SeriesBlock.objects.filter(pk=key).update(data=data)
    assert answer.status_code in (200, 500)
    return answer.status_code == 200


@pytest.fixture
def pia(client_of):
    return client_of("pia")


def test_same_body_under_another_key_is_known_unread(cast, pia):
    content = body(pulse(60, 61), pulse(62, source="Band"), pulse(20, kind="steps", unit="count", start=NOON))
    first, again = send(pia, content), send(pia, content)

    assert counts(first) == [{"stored": 2}, {"stored": 1}, {"stored": 1}]
    assert counts(again) == [{"known": 2}, {"known": 1}, {"known": 1}]
    assert again.json() == send(pia, body(*orjson.loads(content)["series"], time_zone=None)).json()
    assert is_known(pia, content)
    assert sorted(held(cast.pia_patient)) == [(0, 60.0), (0, 62.0), (1, 61.0)]


def test_body_that_is_known_is_remembered_under_its_new_key(cast, pia):
    content, other = body(pulse(60, 61)), body(pulse(60, 61, 62))
    send(pia, content, "first")
    told = send(pia, content, "second").json()

    assert send(pia, content, "second").json() == told | {"repeated": True}
    assert send(pia, content, "first").json()["series"][0]["stored"] == 2
    send(pia, other, "third")
    for key in ("first", "second"):
        refused = send(pia, other, key)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "batch_id")
    # A name is a name, wherever it stands.
    named = body(pulse(60, 61), batch_id="second")
    assert pia.post("/api/v1/samples", named, content_type="application/json").json()["repeated"] is True


def test_body_is_known_for_as_long_as_any_key_of_its_is(cast, pia):
    content = body(pulse(60))
    send(pia, content, "old")
    send(pia, content, "new")
    now = timezone.now()
    with acting_for_all():
        SampleBatch.objects.filter(batch_id="old").update(received_at=now - KEPT - timedelta(seconds=1))
    assert forget_batches(now=now) == 1
    assert is_known(pia, content)
    with acting_for_all():
        SampleBatch.objects.update(received_at=now - KEPT - timedelta(seconds=1))
    forget_batches(now=now)
    assert not is_known(pia, content)


def test_source_of_a_known_body_is_in_touch_and_says_nothing_new(cast, pia):
    content = body(pulse(60), pulse(source="Band"))
    send(pia, content)
    ago = timezone.now() - timedelta(days=9)
    with acting_on(cast.pia_patient.id):
        Source.objects.update(last_sync_at=ago, silent_since=ago)
    assert is_known(pia, content)
    with acting_on(cast.pia_patient.id):
        (source,) = Source.objects.all()
    assert source.last_sync_at > timezone.now() - timedelta(minutes=1)
    assert source.silent_since == ago


def replaced_by_the_phone(_: Patient, pia: Client) -> None:
    assert counts(send(pia, body(pulse(65, start=NOON + MINUTE)))) == [{"replaced": 1}]


def withdrawn_by_the_phone(_: Patient, pia: Client) -> None:
    assert counts(send(pia, body(pulse(None, start=NOON + MINUTE)))) == [{"deleted": 1}]


def flagged_by_the_phone(_: Patient, pia: Client) -> None:
    assert counts(send(pia, body(pulse(61, start=NOON + MINUTE, flags=[2])))) == [{"replaced": 1}]


def replaced_by_a_file(patient: Patient, _: Client) -> None:
    export = b"start,kind,value,unit,source\n2026-03-01T12:01:00Z,heart_rate,65,bpm,Watch\n"
    read_upload(make.make_upload(patient, export).id, now=timezone.now())


@pytest.mark.parametrize(
    ("undo", "outcome"),
    [
        (replaced_by_the_phone, {"known": 2, "replaced": 1}),
        (withdrawn_by_the_phone, {"stored": 1, "known": 2}),
        (flagged_by_the_phone, {"known": 2, "replaced": 1}),
        (replaced_by_a_file, {"known": 2, "replaced": 1}),
    ],
)
def test_body_of_which_a_sample_was_undone_is_read_again(cast, pia, undo, outcome):
    content = body(pulse(60, 61, 62))
    send(pia, content, "first")
    undo(cast.pia_patient, pia)

    assert not is_known(pia, content)
    assert counts(send(pia, content)) == [outcome]
    assert held(cast.pia_patient) == [(0, 60.0), (1, 61.0), (2, 62.0)]
    # A retry is answered as it was, and brings nothing back.
    undo(cast.pia_patient, pia)
    before = held(cast.pia_patient)
    assert send(pia, content, "first").json()["series"][0]["stored"] == 3
    assert held(cast.pia_patient) == before


def test_body_of_which_a_person_deleted_a_sample_is_read_again_and_that_one_suppressed(cast, pia):
    content = body(pulse(60, 61, source="Typed in"))
    send(pia, content)
    path, taken_back = "/api/v1/patients/me/observations", "2026-03-01T12:00:00Z"
    assert pia.delete(path, query_params={"kind": "heart_rate", "start": taken_back}).status_code == 204

    assert not is_known(pia, content)
    assert counts(send(pia, content)) == [{"known": 1, "suppressed": 1}]
    assert not is_known(pia, content)
    assert held(cast.pia_patient) == [(1, 61.0)]


def test_body_whose_samples_were_erased_is_read_again(cast, pia):
    content = body(pulse(60, 61, 62))
    send(pia, content)
    with acting_on(cast.pia_patient.id):
        store.erase(cast.pia_patient.id)
    assert counts(send(pia, content)) == [{"stored": 3}]


def test_erased_patient_has_no_body_that_is_known(cast, pia):
    content = body(pulse(60))
    send(pia, content)
    with acting_for_all():
        Patient.objects.filter(id=cast.pia_patient.id).delete()
    assert send(pia, content).status_code == 404


@pytest.mark.parametrize(
    "also",
    [
        [pulse(63, start=NOON + 3 * MINUTE)],
        [pulse(70, 71, 72, source="Band")],
        [pulse(5, 6, 7, kind="steps", unit="count")],
        # What was said between other times is no matter of its.
        [pulse(60, start=NOON + DAY), pulse(65, start=NOON + DAY)],
        [pulse(60, start=NOON - DAY), pulse(None, start=NOON - DAY)],
    ],
)
def test_additions_and_what_befell_other_times_leave_it_known(pia, also):
    content = body(pulse(60, 61, 62))
    send(pia, content)
    for series in also:
        send(pia, body(series))
    assert is_known(pia, content)


@pytest.mark.parametrize(
    ("before", "content"),
    [
        (body(pulse(59)), body(pulse(60, 61))),
        (body(), body(pulse(60), pulse(61))),
        (body(), body(pulse(60, 9000))),
        (body(), body(pulse(60), pulse(1, kind="luck"))),
        (body(), body(pulse(60, None))),
        (body(pulse(None)), body(pulse(None))),
        (body(), body(pulse(60), sent_at="2026-03-01T12:00:00Z")),
        (body(), body(pulse(60), time_zone="Europe/Berlin")),
        (body(), body(pulse())),
        (body(), body()),
    ],
    ids=[
        "replaces",
        "replaces its own",
        "one refused",
        "a kind refused",
        "one withdrawn",
        "withdrawn before",
        "says when",
        "says where",
        "holds no sample",
        "holds no series",
    ],
)
def test_body_that_is_not_in_the_store_just_as_it_says_is_not_known_by_its_bytes(cast, pia, before, content):
    send(pia, before)
    assert send(pia, content, "a").status_code == 200
    with acting_for_all():
        assert SampleBatch.objects.get(batch_id="a").body_digest is None


def test_body_that_a_person_had_deleted_of_is_not_known_by_its_bytes(cast, pia):
    typed = {"kind": "heart_rate", "value": 60, "unit": "/min", "start": "2026-03-01T12:00:00Z"}
    path = "/api/v1/patients/me/observations"
    pia.post(path, typed, content_type="application/json")
    pia.delete(path, query_params={"kind": "heart_rate", "start": typed["start"]})
    content = body(pulse(60, 61, source="Typed in"))
    assert counts(send(pia, content)) == [{"stored": 1, "suppressed": 1}]
    assert not is_known(pia, content)


def test_body_with_its_name_in_it_is_not_known_by_its_bytes(cast, pia):
    content = body(pulse(60), batch_id="a")
    send(pia, content, "a")
    with acting_for_all():
        assert SampleBatch.objects.get().body_digest is None


def test_other_bytes_and_packed_ones_are_bodies_of_their_own(pia):
    content = body(pulse(60, 61))
    packed = gzip.compress(content)
    send(pia, content)
    assert not is_known(pia, content + b" ")
    assert counts(send(pia, packed, encoding="gzip")) == [{"known": 2}]
    assert counts(send(pia, packed, encoding="gzip")) == [{"known": 2}]
    assert send(pia, packed).status_code == 400
    assert send(pia, content, encoding="gzip").status_code == 400
    assert send(pia, content, encoding="br").status_code == 415


def test_same_bytes_of_another_person_are_read_and_are_of_her_own_patient(cast, client_of, pia):
    content = body(pulse(60, 61))
    send(pia, content)
    assert counts(send(client_of("paul"), content)) == [{"stored": 2}]
    assert send(client_of("dora"), content).status_code == 404
    assert held(cast.paul_patient) == held(cast.pia_patient)


@pytest.fixture
def looks(cast):
    """A function: how often dora's sending of samples stands in pia's audit."""

    def count() -> int:
        with acting_for_all():
            return AuditEvent.objects.filter(
                patient=cast.pia_patient, actor=cast.dora, what="samples"
            ).count()

    return count


def test_body_of_a_caregiver_is_known_and_audited_each_time(cast, client_of, pia, looks):
    content = body(pulse(60, 61), patient=str(cast.pia_patient.id))
    dora = client_of("dora")
    send(pia, content)
    assert (counts(send(dora, content)), looks()) == ([{"known": 2}], 1)
    assert counts(send(dora, content, "a")) == [{"known": 2}]
    assert send(dora, content, "a").json()["repeated"] is True
    assert looks() == 3
    assert is_known(dora, content)
    assert looks() == 4
    # What is known of the body until it is looked at again is the one look.
    replaced_by_the_phone(cast.pia_patient, pia)
    assert counts(send(dora, content)) == [{"known": 1, "replaced": 1}]
    assert looks() == 5


def grants_of_dora(cast: make.Cast) -> Any:
    return CareGrant.objects.filter(patient=cast.pia_patient, person=cast.dora)


@pytest.mark.parametrize(
    "narrowed",
    [
        {"revoked_at": timezone.now(), "revoked_by": "pia"},
        {"ends_at": timezone.now()},
        {"act": []},
        {"read": ["glucose"], "act": ["glucose"]},
    ],
    ids=["revoked", "ended", "reads only", "acts in another topic"],
)
def test_body_of_somebody_who_may_no_longer_act_is_absent(cast, client_of, looks, narrowed):
    content, dora = body(pulse(60, 61), patient=str(cast.pia_patient.id)), client_of("dora")
    assert send(dora, content, "a").status_code == 200
    if "revoked_by" in narrowed:
        narrowed |= {"revoked_by": cast.pia}
    with acting_for_all():
        assert grants_of_dora(cast).update(**narrowed) == 1
    assert [send(dora, content, key).status_code for key in ("a", "b")] == [404, 404]
    assert looks() == 1
    with acting_for_all():
        assert list(SampleBatch.objects.values_list("batch_id", flat=True)) == ["a"]


@pytest.mark.parametrize("key", ["", "a" * 101, "a\x7f", "\xa0"])
def test_key_that_names_nothing_is_refused(pia, key):
    headers = {"Idempotency-Key": key}
    refused = pia.post("/api/v1/samples", body(pulse(60)), content_type="application/json", headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_key_and_batch_id_are_one_name_or_none(cast, pia):
    refused = send(pia, body(pulse(60), batch_id="a"), "b")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "batch_id")
    assert send(pia, body(pulse(60), batch_id="a"), "a").json()["repeated"] is False
    assert send(pia, body(pulse(60)), "a").json()["repeated"] is True
    assert held(cast.pia_patient) == [(0, 60.0)]


def test_batch_that_is_known_by_its_body_has_its_edges(cast):
    fields = {"patient": cast.pia_patient, "content": "", "answer": {}, "received_at": timezone.now()}
    for wrong in (
        {"body_digest": "a"},
        {"body_digest": "a", "first_at": 1},
        {"first_at": 0, "last_at": 1},
        {"body_digest": "a", "first_at": 1, "last_at": 0},
    ):
        with pytest.raises(IntegrityError, match="batch_known_by_its_body"), acting_for_all():
            SampleBatch.objects.create(batch_id="a", **fields, **wrong)
    with acting_for_all():
        SampleBatch.objects.create(batch_id="a", **fields, body_digest="a", first_at=0, last_at=0)


def statement(chance: random.Random) -> bytes:
    """One of few bodies, so that the same ones come again; some correct, some withdraw."""
    values = [chance.choice([60, 60, 60, 61, None]) for _ in range(chance.choice([1, 2]))]
    return body(pulse(*values, start=NOON + MINUTE * chance.randrange(3)))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_came_before_a_known_body_is_answered_as_one_that_is_read(cast, client_of, seed):
    """Two people say and undo the same; one's bodies are named within, so that each is read."""
    chance = random.Random(seed)
    pia, paul = client_of("pia"), client_of("paul")
    known = 0
    for step in range(25):
        content = statement(chance)
        named = body(*orjson.loads(content)["series"], batch_id=str(step))
        read = paul.post("/api/v1/samples", named, content_type="application/json")
        answer = send(pia, content, str(step))
        assert answer.json() == read.json()
        assert held(cast.pia_patient) == held(cast.paul_patient)
        known += counts(answer)[0].get("known", 0)
        if chance.random() < 0.1:
            for patient in (cast.pia_patient, cast.paul_patient):
                replaced_by_a_file(patient, pia)
    assert known


def log_in(patient: Patient) -> Client:
    client = Client()
    client.force_login(patient.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def in_a_thread(work: Any) -> threading.Thread:
    def closing() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=closing)
    thread.start()
    return thread


def test_body_that_comes_while_a_sample_of_it_is_withdrawn_waits_and_is_read(transactional_db):
    patient = make.make_patient()
    content, answers = body(pulse(60, 61)), []
    send(log_in(patient), content)
    with acting_on(patient.id):
        source = Source.objects.get().id
        assert store.delete(patient.id, "heart_rate", source, NOON, 0) == 1
        thread = in_a_thread(lambda: answers.append(send(log_in(patient), content)))
        deadline = time.monotonic() + 20
        while not is_waited_for():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    thread.join()
    assert counts(answers[0]) == [{"known": 1, "suppressed": 1}]
    assert held(patient) == [(1, 61.0)]
    with acting_for_all():
        assert set(SampleBatch.objects.values_list("body_digest", flat=True)) == {None}


def test_one_body_sent_four_times_at_once_is_taken_once_a_key(transactional_db):
    patient = make.make_patient()
    content, answers = body(pulse(*range(60, 90))), []
    threads = [
        in_a_thread(lambda key=key: answers.append(send(log_in(patient), content, key).json()))
        for key in ("a", "a", "b", "b")
    ]
    for thread in threads:
        thread.join()
    assert sorted(answer["repeated"] for answer in answers) == [False, False, True, True]
    assert sorted(answer["series"][0]["stored"] for answer in answers) == [0, 0, 30, 30]
