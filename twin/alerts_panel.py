"""The alerts on a patient's page: what stands behind each, who was told, and what a reader may do."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from backend.pages import PatientPage
from backend.rules import Need, Role, Topic
from twin.kinds import KINDS
from twin.models import Alert, AlertDelivery
from twin.queries.alerts import alerts_of, with_course
from twin.warnings.actions import actions
from twin.warnings.finding import Clearing, Severity
from twin.warnings.life import WAITING, Step, courses

OVER_SHOWN = 5
EVIDENCE_SHOWN = 6
STEPS: Mapping[str, str] = {
    Step.RAISED: "Raised",
    Step.DELIVERED: "The first person was told",
    Step.DISPLAYED: "Shown to",
    Step.UNDELIVERED: "A way of telling was given up",
    Step.NOTED: "Seen by",
    Step.ACKNOWLEDGED: "Taken on by",
    Step.SNOOZED: "Put off by",
    Step.ESCALATED: "Nobody had answered: others were asked",
    Step.UNANSWERED: "The last who were asked have not answered",
    Step.WORSENED: "Worse",
    Step.EASED: "Milder",
    Step.RESOLVED: "Over",
    Step.EXPIRED: "Too old",
}
ENDINGS: Mapping[str, str] = {
    "handled": "Handled",
    "unattended": "Nobody attended to it",
    Clearing.RECOVERED: "Newer values are back",
    Clearing.CORRECTED: "The values behind it were corrected",
    Clearing.OUTDATED: "Its values are too old",
    Clearing.RETIRED: "Its rule is no more",
}
CHANNELS = {"live": "on screen", "email": "by mail"}
WAITS = (15, 60, 240, 480, 1440, 4320, 10080, 43200)
"""Minutes for which an alert can be put off, as far as its severity allows."""


class AlertsPanel(PatientPage):
    """The open alerts, what nobody sees to and the worst first, and the last that are over."""

    needs = {"get": Need.READ}
    what = "alerts"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        found = alerts_of(self.access.patient, self.access.topics)
        open_ = [row for row in with_course(found.filter(ended_at=None)) if row.is_open]
        open_.sort(key=lambda row: (row.status in WAITING, Severity(row.severity).rank), reverse=True)
        may_act = self.access.standing.topics(Need.ACT)
        answers = self.access.standing.role is not Role.EMERGENCY
        context = {
            "patient": self.access.patient,
            "alerts": [_row(one, self.person.id, may_act) for one in open_],
            "answers": answers,
            "over": [
                {"alert": one, "ending": ENDINGS[one.ending]}
                for one in found.exclude(ended_at=None)[:OVER_SHOWN]
            ],
        }
        return render(request, "console/panels/alerts.html", context)


def _row(alert: Alert, reader: UUID, may_act: Collection[Topic]) -> dict[str, Any]:
    told = list(alert.deliveries.all())
    return {
        "alert": alert,
        "waits": alert.status in WAITING,
        "evidence": [_evidence(one) for one in _newest_first(alert.evidence)[:EVIDENCE_SHOWN]],
        "earlier": max(0, len(alert.evidence) - EVIDENCE_SHOWN),
        "action": actions().get(alert.action),
        "steps": [{"row": one, "words": STEPS[one.step]} for one in alert.steps.all()],
        "told": [{"row": one, "channel": CHANNELS.get(one.channel, one.channel)} for one in told],
        "is_new_to_reader": _is_new(told, reader),
        "may_resolve": alert.topic in may_act,
        "waits_for": list(_waits(Severity(alert.severity))),
    }


def _newest_first(evidence: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is of one instant stays in its order: systolic before diastolic."""
    return sorted(evidence, key=lambda one: datetime.fromisoformat(one["at"]), reverse=True)


def _evidence(one: Mapping[str, Any]) -> dict[str, Any]:
    kind = KINDS.get(one["kind"])
    return {
        "title": kind.title if kind else one["kind"],
        "value": f"{one['value']:,.{kind.decimals if kind else 1}f}",
        "unit": one["unit"],
        "at": datetime.fromisoformat(one["at"]),
        "source": one["source"],
    }


def _is_new(told: Iterable[AlertDelivery], reader: UUID) -> bool:
    """Whether no device has said yet that it has shown the alert to the reader, who is to be told of it."""
    return any(
        one.recipient_id == reader and one.channel == "live" and one.displayed_at is None for one in told
    )


def _waits(severity: Severity) -> Iterable[tuple[int, str]]:
    bound = courses()[severity].clinician_snoozes
    return ((minutes, _in_words(minutes)) for minutes in WAITS if timedelta(minutes=minutes) <= bound)


def _in_words(minutes: int) -> str:
    for word, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        number, rest = divmod(minutes, size)
        if number and not rest:
            return f"{number} {word}{'' if number == 1 else 's'}"
    return f"{minutes} minutes"
