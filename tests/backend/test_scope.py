"""Python's visible_to and the wall in the database answer the same question alike."""

from datetime import date, timedelta

import make
import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.access import standings_of
from backend.actor import acting_for, acting_for_all
from backend.models import CareGrant, Patient
from backend.rules import Need, Topic
from backend.scope import visible_patients
from twin.models import Baseline, DaySummary, Record, Snapshot, SnapshotVersion

TOPICS = sorted(Topic)
WALLED = (Record, Snapshot, SnapshotVersion, DaySummary, Baseline)
TIMES = {
    "since before": (-0.5, None),
    "until later": (-1, 1),
    "ended": (-2, -1),
    "not yet": (1, None),
}

grants = st.lists(
    st.tuples(
        st.integers(0, 1),  # which patient
        st.booleans(),  # to the reader's team
        st.sets(st.sampled_from(TOPICS), min_size=1, max_size=3),
        st.sets(st.sampled_from(TOPICS), max_size=2),
        st.sampled_from(sorted(TIMES)),
        st.sampled_from(["stands", "revoked", "emergency"]),
    ),
    max_size=5,
)


@pytest.fixture
def world(db):
    """A reader who is a patient and a clinician, and two patients with a row of each topic in each table."""
    reader = make.make_user("reader")
    clinic = make.make_clinic()
    clinician = make.make_clinician(reader, clinic)
    team = clinic.teams.create(name="Team")
    team.members.add(clinician)
    patients = [make.make_patient(clinic=clinic), make.make_patient()]
    with acting_for_all():
        for patient in [*patients, make.make_patient(reader)]:
            for topic in TOPICS:
                Record.objects.create(
                    patient=patient,
                    topic=topic,
                    type="condition",
                    identity=topic,
                    body={},
                    updated_at=timezone.now(),
                )
                now = timezone.now()
                Snapshot.objects.create(patient=patient, topic=topic, tiles=[], known_at=now, built_at=now)
                SnapshotVersion.objects.create(patient=patient, topic=topic, known_at=now, said=b"")
                Baseline.objects.create(
                    patient=patient, topic=topic, kind=topic, centre=1, spread=1, days=1,
                    first_on=date(2026, 1, 1), last_on=date(2026, 1, 1), made_at=now,
                )  # fmt: skip
                DaySummary.objects.create(
                    patient=patient, topic=topic, kind=topic, day=date(2026, 1, 1), value=1, minimum=1,
                    maximum=1, count=1, source_id=patient.id, sources=1,
                )  # fmt: skip
    return reader, team, patients


def give(reader, team, patients, drawn):
    now = timezone.now()
    for which, to_team, read, act, when, state in drawn:
        start, end = (None if hours is None else now + timedelta(hours=hours) for hours in TIMES[when])
        emergency = state == "emergency"
        patient = patients[which]
        if emergency:
            end = min(end or start + timedelta(hours=1), start + timedelta(hours=1))
        CareGrant.objects.create(
            patient=patient,
            person=reader if emergency or not to_team else None,
            team=team if to_team and not emergency else None,
            read=sorted(read),
            act=[] if emergency else sorted(act & read),
            starts_at=start,
            ends_at=end,
            granted_by=reader if emergency else patient.user,
            revoked_at=now if state == "revoked" else None,
            revoked_by=patient.user if state == "revoked" else None,
            emergency_reason="A reason." if emergency else "",
        )


def changed_by(model):
    """The rows of the table that the acting person can change, as (patient, topic)."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {model._meta.db_table} SET topic = topic RETURNING patient_id, topic")
        return set(cursor.fetchall())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=grants)
def test_wall_shows_exactly_what_python_finds(world, drawn):
    reader, team, patients = world
    with transaction.atomic():
        with acting_for_all():
            give(reader, team, patients, drawn)
            people = list(Patient.objects.all())
            held = standings_of(reader, people)
            expected = {
                need: {(one.id, topic) for one in people for topic in held[one.id].topics(need)}
                for need in (Need.READ, Need.ACT)
            }
            seen = set(visible_patients(reader, Need.SEE))
            python = {
                (model, need): set(model.objects.visible_to(reader, need).values_list("patient_id", "topic"))
                for model in WALLED
                for need in (Need.READ, Need.ACT)
            }
        with acting_for(reader.id):
            assert set(Patient.objects.all()) == seen == {one for one in people if held[one.id].may(Need.SEE)}
            for model in WALLED:
                assert set(model.objects.values_list("patient_id", "topic")) == expected[Need.READ]
                assert changed_by(model) == expected[Need.ACT]
        transaction.set_rollback(True)
    assert python == {(model, need): expected[need] for model in WALLED for need in (Need.READ, Need.ACT)}


def test_needs_of_the_owner_reach_only_her_own_rows(cast):
    with acting_for_all():
        for need in (Need.SHARE, Need.PROFILE):
            assert list(visible_patients(cast.cleo, need)) == []
            assert [patient.name for patient in visible_patients(cast.pia, need)] == ["Pia"]
            assert list(Record.objects.visible_to(cast.cleo, need)) == []
