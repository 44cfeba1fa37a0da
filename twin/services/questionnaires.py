"""Questionnaires that people answer in the app; thoughts of self-harm raise their alert at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import Http404

from backend.access import Access
from backend.actor import acting_on
from backend.changes import Entry, record_changes
from backend.identifiers import new_id
from backend.queries import zone_history_of
from backend.rules import Role, Topic
from backend.services import NotPossible
from twin.models import QuestionnaireResponse
from twin.risk.questionnaires import Code, Questionnaire, questionnaire
from twin.scores.topics import QUESTIONNAIRES
from twin.series import store
from twin.services.alerts import open_alerts, settle
from twin.services.safety_score import SAFETY_SCORE, safety_score
from twin.services.stale_scores import mark_scores_stale
from twin.warnings.evaluate import evaluate
from twin.warnings.facts import Facts
from twin.warnings.rule_file import current_rules

CLOCK_AHEAD = timedelta(minutes=10)
"""So far a phone's clock may be ahead."""


def asked(code: str) -> Questionnaire:
    """The questionnaire as it is put before a patient; raises Http404 for one that is not."""
    found = questionnaire(cast("Code", code)) if code in QUESTIONNAIRES else None
    if found is None:
        raise Http404
    return found


def answer_questionnaire(
    *,
    access: Access,
    code: str,
    answers: Sequence[int | None],
    answered_at: datetime | None,
    now: datetime,
    response_id: UUID | None = None,
    corrects: UUID | None = None,
) -> tuple[QuestionnaireResponse, bool]:
    """Keeps a questionnaire as it was answered; answers its row and whether it is new.

    More than "not at all" to the question on death and self-harm raises its alert in this very transaction,
    whatever the total. The same id and answers again change nothing. `corrects` names an earlier response
    that counts no more; its instant holds unless another is given. Raises NotPossible for answers that the
    questionnaire does not take, an instant to come, an id that is another response's and a response that was
    corrected already, Http404 for another questionnaire and where the person may not act.
    """
    asks = asked(code)
    access.topic(Topic.MENTAL_HEALTH)
    _check(asks, answers)
    if answered_at is not None and answered_at > now + CLOCK_AHEAD:
        raise NotPossible("answered_at", "This is in the future.")
    store.lock(access.patient.id)
    if response_id is not None:
        known = QuestionnaireResponse.objects.filter(id=response_id).first()
        if known is not None:
            if (known.patient_id, known.code, known.answers) == (access.patient.id, code, list(answers)):
                return known, False
            raise NotPossible("id", "This id is another response's.")
    before = None if corrects is None else _to_correct(access, code, corrects)
    row = QuestionnaireResponse(
        id=response_id or new_id(),
        patient=access.patient,
        code=code,
        answers=list(answers),
        word=cast("Role", access.standing.role),  # who may act is somebody
        answered_by=access.user,
        answered_at=answered_at or (before.answered_at if before else now),
        received_at=now,
        corrects=before,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise NotPossible("id", "This id is another response's.") from None
    mark_scores_stale(access.patient.id, now=now, after=timedelta())
    # The alert is raised whatever else the answering person may see.
    with acting_on(access.patient.id):
        _look_after(access.patient.id, now)
    told = [row.id] if before is None else [before.id, row.id]
    record_changes(
        access.patient.id, [Entry(Topic.MENTAL_HEALTH, f"questionnaire/{response}") for response in told]
    )
    return row, True


def _look_after(patient_id: UUID, now: datetime) -> None:
    """Holds the rules on that score, and no others, against what was answered."""
    every = current_rules()
    rules = replace(every, rules=tuple(rule for rule in every.rules if rule.score == SAFETY_SCORE))
    names = {rule.id for rule in rules.rules}
    facts = Facts(now.astimezone(zone_history_of(patient_id)).date(), scores=safety_score(patient_id))
    before = [one for one in open_alerts(patient_id) if one.rule in names]
    settle(patient_id, evaluate(rules, facts, now=now, open_=before), now=now)


def _check(asks: Questionnaire, answers: Sequence[int | None]) -> None:
    count = len(asks.questions)
    if len(answers) != count:
        raise NotPossible("answers", f"There are {count} questions, and null is one without an answer.")
    possible = {answer.points for answer in asks.answers}
    if any(answer is not None and answer not in possible for answer in answers):
        raise NotPossible("answers", f"An answer is {min(possible)} to {max(possible)}, or null.")
    if all(answer is None for answer in answers):
        raise NotPossible("answers", "Answer one question at least.")


def _to_correct(access: Access, code: str, response: UUID) -> QuestionnaireResponse:
    found = QuestionnaireResponse.objects.filter(patient=access.patient, code=code, id=response)
    before = found.select_related("corrected_by").first()
    if before is None:
        raise Http404
    if hasattr(before, "corrected_by"):
        raise NotPossible("corrects", "This was corrected already: correct the newer one.")
    return before
