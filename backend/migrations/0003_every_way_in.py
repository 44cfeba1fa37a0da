"""Where a patient lived, and from when on."""

import backend.models
import django.db.models.deletion
from django.db import migrations, models

from backend.wall import protect, unprotect


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
                'constraints': [models.CheckConstraint(condition=models.Q(('time_zone', ''), _negated=True), name='stay_is_in_a_time_zone')],
            },
        ),
        # Where somebody lives is for everybody who sees the days that follow from it.
        migrations.RunSQL(protect("backend_stay", topic=None), unprotect("backend_stay")),
    ]
