"""The demo's month of medication."""

from collections import Counter
from datetime import timedelta

import make
from django.utils import timezone

from backend.actor import acting_for_all, acting_on
from reminders.models import Dose, MedicationPlan, Reminder
from reminders.services.demo import seed
from twin.demo import cast as demo
from twin.demo.records import records
from twin.report import Report
from twin.services.intake import take_in


def test_patient_of_the_demo_has_a_month_of_doses_and_one_that_is_due_soon(db):
    now = timezone.now()
    assert seed(now, str) == []
    patient = make.make_patient(make.make_user("maria.sommerfeld"))
    assert patient.user.email == demo.MARIA.email
    with acting_on(patient.id):
        take_in(patient.id, list(records(now.date())), report=Report(), touched={}, now=now)
    said = []
    for _ in range(2):
        assert seed(now, said.append) == []
    assert said == ["Adding a month of medication"]
    with acting_for_all():
        over = Dose.objects.filter(patient=patient, due_at__lt=now - timedelta(hours=5))
        counts = Counter(over.values_list("status", flat=True))
        assert counts.total() > 150
        assert counts["due"] == 0
        assert 0.8 < counts["taken"] / counts.total() < 0.98
        assert counts["missed"] > 0
        assert {plan.status for plan in MedicationPlan.objects.filter(patient=patient)} == {"active"}
        soon = Reminder.objects.filter(patient=patient, at__gt=timezone.now()).order_by("at").first()
    assert soon.at - timezone.now() < timedelta(minutes=2)
