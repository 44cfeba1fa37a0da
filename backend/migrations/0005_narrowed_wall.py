"""What the wall works out takes as long as the patients who are looked at, where these have been named."""

from importlib import import_module

from django.db import migrations

from backend.wall import PERSON

before = import_module("backend.migrations.0002_row_level_security")

OWN = f"""
            SELECT patient.id, one.topic, true
            FROM backend_patient AS patient, unnest(ARRAY[{before.TOPICS}]) AS one(topic)
            WHERE patient.user_id = {PERSON}
"""
SHARED = f"""
            SELECT care.patient_id, one.topic::text, one.topic = ANY(care.act)
            FROM backend_caregrant AS care, unnest(care.read) AS one(topic)
            WHERE care.revoked_at IS NULL
              AND care.starts_at <= statement_timestamp()
              AND (care.ends_at IS NULL OR care.ends_at > statement_timestamp())
              AND (
                care.person_id = {PERSON}
                OR care.team_id IN (
                    SELECT member.careteam_id
                    FROM backend_careteam_members AS member
                    JOIN backend_clinician AS clinician ON clinician.id = member.clinician_id
                    WHERE clinician.user_id = {PERSON}
                )
              )
"""

# Two statements, so that each has a plan of its own: one walks through all grants, one looks up a few.
VISIBLE = f"""
    CREATE OR REPLACE FUNCTION pollux_visible()
    RETURNS TABLE (patient_id uuid, topic text, may_act boolean)
    LANGUAGE plpgsql STABLE ROWS 100
    AS $$
    DECLARE
        among uuid[] := nullif(current_setting('pollux.among', true), '')::uuid[];
        scope text := current_setting('pollux.scope', true);
    BEGIN
        PERFORM set_config('pollux.scope', 'all', true);
        IF among IS NULL THEN
            RETURN QUERY {OWN} UNION ALL {SHARED};
        ELSE
            RETURN QUERY
                {OWN} AND patient.id = ANY(among)
                UNION ALL {SHARED} AND care.patient_id = ANY(among);
        END IF;
        PERFORM set_config('pollux.scope', coalesce(scope, ''), true);
    END
    $$;
"""


class Migration(migrations.Migration):
    dependencies = [("backend", "0004_rota_and_clock")]

    operations = [
        migrations.RunSQL(VISIBLE, before.VISIBLE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    ]
