"""Scores: worked out from what is known, kept as they stand and stood, and told where they change."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from backend.actor import acting_on
from backend.changes import Entry, record_changes
from backend.models import ChangeOp, Patient
from backend.rules import Topic
from twin.models import Answer, ScoreResult, StaleScores
from twin.queries.answers import standing_answers
from twin.queries.questionnaires import newest_response
from twin.risk import kidney_course
from twin.risk.catalogue import scores
from twin.risk.given import named
from twin.risk.result import Score
from twin.scores.news2 import Level, News2, ages_at
from twin.scores.topics import CGM, QUESTIONNAIRES, inputs_of, narrowest, topics_of
from twin.series import store
from twin.services.lease import place_of
from twin.services.population import place_scores, place_topics
from twin.services.score_inputs import (
    Person,
    glucose_scores,
    kidneys,
    known,
    person,
    response_score,
    tomorrow,
    vital_signs,
)

log = logging.getLogger(__name__)

MOST_KEPT = 400
"""So many earlier results of one score are kept, the newest."""
RETRY = timedelta(hours=1)
"""After a look that failed."""
GLUCOSE_EVERY = timedelta(hours=1)
"""Two weeks of glucose come to hardly anything else within the hour."""


@dataclass(frozen=True, slots=True)
class Found:
    """A score as it was worked out now, with all topics that it stands on."""

    score: Score
    topics: frozenset[Topic]
    details: Mapping[str, Any] | None = None
    data_at: datetime | None = None


def refresh_scores(patient_id: UUID, *, now: datetime) -> bool:
    """The patient's scores are what is known; whether it was time to look. Twice is the same as once.

    In a transaction of its own, under the patient's lock. What fails is looked at again after RETRY, and
    stops nobody.
    """
    try:
        with acting_on(patient_id):
            return _refresh_due(patient_id, now)
    except Exception as error:  # noqa: BLE001 - one patient who cannot be scored must not stop the others
        # Without its message, which may quote values.
        name, place = type(error).__name__, place_of(error)
        log.warning("action=scores_failed patient=%s error=%s at=%s", patient_id, name, place)
        with acting_on(patient_id):
            StaleScores.objects.filter(patient_id=patient_id).update(due_at=now + RETRY)
        return False


def fresh_scores(patient: Patient, *, now: datetime) -> None:
    """The patient's scores are what is known by now; whoever may read them may have them made.

    In the caller's transaction.
    """
    with acting_on(patient.id):
        is_due = StaleScores.objects.filter(patient=patient, due_at__lte=now).exists()
        if is_due or not _current(patient.id).exists():
            _refresh(patient.id, now)


def _refresh_due(patient_id: UUID, now: datetime) -> bool:
    store.lock(patient_id)
    is_due = StaleScores.objects.filter(patient_id=patient_id, due_at__lte=now).exists()
    if is_due:
        _refresh(patient_id, now)
    return is_due


def _refresh(patient_id: UUID, now: datetime) -> None:
    store.lock(patient_id)
    who = person(patient_id, now=now)
    answers = standing_answers(patient_id)
    rows = {row.code: row for row in _current(patient_id)}
    vital = vital_signs(who, answers)
    found = [*_equations(who, answers), _kidneys(who), _vital(vital, now), *_questionnaires(who)]
    glucose_at = min((rows[code].made_at for code in CGM if code in rows), default=None)
    is_early = glucose_at is not None and now < glucose_at + GLUCOSE_EVERY
    if not is_early:
        found += [Found(score, topics_of()[score.code]) for score in glucose_scores(who)]
    kept = {code: row for code, row in rows.items() if not is_early or code not in CGM}
    entries = _keep(patient_id, found, kept, who.zone, now)
    looks = [tomorrow(who), ages_at(vital, now)]
    if is_early and glucose_at is not None:
        looks.append(glucose_at + GLUCOSE_EVERY)
    due_at = min(look for look in looks if look is not None)
    StaleScores.objects.update_or_create(patient_id=patient_id, defaults={"due_at": due_at})
    # Also those that nothing has moved: what a score says of now ends by time alone.
    lasting = {Topic(row.topic) for row in _current(patient_id) if row.band}
    place_topics(patient_id, lasting | {entry.topic for entry in entries}, now=now)
    place_scores(patient_id, now=now)
    record_changes(patient_id, entries)


def _equations(who: Person, answers: Mapping[str, Answer]) -> Iterator[Found]:
    found = known(who, answers)
    for score in scores(found.given):
        beside = (found.beside.get(code, frozenset()) for code in inputs_of()[score.code])
        yield Found(score, topics_of()[score.code].union(*beside))


def _kidneys(who: Person) -> Found:
    course = kidneys(who)
    said = course.as_json()
    del said["slope"]
    return Found(course.slope, topics_of()[kidney_course.CODE], said)


def _vital(found: News2, now: datetime) -> Found:
    topics = topics_of()[found.score.code]
    # Pregnancy is said only where it is why there is no score.
    if any(refused.name == "Pregnancy" for refused in found.score.refused):
        topics |= {Topic.RECORDS}
    details = {
        "least": _level(found.least),
        "most": _level(found.most),
        "parts": [
            {
                "parameter": part.parameter,
                "title": part.title,
                "standing": part.standing.value,
                "low": part.low,
                "high": part.high,
            }
            for part in found.parts
        ],
    }
    counted = [part.reading.at for part in found.parts if part.reading is not None and part.reading.at <= now]
    return Found(found.score, topics, details, max(counted, default=None))


def _level(level: Level | None) -> Mapping[str, str] | None:
    if level is None:
        return None
    return {
        "code": level.code,
        "title": level.title,
        "monitoring": level.monitoring,
        "response": level.response,
    }


def _questionnaires(who: Person) -> Iterator[Found]:
    for code in QUESTIONNAIRES:
        row = newest_response(who.patient.id, code)
        if row is not None:
            score = response_score(row, who.zone)
            yield Found(score, topics_of()[code], {"response": str(row.id)}, row.answered_at)


def _keep(
    patient: UUID, found: Iterable[Found], current: dict[str, ScoreResult], zone: tzinfo, now: datetime
) -> list[Entry]:
    """The rows are as found; answers what the log has to say. `current` are those that may be replaced."""
    entries: list[Entry] = []
    replaced: list[str] = []
    for one in found:
        row, said = current.pop(one.score.code, None), _said(one)
        topic = narrowest(one.topics)
        if row is None:
            ScoreResult.objects.create(patient_id=patient, code=one.score.code, made_at=now, **said)
        elif _is_said(row, said):
            continue
        else:
            if row.topic != topic:
                # Whoever saw it under its former topic only must see it go.
                entries.append(Entry(Topic(row.topic), f"score/{row.code}", ChangeOp.DELETE))
            if _follow(row, said, zone, now):
                replaced.append(row.code)
        entries.append(Entry(topic, f"score/{one.score.code}"))
    for row in current.values():
        _supersede(row, now)
        entries.append(Entry(Topic(row.topic), f"score/{row.code}", ChangeOp.DELETE))
    for code in replaced:
        earlier = _earlier(patient, code)
        earlier.filter(id__in=earlier.values("id")[MOST_KEPT:]).delete()
    return entries


def _follow(row: ScoreResult, said: Mapping[str, Any], zone: tzinfo, now: datetime) -> bool:
    """The row, or one in its place, says this; whether the row is kept as what stood before."""
    moved = any(getattr(row, name) != said[name] for name in ("value", "low", "high", "band"))
    is_of_today = row.made_at.astimezone(zone).date() == now.astimezone(zone).date()
    if moved and (row.band != said["band"] or not is_of_today):
        _supersede(row, now)
        ScoreResult.objects.create(patient_id=row.patient_id, code=row.code, made_at=now, **said)
        return True
    for name, value in {**said, "made_at": now if moved else row.made_at}.items():
        setattr(row, name, value)
    row.save(update_fields=[*said, "made_at"])
    return False


def _supersede(row: ScoreResult, now: datetime) -> None:
    row.superseded_at = now
    row.save(update_fields=["superseded_at"])


def _said(one: Found) -> dict[str, Any]:
    score = one.score
    days = [given.on for given in score.inputs if given.on is not None and given.name != named("age")]
    return {
        "topic": narrowest(one.topics).value,
        "topics": sorted(topic.value for topic in one.topics),
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "band": score.band.code if score.band else "",
        "result": score.as_json(),
        "details": one.details,
        "data_on": max(days, default=None),
        "data_at": one.data_at,
    }


def _is_said(row: ScoreResult, said: Mapping[str, Any]) -> bool:
    """Whether the row says so already; that a person is as old as yesterday is no news."""
    same = all(getattr(row, name) == said[name] for name in said.keys() - {"result"})
    return same and _without_day_of_age(row.result) == _without_day_of_age(said["result"])


def _without_day_of_age(result: Mapping[str, Any]) -> dict[str, Any]:
    inputs = [one | {"on": None} if one["name"] == named("age") else one for one in result["inputs"]]
    return {**result, "inputs": inputs}


def _current(patient: UUID) -> QuerySet[ScoreResult]:
    return ScoreResult.objects.filter(patient_id=patient, superseded_at=None).order_by("code")


def _earlier(patient: UUID, code: str) -> QuerySet[ScoreResult]:
    found = ScoreResult.objects.filter(patient_id=patient, code=code, superseded_at__isnull=False)
    return found.order_by("-superseded_at", "-id")
