"""The wall around everything that the twin knows of a patient."""

from django.db import migrations

from backend.wall import protect, unprotect

BY_TOPIC = (
    "sourcepriority",
    "seriesblock",
    "upload",
    "record",
    "daysummary",
    "snapshot",
    "forecast",
    "staleforecast",
)


class Migration(migrations.Migration):
    dependencies = [("twin", "0001_initial"), ("backend", "0002_row_level_security")]

    operations = [
        *(migrations.RunSQL(protect(f"twin_{table}"), unprotect(f"twin_{table}")) for table in BY_TOPIC),
        migrations.RunSQL(protect("twin_source", topic=None), unprotect("twin_source")),
    ]
