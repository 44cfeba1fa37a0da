"""Telling people of alerts: who is to be told, and each telling's own life: claimed, sent, settled."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import Q

from backend.actor import acting_for_all, acting_on
from backend.celery import nudge
from backend.changes import record_changes
from backend.models import Clinician, DutyShift, Patient, User
from backend.ports import Outcome, Telling, ports
from backend.queries import Readers, readers_of
from backend.rules import Need, Topic
from twin.models import Alert, AlertDelivery, DeliveryStatus, Snooze
from twin.services.alert_steps import entry, take_step
from twin.services.lease import place_of
from twin.warnings.finding import Severity
from twin.warnings.life import (
    ENDED,
    Shift,
    Snoozed,
    Status,
    Step,
    Team,
    asked,
    courses,
    held_until,
    may_follow,
)

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
"""How long a worker that has died keeps a telling to itself; longer than any channel takes."""
PAUSES = tuple(timedelta(seconds=pause) for pause in (5, 15, 60, 300, 900))
"""Between tries of a channel that fails; after the last it is given up, and the alert's steps say so."""
MOST_AT_ONCE = 50
LOOKS_AHEAD = timedelta(days=14)
"""So far from now is looked for who is on duty next."""

_ENDED = [one.value for one in ENDED]
_ORDER = {"live": 0}
"""What reaches people within moments goes first."""


def plan(alert: Alert, *, escalation: int, first: datetime, now: datetime) -> None:
    """Asks for everybody to be told whom this round concerns, from the instant `first` on.

    In the caller's transaction, which holds the patient's lock. A channel that nobody offers is left out.
    """
    with acting_for_all():
        people = _recipients(alert, escalation, now)
    _ask(alert, people, first, now)


def plan_for(alert: Alert, person: User, *, at: datetime, now: datetime) -> None:
    """Asks for one person to be told in the alert's round, at an instant; in the caller's transaction."""
    _ask(alert, [person.id], at, now)


def _ask(alert: Alert, people: Iterable[UUID], first: datetime, now: datetime) -> None:
    channels = [one for one in courses()[Severity(alert.severity)].channels if one in ports.senders]
    snoozes = _snoozes(alert, now)
    rows = []
    for person in sorted(people):
        held = held_until(
            snoozes.get(person, ()),
            rule=alert.rule,
            direction=alert.direction,
            severity=Severity(alert.severity),
            now=now,
        )
        rows += [
            AlertDelivery(
                alert=alert,
                patient_id=alert.patient_id,
                topic=alert.topic,
                recipient_id=person,
                channel=channel,
                round=alert.round,
                due_at=max(first, held or first),
            )
            for channel in channels
        ]
    AlertDelivery.objects.bulk_create(rows)
    if any(row.due_at <= now for row in rows):
        nudge("twin.deliver_alerts", str(alert.patient_id))


def _snoozes(alert: Alert, now: datetime) -> dict[UUID, list[Snoozed]]:
    found: dict[UUID, list[Snoozed]] = {}
    rows = Snooze.objects.filter(patient_id=alert.patient_id, rule=alert.rule, ends_at__gt=now)
    for row in rows:
        one = Snoozed(row.rule, row.direction, Severity(row.severity), row.ends_at)
        found.setdefault(row.person_id, []).append(one)
    return found


def _recipients(alert: Alert, escalation: int, now: datetime) -> frozenset[UUID]:
    """The users whom a round concerns: at first the patient and all who may read it, then the next in line.

    People with a grant of their own are asked again where there is no team, and when a team has no next one.
    """
    patient = frozenset(Patient.objects.filter(id=alert.patient_id).values_list("user_id", flat=True))
    if not courses()[Severity(alert.severity)].tells_others:
        return patient
    readers = readers_of(alert.patient_id, Topic(alert.topic), now=now)
    told = frozenset(AlertDelivery.objects.filter(alert=alert).values_list("recipient_id", flat=True))
    people: frozenset[UUID] = frozenset()
    for team in _teams(readers, now):
        people |= asked(team, escalation=escalation, told=told, now=now)
    if escalation == 0:
        people |= patient | readers.persons
    elif not people - told:
        people |= readers.persons
    active = frozenset(User.objects.filter(id__in=people, is_active=True).values_list("id", flat=True))
    return active or patient


def _teams(readers: Readers, now: datetime) -> list[Team]:
    if not readers.teams:
        return []
    members: dict[UUID, set[UUID]] = {team: set() for team in readers.teams}
    pairs = Clinician.objects.filter(teams__in=readers.teams).values_list("teams", "user_id")
    for team, user in pairs:
        if team in members:
            members[team].add(user)
    leads = dict(Clinician.objects.filter(teams_led__in=readers.teams).values_list("teams_led", "user_id"))
    shifts: dict[UUID, list[Shift]] = {team: [] for team in readers.teams}
    rows = DutyShift.objects.filter(
        team__in=readers.teams, ends_at__gt=now, starts_at__lt=now + LOOKS_AHEAD
    ).order_by("starts_at", "id")
    for team, user, starts_at, ends_at in rows.values_list(
        "team_id", "clinician__user_id", "starts_at", "ends_at"
    ):
        shifts[team].append(Shift(user, starts_at, ends_at))
    return [Team(frozenset(members[team]), leads.get(team), shifts[team]) for team in sorted(readers.teams)]


def due_patients(*, now: datetime, limit: int) -> list[UUID]:
    """Patients of whose alerts somebody is to be told, or was being told by a worker that died."""
    with acting_for_all():
        due = AlertDelivery.objects.filter(status=DeliveryStatus.WAITING, due_at__lte=now).order_by("due_at")
        return list(dict.fromkeys(due.values_list("patient_id", flat=True)[: limit * 10]))[:limit]


def deliver(patient_id: UUID, *, now: datetime) -> int:
    """Tells everybody who is to be told of this patient's alerts by now; answers how many were told.

    1. Claim: who may no longer read it, or need not be told any more, is left out; the rest is put off by
    LEASE under a token. 2. Send, in no transaction. 3. Settle, with the token. Of two workers one tells.
    A worker that dies between 2 and 3 has another tell again under the same id, which sockets and mailboxes
    know already.
    """
    told = 0
    for telling, channel, token in _claim(patient_id, now):
        outcome = _send(channel, telling)
        told += _settle(patient_id, telling.id, token, outcome, now)
    return told


def _claim(patient: UUID, now: datetime) -> list[tuple[Telling, str, UUID]]:
    claimed = []
    with acting_for_all():
        due = list(
            AlertDelivery.objects.filter(patient_id=patient, status=DeliveryStatus.WAITING, due_at__lte=now)
            .select_related("alert", "recipient", "patient")
            .order_by("due_at", "id")
            .select_for_update(skip_locked=True, of=("self",))[:MOST_AT_ONCE]
        )
        for row in due:
            reason = _no_longer(row)
            if reason:
                row.status, row.given_up_at, row.reason = DeliveryStatus.WITHHELD, now, reason
                row.lease_token = None
                row.save(update_fields=["status", "given_up_at", "reason", "lease_token"])
                continue
            token = uuid4()
            row.due_at, row.lease_token, row.attempts = now + LEASE, token, row.attempts + 1
            row.save(update_fields=["due_at", "lease_token", "attempts"])
            telling = Telling(
                id=row.id,
                person=row.recipient_id,
                email=row.recipient.email,
                notice="alert",
                ref=row.alert_id,
                patient=row.patient_id,
                severity=row.alert.severity,
            )
            claimed.append((telling, row.channel, token))
    return sorted(claimed, key=lambda one: _ORDER.get(one[1], 1))


def _no_longer(row: AlertDelivery) -> str:
    """Why somebody need not be told any more, or may not be; empty where nothing stands against it."""
    alert = row.alert
    if alert.status in _ENDED:
        return "over"
    is_patient = row.recipient_id == row.patient.user_id
    if alert.status == Status.ACKNOWLEDGED.value and (row.round > 0 or not is_patient):
        return "answered"
    if not Alert.objects.visible_to(row.recipient, Need.READ).filter(id=alert.id).exists():
        return "no_access"
    return ""


def _send(channel: str, telling: Telling) -> Outcome:
    sender = ports.senders.get(channel)
    if sender is None:
        return Outcome.UNREACHABLE
    try:
        return sender.send(telling)
    except Exception as error:  # noqa: BLE001 - one channel that fails must not stop the others
        # Without its message, which may quote an address.
        log.warning(
            "action=telling_failed channel=%s delivery=%s error=%s at=%s",
            channel,
            telling.id,
            type(error).__name__,
            place_of(error),
        )
        return Outcome.FAILED


def _settle(patient: UUID, delivery: UUID, token: UUID, outcome: Outcome, now: datetime) -> bool:
    with acting_on(patient):
        row = (
            AlertDelivery.objects.select_for_update(of=("self",))
            .filter(id=delivery, lease_token=token)
            .first()
        )
        if row is None:
            return False
        alert = Alert.objects.select_for_update(no_key=True).get(id=row.alert_id)
        row.lease_token = None
        changed = []
        if outcome is Outcome.SENT:
            row.status, row.sent_at = DeliveryStatus.SENT, now
            if alert.status == Status.RAISED.value:
                changed.append(take_step(alert, Step.DELIVERED, at=now, note=row.channel))
        elif outcome is Outcome.FAILED and row.attempts <= len(PAUSES):
            row.due_at = now + PAUSES[row.attempts - 1]
        else:
            row.status, row.given_up_at, row.reason = DeliveryStatus.FAILED, now, outcome.value
            log.error("action=telling_given_up channel=%s delivery=%s", row.channel, row.id)
            if may_follow(Status(alert.status), Step.UNDELIVERED):
                changed.append(take_step(alert, Step.UNDELIVERED, at=now, note=row.channel))
        row.save(update_fields=["status", "sent_at", "due_at", "given_up_at", "reason", "lease_token"])
        if changed:
            alert.save(update_fields=["status"])
            record_changes(patient, changed)
        return outcome is Outcome.SENT


def displayed(*, person: User, alert_id: UUID, now: datetime) -> Alert | None:
    """A device has shown the alert to the person, who may read it; None where she may not. Twice is once.

    In the person's transaction.
    """
    alert = Alert.objects.visible_to(person, Need.READ).filter(id=alert_id).first()
    if alert is None:
        return None
    with acting_on(alert.patient_id):
        alert = Alert.objects.select_for_update(no_key=True).get(id=alert_id)
        mine = AlertDelivery.objects.filter(alert=alert, recipient=person, displayed_at=None, channel="live")
        if mine.update(displayed_at=now) and may_follow(Status(alert.status), Step.DISPLAYED):
            take_step(alert, Step.DISPLAYED, at=now, actor=person)
            record_changes(alert.patient_id, [entry(alert)])
    return alert


def put_off(alert: Alert, person: User, *, until: datetime) -> int:
    """What the person waits to be told of such alerts is told at an instant instead; answers how much it is.

    For alerts of the same rule on the same side, none of them worse. In the caller's transaction.
    """
    as_bad = [one.value for one in Severity if one.rank <= Severity(alert.severity).rank]
    return AlertDelivery.objects.filter(
        Q(due_at__lt=until),
        patient_id=alert.patient_id,
        recipient=person,
        status=DeliveryStatus.WAITING,
        lease_token=None,
        alert__rule=alert.rule,
        alert__direction=alert.direction,
        alert__severity__in=as_bad,
    ).update(due_at=until)
