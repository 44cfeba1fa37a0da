"""The wall around patients, grants, audit and the log, and the function that every wall asks."""

from django.db import migrations

from backend.rules import Topic
from backend.wall import PERSON, SWEEP, protect, unprotect, wall

TOPICS = ", ".join(f"'{topic.value}'" for topic in Topic)

# It reads grants through the walls that themselves ask it, hence the sweep's scope while it looks.
VISIBLE = f"""
    CREATE FUNCTION pollux_visible() RETURNS TABLE (patient_id uuid, topic text, may_act boolean)
    LANGUAGE plpgsql STABLE ROWS 100
    AS $$
    DECLARE
        person uuid := {PERSON};
        scope text := current_setting('pollux.scope', true);
    BEGIN
        PERFORM set_config('pollux.scope', 'all', true);
        RETURN QUERY
            SELECT patient.id, one.topic, true
            FROM backend_patient AS patient, unnest(ARRAY[{TOPICS}]) AS one(topic)
            WHERE patient.user_id = person
          UNION ALL
            SELECT care.patient_id, one.topic::text, one.topic = ANY(care.act)
            FROM backend_caregrant AS care, unnest(care.read) AS one(topic)
            WHERE care.revoked_at IS NULL
              AND care.starts_at <= statement_timestamp()
              AND (care.ends_at IS NULL OR care.ends_at > statement_timestamp())
              AND (
                care.person_id = person
                OR care.team_id IN (
                    SELECT member.careteam_id
                    FROM backend_careteam_members AS member
                    JOIN backend_clinician AS clinician ON clinician.id = member.clinician_id
                    WHERE clinician.user_id = person
                )
              );
        PERFORM set_config('pollux.scope', coalesce(scope, ''), true);
    END
    $$;
"""

OWN_PATIENT = f"patient_id IN (SELECT own.id FROM backend_patient AS own WHERE own.user_id = {PERSON})"
SHARED_PATIENT = "{patient} IN (SELECT v.patient_id FROM pollux_visible() AS v)"


class Migration(migrations.Migration):
    dependencies = [("backend", "0001_initial")]

    operations = [
        migrations.RunSQL(VISIBLE, "DROP FUNCTION pollux_visible()"),
        migrations.RunSQL(
            wall(
                "backend_patient",
                read=f"{SWEEP} OR user_id = {PERSON} OR id = nullif(current_setting('pollux.patient', true), '')::uuid"
                f" OR {SHARED_PATIENT.format(patient='id')}",
                write=f"{SWEEP} OR user_id = {PERSON}",
            ),
            unprotect("backend_patient"),
        ),
        migrations.RunSQL(
            wall(
                "backend_caregrant",
                read=f"{SWEEP} OR {SHARED_PATIENT.format(patient='patient_id')}",
                write=f"{SWEEP} OR {OWN_PATIENT}",
            ),
            unprotect("backend_caregrant"),
        ),
        # Written by whoever looks, read by the patient, changed by nobody.
        migrations.RunSQL(
            wall(
                "backend_auditevent",
                read=f"{SWEEP} OR actor_id = {PERSON} OR {OWN_PATIENT}",
                write=SWEEP,
                add=f"{SWEEP} OR actor_id = {PERSON}",
            ),
            unprotect("backend_auditevent"),
        ),
        migrations.RunSQL(protect("backend_changestream", topic=None), unprotect("backend_changestream")),
        migrations.RunSQL(protect("backend_change"), unprotect("backend_change")),
    ]
