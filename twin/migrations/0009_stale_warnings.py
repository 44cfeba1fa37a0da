"""When the rules of early warning have to be looked at again, behind the wall."""

import django.db.models.deletion
from django.db import migrations, models

from backend.wall import protect, unprotect


class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0003_every_way_in'),
        ('twin', '0008_state_in_time'),
    ]

    operations = [
        migrations.CreateModel(
            name='StaleWarnings',
            fields=[
                ('patient', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='stale_warnings', serialize=False, to='backend.patient')),
                ('due_at', models.DateTimeField(db_index=True)),
                ('arrived', models.JSONField(default=list)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.RunSQL(protect("twin_stalewarnings", topic=None), unprotect("twin_stalewarnings")),
    ]
