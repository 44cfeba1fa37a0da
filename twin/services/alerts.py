"""Alerts: raised, worsened and resolved by what rules find, answered by people, escalated by the clock."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from django.http import Http404

from backend.access import Access
from backend.actor import acting_for_all, acting_on
from backend.changes import Entry, record_changes
from backend.models import User
from backend.queries import readers_of, zone_history_of
from backend.rules import Role, Topic
from backend.services import NotPossible
from twin.models import Alert, Snooze
from twin.models.alerts import HANDLED, UNATTENDED
from twin.series.store import lock
from twin.services.alert_delivery import plan, plan_for, put_off
from twin.services.alert_steps import begin, entry, take_step
from twin.services.population import place_topics
from twin.warnings.finding import Clearing, Evaluation, Evidence, Finding, Open, Severity
from twin.warnings.life import (
    OPEN,
    Status,
    Step,
    closes,
    courses,
    escalates_at,
    is_last,
    snoozes_until,
    tells_at,
)

log = logging.getLogger(__name__)

_OPEN = [one.value for one in OPEN]
_SAID = (
    "topic",
    "severity",
    "direction",
    "title",
    "text",
    "evidence",
    "action",
    "source",
    "verification",
    "data_at",
)


def open_alerts(patient_id: UUID) -> list[Open]:
    """The patient's open alerts, as an evaluation wants to know them."""
    rows = Alert.objects.filter(patient_id=patient_id, status__in=_OPEN).order_by("id")
    return [Open(row.rule, row.key, Severity(row.severity), row.data_at) for row in rows]


def settle(patient_id: UUID, evaluation: Evaluation, *, now: datetime) -> None:
    """Makes the patient's alerts what the evaluation found; twice is the same as once.

    In the caller's transaction, which holds the patient's lock. A finding raises its alert, worsens or eases
    the one that is open, or only brings it up to date. A cleared one resolves its alert with the reason,
    or lets it expire where its data has grown too old. What somebody has resolved is not raised again by the
    same data, nor while the severity rests, unless it is worse. People are told after the commit.
    """
    rows = Alert.objects.filter(patient_id=patient_id, status__in=_OPEN).order_by("id")
    if not evaluation.holds and not evaluation.cleared:
        return
    found = {(row.rule, row.key): row for row in rows.select_for_update(no_key=True)}
    zone = zone_history_of(patient_id)
    changed: list[Entry] = []
    for one, clearing in evaluation.cleared:
        alert = found.pop((one.rule, one.key), None)
        if alert is not None:
            changed.append(_clear(alert, clearing, now))
    new = [one for one in evaluation.holds if (one.rule, one.key) not in found]
    ended = _ended_by_people(patient_id, new)
    for finding in evaluation.holds:
        alert = found.get((finding.rule, finding.key))
        if alert is not None:
            changed += _follow(alert, finding, zone, now)
        elif not _rests(ended.get((finding.rule, finding.key)), finding, now):
            changed.append(_raise(patient_id, finding, zone, now))
    if changed:
        _tell(patient_id, changed, now)


def _raise(patient: UUID, finding: Finding, zone: tzinfo, now: datetime) -> Entry:
    alert = Alert(patient_id=patient, rule=finding.rule, key=finding.key, raised_at=now)
    _say(alert, finding)
    first = _wait_anew(alert, finding, zone, now)
    alert.save(force_insert=True)
    told = begin(alert, at=now)
    plan(alert, escalation=0, first=first, now=now)
    return told


def _follow(alert: Alert, finding: Finding, zone: tzinfo, now: datetime) -> list[Entry]:
    """Brings an open alert up to the finding; what is worse is raised again, in a round of its own."""
    before = {name: getattr(alert, name) for name in _SAID}
    was, rank = Severity(alert.severity), finding.severity.rank
    worse = rank > was.rank or finding.direction != alert.direction or (alert.is_late and not finding.is_late)
    _say(alert, finding)
    if worse:
        first = _wait_anew(alert, finding, zone, now)
        alert.round += 1
        alert.escalations = 0
        alert.acknowledged_by = alert.acknowledged_at = None
        take_step(alert, Step.WORSENED, at=now)
        alert.save()
        plan(alert, escalation=0, first=first, now=now)
        return [entry(alert)]
    if before == {name: getattr(alert, name) for name in _SAID}:
        return []
    alert.expires_at = now + courses()[finding.severity].expires_after
    if rank < was.rank:
        take_step(alert, Step.EASED, at=now)
        if alert.escalate_at is not None:
            alert.escalate_at = escalates_at(
                finding.severity, is_late=alert.is_late, escalations=alert.escalations, told_at=now
            )
    alert.save()
    return [entry(alert)]


def _wait_anew(alert: Alert, finding: Finding, zone: tzinfo, now: datetime) -> datetime:
    """From now on somebody is waited for; answers the first instant at which people may be told."""
    first = tells_at(finding.severity, is_late=finding.is_late, now=now, zone=zone)
    alert.is_late = finding.is_late
    alert.expires_at = now + courses()[finding.severity].expires_after
    alert.escalate_at = escalates_at(finding.severity, is_late=finding.is_late, escalations=0, told_at=first)
    return first


def _say(alert: Alert, finding: Finding) -> None:
    alert.topic = finding.topic.value
    alert.severity = finding.severity.value
    alert.direction = finding.direction
    alert.title = finding.title
    alert.text = finding.text
    alert.evidence = [_evidence(one) for one in finding.evidence]
    alert.action = finding.action or ""
    alert.source = finding.source
    alert.verification = finding.verification
    alert.data_at = finding.at


def _evidence(one: Evidence) -> dict[str, Any]:
    return asdict(one) | {"at": one.at.isoformat()}


def _clear(alert: Alert, clearing: Clearing, now: datetime) -> Entry:
    """Its cause is gone; what is only too old to say anything of now has expired instead."""
    is_over = Step.EXPIRED if clearing is Clearing.OUTDATED else Step.RESOLVED
    return _end(alert, is_over, clearing.value, now)


def _end(alert: Alert, step: Step, ending: str, now: datetime, actor: User | None = None) -> Entry:
    told = take_step(alert, step, at=now, actor=actor, note=alert.done or ending)
    alert.ended_at, alert.ended_by, alert.ending = now, actor, ending
    alert.escalate_at = None
    alert.save(update_fields=["status", "ended_at", "ended_by", "ending", "done", "escalate_at"])
    return told


def _ended_by_people(patient: UUID, findings: Sequence[Finding]) -> dict[tuple[str, str], Alert]:
    """Of each finding's rule and key the last alert, where it ended for no reason that lies in the data."""
    if not findings:
        return {}
    rows = (
        Alert.objects.filter(
            patient_id=patient, rule__in={one.rule for one in findings}, ended_at__isnull=False
        )
        .order_by("rule", "key", "-ended_at")
        .distinct("rule", "key")
    )
    return {(row.rule, row.key): row for row in rows if row.ending in (HANDLED, UNATTENDED)}


def _rests(ended: Alert | None, finding: Finding, now: datetime) -> bool:
    """Whether a finding says nothing that was not answered, or left unattended, a while ago."""
    if ended is None or ended.ended_at is None or finding.direction != ended.direction:
        return False
    if finding.severity.rank > Severity(ended.severity).rank or (ended.is_late and not finding.is_late):
        return False
    is_new = finding.at > ended.data_at
    return not is_new or (
        ended.ending == HANDLED and now < ended.ended_at + courses()[finding.severity].rests_for
    )


def acknowledge(*, access: Access, alert_id: UUID, note: str, now: datetime) -> Alert:
    """The person takes care of the alert: nobody else is asked from now on. A second time changes nothing.

    That the patient or a caregiver has seen something urgent about which clinicians are asked as well is
    noted, and they are asked on. Raises Http404 for an alert that is absent or of a topic that the person may
    not read, NotPossible for one that is over, and under emergency access.
    """
    _is_no_emergency(access)
    with acting_on(access.patient.id):
        alert = _for_change(access, alert_id)
        if alert.status not in _OPEN:
            raise NotPossible("alert", "This is over already.")
        if alert.status == Status.ACKNOWLEDGED.value:
            return alert
        with acting_for_all():
            readers = readers_of(alert.patient_id, Topic(alert.topic), now=now)
        severity, role = Severity(alert.severity), access.standing.role
        if closes(severity, role, clinicians_wait=readers.has_clinicians):
            told = take_step(alert, Step.ACKNOWLEDGED, at=now, actor=access.user, note=note)
            alert.acknowledged_by, alert.acknowledged_at, alert.escalate_at = access.user, now, None
            alert.save(update_fields=["status", "acknowledged_by", "acknowledged_at", "escalate_at"])
        else:
            if alert.steps.filter(step=Step.NOTED.value, actor=access.user, note=note).exists():
                return alert
            told = take_step(alert, Step.NOTED, at=now, actor=access.user, note=note)
        _tell(alert.patient_id, [told], now)
    return alert


def resolve(*, access: Access, alert_id: UUID, done: str, now: datetime) -> Alert:
    """The person has done something about it, and says what. A second time changes nothing.

    Raises Http404 for an alert that is absent or of a topic in which the person may not act, NotPossible when
    nothing is said.
    """
    done = done.strip()
    if not done:
        raise NotPossible("done", "Say what was done.")
    with acting_on(access.patient.id):
        alert = _for_change(access, alert_id)
        if alert.status in _OPEN:
            alert.done = done
            _tell(alert.patient_id, [_end(alert, Step.RESOLVED, HANDLED, now, access.user)], now)
    return alert


def snooze(*, access: Access, alert_id: UUID, until: datetime, now: datetime) -> Snooze:
    """The person is not told of this rule, on this side, for a while; then of what is still open.

    For nobody else, not of anything worse, and no longer than the severity allows: the answer says until
    when. Raises Http404 like `acknowledge`, NotPossible for an instant that is past, and for what is over.
    """
    _is_no_emergency(access)
    if until <= now:
        raise NotPossible("until", "This lies in the past.")
    with acting_on(access.patient.id):
        alert = _for_change(access, alert_id)
        if alert.status not in _OPEN:
            raise NotPossible("alert", "This is over already.")
        ends_at = snoozes_until(Severity(alert.severity), access.standing.role, wanted=until, now=now)
        if not put_off(alert, access.user, until=ends_at):
            alert.round += 1
            plan_for(alert, access.user, at=ends_at, now=now)
        made = Snooze.objects.create(
            patient=access.patient,
            topic=alert.topic,
            person=access.user,
            rule=alert.rule,
            direction=alert.direction,
            severity=alert.severity,
            starts_at=now,
            ends_at=ends_at,
        )
        told = take_step(alert, Step.SNOOZED, at=now, actor=access.user, note=f"until {ends_at.isoformat()}")
        alert.save(update_fields=["round"])
        _tell(alert.patient_id, [told], now)
    return made


def escalate_due(*, now: datetime, limit: int) -> int:
    """Asks the next ones about each alert that nobody has answered in time; answers about how many.

    Each in a transaction of its own, under its patient's lock: of two sweeps one does it.
    """
    with acting_for_all():
        due = list(
            Alert.objects.filter(escalate_at__lte=now)
            .order_by("escalate_at")
            .values_list("id", "patient_id")[:limit]
        )
    return sum(_escalate(alert, patient, now) for alert, patient in due)


def _escalate(alert_id: UUID, patient: UUID, now: datetime) -> bool:
    with acting_on(patient):
        lock(patient)
        alert = Alert.objects.select_for_update(no_key=True).filter(id=alert_id, escalate_at__lte=now).first()
        if alert is None:
            return False
        if is_last(Severity(alert.severity), alert.escalations):
            told = take_step(alert, Step.UNANSWERED, at=now)
            alert.escalate_at = None
            alert.save(update_fields=["status", "escalate_at"])
            log.error("action=alert_unanswered alert=%s patient=%s", alert.id, patient)
            record_changes(patient, [told])
            return True
        alert.escalations += 1
        alert.round += 1
        told = take_step(alert, Step.ESCALATED, at=now, note=str(alert.escalations))
        alert.escalate_at = escalates_at(
            Severity(alert.severity), is_late=alert.is_late, escalations=alert.escalations, told_at=now
        )
        alert.save(update_fields=["status", "escalations", "round", "escalate_at"])
        plan(alert, escalation=alert.escalations, first=now, now=now)
        log.warning(
            "action=alert_escalated alert=%s patient=%s escalations=%s",
            alert.id,
            patient,
            alert.escalations,
        )
        _tell(patient, [told], now)
    return True


def expire(*, now: datetime, limit: int) -> int:
    """Ends the alerts that nobody resolved and no data confirmed for too long; answers how many."""
    with acting_for_all():
        due = list(
            Alert.objects.filter(status__in=_OPEN, expires_at__lte=now)
            .order_by("expires_at")
            .values_list("id", "patient_id")[:limit]
        )
    ended = 0
    for alert_id, patient in due:
        with acting_on(patient):
            lock(patient)
            alert = (
                Alert.objects.select_for_update(no_key=True)
                .filter(id=alert_id, status__in=_OPEN, expires_at__lte=now)
                .first()
            )
            if alert is not None:
                ended += 1
                _tell(patient, [_end(alert, Step.EXPIRED, UNATTENDED, now)], now)
    return ended


def _for_change(access: Access, alert_id: UUID) -> Alert:
    lock(access.patient.id)
    found = Alert.objects.select_for_update(no_key=True).filter(
        patient=access.patient, topic__in=access.topics, id=alert_id
    )
    alert = found.first()
    if alert is None:
        raise Http404
    return alert


def _is_no_emergency(access: Access) -> None:
    if access.standing.role is Role.EMERGENCY:
        raise NotPossible("role", "Emergency access only reads.")


def _tell(patient: UUID, changed: Sequence[Entry], now: datetime) -> None:
    """The patient stands where these alerts put her, and the log tells of them."""
    place_topics(patient, {entry.topic for entry in changed}, now=now)
    record_changes(patient, changed)
