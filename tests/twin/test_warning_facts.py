"""What rules of early warning are told of a patient: read from the rows, in a fixed number of queries."""

import json
from datetime import UTC, date, datetime, timedelta

import make
import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.ports import CriticalDose, ports
from backend.rules import Need, Topic
from twin.instants import milliseconds
from twin.intake.items import RecordType
from twin.models import Answer, Crossing, GlucoseForecast, Goal, Record, Source, StaleWarnings, Threshold
from twin.series import store
from twin.series.columns import Columns, Flag
from twin.services.digest import digest
from twin.services.observations import Measurement, record_measurements
from twin.services.reading import read_upload
from twin.services.records import Written, add_record, delete_record
from twin.services.sources import notice_silence
from twin.services.stale_warnings import GRACE, due_checks, mark_everybody, mark_warnings_stale
from twin.services.warning_facts import read_facts
from twin.warnings.facts import Ahead, Doses, Facts
from twin.warnings.rule_file import current_rules

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINES = ("mean", "low80", "high80", "low95", "high95")
QUERIES = 14
"""Of all facts but the samples, which take one more; and another where a device is silent."""


def merge(patient, kind, *rows, source="Meter"):
    """Rows of instant and value, and flags where they matter."""
    with acting_for_all():
        one, _ = Source.objects.get_or_create(patient=patient, name=source)
        full = [(*row, 0)[:3] for row in rows]
        columns = Columns(
            np.array([milliseconds(at) for at, _, _ in full], np.int64),
            np.zeros(len(full), np.int64),
            np.array([value for _, value, _ in full], np.float64),
            flags=np.array([flags for *_, flags in full], np.uint8),
        )
        store.merge(patient.id, [store.Batch(kind, one.id, columns)])
        edges = [int(columns.start.min()), int(columns.start.max())]
        digest(patient.id, {kind: edges}, now=NOW)
    return one


def known(patient, now=NOW) -> Facts:
    with acting_on(patient.id):
        return read_facts(patient.id, current_rules(), arrived={}, now=now)


def marks(patient):
    with acting_on(patient.id):
        return [(mark.due_at, mark.arrived) for mark in StaleWarnings.objects.all()]


def test_readings_are_of_all_sources_in_order_and_of_the_patients_own_days(cast):
    patient = cast.pia_patient
    late = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)  # past midnight in Berlin
    merge(patient, "glucose", (late, 80.0), (NOW, 60.0, int(Flag.SOFT_RANGE)))
    merge(patient, "glucose", (NOW - timedelta(hours=1), 70.0), source="Phone")
    merge(patient, "glucose", (NOW - timedelta(days=40), 50.0))
    readings = known(patient).readings["glucose"]
    assert readings.value.tolist() == [80.0, 70.0, 60.0]
    assert readings.flags.tolist() == [0, 0, 1]
    assert [readings.sources[place] for place in readings.source] == ["Meter", "Phone", "Meter"]
    assert set(readings.day.tolist()) == {(date(2026, 3, 1) - date(1970, 1, 1)).days}
    assert readings.at[-1] == milliseconds(NOW)


def test_days_begin_by_the_patients_own_clock_and_make_what_is_usual(cast):
    patient = cast.pia_patient
    merge(patient, "resting_heart_rate", *((NOW - timedelta(days=ago), 60.0 + ago % 2) for ago in range(60)))
    facts = known(patient)
    days = facts.days["resting_heart_rate"]
    assert (len(days.day), days.at[-1]) == (36, milliseconds(datetime(2026, 2, 28, 23, tzinfo=UTC)))
    usual = facts.baselines["resting_heart_rate"]
    assert (usual.days, round(usual.centre)) in {(59, 60), (59, 61)}


def test_facts_hold_limits_goals_chances_and_what_is_ahead(cast):
    patient = cast.pia_patient
    with acting_for_all():
        limit = Threshold.objects.create(
            patient=patient, kind="weight", topic="vitals", high=90, set_by=cast.cleo, set_at=NOW
        )
        Threshold.objects.create(
            patient=patient, kind="sbp", topic="vitals", high=150, set_by=cast.cleo, set_at=NOW,
            ended_by=cast.cleo, ended_at=NOW,
        )  # fmt: skip
        goal = Goal.objects.create(
            patient=patient, kind="weight", topic="vitals", direction="at_most", target=80,
            starts_on=date(2026, 1, 1), set_by=cast.pia, set_at=NOW,
        )  # fmt: skip
        for rule, basis in ((str(limit.id), "threshold"), ("gone from the file", "guideline")):
            Crossing.objects.create(
                patient=patient, kind="weight", topic="vitals", basis=basis, rule=rule, side="above",
                limit=90, probability=0.6, through=date(2026, 2, 28), made_at=NOW,
            )  # fmt: skip
        for hours in (2, 0):
            GlucoseForecast.objects.create(
                patient=patient, at=NOW - timedelta(hours=hours), made_at=NOW, version="1",
                last_value=100 - hours, minutes=[30, 60], **{line: [90.0, 80.0] for line in LINES},
            )  # fmt: skip
    facts = known(patient)
    assert [(one.id, one.kind, one.low, one.high) for one in facts.thresholds] == [
        (limit.id, "weight", None, 90)
    ]
    assert facts.goals == {str(goal.id)}
    assert [(one.rule, one.probability) for one in facts.crossings] == [(str(limit.id), 0.6)]
    assert facts.ahead == Ahead(milliseconds(NOW), 100.0, [30, 60], [90.0, 80.0])


@pytest.mark.parametrize(
    ("columns", "is_on_file"),
    [
        ({"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I50.22"}, True),
        ({"text": "Chronic heart failure"}, True),
        ({"text": "Family history of heart failure"}, False),
        ({"text": "Heart failure", "status": "refuted"}, False),
        ({"text": "Heart failure", "type": "medication"}, False),
    ],
)
def test_conditions_on_file_are_what_the_records_say(cast, columns, is_on_file):
    row = {"type": "condition", "topic": "records", "identity": "1", "body": {}, "updated_at": NOW} | columns
    with acting_for_all():
        Record.objects.create(patient=cast.pia_patient, **row)
    assert ("heart_failure" in known(cast.pia_patient).conditions) is is_on_file


def test_silent_source_is_of_the_topic_that_it_tells_most_of(cast):
    patient = cast.pia_patient
    sensor = merge(
        patient, "glucose_cgm", *((NOW - timedelta(days=9, minutes=5 * step), 100.0) for step in range(9))
    )
    merge(patient, "weight", (NOW, 80.0), source="Scale")
    with acting_for_all():
        spoke_on = [(NOW - timedelta(days=9 + ago)).date() for ago in range(8)]
        Source.objects.filter(id=sensor.id).update(spoke_on=spoke_on, last_sync_at=NOW - timedelta(days=9))
    assert notice_silence(now=NOW) == 1
    found = {one.name: (one.topic, one.silent_since is not None) for one in known(patient).sources}
    assert found == {"Meter": (Topic.GLUCOSE, True), "Scale": (Topic.VITALS, False)}
    assert marks(patient)[0][0] == NOW


def test_critical_doses_are_asked_of_whoever_offers_them(cast, monkeypatch):
    def offered(patient):
        return [CriticalDose("plan", "Warfarin", 2, NOW)] if patient == cast.pia_patient.id else []

    monkeypatch.setattr(ports, "critical_doses", [offered])
    assert known(cast.pia_patient).doses == [Doses("plan", "Warfarin", 2, milliseconds(NOW))]
    assert known(cast.paul_patient).doses == []


def test_facts_take_as_many_queries_however_much_there_is(cast):
    patient = cast.pia_patient
    with acting_on(patient.id), CaptureQueriesContext(connection) as empty:
        read_facts(patient.id, current_rules(), arrived={}, now=NOW)
    for kind in ("glucose_cgm", "heart_rate", "steps", "sbp", "dbp", "spo2"):
        for source in ("One", "Two"):
            rows = [(NOW - timedelta(minutes=10 * step), 100.0) for step in range(300)]
            merge(patient, kind, *rows, source=source)
    with acting_on(patient.id), CaptureQueriesContext(connection) as full:
        read_facts(patient.id, current_rules(), arrived={}, now=NOW)
    assert (len(empty), len(full)) == (QUERIES, QUERIES)


def test_score_of_vital_signs_is_of_the_newest_readings(cast):
    merge(cast.pia_patient, "spo2", (NOW - timedelta(minutes=5), 90.0))
    merge(cast.pia_patient, "resp_rate", (NOW - timedelta(minutes=4), 26.0))
    scores = known(cast.pia_patient).scores
    assert (scores["news2"].low, scores["news2_single"].low) == (6, 3)


def test_digest_marks_the_patient_with_what_came(cast):
    patient = cast.pia_patient
    with acting_for(cast.dora.id):
        access = access_patient(cast.dora, patient.id, Need.ACT, what="measurement")
        record_measurements(access=access, measurements=[Measurement("weight", 80, "kg", NOW)], now=NOW)
    at = milliseconds(NOW)
    assert marks(patient) == [(NOW + GRACE, [["weight", at, at]])]
    merge(patient, "glucose", (NOW, 90.0))
    assert marks(patient) == [(NOW + GRACE, [["weight", at, at], ["glucose", at, at]])]


def unmark(patient):
    with acting_on(patient.id):
        return StaleWarnings.objects.all().delete()[0]


def test_condition_that_is_written_or_deleted_marks_the_patient(cast):
    patient = cast.pia_patient
    failure, allergy = (
        Written(type_, "Heart failure") for type_ in (RecordType.CONDITION, RecordType.ALLERGY)
    )
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, patient.id, Need.ACT, what="record")
        record, _ = add_record(access=access, written=failure, edited_at=NOW, now=NOW)
        assert unmark(patient) == 1
        add_record(access=access, written=allergy, edited_at=NOW, now=NOW)
        assert unmark(patient) == 0
        delete_record(access=access, record_id=record, version=1, now=NOW)
    assert unmark(patient) == 1


def test_condition_of_a_file_is_looked_at_with_it(cast):
    content = json.dumps({"resourceType": "Condition", "id": "1", "code": {"text": "Heart failure"}})
    upload = make.make_upload(cast.pia_patient, content.encode(), "condition.json")
    read_upload(upload.id, now=timezone.now())
    with acting_on(cast.pia_patient.id):
        assert (
            "heart_failure"
            in read_facts(cast.pia_patient.id, current_rules(), arrived={}, now=NOW).conditions
        )
    assert unmark(cast.pia_patient) == 0


def test_mark_is_never_put_off(cast):
    ids = [cast.pia_patient.id, cast.paul_patient.id]
    with acting_for_all():
        mark_warnings_stale(ids, due_at=NOW)
        mark_warnings_stale(ids[:1], due_at=NOW - timedelta(minutes=1))
        mark_warnings_stale(ids, due_at=NOW + timedelta(days=1))
    assert marks(cast.pia_patient)[0][0] == NOW - timedelta(minutes=1)
    assert due_checks(now=NOW, limit=9) == ids
    assert due_checks(now=NOW, limit=1) == ids[:1]
    assert due_checks(now=NOW - timedelta(seconds=1), limit=9) == ids[:1]


def test_everybody_is_looked_at_once_a_day(cast):
    assert mark_everybody(now=NOW) == 2
    assert set(due_checks(now=NOW, limit=9)) == {cast.pia_patient.id, cast.paul_patient.id}


def test_score_of_vital_signs_goes_by_what_was_answered(cast):
    merge(cast.pia_patient, "spo2", (NOW - timedelta(minutes=5), 90.0))
    assert known(cast.pia_patient).scores["news2_single"].low == 3
    with acting_for_all():
        given = {
            "patient": cast.pia_patient,
            "answered_by": cast.cleo,
            "answered_at": NOW - timedelta(days=1),
        }
        Answer.objects.create(**given, code="spo2_target", topic="vitals", word="clinician", value="88_to_92")
    assert known(cast.pia_patient).scores["news2_single"].low == 0
    with acting_for_all():
        Answer.objects.create(**given, code="pregnant", topic="records", word="self", value=True)
    assert known(cast.pia_patient).scores == {}
