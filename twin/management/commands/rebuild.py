"""`manage.py rebuild`: everything derived, made anew from series and records."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from backend.actor import acting_for_all
from backend.models import Patient
from twin.management.patients import patient_user
from twin.services.rebuild import rebuild


class Command(BaseCommand):
    help = "Rebuilds day summaries, snapshots and forecasts of some patients, or of all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("patient_emails", nargs="*")

    def handle(self, *_args: Any, patient_emails: list[str], **_options: Any) -> None:
        users = [patient_user(email) for email in patient_emails]
        with acting_for_all():
            patients = Patient.objects.filter(user__in=users) if users else Patient.objects.all()
            ids = list(patients.order_by("id").values_list("id", flat=True))
        for number, patient in enumerate(ids, 1):
            rebuild(patient, now=timezone.now())
            self.stdout.write(f"{number} of {len(ids)}")
