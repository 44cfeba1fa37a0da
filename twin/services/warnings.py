"""The rules of early warning, held against one patient: after each digest, and as time goes on."""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from backend.actor import acting_on
from twin.models import StaleWarnings
from twin.series import store
from twin.services.alerts import open_alerts, settle
from twin.services.early_signs import is_news, place_early_signs
from twin.services.lease import place_of
from twin.services.warning_facts import read_facts
from twin.warnings.evaluate import evaluate, next_look
from twin.warnings.rule_file import current_rules

log = logging.getLogger(__name__)

RETRY = timedelta(minutes=1)
"""After a look that failed."""


def check_patient(patient_id: UUID, *, now: datetime) -> bool:
    """The patient's alerts are what the rules find, lists name her early signs; whether a look was due.

    Twice is the same as once. In a transaction of its own, under the patient's lock: a worker that dies
    leaves the mark, and the next look finds the same. What fails, signs that were not placed too, is looked
    at again after RETRY, and stops nobody.
    """
    try:
        arrived = _check(patient_id, now)
        if arrived is not None and is_news(arrived):
            place_early_signs(patient_id, now=now)
    except Exception as error:  # noqa: BLE001 - what the caller has done stands whatever the rules make of it
        # Without its message, which may quote values.
        name, place = type(error).__name__, place_of(error)
        log.warning("action=check_failed patient=%s error=%s at=%s", patient_id, name, place)
        with acting_on(patient_id):
            StaleWarnings.objects.update_or_create(patient_id=patient_id, defaults={"due_at": now + RETRY})
        return False
    return arrived is not None


def _check(patient_id: UUID, now: datetime) -> Collection[str] | None:
    """The kinds of what came since the last look; None where there was nothing to look at."""
    with acting_on(patient_id):
        store.lock(patient_id)
        marks = StaleWarnings.objects.filter(patient_id=patient_id)
        mark = marks.first()
        if mark is None or (mark.due_at > now and not mark.arrived):
            return None
        rules, open_ = current_rules(), open_alerts(patient_id)
        facts = read_facts(patient_id, rules, arrived=_together(mark.arrived), now=now)
        evaluation = evaluate(rules, facts, now=now, open_=open_)
        settle(patient_id, evaluation, now=now)
        due_at = next_look(rules, evaluation, open_)
        if due_at is None:
            marks.delete()
        else:
            marks.update(due_at=due_at, arrived=[])
    return {code for code, *_ in mark.arrived}


def _together(arrived: Iterable[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    """Of each kind the first and last instant (ms) of all that came."""
    found: dict[str, tuple[int, int]] = {}
    for code, first, last in arrived:
        known = found.get(code, (first, last))
        found[code] = min(known[0], first), max(known[1], last)
    return found
