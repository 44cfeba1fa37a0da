"""A month of medication for the demo's patient, told through the services that people use."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from django.utils import timezone

from backend.access import Access, access_patient
from backend.actor import acting_for_all
from backend.identifiers import new_id
from backend.models import Patient
from backend.ports import Login
from backend.rules import Need
from reminders.models import Dose, DoseAnswer, DoseStatus, MedicationPlan, PlanStatus, StockMove
from reminders.queries import current_of, with_current
from reminders.services.doses import ANSWERS_AT_ONCE, Said, answer_doses, mark_missed
from reminders.services.planning import plan_on
from reminders.services.plans import Written, confirm_plan, make_plan, record_stock
from twin.demo import cast

SINCE = timedelta(days=35)
SOON = timedelta(seconds=40)
"""A first reminder comes so long after the demo is made, or up to a minute later."""
EVENING = 17
"""From this hour on, UTC, doses are forgotten more often."""


def seed(now: datetime, say: Callable[[str], None]) -> list[Login]:
    """Gives the demo's patient her medication, a month of it taken or not, and one dose that is due soon."""
    with acting_for_all():
        patient = Patient.objects.filter(user__email=cast.MARIA.email).first()
        if patient is None or DoseAnswer.objects.filter(patient=patient).exists():
            return []
        say("Adding a month of medication")
        access = access_patient(patient.user, patient.id, Need.ACT, what="medication plans")
        since = now - SINCE
        for plan in MedicationPlan.objects.filter(patient=patient, status=PlanStatus.WAITING):
            confirm_plan(access=access, plan_id=plan.id, override="As agreed with the practice.", now=since)
        MedicationPlan.objects.filter(patient=patient, status=PlanStatus.ACTIVE).update(planned_until=since)
    plan_on(patient.id, now=now)
    with acting_for_all():
        said = list(_said(patient.id, now))
        for first in range(0, len(said), ANSWERS_AT_ONCE):
            answer_doses(access=access, said=said[first : first + ANSWERS_AT_ONCE], now=now)
        _fetch(access, now)
        _due_soon(access)
    while mark_missed(now=now, limit=1000):
        pass
    return []


def _said(patient: UUID, now: datetime) -> Iterator[Said]:
    """Most doses were taken around their time, some skipped, and of some nothing was said."""
    chance = np.random.default_rng(20_260_301)
    over = Dose.objects.filter(patient=patient, status=DoseStatus.DUE, due_at__lt=now - timedelta(hours=1))
    for dose in over.order_by("due_at", "plan_id"):
        luck, minutes = chance.random(), float(chance.normal(6, 14))
        forgotten = 0.12 if dose.due_at.hour >= EVENING else 0.04
        at = min(dose.due_at + timedelta(minutes=round(minutes)), now)
        if luck < forgotten:
            continue
        if luck < forgotten + 0.03:
            yield Said(new_id(), DoseStatus.SKIPPED, at, dose=dose.id, reason="Upset stomach")
        else:
            yield Said(new_id(), DoseStatus.TAKEN, at, dose=dose.id, taken_at=at, amount=dose.amount)


def _fetch(access: Access, now: datetime) -> None:
    """Boxes of a hundred, fetched three weeks ago."""
    for plan in with_current(MedicationPlan.objects.filter(patient=access.patient, status=PlanStatus.ACTIVE)):
        if current_of(plan).unit == "tablet":
            plan.refill_below = Decimal(14)
            plan.save(update_fields=["refill_below"])
            record_stock(
                access=access,
                plan_id=plan.id,
                move=StockMove.FILL,
                amount=Decimal(100),
                at=now - timedelta(days=21),
                expires_on=_in_a_year(now),
                now=now,
            )


def _in_a_year(now: datetime) -> date:
    return (now + timedelta(days=365)).date()


def _due_soon(access: Access) -> None:
    """Something of her own that is due at a minute that is about to come."""
    # By the clock, for the demo's days take a while to make.
    now = timezone.now()
    soon = (now + SOON + timedelta(minutes=1)).astimezone(ZoneInfo(access.patient.time_zone))
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": [f"{soon:%H:%M}"]}}
    written = Written(
        medicine="Artificial tears",
        starts_on=soon.date(),
        timing=timing,
        amount=Decimal(1),
        unit="drop",
        form="eye drops",
        instructions="One drop in each eye.",
    )
    make_plan(access=access, written=written, now=now)
