"""`manage.py rebuild`: everything derived, made anew from series and records."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backend.actor import acting_for_all
from backend.models import Patient
from twin.services.rebuild import rebuild


class Command(BaseCommand):
    help = "Rebuilds day summaries, snapshots and forecasts of some patients, or of all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("patient_emails", nargs="*")

    def handle(self, *_args: Any, patient_emails: list[str], **_options: Any) -> None:
        with acting_for_all():
            patients = Patient.objects.order_by("id")
            if patient_emails:
                patients = patients.filter(user__email__in=[email.lower() for email in patient_emails])
            ids = list(patients.values_list("id", flat=True))
        if len(ids) < len(set(patient_emails)):
            raise CommandError("Somebody of these is no patient here.")
        for number, patient in enumerate(ids, 1):
            rebuild(patient, now=timezone.now())
            self.stdout.write(f"{number} of {len(ids)}")
