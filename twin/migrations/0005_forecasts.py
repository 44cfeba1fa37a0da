"""What forecasts lean on, where their models stand, what was shown, and the fleet's run over everybody."""

import backend.identifiers
import backend.rules
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from backend.wall import SWEEP, protect, unprotect, wall

# What the first models forecast is derived, and said of other days: it is made again.
ANEW = """
    SELECT set_config('pollux.scope', 'all', true);
    INSERT INTO twin_staleforecast (patient_id, kind, topic, stale_since, due_at)
    SELECT DISTINCT patient_id, kind, topic, now(), now() FROM twin_forecast
    ON CONFLICT DO NOTHING;
    DELETE FROM twin_forecast;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0003_every_way_in'),
        ('twin', '0004_every_way_in'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(ANEW, migrations.RunSQL.noop),
        migrations.CreateModel(
            name='ChallengerScore',
            fields=[
                ('pk', models.CompositePrimaryKey('day', 'kind', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('kind', models.CharField(max_length=40)),
                ('series', models.IntegerField()),
                ('points', models.IntegerField()),
                ('error', models.FloatField()),
                ('error_of_prophet', models.FloatField()),
                ('held80', models.FloatField()),
                ('held80_of_prophet', models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name='Crossing',
            fields=[
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='crossings', to='backend.patient')),
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('topic', models.CharField(max_length=20)),
                ('basis', models.CharField(choices=[('goal', 'Goal'), ('threshold', 'Threshold'), ('guideline', 'Guideline')], max_length=10)),
                ('rule', models.CharField(max_length=40)),
                ('side', models.CharField(choices=[('above', 'above'), ('below', 'below')], max_length=5)),
                ('limit', models.FloatField()),
                ('probability', models.FloatField()),
                ('expected_on', models.DateField(null=True)),
                ('through', models.DateField()),
                ('made_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('record', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='twin.record')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='backend.patient')),
                ('entered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events_entered', to=settings.AUTH_USER_MODEL)),
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('type', models.CharField(choices=[('medicine_started', 'Medicine Started'), ('medicine_changed', 'Medicine Changed'), ('medicine_stopped', 'Medicine Stopped'), ('illness', 'Illness'), ('surgery', 'Surgery'), ('travel', 'Travel'), ('other', 'Other')], max_length=20)),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField(null=True)),
                ('text', models.CharField(blank=True, max_length=200)),
                ('entered_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='FleetChunk',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('first', models.UUIDField()),
                ('last', models.UUIDField()),
                ('attempts', models.SmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(null=True)),
                ('lease_token', models.UUIDField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('series', models.IntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='FleetRun',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('task', models.CharField(choices=[('nightly', 'Nightly'), ('weekly', 'Weekly')], max_length=10)),
                ('hour', models.DateTimeField()),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='GlucoseForecast',
            fields=[
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='glucose_forecasts', to='backend.patient')),
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(default=backend.rules.Topic['GLUCOSE'], editable=False, max_length=20)),
                ('at', models.DateTimeField()),
                ('made_at', models.DateTimeField()),
                ('shown_at', models.DateTimeField(null=True)),
                ('version', models.CharField(max_length=40)),
                ('last_value', models.FloatField()),
                ('minutes', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None)),
                ('mean', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('low80', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('high80', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('low95', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('high95', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
            ],
        ),
        migrations.CreateModel(
            name='Goal',
            fields=[
                ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='goals_set', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='goals', to='backend.patient')),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='goals_ended', to=settings.AUTH_USER_MODEL)),
                ('agreed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='goals_agreed', to=settings.AUTH_USER_MODEL)),
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('topic', models.CharField(max_length=20)),
                ('direction', models.CharField(choices=[('at_least', 'At Least'), ('at_most', 'At Most')], max_length=10)),
                ('target', models.FloatField()),
                ('starts_on', models.DateField()),
                ('start_value', models.FloatField(null=True)),
                ('by_day', models.DateField(null=True)),
                ('set_at', models.DateTimeField()),
                ('agreed_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SeriesState',
            fields=[
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='series_states', to='backend.patient')),
                ('pk', models.CompositePrimaryKey('patient', 'kind', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('topic', models.CharField(max_length=20)),
                ('version', models.CharField(max_length=40)),
                ('through', models.DateField()),
                ('estimated_on', models.DateField()),
                ('state', models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name='Threshold',
            fields=[
                ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='thresholds_set', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='thresholds', to='backend.patient')),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='thresholds_ended', to=settings.AUTH_USER_MODEL)),
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('topic', models.CharField(max_length=20)),
                ('low', models.FloatField(null=True)),
                ('high', models.FloatField(null=True)),
                ('reason', models.TextField(blank=True)),
                ('set_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='forecast',
            name='forecast_is_one_for_each_last_day',
        ),
        migrations.RemoveConstraint(
            model_name='forecast',
            name='forecast_errors_have_origins',
        ),
        migrations.RemoveField(
            model_name='forecast',
            name='backtest_origins',
        ),
        migrations.RemoveField(
            model_name='forecast',
            name='seed',
        ),
        migrations.AddField(
            model_name='forecast',
            name='backtest_held80',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='forecast',
            name='backtest_points',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='forecast',
            name='last_value',
            field=models.FloatField(default=0.0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='forecast',
            name='shown_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='forecast',
            name='superseded_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='forecast',
            name='version',
            field=models.CharField(default='', max_length=40),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='forecast',
            index=models.Index(fields=['patient', 'kind', '-through'], name='forecast_of_kind'),
        ),
        migrations.AddConstraint(
            model_name='forecast',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_at__isnull', True)), fields=('patient', 'kind'), name='forecast_is_current_once_for_each_kind'),
        ),
        migrations.AddConstraint(
            model_name='forecast',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_at__isnull', False)), fields=('patient', 'kind', 'through'), name='forecast_is_kept_once_for_each_last_day'),
        ),
        migrations.AddConstraint(
            model_name='forecast',
            constraint=models.CheckConstraint(condition=models.Q(('superseded_at__isnull', True), ('shown_at__isnull', False), _connector='OR'), name='forecast_is_kept_only_when_it_was_shown'),
        ),
        migrations.AddConstraint(
            model_name='forecast',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('backtest_error__isnull', True), ('backtest_error_of_last_value__isnull', True), ('backtest_held80__isnull', True), ('backtest_points', 0)), models.Q(('backtest_error__isnull', False), ('backtest_error_of_last_value__isnull', False), ('backtest_held80__isnull', False), ('backtest_points__gt', 0)), _connector='OR'), name='forecast_errors_have_points'),
        ),
        migrations.AddConstraint(
            model_name='challengerscore',
            constraint=models.CheckConstraint(condition=models.Q(('points__gte', models.F('series')), ('series__gte', 1)), name='challenger_score_stands_on_days'),
        ),
        migrations.AddConstraint(
            model_name='fleetrun',
            constraint=models.CheckConstraint(condition=models.Q(('task__in', ['nightly', 'weekly'])), name='fleet_task_is_known'),
        ),
        migrations.AddConstraint(
            model_name='fleetrun',
            constraint=models.UniqueConstraint(fields=('task', 'hour'), name='fleet_run_is_one_an_hour'),
        ),
        migrations.AddConstraint(
            model_name='fleetrun',
            constraint=models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), ('finished_at__gte', models.F('started_at')), _connector='OR'), name='fleet_run_finishes_after_it_started'),
        ),
        migrations.AddField(
            model_name='fleetchunk',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='twin.fleetrun'),
        ),
        migrations.AddConstraint(
            model_name='crossing',
            constraint=models.UniqueConstraint(fields=('patient', 'kind', 'rule', 'side'), name='crossing_is_one_for_each_limit'),
        ),
        migrations.AddConstraint(
            model_name='crossing',
            constraint=models.CheckConstraint(condition=models.Q(('basis__in', ['goal', 'threshold', 'guideline'])), name='crossing_basis_is_known'),
        ),
        migrations.AddConstraint(
            model_name='crossing',
            constraint=models.CheckConstraint(condition=models.Q(('side__in', ['above', 'below'])), name='crossing_side_is_known'),
        ),
        migrations.AddConstraint(
            model_name='crossing',
            constraint=models.CheckConstraint(condition=models.Q(('probability__gte', 0), ('probability__lte', 1)), name='crossing_probability_is_one'),
        ),
        migrations.AddConstraint(
            model_name='crossing',
            constraint=models.CheckConstraint(condition=models.Q(('expected_on__isnull', True), ('expected_on__gt', models.F('through')), _connector='OR'), name='crossing_is_expected_after_the_data'),
        ),
        migrations.AddConstraint(
            model_name='crossing',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='crossing_topic_is_known'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['patient', 'starts_on'], name='event_of_patient'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['medicine_started', 'medicine_changed', 'medicine_stopped', 'illness', 'surgery', 'travel', 'other'])), name='event_type_is_known'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('entered_at__isnull', True), ('entered_by__isnull', True), ('record__isnull', False)), models.Q(('entered_at__isnull', False), ('entered_by__isnull', False), ('record__isnull', True)), _connector='OR'), name='event_is_lifted_or_entered'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(fields=('record', 'type', 'starts_on'), name='event_is_lifted_once_from_its_record'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__isnull', True), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='event_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='event_topic_is_known'),
        ),
        migrations.AddIndex(
            model_name='fleetchunk',
            index=models.Index(condition=models.Q(('done_at__isnull', True)), fields=['run', 'first'], name='fleet_chunk_is_open'),
        ),
        migrations.AddConstraint(
            model_name='fleetchunk',
            constraint=models.CheckConstraint(condition=models.Q(('first__lte', models.F('last'))), name='fleet_chunk_is_in_order'),
        ),
        migrations.AddConstraint(
            model_name='fleetchunk',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lease_token__isnull', True), ('lease_until__isnull', True)), models.Q(('done_at__isnull', True), ('lease_token__isnull', False), ('lease_until__isnull', False)), _connector='OR'), name='fleet_chunk_in_work_has_lease'),
        ),
        migrations.AddConstraint(
            model_name='glucoseforecast',
            constraint=models.UniqueConstraint(fields=('patient', 'at'), name='glucose_forecast_is_one_for_each_reading'),
        ),
        migrations.AddConstraint(
            model_name='glucoseforecast',
            constraint=models.CheckConstraint(condition=models.Q(('high80__len', models.F('minutes__len')), ('high95__len', models.F('minutes__len')), ('low80__len', models.F('minutes__len')), ('low95__len', models.F('minutes__len')), ('mean__len', models.F('minutes__len')), ('minutes__len__gt', 0)), name='glucose_forecast_arrays_are_of_one_length'),
        ),
        migrations.AddConstraint(
            model_name='glucoseforecast',
            constraint=models.CheckConstraint(condition=models.Q(('made_at__gte', models.F('at'))), name='glucose_forecast_is_made_later'),
        ),
        migrations.AddConstraint(
            model_name='glucoseforecast',
            constraint=models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['GLUCOSE'])), name='glucose_forecast_is_of_glucose'),
        ),
        migrations.AddIndex(
            model_name='goal',
            index=models.Index(fields=['patient', 'kind'], name='goal_of_patient'),
        ),
        migrations.AddConstraint(
            model_name='goal',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('patient', 'kind'), name='goal_is_open_once_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='goal',
            constraint=models.CheckConstraint(condition=models.Q(('direction__in', ['at_least', 'at_most'])), name='goal_direction_is_known'),
        ),
        migrations.AddConstraint(
            model_name='goal',
            constraint=models.CheckConstraint(condition=models.Q(('by_day__isnull', True), ('by_day__gt', models.F('starts_on')), _connector='OR'), name='goal_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='goal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('agreed_at__isnull', True), ('agreed_by__isnull', True)), models.Q(('agreed_at__isnull', False), ('agreed_by__isnull', False)), _connector='OR'), name='goal_agreed_has_who_agreed'),
        ),
        migrations.AddConstraint(
            model_name='goal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by__isnull', True)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='goal_ended_has_who_ended'),
        ),
        migrations.AddConstraint(
            model_name='goal',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='goal_topic_is_known'),
        ),
        migrations.AddConstraint(
            model_name='seriesstate',
            constraint=models.CheckConstraint(condition=models.Q(('estimated_on__lte', models.F('through'))), name='series_state_is_estimated_before_its_end'),
        ),
        migrations.AddConstraint(
            model_name='seriesstate',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='series_state_topic_is_known'),
        ),
        migrations.AddIndex(
            model_name='threshold',
            index=models.Index(fields=['patient', 'kind'], name='threshold_of_patient'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('patient', 'kind'), name='threshold_is_open_once_a_kind'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('high__isnull', True), ('low__isnull', False)), models.Q(('high__isnull', False), ('low__isnull', True)), models.Q(('high__isnull', False), ('low__isnull', False), ('low__lt', models.F('high'))), _connector='OR'), name='threshold_has_its_limits_in_order'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by__isnull', True)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False)), _connector='OR'), name='threshold_ended_has_who_ended'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='threshold_topic_is_known'),
        ),
        *(
            migrations.RunSQL(protect(f"twin_{table}"), unprotect(f"twin_{table}"))
            for table in ("seriesstate", "glucoseforecast", "goal", "threshold", "event", "crossing")
        ),
        # They name patients, and are the workers' own.
        *(
            migrations.RunSQL(wall(f"twin_{table}", read=SWEEP, write=SWEEP), unprotect(f"twin_{table}"))
            for table in ("fleetrun", "fleetchunk")
        ),
    ]
