"""Records written by hand: retries, edits of one version by several people, deletions, and other imports."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from threading import Barrier
from unittest.mock import ANY

import make
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from backend.actor import acting_for_all, acting_on
from backend.identifiers import new_id
from backend.models import Change
from backend.rules import Level, Topic
from twin.intake.items import Record as Fact
from twin.intake.items import RecordType
from twin.models import Record, RecordVersion
from twin.report import Report
from twin.services.intake import take_in

JSON = "application/json"
PATH = "/patients/me/records"
ASTHMA = {
    "type": "condition",
    "text": "Asthma",
    "status": "active",
    "start": "2019-05-01T00:00:00Z",
    "note": "Since school.",
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def ask(client_of):
    """A function: who, method, path, body → (status, JSON)."""

    def asking(who, method, path, sent=None):
        body = {} if sent is None else {"data": sent, "content_type": JSON}
        answer = getattr(client_of(who), method)(f"/api/v1{path}", **body)
        return answer.status_code, answer.json() if answer.content else None

    return asking


@pytest.fixture
def asthma(cast, ask):
    """The id of a record that pia typed in; dora may act on her records too."""
    make.make_grant(cast.pia_patient, person=cast.dora, topics={Topic.RECORDS: Level.ACT})
    status, body = ask("pia", "post", PATH, ASTHMA)
    assert status == 201
    return body["id"]


@pytest.fixture
def edit(cast, ask, asthma):
    """A function: text, made on which version, how many minutes after noon, by whom, more → the answer."""

    def editing(text, version=1, minute=0, who="pia", record=asthma, expected=200, **more):
        sent = ASTHMA | {"text": text, "version": version, "edited_at": instant(minute)} | more
        status, body = ask(who, "put", f"/patients/{cast.pia_patient.id}/records/{record}", sent)
        assert status == expected, body
        return body

    return editing


@pytest.fixture
def versions(ask, asthma):
    """A function: what the record said before and what lost → [(text, number, whether it lost)] in order."""

    def reading():
        rows = ask("pia", "get", f"{PATH}/{asthma}/versions")[1]["results"]
        return [(row["text"], row["number"], row["lost_at"] is not None) for row in reversed(rows)]

    return reading


def instant(minute):
    return (NOON + timedelta(minutes=minute)).isoformat()


def refs(patient):
    with acting_on(patient.id):
        return list(Change.objects.order_by("seq").values_list("ref", "op"))


# Adding


def test_record_typed_in_is_listed_and_told(cast, ask):
    status, body = ask("pia", "post", PATH, ASTHMA)
    assert status == 201
    assert body | {"id": None, "edited_at": None} == {
        "id": None, "type": "condition", "text": "Asthma", "code": "", "system": "", "status": "active",
        "start": "2019-05-01T00:00:00Z", "end": None, "note": "Since school.", "source": "Typed in",
        "topic": "records", "typed_in": True, "version": 1, "edited_by": "Pia", "edited_at": None,
        "conflicts": 0,
    }  # fmt: skip
    assert ask("pia", "get", PATH)[1]["results"] == [body]
    assert ask("pia", "get", f"{PATH}/{body['id']}") == (200, body)
    assert refs(cast.pia_patient) == [(f"record/{body['id']}", "set")]


@pytest.mark.parametrize(
    ("type_", "given", "topic"),
    [
        ("condition", None, "records"),
        ("condition", "mental_health", "mental_health"),
        ("medication", None, "medication"),
        ("variant", None, "genes"),
        ("activity", None, "vitals"),
        ("treatment", None, "glucose"),
    ],
)
def test_topic_is_the_types_own_unless_the_writer_says_otherwise(cast, ask, type_, given, topic):
    sent = {"type": type_, "text": "Something", "topic": given}
    assert ask("pia", "post", PATH, sent)[1]["topic"] == topic


def test_add_that_is_sent_again_changes_nothing(cast, ask):
    sent = ASTHMA | {"id": str(new_id()), "edited_at": instant(0)}
    status, first = ask("pia", "post", PATH, sent)
    assert (status, first["id"]) == (201, sent["id"])
    assert ask("pia", "post", PATH, sent) == (200, first)
    assert len(refs(cast.pia_patient)) == 1
    assert ask("pia", "post", PATH, sent | {"text": "Hay fever"})[0] == 422
    edited = {"version": 1, "text": "Hay fever", "edited_at": instant(1)}
    ask("pia", "put", f"{PATH}/{first['id']}", sent | edited)
    status, body = ask("pia", "post", PATH, sent)
    assert (status, body["text"], body["version"]) == (200, "Hay fever", 2)


def test_add_under_anothers_id_is_refused_without_saying_whose(cast, ask):
    sent = ASTHMA | {"id": str(new_id())}
    ask("paul", "post", PATH, sent)
    status, body = ask("pia", "post", PATH, sent)
    assert (status, body["errors"]) == (422, [{"field": "id", "message": "This id is another record's."}])


def test_add_that_comes_again_after_the_deletion_stays_deleted(cast, ask):
    sent = ASTHMA | {"id": str(new_id())}
    ask("pia", "post", PATH, sent)
    assert ask("pia", "delete", f"{PATH}/{sent['id']}?version=1")[0] == 204
    assert ask("pia", "post", PATH, sent)[0] == 422
    assert ask("pia", "get", PATH)[1]["results"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "dream"),
        ("text", ""),
        ("text", "a\0b"),
        ("text", "a" * 2001),
        ("text", "\ud800"),
        ("status", "a" * 41),
        ("start", "yesterday"),
        ("start", "0001-01-01T00:00:00+14:00"),
        ("start", "9999-12-31T23:59:59-14:00"),
        ("end", "2018-01-01T00:00:00Z"),
        ("topic", "gossip"),
        ("id", "00000000-0000-4000-8000-000000000000"),
        ("edited_at", "now"),
    ],
)
def test_bad_record_is_refused_by_field(cast, ask, field, value):
    status, body = ask("pia", "post", PATH, ASTHMA | {field: value})
    assert (status, [error["field"] for error in body["errors"]]) == (400, [field])


def test_record_for_somebody_else_needs_the_topic(cast, ask):
    path = f"/patients/{cast.pia_patient.id}/records"
    assert ask("dora", "post", path, ASTHMA)[0] == 404
    assert ask("dora", "post", path, {"type": "activity", "text": "Swam"})[0] == 201
    assert ask("dora", "post", path, {"type": "activity", "text": "Swam", "topic": "genes"})[0] == 404


# Editing


def test_edit_of_what_stands_follows_it(edit, versions, asthma):
    body = edit("Asthma, mild", minute=5)
    assert (body["outcome"], body["clock_ahead"]) == ("stands", 0)
    assert (body["record"]["text"], body["record"]["version"]) == ("Asthma, mild", 2)
    assert edit("Asthma, severe", version=2, minute=-500)["record"]["version"] == 3
    assert versions() == [("Asthma", 1, False), ("Asthma, mild", 2, False)]


@pytest.mark.parametrize(
    "order", list(permutations([("pia", "mild", 20), ("dora", "severe", 30), ("pia", "gone", 10)]))
)
def test_later_of_edits_of_one_version_stands_whatever_their_order(edit, versions, order, ask, asthma):
    for who, text, minute in order:
        edit(text, minute=minute, who=who)
    record = ask("pia", "get", f"{PATH}/{asthma}")[1]
    assert (record["text"], record["edited_by"], record["conflicts"]) == ("severe", "Dora", 2)
    assert {(text, lost) for text, _, lost in versions()} == {
        ("Asthma", False),
        ("mild", True),
        ("gone", True),
    }


def test_edits_that_arrive_in_the_same_instant_are_all_kept(transactional_db, cast, asthma, versions):
    barrier = Barrier(4)

    def write(minute):
        client = Client()
        client.force_login(cast.pia, backend="allauth.account.auth_backends.AuthenticationBackend")
        sent = ASTHMA | {"text": f"at {minute}", "version": 1, "edited_at": instant(minute)}
        barrier.wait()
        try:
            return client.put(f"/api/v1{PATH}/{asthma}", sent, content_type=JSON).json()["outcome"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(write, range(4)))
    with acting_on(cast.pia_patient.id):
        assert Record.objects.get().text == "at 3"
    assert outcomes[3] in ("stands", "wins")
    assert outcomes.count("stands") == 1
    assert sorted(versions()) == [("Asthma", 1, False), *((f"at {minute}", ANY, True) for minute in range(3))]


def test_edit_that_is_sent_again_changes_nothing(edit, versions, cast):
    first = edit("Asthma, mild", minute=5)
    edit("Asthma, severe", version=2, minute=6)
    told = refs(cast.pia_patient)
    again = edit("Asthma, mild", minute=5)
    assert (again["outcome"], again["record"]["text"]) == ("repeated", "Asthma, severe")
    assert first["record"]["version"] == 2
    assert versions() == [("Asthma", 1, False), ("Asthma, mild", 2, False)]
    assert refs(cast.pia_patient) == told


def test_lost_edit_that_is_sent_again_is_lost_once(edit, versions):
    edit("later", minute=10)
    for _ in range(2):
        body = edit("earlier", minute=5)
    assert (body["outcome"], body["record"]["conflicts"]) == ("repeated", 1)
    assert versions() == [("Asthma", 1, False), ("earlier", 1, True)]


def test_clock_that_is_ahead_is_said_and_wins_nothing(edit):
    body = edit("from the future", edited_at=(timezone.now() + timedelta(hours=2)).isoformat())
    assert 7190 < body["clock_ahead"] <= 7200
    late = edit("honest", who="dora", edited_at=(timezone.now()).isoformat())
    assert late["outcome"] == "wins"


def test_same_words_of_two_people_are_no_conflict(edit, versions):
    edit("Asthma, mild", minute=5)
    body = edit("Asthma, mild", who="dora", minute=9)
    assert (body["outcome"], body["record"]["version"], body["record"]["conflicts"]) == ("agrees", 2, 0)
    # And count as written when the later of them was.
    assert edit("severe", minute=7)["outcome"] == "lost"


def test_conflict_is_settled_by_an_edit_that_has_seen_it(edit, ask, asthma):
    edit("later", minute=10)
    edit("earlier", who="dora", minute=5)
    (lost, _) = ask("pia", "get", f"{PATH}/{asthma}/versions")[1]["results"]
    assert (lost["text"], lost["edited_by"], lost["settled_at"]) == ("earlier", "Dora", None)
    settles = [lost["id"], str(new_id())]
    assert edit("stale", version=1, minute=1, settles=settles)["record"]["conflicts"] == 2
    body = edit("both", version=2, minute=20, settles=settles)
    assert (body["outcome"], body["record"]["conflicts"]) == ("stands", 1)
    stale = next(
        row for row in ask("pia", "get", f"{PATH}/{asthma}/versions")[1]["results"] if row["text"] == "stale"
    )
    # Keeping what stands is an answer too.
    body = edit("both", version=3, minute=21, settles=[stale["id"]])
    assert (body["outcome"], body["record"]["version"], body["record"]["conflicts"]) == ("agrees", 3, 0)


def test_record_stays_of_its_type_and_topic(edit):
    assert edit("Asthma", expected=422, type="allergy")["errors"][0]["field"] == "type"
    assert edit("Asthma", expected=422, topic="mental_health")["errors"][0]["field"] == "type"


def test_record_of_a_file_cannot_be_edited_or_deleted(cast, ask, edit):
    imported = import_fact(cast.pia_patient, "Hay fever")
    assert edit("Asthma", record=imported.id, expected=422)["errors"][0]["field"] == "record"
    assert ask("pia", "delete", f"{PATH}/{imported.id}?version=1")[0] == 422
    assert ask("pia", "get", f"{PATH}/{imported.id}")[1]["typed_in"] is False


def test_record_is_edited_only_by_who_may_act(cast, ask, edit, asthma):
    edit("Asthma, says dora", who="dora", minute=5)
    for who in ("cleo", "paul", "carl", "rita"):
        edit("Asthma, says a stranger", who=who, minute=9, expected=404)
        path = f"/patients/{cast.pia_patient.id}/records/{asthma}"
        assert ask(who, "delete", f"{path}?version=2")[0] == 404
    assert ask("cleo", "get", f"/patients/{cast.pia_patient.id}/records/{asthma}/versions")[0] == 200
    assert ask("paul", "get", f"{PATH}/{asthma}/versions")[0] == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("version", 0), ("version", 2**31), ("version", "x"), ("edited_at", "x"), ("settles", ["x"])],
)
def test_bad_edit_is_refused_by_field(edit, field, value):
    body = edit("Asthma", expected=400, **{field: value})
    assert body["errors"][0]["field"].startswith(field)


# Deleting


def test_deleted_record_leaves_only_its_tombstone(cast, ask, edit, asthma):
    edit("Asthma, mild", minute=5)
    assert ask("pia", "delete", f"{PATH}/{asthma}?version=2") == (204, None)
    assert ask("pia", "delete", f"{PATH}/{asthma}?version=2") == (204, None)
    assert refs(cast.pia_patient)[-1] == (f"record/{asthma}", "delete")
    assert ask("pia", "get", f"{PATH}/{asthma}")[0] == 404
    with acting_for_all():
        assert RecordVersion.objects.count() == 0
    (change,) = ask("pia", "get", "/sync")[1]["changes"]
    assert (change["op"], change["body"]) == ("delete", None)
    assert ask("pia", "delete", f"{PATH}/{new_id()}?version=1")[0] == 404
    assert ask("pia", "delete", f"{PATH}/{asthma}")[0] == 400


def test_deletion_of_what_one_has_not_seen_does_not_stand(ask, edit, asthma):
    edit("Asthma, mild", minute=5)
    status, body = ask("pia", "delete", f"{PATH}/{asthma}?version=1")
    assert (status, body["errors"][0]["field"]) == (422, "version")
    edit("lost", minute=1)
    assert ask("pia", "delete", f"{PATH}/{asthma}?version=2")[0] == 422
    assert ask("pia", "get", f"{PATH}/{asthma}")[1]["text"] == "Asthma, mild"


def test_edit_of_a_record_that_was_deleted_meanwhile_revives_it(cast, ask, edit, asthma):
    edit("Asthma, mild", minute=5)
    ask("pia", "delete", f"{PATH}/{asthma}?version=2")
    body = edit("Asthma, severe", who="dora", version=2, minute=1)
    assert (body["outcome"], body["record"]["id"]) == ("stands", asthma)
    assert (body["record"]["text"], body["record"]["edited_by"]) == ("Asthma, severe", "Dora")
    # Above every version that anybody may have seen.
    assert body["record"]["version"] > 2
    assert refs(cast.pia_patient)[-1] == (f"record/{asthma}", "set")
    edit("Never was", record=new_id(), expected=404)


# Other imports


def import_fact(patient, text, topic=Topic.RECORDS, **body):
    fact = Fact(
        RecordType.CONDITION, "Condition/1", "sct", "195967001", text, "active", NOON,
        None, {"id": "1", **body}, topic, "Clinic",
    )  # fmt: skip
    with acting_on(patient.id):
        report = Report()
        take_in(patient.id, [fact], report=report, touched={}, now=timezone.now())
        row = Record.objects.get(identity="Condition/1")
        row.counts = report.of_type("condition")
        return row


def test_import_that_replaces_a_record_keeps_its_former_words(cast):
    first = import_fact(cast.pia_patient, "Asthma")
    again = import_fact(cast.pia_patient, "Asthma")
    assert (again.counts.known, again.version) == (1, 1)
    now = import_fact(cast.pia_patient, "Asthma, allergic", onset="1999")
    assert (now.id, now.version, now.counts.replaced) == (first.id, 2, 1)
    with acting_on(cast.pia_patient.id):
        (kept,) = RecordVersion.objects.filter(record=now)
    assert (kept.number, kept.lost_at, kept.edited_at) == (1, None, first.updated_at)
    assert (kept.said["text"], kept.said["body"]) == ("Asthma", {"id": "1"})
    assert kept.said["start"] == "2026-03-01T12:00:00+00:00"
    assert refs(cast.pia_patient) == [(f"record/{first.id}", "set")] * 2


def test_import_under_another_topic_takes_the_record_from_who_saw_the_former(cast):
    row = import_fact(cast.pia_patient, "Asthma", Topic.VITALS)
    import_fact(cast.pia_patient, "Asthma", Topic.RECORDS)
    with acting_on(cast.pia_patient.id):
        told = list(Change.objects.order_by("seq").values_list("topic", "ref", "op"))
    assert told[1:] == [("vitals", f"record/{row.id}", "delete"), ("records", f"record/{row.id}", "set")]


def take_back_in(patient, words):
    """The patient's own record in a file that was exported when it said these words."""
    with acting_on(patient.id):
        row = Record.objects.filter(patient=patient).first() or Record(identity=words.pop("identity"))
        fact = Fact(
            RecordType.CONDITION, row.identity, "", "", "Asthma", "active", datetime(2019, 5, 1, tzinfo=UTC),
            None, {"note": "Since school."}, Topic.RECORDS, "Typed in",
        )  # fmt: skip
        report = Report()
        take_in(patient.id, [replace(fact, **words)], report=report, touched={}, now=timezone.now())
        return report.of_type("condition")


def test_import_of_an_older_export_leaves_what_a_person_wrote_since(cast, ask, edit, asthma, versions):
    assert take_back_in(cast.pia_patient, {}).known == 1
    edit("Asthma, mild", minute=5)
    told = refs(cast.pia_patient)
    assert take_back_in(cast.pia_patient, {}).known == 1
    assert versions() == [("Asthma", 1, False)]
    assert refs(cast.pia_patient) == told
    assert ask("pia", "get", f"{PATH}/{asthma}")[1]["text"] == "Asthma, mild"


def test_import_of_words_that_a_person_never_had_waits_beside_hers(cast, ask, asthma, versions):
    """An export that is newer than a backup which was restored since."""
    for _ in range(2):
        assert take_back_in(cast.pia_patient, {"text": "Asthma, severe"}).known == 1
    assert versions() == [("Asthma, severe", 1, True)]
    record = ask("pia", "get", f"{PATH}/{asthma}")[1]
    assert (record["text"], record["conflicts"], record["version"]) == ("Asthma", 1, 1)
    assert len(refs(cast.pia_patient)) == 2


def test_import_does_not_bring_back_what_a_person_deleted(cast, ask, asthma):
    ask("pia", "delete", f"{PATH}/{asthma}?version=1")
    assert take_back_in(cast.pia_patient, {"identity": asthma}).known == 1
    assert ask("pia", "get", PATH)[1]["results"] == []


def test_import_of_many_records_takes_one_step_of_the_log(cast, django_assert_max_num_queries):
    facts = [
        Fact(RecordType.PROCEDURE, f"Procedure/{number}", "", "", "Seen", "", None, None, {}, "records")
        for number in range(400)
    ]
    with acting_on(cast.pia_patient.id), django_assert_max_num_queries(14):
        take_in(cast.pia_patient.id, facts, report=Report(), touched={}, now=timezone.now())
    assert len(refs(cast.pia_patient)) == 400
