import make
import pytest
from django.db import DatabaseError, connection, transaction

from backend.actor import acting_for, acting_for_all, acting_on, narrow
from backend.models import AuditEvent, CareGrant, Patient, Stay
from backend.rules import Need
from backend.scope import visible_patients

PATIENT_TABLES = """
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity
    FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND (
        c.relname = 'backend_patient'
        OR EXISTS (
            SELECT FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attname = 'patient_id' AND NOT a.attisdropped
        )
    )
"""


def names(queryset):
    return sorted(patient.name for patient in queryset)


def test_wall_stands_around_every_table_with_a_patient(db):
    with connection.cursor() as cursor:
        cursor.execute(PATIENT_TABLES)
        walls = dict(cursor.fetchall())
    assert len(walls) > 8
    assert walls == dict.fromkeys(walls, True)


def test_wall_binds_the_role_that_the_tests_use(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("pia", ["Pia"]),
        ("paul", ["Paul"]),
        ("dora", ["Pia"]),
        ("cleo", ["Pia"]),
        ("carl", []),
        ("rita", []),
        ("ada", []),
    ],
)
def test_wall_and_query_agree_on_who_sees_whom(cast, who, expected):
    user = getattr(cast, who)
    with acting_for(user.id):
        assert names(Patient.objects.all()) == expected
    with acting_for_all():
        assert names(visible_patients(user, Need.SEE)) == expected


def test_wall_shows_nothing_to_nobody(cast):
    assert names(Patient.objects.all()) == []
    with acting_for_all():
        assert names(Patient.objects.all()) == ["Paul", "Pia"]
    with acting_on(cast.paul_patient.id):
        assert names(Patient.objects.all()) == ["Paul"]
    assert names(Patient.objects.all()) == []


@pytest.mark.parametrize(
    ("who", "expected"), [("pia", ["Pia"]), ("cleo", ["Pia"]), ("carl", []), ("paul", [])]
)
def test_wall_that_is_narrowed_to_a_patient_shows_her_to_who_sees_her_anyway(cast, who, expected):
    with acting_for(getattr(cast, who).id):
        narrow([cast.pia_patient.id])
        assert names(Patient.objects.exclude(user=cast.paul)) == expected


def test_wall_that_is_narrowed_hides_everybody_else_until_the_transaction_ends(cast):
    make.make_grant(cast.paul_patient, person=cast.cleo)
    with acting_for(cast.cleo.id):
        assert names(Patient.objects.all()) == ["Paul", "Pia"]
        narrow([cast.paul_patient.id])
        assert names(Patient.objects.all()) == ["Paul"]
        with acting_for(cast.cleo.id):
            assert names(Patient.objects.all()) == ["Paul", "Pia"]
        assert names(Patient.objects.all()) == ["Paul"]
        narrow([])
        assert names(Patient.objects.all()) == []
    with acting_for(cast.cleo.id):
        assert names(Patient.objects.all()) == ["Paul", "Pia"]


def test_wall_lets_only_the_patient_write_her_own_row(cast):
    with acting_for(cast.cleo.id):
        assert Patient.objects.filter(id=cast.pia_patient.id).update(name="Eve") == 0
    with acting_for(cast.pia.id):
        assert Patient.objects.filter(id=cast.pia_patient.id).update(name="Pia P.") == 1


def test_wall_shows_a_patients_stays_to_who_sees_her_days_and_lets_her_alone_write_them(cast):
    def stay() -> Stay:
        return Stay(patient=cast.pia_patient, since=make.timezone.now(), time_zone="Asia/Tokyo")

    with acting_for(cast.pia.id):
        stay().save(force_insert=True)
    for who in (cast.cleo, cast.dora):  # both may act in a topic
        with acting_for(who.id):
            assert Stay.objects.count() == 1
            assert Stay.objects.update(time_zone="UTC") == 0
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                stay().save(force_insert=True)
    with acting_for(cast.paul.id):
        assert Stay.objects.count() == 0


def test_wall_refuses_a_grant_that_the_patient_did_not_give(cast):
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        acting_for(cast.carl.id),
    ):
        CareGrant.objects.create(
            patient=cast.pia_patient,
            person=cast.carl,
            read=["vitals"],
            starts_at=make.timezone.now(),
            granted_by=cast.carl,
        )


def test_wall_keeps_audit_events_as_they_were_written(cast):
    with acting_for(cast.cleo.id):
        AuditEvent.objects.create(
            patient=cast.pia_patient, actor=cast.cleo, role="clinician", action="read", what="chart"
        )
        assert AuditEvent.objects.update(what="nothing") == 0
        assert AuditEvent.objects.all().delete()[0] == 0
    with acting_for(cast.pia.id):
        assert [event.what for event in AuditEvent.objects.all()] == ["chart"]
    with acting_for(cast.dora.id):
        assert list(AuditEvent.objects.all()) == []
