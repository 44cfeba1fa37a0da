"""What people and Pollux said of a patient, for the export: answers, agreements, scores, warnings."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from backend.actor import acting_on
from twin.intake.own_export import SAID
from twin.models import (
    Alert,
    AlertStep,
    Answer,
    Event,
    Goal,
    QuestionnaireResponse,
    ScoreResult,
    SuggestionDismissal,
    Threshold,
)

_AT_ONCE = 200  # that are in memory
_TOLD: Mapping[str, tuple[Any, str]] = {
    "answer": (Answer, "code value word answered_by__name answered_at ended_at"),
    "questionnaire": (
        QuestionnaireResponse,
        "code answers word answered_by__name answered_at received_at corrects_id",
    ),
    "goal": (
        Goal,
        (
            "kind direction target starts_on start_value by_day set_by__name set_at"
            " agreed_by__name agreed_at ended_by__name ended_at"
        ),
    ),
    "threshold": (Threshold, "kind low high reason set_by__name set_at ended_by__name ended_at"),
    "event": (Event, "type starts_on ends_on text entered_by__name entered_at"),
    "score": (ScoreResult, "code made_at superseded_at result details"),
    "alert": (
        Alert,
        (
            "rule severity direction title text evidence source verification is_late"
            " data_at raised_at status ended_at ending done"
        ),
    ),
    "alert_step": (AlertStep, "alert_id step severity at actor__name note"),
    "suggestion_dismissal": (SuggestionDismissal, "rule until dismissed_by__name dismissed_at"),
}
"""By what a line has under `said`: where it comes from, and what of it is told; people by their names."""


def said_of(patient: UUID) -> Iterator[bytes]:
    """All of it as JSON, a row a line, in the order in which it came, type after type.

    Each page is read in a transaction of its own.
    """
    yield SAID.encode()
    for type_, (model, fields) in _TOLD.items():
        after: UUID | None = None
        while True:
            with acting_on(patient):
                rows = model.objects.filter(patient_id=patient).order_by("id")
                page = list(
                    (rows.filter(id__gt=after) if after else rows).values("id", *fields.split())[:_AT_ONCE]
                )
            for row in page:
                line = {"said": type_, **{name.removesuffix("__name"): value for name, value in row.items()}}
                yield json.dumps(line, cls=DjangoJSONEncoder, ensure_ascii=False).encode() + b"\n"
            if len(page) < _AT_ONCE:
                break
            after = page[-1]["id"]
