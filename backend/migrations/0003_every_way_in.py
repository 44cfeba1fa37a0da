"""Where a patient lived, and from when on; the log is read by what changed, too."""

import datetime

import backend.models
import django.db.models.deletion
from django.db import migrations, models

from backend.wall import PATIENT, PERSON, SWEEP, unprotect, wall

OWN_PATIENT = f"patient_id IN (SELECT own.id FROM backend_patient AS own WHERE own.user_id = {PERSON})"


class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0002_row_level_security'),
    ]

    operations = [
        migrations.CreateModel(
            name='Stay',
            fields=[
                ('pk', models.CompositePrimaryKey('patient', 'since', blank=True, editable=False, primary_key=True, serialize=False)),
                ('since', models.DateTimeField()),
                ('time_zone', models.CharField(max_length=64, validators=[backend.models.validate_time_zone])),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stays', to='backend.patient')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('time_zone', ''), _negated=True), name='stay_is_in_a_time_zone'), models.CheckConstraint(condition=models.Q(('since__gte', datetime.datetime(1900, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))), name='stay_begins_in_living_memory')],
            },
        ),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(fields=['stream', 'ref', 'seq'], name='change_of_ref'),
        ),
        # Where somebody lives is for everybody who sees the days that follow from it, and her own to say.
        migrations.RunSQL(
            wall(
                "backend_stay",
                read=f"{SWEEP} OR patient_id = {PATIENT} OR patient_id IN (SELECT v.patient_id FROM pollux_visible() AS v)",
                write=f"{SWEEP} OR {OWN_PATIENT}",
            ),
            unprotect("backend_stay"),
        ),
    ]
