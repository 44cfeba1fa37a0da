"""What people answer to what scores have to ask; what was said before is kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from backend.access import Access
from backend.changes import Entry, record_changes
from backend.models import ChangeOp
from backend.rules import Role
from backend.services import NotPossible
from twin.models import Answer
from twin.scores.asked import questions
from twin.series import store
from twin.services.stale_scores import mark_scores_stale
from twin.services.stale_warnings import mark_warnings_stale


def give_answers(*, access: Access, answers: Mapping[str, object], now: datetime) -> None:
    """What was said of these questions stands from now on, and ends what stood; None takes an answer back.

    The scores and the rules of early warning follow. The same said again counts from now on. Raises
    NotPossible for an unknown question, an answer that it does not take and one that is a clinician's to
    give, Http404 for a topic in which the person may not act; then nothing is kept.
    """
    role = access.standing.role
    for code, value in answers.items():
        one = questions().get(code)
        if one is None:
            raise NotPossible(code, "This is not asked.")
        access.topic(one.topic)
        if one.clinicians_only and role is not Role.CLINICIAN:
            raise NotPossible(code, "Only a clinician sets this.")
        if value is not None and not one.takes(value):
            raise NotPossible(code, "This is not one of the answers.")
    store.lock(access.patient.id)
    standing = {
        row.code: row
        for row in Answer.objects.filter(patient=access.patient, code__in=answers, ended_at=None)
    }
    entries: list[Entry] = []
    for code, value in answers.items():
        one, before = questions()[code], standing.get(code)
        if before is not None:
            before.ended_at = now
            before.save(update_fields=["ended_at"])
        if value is not None:
            Answer.objects.create(
                patient=access.patient,
                topic=one.topic,
                code=code,
                value=value,
                word=cast("Role", role),  # who may act is somebody
                answered_by=access.user,
                answered_at=now,
            )
            entries.append(Entry(one.topic, f"answer/{code}"))
        elif before is not None:
            entries.append(Entry(one.topic, f"answer/{code}", ChangeOp.DELETE))
    if entries:
        mark_scores_stale(access.patient.id, now=now, after=timedelta())
        mark_warnings_stale([access.patient.id], due_at=now)
        record_changes(access.patient.id, entries)
