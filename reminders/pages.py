"""The console's panel of medication: plans, how they are taken, and what nobody was reminded of in time."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from backend.pages import PatientPage
from backend.queries import zone_history_of
from backend.rules import Need, Topic
from reminders.adherence import Adherence
from reminders.models import MedicationPlan, PlanStatus
from reminders.queries import (
    UNHEARD_FOR,
    adherence_of,
    current_of,
    plans_of,
    stock_outlooks,
    unheard_of,
    words_of,
)
from reminders.stock import Outlook
from reminders.wording import amount_words

WEEKS = 6
ENDED_SHOWN = 5
UNHEARD_SHOWN = 5


class MedicationPanel(PatientPage):
    """Plans that run, then those that wait and the last that ended; and the weeks of adherence."""

    needs = {"get": Need.READ}
    what = "medication plans"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        now, person, topics = timezone.now(), self.access.patient, self.access.topics
        plans = list(plans_of(person, topics))
        report = adherence_of(person, topics, weeks=WEEKS, now=now)
        stocks = stock_outlooks(person, plans, zone_history_of(person.id), now=now) if plans else {}
        taken = {one.plan: one.adherence for one in report.plans}
        rows = [_row(plan, taken.get(plan.id), stocks.get(plan.id)) for plan in plans]
        context = {
            "patient": person,
            "is_shared": Topic.MEDICATION in topics,
            "active": [row for row in rows if row["status"] == PlanStatus.ACTIVE],
            "waiting": [row for row in rows if row["status"] == PlanStatus.WAITING],
            "ended": [row for row in rows if row["status"] == PlanStatus.ENDED][:ENDED_SHOWN],
            "overall": _percent(report.overall),
            "weeks": [
                {
                    "first": week.first,
                    "last": week.last,
                    "percent": _percent(week.adherence),
                    "of": week.adherence,
                }
                for week in report.weeks
            ],
            "unheard": list(unheard_of(person, topics, now - UNHEARD_FOR)[:UNHEARD_SHOWN]),
        }
        return render(request, "console/panels/medication.html", context)


def _row(plan: MedicationPlan, taken: Adherence | None, stock: Outlook | None) -> dict[str, Any]:
    version = current_of(plan)
    lasts = stock.by_plan or stock.by_habit if stock else None
    return {
        "plan": plan,
        "status": plan.status,
        "says": version,
        "when": words_of(version),
        "amount": amount_words(version.amount, version.unit),
        "left": stock and amount_words(stock.usable, version.unit),
        "percent": None if taken is None else _percent(taken),
        "taken": taken,
        "stock": stock,
        "lasts": lasts and lasts.on,
    }


def _percent(taken: Adherence) -> int | None:
    return None if taken.share is None else round(100 * taken.share)
