"""What to suggest to a patient today, and what she does not want to see."""

from datetime import datetime, timedelta

from django.http import Http404

from backend.access import Access
from backend.actor import acting_on
from backend.changes import Entry, record_changes
from backend.rules import Topic
from twin.models import SuggestionDismissal
from twin.queries.suggestions import dismissed_rules
from twin.series import store
from twin.services.known import read_known
from twin.warnings.suggestions import Suggestion, look_backs, suggestions, suggestions_file, topics_of_rules


def suggestions_of(*, access: Access, now: datetime) -> list[Suggestion]:
    """The patient's suggestions of today, of those the ones that the person may see: all that they look at.

    They are the patient's own, whoever asks: somebody who may see less sees fewer, and no others.
    """
    patient = access.patient.id
    with acting_on(patient):
        known, today = read_known(patient, look_backs(), with_sensor=True, now=now)
        found = suggestions(known, today=today, dismissed=dismissed_rules(patient, now))
    return [one for one in found if one.topics <= access.topics]


def dismiss(*, access: Access, rule: str, days: int | None, now: datetime) -> SuggestionDismissal:
    """A rule suggests nothing for so many days, or ever again with None; said again the last word holds.

    Raises Http404 for a rule that is not in the file, or that looks at what the person may not act in.
    """
    topics = topics_of_rules().get(rule)
    if topics is None or not topics <= access.topics:
        raise Http404
    patient = access.patient
    topic = _topic_of_dismissal(rule)
    store.lock(patient.id)
    row, _ = SuggestionDismissal.objects.update_or_create(
        patient=patient,
        rule=rule,
        defaults={
            "topic": topic,
            "until": None if days is None else now + timedelta(days=days),
            "dismissed_by": access.user,
            "dismissed_at": now,
        },
    )
    record_changes(patient.id, [Entry(topic, f"dismissal/{rule}")])
    return row


def _topic_of_dismissal(rule: str) -> Topic:
    # That a rule was dismissed tells what its records say: who may not read these is not told of it.
    if Topic.RECORDS in topics_of_rules()[rule]:
        return Topic.RECORDS
    return next(Topic(row["topic"]) for row in suggestions_file()["rules"] if row["id"] == rule)
