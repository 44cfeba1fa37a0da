"""Batches of a phone, days to be summed up, versions of records, exports, and more of each source."""

import backend.identifiers
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from backend.wall import PATIENT, PERSON, SWEEP, protect, unprotect, wall

OWN = (
    f"{SWEEP} OR patient_id = {PATIENT} OR patient_id IN "
    f"(SELECT own.id FROM backend_patient AS own WHERE own.user_id = {PERSON})"
)

# A phone copies what the log names; days and records were not named in it before.
TELL = """
    SELECT set_config('pollux.scope', 'all', true);
    WITH entry AS (
        SELECT patient_id, topic, 'days/' || kind || '/' || min(day) || '/' || max(day) AS ref
        FROM twin_daysummary GROUP BY patient_id, topic, kind, (day - DATE '1970-01-01') / 92
      UNION ALL
        SELECT patient_id, topic, 'record/' || id FROM twin_record
    ), placed AS (
        SELECT *, row_number() OVER (PARTITION BY patient_id ORDER BY ref) AS place,
               count(*) OVER (PARTITION BY patient_id) AS many
        FROM entry
    ), counted AS (
        INSERT INTO backend_changestream (stream, patient_id, last_seq)
        SELECT DISTINCT patient_id, patient_id, many FROM placed
        ON CONFLICT (stream) DO UPDATE SET last_seq = backend_changestream.last_seq + excluded.last_seq
        RETURNING patient_id, last_seq
    )
    INSERT INTO backend_change (stream, seq, patient_id, topic, ref, op)
    SELECT patient_id, last_seq - many + place, patient_id, topic, ref, 'set' FROM placed JOIN counted USING (patient_id);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0003_every_way_in'),
        ('twin', '0003_block_storage'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Export',
            fields=[
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exports', to='backend.patient')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exports', to=settings.AUTH_USER_MODEL)),
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('requested_at', models.DateTimeField()),
                ('status', models.CharField(choices=[('requested', 'Requested'), ('building', 'Building'), ('ready', 'Ready'), ('failed', 'Failed')], default='requested', max_length=10)),
                ('attempts', models.SmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(null=True)),
                ('lease_token', models.UUIDField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('size', models.BigIntegerField(null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='RecordVersion',
            fields=[
                ('edited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='record_versions', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='record_versions', to='backend.patient')),
                ('record', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='twin.record')),
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('number', models.IntegerField()),
                ('said', models.JSONField()),
                ('edited_at', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('lost_at', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SampleBatch',
            fields=[
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sample_batches', to='backend.patient')),
                ('pk', models.CompositePrimaryKey('patient', 'batch_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('batch_id', models.CharField(max_length=100)),
                ('content', models.CharField(max_length=64)),
                ('answer', models.JSONField()),
                ('received_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='StaleDays',
            fields=[
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stale_days', to='backend.patient')),
                ('pk', models.CompositePrimaryKey('patient', 'kind', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('topic', models.CharField(max_length=20)),
                ('first_at', models.BigIntegerField()),
                ('last_at', models.BigIntegerField()),
                ('stale_since', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='record',
            name='record_type_is_known',
        ),
        migrations.AddField(
            model_name='record',
            name='edited_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='record',
            name='edited_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='edited_records', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='record',
            name='version',
            field=models.IntegerField(default=1),
        ),
        migrations.AddField(
            model_name='source',
            name='clock_skew_ms',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='source',
            name='spoke_on',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.DateField(), default=list, size=None),
        ),
        migrations.AddField(
            model_name='daysummary',
            name='flags',
            field=models.SmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='source',
            name='last_sync_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='source',
            name='silent_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='record',
            name='type',
            field=models.CharField(choices=[('condition', 'condition'), ('medication', 'medication'), ('allergy', 'allergy'), ('immunization', 'immunization'), ('procedure', 'procedure'), ('report', 'report'), ('observation', 'observation'), ('activity', 'activity'), ('treatment', 'treatment'), ('variant', 'variant')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['condition', 'medication', 'allergy', 'immunization', 'procedure', 'report', 'observation', 'activity', 'treatment', 'variant'])), name='record_type_is_known'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='record_versions_count_up'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('edited_at__isnull', True), ('edited_by__isnull', True)), models.Q(('edited_at__isnull', False), ('edited_by__isnull', False)), _connector='OR'), name='record_edited_has_editor'),
        ),
        migrations.AddConstraint(
            model_name='source',
            constraint=models.CheckConstraint(condition=models.Q(('silent_since__isnull', True), ('last_sync_at__isnull', False), _connector='OR'), name='source_is_silent_only_after_it_spoke'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['requested', 'building'])), fields=('patient',), name='export_is_built_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['requested', 'building', 'ready', 'failed'])), name='export_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lease_token__isnull', False), ('lease_until__isnull', False), ('status', 'building')), models.Q(models.Q(('status', 'building'), _negated=True), ('lease_token__isnull', True), ('lease_until__isnull', True)), _connector='OR'), name='export_being_built_has_lease'),
        ),
        migrations.AddConstraint(
            model_name='export',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('expires_at__isnull', False), ('finished_at__isnull', False), ('size__isnull', False), ('status', 'ready')), models.Q(('expires_at__isnull', True), ('finished_at__isnull', False), ('size__isnull', True), ('status', 'failed')), models.Q(('expires_at__isnull', True), ('finished_at__isnull', True), ('size__isnull', True), ('status__in', ['requested', 'building'])), _connector='OR'), name='export_ready_has_its_file'),
        ),
        migrations.AddIndex(
            model_name='recordversion',
            index=models.Index(fields=['record', '-number'], name='version_of_record'),
        ),
        migrations.AddConstraint(
            model_name='recordversion',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='record_versions_count_from_one'),
        ),
        migrations.AddConstraint(
            model_name='recordversion',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='record_version_topic_is_known'),
        ),
        migrations.AddConstraint(
            model_name='recordversion',
            constraint=models.CheckConstraint(condition=models.Q(('settled_at__isnull', True), ('lost_at__isnull', False), _connector='OR'), name='record_version_is_settled_only_when_it_lost'),
        ),
        migrations.AddConstraint(
            model_name='staledays',
            constraint=models.CheckConstraint(condition=models.Q(('first_at__lte', models.F('last_at'))), name='stale_days_are_in_order'),
        ),
        migrations.AddConstraint(
            model_name='staledays',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='stale_days_topic_is_known'),
        ),
        *(
            migrations.RunSQL(protect(f"twin_{table}"), unprotect(f"twin_{table}"))
            for table in ("staledays", "recordversion")
        ),
        migrations.RunSQL(protect("twin_samplebatch", topic=None), unprotect("twin_samplebatch")),
        # It holds every topic at once: the patient's own, and the worker's who builds it.
        migrations.RunSQL(wall("twin_export", read=OWN, write=OWN), unprotect("twin_export")),
        migrations.RunSQL(TELL, migrations.RunSQL.noop),
    ]
