"""Each named constraint of the ground floor refuses what it names."""

from datetime import date, timedelta

import make
import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.actor import acting_for_all
from backend.models import (
    ALWAYS,
    AuditEvent,
    CareGrant,
    CareTeam,
    Change,
    ChangeStream,
    Clinic,
    Clinician,
    DutyShift,
    Patient,
    Stay,
    User,
)

HOUR = timedelta(hours=1)
NOW = timezone.now()


def patient(cast, **fields):
    given = {"name": "New", "birth_date": date(1990, 1, 1), "sex": "other", "time_zone": "UTC"}
    Patient.objects.create(user=cast.dora, **given | fields)


def stay(cast, **fields):
    given = {"patient": cast.pia_patient, "since": NOW, "time_zone": "Asia/Tokyo"}
    Stay.objects.create(**given | fields)


def shift(cast, **fields):
    given = {
        "team": cast.team, "clinician": cast.cleo.clinician, "starts_at": NOW, "ends_at": NOW + HOUR,
        "entered_by": cast.cleo, "entered_at": NOW,
    }  # fmt: skip
    DutyShift.objects.create(**given | fields)


def grant(cast, **fields):
    given = {
        "patient": cast.pia_patient, "person": cast.carl, "read": ["vitals"], "starts_at": NOW,
        "granted_by": cast.pia,
    }  # fmt: skip
    CareGrant.objects.create(**given | fields)


def emergency(cast, **fields):
    given = {"granted_by": cast.carl, "emergency_reason": "A reason.", "ends_at": NOW + HOUR}
    grant(cast, **given | fields)


def audit(cast, **fields):
    given = {
        "patient": cast.pia_patient,
        "actor": cast.cleo,
        "role": "clinician",
        "action": "read",
        "what": "chart",
    }
    AuditEvent.objects.create(**given | fields)


def change(cast, **fields):
    given = {
        "stream": cast.pia_patient.id,
        "seq": 1,
        "patient": cast.pia_patient,
        "topic": "vitals",
        "ref": "x",
        "op": "set",
    }
    Change.objects.create(**given | fields)


def twice(create):
    create()
    create()


IN_AN_EMERGENCY = "grant_in_an_emergency_is_one_persons_read_only_hour"

BREAKS = [
    ("user_email_is_unique", lambda _: User.objects.create(email="pia@pollux.example")),
    ("user_email_is_lower_case", lambda _: User.objects.create(email="Eve@pollux.example")),
    ("clinic_name_is_unique", lambda cast: Clinic.objects.create(name=cast.clinic.name)),
    ("clinic_reads_from_until", lambda _: Clinic.objects.update(reads_from="08:00")),
    ("duty_shift_ends_after_its_start", lambda cast: shift(cast, ends_at=NOW - HOUR, is_additional=True)),
    ("duty_shift_is_one_at_a_time", lambda cast: (shift(cast), shift(cast, starts_at=NOW + HOUR / 2))),
    (
        "clinician_profession_is_known",
        lambda cast: Clinician.objects.create(user=cast.dora, clinic=cast.clinic, profession="wizard"),
    ),
    (
        "care_team_name_is_unique_in_clinic",
        lambda cast: CareTeam.objects.create(clinic=cast.clinic, name=cast.team.name),
    ),
    ("patient_sex_is_known", lambda cast: patient(cast, sex="x")),
    ("patient_birth_date_is_plausible", lambda cast: patient(cast, birth_date=date(1879, 12, 31))),
    ("stay_is_in_a_time_zone", lambda cast: stay(cast, time_zone="")),
    ("stay_begins_in_living_memory", lambda cast: stay(cast, since=ALWAYS - HOUR)),
    ("backend_stay_pkey", lambda cast: twice(lambda: stay(cast))),
    ("grant_goes_to_a_person_or_a_team", lambda cast: grant(cast, team=cast.team)),
    ("grant_goes_to_a_person_or_a_team", lambda cast: grant(cast, person=None)),
    ("grant_reads_known_topics", lambda cast: grant(cast, read=["dreams"])),
    ("grant_reads_known_topics", lambda cast: grant(cast, read=[])),
    ("grant_acts_only_where_it_reads", lambda cast: grant(cast, act=["glucose"])),
    ("grant_ends_after_its_start", lambda cast: grant(cast, ends_at=NOW)),
    ("grant_revoked_has_revoker", lambda cast: grant(cast, revoked_at=NOW)),
    ("grant_revoked_has_revoker", lambda cast: grant(cast, revoked_by=cast.pia)),
    (IN_AN_EMERGENCY, lambda cast: emergency(cast, ends_at=None)),
    (IN_AN_EMERGENCY, lambda cast: emergency(cast, ends_at=NOW + HOUR * 1.01)),
    (IN_AN_EMERGENCY, lambda cast: emergency(cast, act=["vitals"])),
    (IN_AN_EMERGENCY, lambda cast: emergency(cast, granted_by=cast.pia)),
    (IN_AN_EMERGENCY, lambda cast: emergency(cast, person=None, team=cast.team)),
    ("audit_action_is_known", lambda cast: audit(cast, action="peek")),
    ("audit_emergency_has_reason", lambda cast: audit(cast, action="emergency")),
    (
        "stream_counts_from_one",
        lambda cast: ChangeStream.objects.create(
            stream=cast.pia_patient.id, patient=cast.pia_patient, last_seq=0
        ),
    ),
    ("change_topic_is_known", lambda cast: change(cast, topic="dreams")),
    ("change_op_is_known", lambda cast: change(cast, op="rename")),
    ("backend_change_pkey", lambda cast: twice(lambda: change(cast))),
]


@pytest.mark.parametrize(
    ("name", "create"), BREAKS, ids=[f"{place} {name}" for place, (name, _) in enumerate(BREAKS)]
)
def test_constraint_refuses_what_it_names(cast, name, create):
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic(), acting_for_all():
        create(cast)


def test_every_constraint_of_the_ground_floor_is_broken_here():
    named = {
        constraint.name
        for model in apps.get_app_config("backend").get_models()
        for constraint in model._meta.constraints
    }
    assert named == {name for name, _ in BREAKS if not name.endswith("_pkey")}


def test_good_rows_pass(cast):
    with acting_for_all():
        for create in (patient, stay, shift, grant, emergency, audit, change):
            create(cast)
        grant(cast, person=None, team=cast.team, act=["vitals"], ends_at=NOW + HOUR)
        grant(cast, revoked_at=NOW, revoked_by=cast.pia)


@pytest.mark.parametrize(
    ("born", "now", "zone", "age"),
    [
        (date(1963, 4, 5), "2026-04-04T21:59:00", "Europe/Berlin", 62),
        (date(1963, 4, 5), "2026-04-04T22:00:00", "Europe/Berlin", 63),
        (date(2000, 2, 29), "2026-02-28T12:00:00", "UTC", 25),
        (date(2000, 2, 29), "2026-03-01T00:00:00", "UTC", 26),
    ],
)
def test_age_is_counted_by_the_patients_own_calendar(born, now, zone, age):
    assert Patient(birth_date=born, time_zone=zone).age_at(make.at(now)) == age
