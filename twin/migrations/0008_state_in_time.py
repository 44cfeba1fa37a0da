"""What is usual for a person, and snapshots as they were known before."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

from backend.wall import protect, unprotect

KNOWN_SINCE = """
    SELECT set_config('pollux.scope', 'all', true);
    UPDATE twin_snapshot SET known_at = built_at;
"""

class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0003_every_way_in'),
        ('twin', '0007_alerts'),
    ]

    operations = [
        migrations.AddField(
            model_name='snapshot',
            name='facts',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='snapshot',
            name='known_at',
            field=models.DateTimeField(default=timezone.now),
            preserve_default=False,
        ),
        migrations.RunSQL(KNOWN_SINCE, migrations.RunSQL.noop),
        migrations.CreateModel(
            name='Baseline',
            fields=[
                ('pk', models.CompositePrimaryKey('patient', 'kind', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('topic', models.CharField(max_length=20)),
                ('centre', models.FloatField()),
                ('spread', models.FloatField()),
                ('by_weekday', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), null=True, size=None)),
                ('days', models.SmallIntegerField()),
                ('first_on', models.DateField()),
                ('last_on', models.DateField()),
                ('made_at', models.DateTimeField()),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='baselines', to='backend.patient')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('spread__gt', 0)), name='baseline_has_a_spread'), models.CheckConstraint(condition=models.Q(('by_weekday__isnull', True), ('by_weekday__len', 7), _connector='OR'), name='baseline_has_seven_weekdays_or_none'), models.CheckConstraint(condition=models.Q(('days__gte', 1), ('first_on__lte', models.F('last_on'))), name='baseline_stands_on_days'), models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='baseline_topic_is_known')],
            },
        ),
        migrations.CreateModel(
            name='SnapshotVersion',
            fields=[
                ('pk', models.CompositePrimaryKey('patient', 'topic', 'known_at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('known_at', models.DateTimeField()),
                ('said', models.BinaryField()),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='snapshot_versions', to='backend.patient')),
            ],
            options={
                'indexes': [models.Index(fields=['known_at'], name='snapshot_version_by_age')],
                'constraints': [models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='snapshot_version_topic_is_known')],
            },
        ),
        *(
            migrations.RunSQL(protect(f"twin_{table}"), unprotect(f"twin_{table}"))
            for table in ("baseline", "snapshotversion")
        ),
    ]
