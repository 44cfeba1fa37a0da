"""The console's panel of scores: what each says and stands on, and what is to be said of medicines."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from backend.pages import PatientPage
from backend.rules import Need, Role, Topic
from twin.models import ScoreResult
from twin.queries.gene_notices import gene_notices_of
from twin.queries.medicines import listed_medicines
from twin.queries.scores import scores_of
from twin.risk.given import named
from twin.scores.gene_notices import Finding
from twin.scores.topics import topics_of
from twin.services.scores import fresh_scores
from twin.warnings.sick_days import sick_days

GENES = frozenset({Topic.GENES, Topic.MEDICATION})
LEVERS_SHOWN = 3
POINTS = "{score}"
"""The unit of what has none, which needs no word."""


class ScoresPanel(PatientPage):
    """Every score of what is shared: those with a result, then what the others wait for."""

    needs = {"get": Need.READ}
    what = "scores"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        now, person, topics = timezone.now(), self.access.patient, self.access.topics
        fresh_scores(person, now=now)
        order = {code: place for place, code in enumerate(topics_of())}
        found = sorted(scores_of(person, topics), key=lambda row: order.get(row.code, len(order)))
        rows = [_row(row) for row in found]
        is_clinician = self.access.standing.role in (Role.CLINICIAN, Role.EMERGENCY)
        notices = gene_notices_of(person, now) if is_clinician and topics >= GENES else []
        context = {
            "scores": [row for row in rows if row["says"]],
            "others": [row for row in rows if not row["says"]],
            "notices": [one for one in notices if one.finding is not Finding.NOTHING],
            "sick_days": sick_days(listed_medicines(person, now)) if Topic.MEDICATION in topics else None,
        }
        return render(request, "console/panels/scores.html", context)


def _row(row: ScoreResult) -> dict[str, Any]:
    said = row.result
    return {
        "code": row.code,
        "title": said["title"],
        "says": _says(said),
        "unit": _unit(said["unit"]),
        "band": said["band"] and said["band"]["title"],
        "on": row.data_on,
        "inputs": [
            {**one, "value": _value(one["value"])} for one in said["inputs"] if one["name"] != named("sex")
        ],
        "levers": [
            {"name": one["name"], "to": _value(one["to"]), "value_then": _value(one["value_then"])}
            for one in said["levers"][:LEVERS_SHOWN]
        ],
        "missing": said["missing"],
        "refused": said["refused"],
        "flags": [one["title"] for one in said["flags"]],
        "notes": said["notes"],
        "source": said["source"],
        "verification": said["verification"],
    }


def _says(said: dict[str, Any]) -> str:
    """The value, or the range in which it lies; nothing where neither is known."""
    if said["value"] is not None:
        return _value(said["value"])
    return f"{_value(said['low'])} to {_value(said['high'])}" if said["low"] is not None else ""


def _unit(unit: str) -> str:
    return "" if unit == POINTS else unit


def _value(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{round(value, 1):,g}"
