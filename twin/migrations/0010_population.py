"""Where each patient stands among all of them, and the one walk that finds a list's next page."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from backend.wall import PERSON, protect, unprotect

# A grant that counts at this moment for the person, as pollux_visible() has it.
COUNTS = """care.revoked_at IS NULL AND care.starts_at <= statement_timestamp()
    AND (care.ends_at IS NULL OR care.ends_at > statement_timestamp())
    AND (care.person_id = $1 OR care.team_id = ANY($2))"""
READS = f"""SELECT FROM backend_caregrant AS care
    WHERE care.patient_id = {{one}}.patient_id AND {{one}}.topic = ANY(care.read) AND {COUNTS}"""
AFTER = "($3 IS NULL OR ({rank}, {patient}) < ($3, $4))"

# Down the index from the worst, as long as it takes to fill a page. For whom most patients share with.
WALK = f"""
    SELECT one.patient_id, one.rank FROM twin_concern AS one
    WHERE {AFTER.format(rank="one.rank", patient="one.patient_id")} AND EXISTS ({READS.format(one="one")})
        AND NOT EXISTS (
            SELECT FROM twin_concern AS worse
            WHERE worse.patient_id = one.patient_id AND (worse.rank, worse.topic) > (one.rank, one.topic)
                AND EXISTS ({READS.format(one="worse")})
        )
    ORDER BY one.rank DESC, one.patient_id DESC LIMIT $5
"""
# From the grants: for whom few share with, and for what only some of the patients are.
GATHER = f"""
    WITH shared AS (
        SELECT DISTINCT care.patient_id, topic
        FROM backend_caregrant AS care, unnest(care.read) AS topic WHERE {COUNTS}
    ), standing AS (
        SELECT shared.patient_id, coalesce(max(one.rank), -1) AS rank FROM shared
        JOIN backend_patient AS patient ON patient.id = shared.patient_id
        LEFT JOIN twin_concern AS one USING (patient_id, topic)
        WHERE ($6 = '' OR strpos(lower(patient.name), $6) > 0)
            AND ($7 IS NULL OR patient.birth_date > $7) AND ($8 IS NULL OR patient.birth_date <= $8)
        GROUP BY shared.patient_id
        HAVING ($9 = '' OR bool_or($9 = ANY(one.systems)))
            AND ($10 = '' OR bool_or(strpos(array_to_string(one.conditions, E'\\n'), $10) > 0))
            AND ($11 = '' OR bool_or(shared.topic = 'records') AND bool_or($11 = ANY(one.early_signs) OR $11 = 'any' AND one.early_signs <> '{{}}'))
    )
    SELECT patient_id, rank FROM standing WHERE {AFTER.format(rank="rank", patient="patient_id")}
    ORDER BY rank DESC, patient_id DESC LIMIT $5
"""
# Of whom nothing is known yet: after everybody else.
UNKNOWN = f"""
    SELECT DISTINCT care.patient_id, -1::bigint FROM backend_caregrant AS care
    WHERE {COUNTS} AND ($3 IS NULL OR $3 >= 0 OR care.patient_id < $4) AND NOT EXISTS (
        SELECT FROM twin_concern AS one
        WHERE one.patient_id = care.patient_id AND EXISTS ({READS.format(one="one")})
    )
    ORDER BY 1 DESC LIMIT $5
"""
USING = "USING person, teams, below_rank, below_patient, most - found"
FILTERS = "search, born_after, born_until, in_system, with_condition, with_early_sign"

# It reads through all walls, so it says itself who may see what; a test holds it to the walls.
TRIAGE = f"""
    CREATE FUNCTION pollux_triage(
        search text, in_system text, with_condition text, with_early_sign text, born_after date,
        born_until date, below_rank bigint, below_patient uuid, most integer, few bigint
    ) RETURNS TABLE (patient_id uuid, rank bigint)
    LANGUAGE plpgsql STABLE
    AS $$
    DECLARE
        person uuid := {PERSON};
        scope text := current_setting('pollux.scope', true);
        is_plain boolean := search = '' AND in_system = '' AND with_condition = ''
            AND with_early_sign = '' AND born_after IS NULL AND born_until IS NULL;
        teams uuid[];
        shared bigint;
        everybody bigint;
        found bigint := 0;
    BEGIN
        PERFORM set_config('pollux.scope', 'all', true);
        teams := ARRAY(
            SELECT member.careteam_id FROM backend_careteam_members AS member
            JOIN backend_clinician AS clinician ON clinician.id = member.clinician_id
            WHERE clinician.user_id = person
        );
        SELECT count(*) INTO shared FROM backend_caregrant AS care
        WHERE care.revoked_at IS NULL AND (care.person_id = person OR care.team_id = ANY(teams));
        SELECT reltuples INTO everybody FROM pg_class WHERE oid = 'backend_patient'::regclass;
        IF is_plain AND shared > few AND shared * 4 > everybody THEN
            RETURN QUERY EXECUTE $q${WALK}$q$ {USING};
            GET DIAGNOSTICS found = ROW_COUNT;
            IF found < most THEN
                RETURN QUERY EXECUTE $q${UNKNOWN}$q$ {USING};
            END IF;
        ELSE
            RETURN QUERY EXECUTE $q${GATHER}$q$ {USING}, {FILTERS};
        END IF;
        PERFORM set_config('pollux.scope', coalesce(scope, ''), true);
    END
    $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0005_narrowed_wall'),
        ('twin', '0009_stale_warnings'),
    ]

    operations = [
        migrations.CreateModel(
            name='Concern',
            fields=[
                ('pk', models.CompositePrimaryKey('patient', 'topic', blank=True, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('rank', models.BigIntegerField()),
                ('severity', models.CharField(blank=True, max_length=12)),
                ('reasons', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('systems', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, size=None)),
                ('conditions', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('early_signs', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('made_at', models.DateTimeField()),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='concerns', to='backend.patient')),
            ],
            options={
                'indexes': [models.Index(fields=['-rank', '-patient', 'topic'], name='concern_by_rank')],
                'constraints': [models.CheckConstraint(condition=models.Q(('rank__gte', 0)), name='concern_rank_is_not_negative'), models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='concern_topic_is_known')],
            },
        ),
        migrations.RunSQL(protect("twin_concern"), unprotect("twin_concern")),
        migrations.RunSQL(TRIAGE, "DROP FUNCTION pollux_triage"),
    ]
