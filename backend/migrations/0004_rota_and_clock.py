"""Who is on duty and leads, what a clinic promises its patients, and whether the clock goes."""

import backend.identifiers
import backend.models
import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0003_every_way_in'),
    ]

    operations = [
        # A shift's team is compared as a range of one id, for which PostgreSQL needs no extension.
        migrations.RunSQL(
            "CREATE TYPE pollux_uuidrange AS RANGE (subtype = uuid)", "DROP TYPE pollux_uuidrange"
        ),
        migrations.CreateModel(
            name='ClockBeat',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DutyShift',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('is_additional', models.BooleanField(default=False)),
                ('entered_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='careteam',
            name='lead',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='teams_led', to='backend.clinician'),
        ),
        migrations.AddField(
            model_name='clinic',
            name='emergency_text',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='clinic',
            name='is_synthetic',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='clinic',
            name='reads_from',
            field=models.TimeField(null=True),
        ),
        migrations.AddField(
            model_name='clinic',
            name='reads_until',
            field=models.TimeField(null=True),
        ),
        migrations.AddField(
            model_name='clinic',
            name='reads_weekends',
            field=models.BooleanField(default=False),
        ),
        migrations.AddConstraint(
            model_name='clinic',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reads_from__isnull', True), ('reads_until__isnull', True)), models.Q(('reads_from__isnull', False), ('reads_until__isnull', False)), _connector='OR'), name='clinic_reads_from_until'),
        ),
        migrations.AddField(
            model_name='dutyshift',
            name='clinician',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='backend.clinician'),
        ),
        migrations.AddField(
            model_name='dutyshift',
            name='entered_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shifts_entered', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='dutyshift',
            name='taken_from',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='shifts_handed_over', to='backend.clinician'),
        ),
        migrations.AddField(
            model_name='dutyshift',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shifts', to='backend.careteam'),
        ),
        migrations.AddIndex(
            model_name='dutyshift',
            index=models.Index(fields=['team', 'ends_at'], name='duty_shift_of_team'),
        ),
        migrations.AddConstraint(
            model_name='dutyshift',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='duty_shift_ends_after_its_start'),
        ),
        migrations.AddConstraint(
            model_name='dutyshift',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('is_additional', False)), expressions=[(backend.models.OneUuid('team', 'team', models.Value('[]')), '&&'), (backend.models.TsTzRange('starts_at', 'ends_at'), '&&')], name='duty_shift_is_one_at_a_time'),
        ),
    ]
