"""Events: entered by people, lifted from records of medicines, and what forecasts make of them."""

from datetime import UTC, datetime, timedelta

import make
import pytest
from django.utils import timezone
from forecasts import forecasts, make_days, refresh, stale, states

from backend.actor import acting_for_all, acting_on
from backend.models import Change
from backend.rules import Level, Topic
from twin.intake.items import Record as Fact
from twin.intake.items import RecordType
from twin.models import Event
from twin.report import Report
from twin.services.forecasts import AT_MOST, refresh_forecasts
from twin.services.intake import take_in
from twin.services.rebuild import rebuild

JSON = "application/json"
FLU = {"type": "illness", "starts_on": "2026-03-01", "ends_on": "2026-03-09", "text": "Influenza"}
METFORMIN = {
    "type": "medication",
    "text": "Metformin 500 mg",
    "status": "active",
    "start": "2026-03-01T22:30:00Z",
}


@pytest.fixture
def ask(cast, client_of):
    """A function: who, method, path below pia, body → (status, JSON)."""

    def asking(who, method, path, sent=None, **query):
        url = f"/api/v1/patients/{cast.pia_patient.id}/{path}"
        body = {"query_params": query} if query else {}
        body |= {} if sent is None else {"data": sent, "content_type": JSON}
        answer = getattr(client_of(who), method)(url, **body)
        return answer.status_code, answer.json() if answer.content else None

    return asking


@pytest.fixture
def medicine(ask):
    """A function: edits the medicine that pia typed in, or types it in → its id."""
    typed_in = {}

    def writing(at="2026-03-01T12:00:00Z", **changed):
        sent = METFORMIN | changed
        if not typed_in:
            typed_in["id"] = ask("pia", "post", "records", sent)[1]["id"]
        else:
            version = ask("pia", "get", f"records/{typed_in['id']}")[1]["version"]
            path = f"records/{typed_in['id']}"
            assert ask("pia", "put", path, sent | {"version": version, "edited_at": at})[0] == 200
        return typed_in["id"]

    return writing


def lifted(patient) -> list[tuple[str, str]]:
    with acting_on(patient.id):
        rows = Event.objects.filter(record__isnull=False).order_by("starts_on", "type")
        return [(row.type.removeprefix("medicine_"), row.starts_on.isoformat()) for row in rows]


def told(patient) -> list[tuple[str, str]]:
    with acting_on(patient.id):
        found = Change.objects.filter(ref__startswith="event/").order_by("seq")
        return [(change.op, change.topic) for change in found]


def test_event_is_entered_edited_and_taken_back(cast, ask):
    status, event = ask("pia", "post", "events", FLU)
    assert status == 201
    assert event == FLU | {"id": event["id"], "lifted": False, "record": None, "entered_by": "Pia"}
    path = f"events/{event['id']}"
    assert ask("pia", "put", path, FLU)[0] == 200
    assert told(cast.pia_patient) == [("set", "records")]
    status, edited = ask("pia", "put", path, FLU | {"ends_on": None})
    assert (status, edited["ends_on"]) == (200, None)
    assert ask("pia", "get", "events")[1]["results"] == [edited]
    assert ask("pia", "delete", path) == (204, None)
    assert ask("pia", "delete", path)[0] == 404
    assert told(cast.pia_patient) == [("set", "records"), ("set", "records"), ("delete", "records")]


def test_event_that_becomes_one_of_a_medicine_goes_to_another_topic(cast, ask):
    event = ask("pia", "post", "events", FLU)[1]
    sent = {"type": "medicine_started", "starts_on": "2026-03-01", "text": "Ramipril"}
    assert ask("pia", "put", f"events/{event['id']}", sent)[0] == 200
    assert told(cast.pia_patient)[1:] == [("delete", "records"), ("set", "medication")]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ends_on": "2026-02-28"}, "ends_on"),
        ({"starts_on": "1850-01-01"}, "starts_on"),
        ({"ends_on": "2090-01-01"}, "ends_on"),
    ],
)
def test_event_that_cannot_be_is_refused(cast, ask, wrong, field):
    status, problem = ask("pia", "post", "events", FLU | wrong)
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])
    assert ask("pia", "post", "events", FLU | {"type": "wedding"})[0] == 400


def test_event_is_entered_by_who_may_act_in_its_topic(cast, ask):
    make.make_grant(cast.pia_patient, person=cast.dora, topics={Topic.MEDICATION: Level.ACT})
    started = {"type": "medicine_started", "starts_on": "2026-03-01", "text": "Ramipril"}
    assert ask("dora", "post", "events", FLU)[0] == 404
    status, event = ask("dora", "post", "events", started)
    assert (status, event["entered_by"]) == (201, "Dora")
    flu = ask("pia", "post", "events", FLU)[1]
    assert [row["id"] for row in ask("dora", "get", "events")[1]["results"]] == [event["id"]]
    assert ask("dora", "delete", f"events/{flu['id']}")[0] == 404
    # Neither can she make one of a medicine one of the records.
    assert ask("dora", "put", f"events/{event['id']}", FLU)[0] == 404


def test_event_makes_models_forget_and_forecasts_stale(cast, ask):
    now = timezone.now()
    for kind in ("sbp", "steps"):
        make_days(cast.pia_patient, kind, 60, last=now.date() - timedelta(days=2))
    refresh(cast.pia_patient, "sbp", "steps", now=now)
    assert states(cast.pia_patient).keys() == {"sbp", "steps"}
    make.make_grant(cast.pia_patient, person=cast.dora, topics={Topic.RECORDS: Level.ACT})
    before = [one.mean for one in forecasts(cast.pia_patient)]
    flu = {"type": "illness", "starts_on": str(now.date() - timedelta(days=12))}
    # Who enters it need not see what it bears on.
    event = ask("dora", "post", "events", flu)[1]
    assert (states(cast.pia_patient), stale(cast.pia_patient).keys()) == ({}, {"sbp", "steps"})
    later = timezone.now() + AT_MOST
    assert refresh_forecasts(cast.pia_patient.id, now=later) == 2
    assert [one.mean for one in forecasts(cast.pia_patient)] != before
    ask("dora", "delete", f"events/{event['id']}")
    assert refresh_forecasts(cast.pia_patient.id, now=later + AT_MOST) == 2
    assert [one.mean for one in forecasts(cast.pia_patient)] == before


def test_medicine_typed_in_is_lifted_by_the_patients_own_days(cast, ask, medicine):
    record = medicine()
    assert lifted(cast.pia_patient) == [("started", "2026-03-01")]
    (event,) = ask("pia", "get", "events")[1]["results"]
    assert (event["record"], event["lifted"], event["entered_by"]) == (record, True, None)
    assert (event["text"], told(cast.pia_patient)) == ("Metformin 500 mg", [("set", "medication")])
    for method, sent in (("put", FLU), ("delete", None)):
        status, problem = ask("pia", method, f"events/{event['id']}", sent)
        assert (status, problem["errors"][0]["field"]) == (422, "event")
    medicine(start="2026-03-01T23:30:00Z")  # half past midnight in Berlin
    assert lifted(cast.pia_patient) == [("started", "2026-03-02")]
    assert told(cast.pia_patient)[1:] == [("delete", "medication"), ("set", "medication")]


def test_medicine_changed_and_stopped_is_lifted_once_each(cast, medicine):
    medicine()
    medicine(text="Metformin 1000 mg", at="2026-03-05T12:00:00Z")
    assert lifted(cast.pia_patient) == [("started", "2026-03-01"), ("changed", "2026-03-05")]
    medicine(text="Metformin 1000 mg", status="stopped", at="2026-03-07T12:00:00Z")
    everything = [("started", "2026-03-01"), ("changed", "2026-03-05"), ("stopped", "2026-03-07")]
    assert lifted(cast.pia_patient) == everything
    medicine(text="Metformin 1000 mg", status="stopped", at="2026-03-08T12:00:00Z", note="At last.")
    assert lifted(cast.pia_patient) == everything
    medicine(text="Metformin 1000 mg", status="entered-in-error", at="2026-03-09T12:00:00Z")
    assert lifted(cast.pia_patient) == []


def test_medicine_that_is_deleted_takes_its_events_along(cast, ask, medicine):
    record = medicine()
    second = ask("pia", "post", "records", METFORMIN | {"start": "2026-05-01T10:00:00Z"})[1]["id"]
    assert lifted(cast.pia_patient) == [("started", "2026-03-01")]
    assert ask("pia", "delete", f"records/{record}", version=1)[0] == 204
    # The refill is now the first that is known.
    assert lifted(cast.pia_patient) == [("started", "2026-05-01")]
    assert ask("pia", "delete", f"records/{second}", version=1)[0] == 204
    assert lifted(cast.pia_patient) == []
    assert told(cast.pia_patient)[-1] == ("delete", "medication")


def test_medicine_shared_as_something_else_is_lifted_as_that(cast, ask):
    make.make_grant(cast.pia_patient, person=cast.dora, topics={Topic.MEDICATION: Level.READ})
    ask("pia", "post", "records", METFORMIN | {"text": "Sertraline", "topic": "mental_health"})
    assert told(cast.pia_patient) == [("set", "mental_health")]
    assert ask("dora", "get", "events")[1]["results"] == []


def prescription(identity, start, *, status="active", end=None, text="Ramipril 5 mg", dosage=None) -> Fact:
    return Fact(
        type=RecordType.MEDICATION,
        identity=identity,
        system="",
        code="",
        text=text,
        status=status,
        start=start,
        end=end,
        body={"dosageInstruction": [{"text": dosage}]} if dosage else {},
        topic="medication",
        source="Clinic",
    )


def take(patient, *facts) -> Report:
    report = Report()
    with acting_on(patient.id):
        take_in(patient.id, list(facts), report=report, touched={}, now=timezone.now())
    return report


MAY, JUNE, JULY = (datetime(2026, month, 1, 12, tzinfo=UTC) for month in (5, 6, 7))


def test_prescriptions_of_a_file_are_one_course_and_the_file_again_changes_nothing(cast):
    facts = [
        prescription("1", MAY, status="completed", dosage="1-0-0"),
        prescription("2", JUNE, dosage="1-0-1"),
        prescription("3", MAY, end=JULY, text="Ibuprofen"),
        prescription("4", MAY, status="cancelled", text="Aspirin"),
    ]
    take(cast.pia_patient, *facts)
    expected = [
        ("started", "2026-05-01"),
        ("started", "2026-05-01"),
        ("changed", "2026-06-01"),
        ("stopped", "2026-07-01"),
    ]
    assert lifted(cast.pia_patient) == expected
    with acting_for_all():
        before = list(Event.objects.order_by("id").values())
        entries = Change.objects.exclude(ref__startswith="score/").count()
    take(cast.pia_patient, *facts)
    rebuild(cast.pia_patient.id, now=timezone.now())
    with acting_for_all():
        assert list(Event.objects.order_by("id").values()) == before
        assert Change.objects.exclude(ref__startswith="score/").count() == entries
    take(cast.pia_patient, prescription("3", MAY, end=JUNE, text="Ibuprofen"))
    assert lifted(cast.pia_patient)[-1] == ("stopped", "2026-06-01")


def test_rebuild_lifts_events_from_records_that_have_none(cast, medicine):
    medicine()
    with acting_for_all():
        Event.objects.all().delete()
    rebuild(cast.pia_patient.id, now=timezone.now())
    assert lifted(cast.pia_patient) == [("started", "2026-03-01")]
