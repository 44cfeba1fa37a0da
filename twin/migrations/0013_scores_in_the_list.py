"""What scores say that stand on several topics has its place in the list: a Concern of all of them together."""

import importlib

import django.contrib.postgres.fields
from django.db import migrations, models

from backend.wall import PATIENT, SWEEP, protect, unprotect, wall

population = importlib.import_module("twin.migrations.0010_population")

PARTS = """
    ALTER TABLE twin_concern
        ADD COLUMN part varchar(100), ADD COLUMN topics varchar(20)[],
        DROP CONSTRAINT twin_concern_pkey;
    -- The rank has a part more, which weighs least.
    UPDATE twin_concern SET part = topic, topics = ARRAY[topic], rank = rank * 101;
    ALTER TABLE twin_concern
        ALTER COLUMN part SET NOT NULL, ALTER COLUMN topics SET NOT NULL, ADD PRIMARY KEY (patient_id, part);
    DROP INDEX concern_by_rank;
    CREATE INDEX concern_by_rank ON twin_concern (rank DESC, patient_id DESC, part);
"""
TOPICS = """
    DELETE FROM twin_concern WHERE part <> topic;
    DROP INDEX concern_by_rank;
    UPDATE twin_concern SET rank = rank / 101;
    ALTER TABLE twin_concern DROP CONSTRAINT twin_concern_pkey, DROP COLUMN part, DROP COLUMN topics;
    ALTER TABLE twin_concern ADD PRIMARY KEY (patient_id, topic);
    CREATE INDEX concern_by_rank ON twin_concern (rank DESC, patient_id DESC, topic);
"""

# Whoever may act in a topic writes its row; rows of several topics are a worker's.
ALWAYS = f"{SWEEP} OR patient_id = {PATIENT}"
VISIBLE = "SELECT v.patient_id, v.topic FROM pollux_visible() AS v"
CLOSED = f"SELECT FROM unnest(topics) AS needed WHERE (patient_id, needed) NOT IN ({VISIBLE})"
WALL = wall(
    "twin_concern",
    read=f"{ALWAYS} OR (patient_id, topic) IN ({VISIBLE}) AND (part = topic OR NOT EXISTS ({CLOSED}))",
    write=f"{ALWAYS} OR (patient_id, part) IN ({VISIBLE} WHERE v.may_act)",
)

COUNTS, AFTER = population.COUNTS, population.AFTER
READS = f"""NOT EXISTS (
        SELECT FROM unnest({{one}}.topics) AS needed WHERE NOT EXISTS (
            SELECT FROM backend_caregrant AS care
            WHERE care.patient_id = {{one}}.patient_id AND needed = ANY(care.read) AND {COUNTS}
        )
    )"""

# Down the index from the worst, as long as it takes to fill a page. For whom most patients share with.
WALK = f"""
    SELECT one.patient_id, one.rank FROM twin_concern AS one
    WHERE {AFTER.format(rank="one.rank", patient="one.patient_id")} AND {READS.format(one="one")}
        AND NOT EXISTS (
            SELECT FROM twin_concern AS worse
            WHERE worse.patient_id = one.patient_id AND (worse.rank, worse.part) > (one.rank, one.part)
                AND {READS.format(one="worse")}
        )
    ORDER BY one.rank DESC, one.patient_id DESC LIMIT $5
"""
# From the grants: for whom few share with, and for what only some of the patients are.
GATHER = f"""
    WITH shared AS (
        SELECT care.patient_id, array_agg(DISTINCT topic) AS topics
        FROM backend_caregrant AS care, unnest(care.read) AS topic WHERE {COUNTS} GROUP BY care.patient_id
    ), standing AS (
        SELECT shared.patient_id, coalesce(max(one.rank), -1) AS rank FROM shared
        JOIN backend_patient AS patient ON patient.id = shared.patient_id
        LEFT JOIN twin_concern AS one
            ON one.patient_id = shared.patient_id AND one.topics <@ shared.topics
        WHERE ($6 = '' OR strpos(lower(patient.name), $6) > 0)
            AND ($7 IS NULL OR patient.birth_date > $7) AND ($8 IS NULL OR patient.birth_date <= $8)
        GROUP BY shared.patient_id
        HAVING ($9 = '' OR bool_or($9 = ANY(one.systems)))
            AND ($10 = '' OR bool_or(strpos(array_to_string(one.conditions, E'\\n'), $10) > 0))
            AND ($11 = '' OR bool_or('records' = ANY(shared.topics))
                AND bool_or($11 = ANY(one.early_signs) OR $11 = 'any' AND one.early_signs <> '{{}}'))
    )
    SELECT patient_id, rank FROM standing WHERE {AFTER.format(rank="rank", patient="patient_id")}
    ORDER BY rank DESC, patient_id DESC LIMIT $5
"""
# Of whom nothing is known yet: after everybody else.
UNKNOWN = f"""
    SELECT DISTINCT care.patient_id, -1::bigint FROM backend_caregrant AS care
    WHERE {COUNTS} AND ($3 IS NULL OR $3 >= 0 OR care.patient_id < $4) AND NOT EXISTS (
        SELECT FROM twin_concern AS one
        WHERE one.patient_id = care.patient_id AND {READS.format(one="one")}
    )
    ORDER BY 1 DESC LIMIT $5
"""
TRIAGE = (
    population.TRIAGE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    .replace(population.WALK, WALK)
    .replace(population.GATHER, GATHER)
    .replace(population.UNKNOWN, UNKNOWN)
)
TRIAGE_BEFORE = population.TRIAGE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")

KNOWN = ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages']


class Migration(migrations.Migration):

    dependencies = [('twin', '0012_scores')]

    operations = [
        migrations.RunSQL(unprotect("twin_concern"), protect("twin_concern")),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(PARTS, TOPICS)],
            state_operations=[
                migrations.RemoveIndex(model_name='concern', name='concern_by_rank'),
                migrations.AddField('concern', 'part', models.CharField(max_length=100), preserve_default=False),
                migrations.AddField(
                    'concern', 'topics',
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None),
                    preserve_default=False,
                ),
                migrations.AlterField(
                    'concern', 'pk',
                    models.CompositePrimaryKey('patient', 'part', blank=True, editable=False, primary_key=True, serialize=False),
                ),
                migrations.AddIndex(
                    model_name='concern',
                    index=models.Index(fields=['-rank', '-patient', 'part'], name='concern_by_rank'),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name='concern',
            constraint=models.CheckConstraint(condition=models.Q(('topics__contained_by', KNOWN)), name='concern_topics_are_known'),
        ),
        migrations.AddConstraint(
            model_name='concern',
            constraint=models.CheckConstraint(condition=models.Q(('topics__contains', [models.F('topic')])), name='concern_topic_is_one_of_its_topics'),
        ),
        migrations.AddConstraint(
            model_name='concern',
            constraint=models.CheckConstraint(
                condition=models.Q(('part', models.Func(models.F('topics'), models.Value('+'), function='array_to_string'))),
                name='concern_part_names_its_topics',
            ),
        ),
        migrations.RunSQL(WALL, unprotect("twin_concern")),
        migrations.RunSQL(TRIAGE, TRIAGE_BEFORE),
    ]
