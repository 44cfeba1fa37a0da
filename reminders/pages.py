"""The console's panel of medication, and the page on which a link in mail is answered."""

from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backend.pages import PatientPage
from backend.queries import zone_history_of
from backend.rules import Need, Topic
from reminders import answer_links
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
from reminders.services.deliveries import answer_by_link
from reminders.stock import Outlook
from reminders.wording import amount_words

WEEKS = 6
ENDED_SHOWN = 5
UNHEARD_SHOWN = 5


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@transaction.non_atomic_requests
def answer_link(request: HttpRequest, token: str) -> HttpResponse:
    """Public: the link is what authorises. It shows a button, and only the button answers."""
    now = timezone.now()
    try:
        link = answer_links.read(token, now=now)
        answered = answer_by_link(link, now=now) if request.method == "POST" else None
    except answer_links.ForgedLink:
        raise Http404 from None
    except answer_links.ExpiredLink:
        return render(request, "reminders/answer.html", {"is_over": True}, status=410)
    return render(request, "reminders/answer.html", {"answer": link.answer.value, "answered": answered})


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
