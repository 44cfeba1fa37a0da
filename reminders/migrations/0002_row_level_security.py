"""The wall around plans, doses and reminders, and around how people want to be reminded."""

from django.db import migrations

from backend.wall import PATIENT, PERSON, SWEEP, protect, unprotect, wall

BY_TOPIC = (
    "medicationplan",
    "planversion",
    "planpause",
    "stockentry",
    "dose",
    "doseanswer",
    "reminder",
    "delivery",
    "routinetimes",
)
OWN = ("reminderpreference", "pushsubscription")
OWN_PATIENT = f"patient_id IN (SELECT own.id FROM backend_patient AS own WHERE own.user_id = {PERSON})"
AGREEMENT = "reminders_caregiveragreement"


class Migration(migrations.Migration):
    dependencies = [("reminders", "0001_plans_doses_reminders"), ("backend", "0005_narrowed_wall")]

    operations = [
        *(
            migrations.RunSQL(protect(f"reminders_{table}"), unprotect(f"reminders_{table}"))
            for table in BY_TOPIC
        ),
        *(
            migrations.RunSQL(
                wall(
                    f"reminders_{table}",
                    read=f"{SWEEP} OR person_id = {PERSON}",
                    write=f"{SWEEP} OR person_id = {PERSON}",
                ),
                unprotect(f"reminders_{table}"),
            )
            for table in OWN
        ),
        migrations.RunSQL(
            wall(
                AGREEMENT,
                read=f"{SWEEP} OR patient_id = {PATIENT} OR person_id = {PERSON} OR {OWN_PATIENT}",
                write=f"{SWEEP} OR {OWN_PATIENT}",
            ),
            unprotect(AGREEMENT),
        ),
    ]
