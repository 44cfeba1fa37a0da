"""Reminders on their way: claimed under a lease, told outside of transactions, settled with the token.

At least once: where a dispatcher dies between telling and settling another tells again under the same id, by
which devices know it. Of two dispatchers one has a reminder. Whatever is asked or written of a batch is one
statement, whatever its size.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import orjson
from psycopg.rows import namedtuple_row

from backend import sql
from backend.actor import acting_for_all
from backend.changes import Entry, record_changes_of_many
from backend.identifiers import new_id
from backend.rules import Topic
from reminders.models import CHANNELS, DeliveryStatus, PushService, ReminderKind, ReminderStatus
from reminders.rounds import (
    QuietHours,
    Step,
    Told,
    Wishes,
    look_again,
    next_round,
    next_step,
)
from reminders.tellings import Address, Channel, Message, Outcome, Result
from reminders.wording import words

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""How long a dispatcher that has died keeps its batch; longer than any channel takes."""
BATCH = 500
PAUSES = tuple(timedelta(seconds=pause) for pause in (5, 30, 120, 600))
"""Between tries of a channel that fails; after the last it is given up, and the next channel follows."""
TO_CAREGIVERS = frozenset({ReminderKind.MISSED_CRITICAL, ReminderKind.LOW_STOCK})
"""Of these the people are told whom the patient has agreed to."""
FALLBACK = timedelta(minutes=10)
"""How long a person who has said nothing is given to be reached by a channel."""

_CLAIM = """
    WITH due AS (
        SELECT id FROM reminders_reminder
        WHERE status = 'waiting' AND due_at <= %(now)s
        ORDER BY due_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
    UPDATE reminders_reminder AS claimed SET due_at = %(until)s, lease_token = %(token)s
    FROM due WHERE claimed.id = due.id
    RETURNING claimed.id, claimed.patient_id, claimed.topic, claimed.kind, claimed.at, claimed.too_late_at,
        claimed.repeat_minutes, claimed.is_critical, claimed.round, claimed.round_at, claimed.taken_care_at
"""
_DOSES = """
    SELECT dose.reminder_id AS reminder, bool_or(dose.status = 'due') AS is_due,
        bool_or(dose.status IN ('taken', 'skipped')) AS is_answered,
        array_agg(version.medicine ORDER BY version.medicine) FILTER (WHERE dose.status = 'due') AS names
    FROM reminders_dose AS dose JOIN reminders_planversion AS version ON version.id = dose.version_id
    WHERE dose.reminder_id = ANY(%s) GROUP BY dose.reminder_id
"""
# A caregiver is told as long as the patient's word and a grant for the topic stand.
_PEOPLE = """
    WITH told AS (
        SELECT patient.id AS patient, patient.user_id AS person, true AS is_patient, patient.time_zone
        FROM backend_patient AS patient WHERE patient.id = ANY(%(patients)s)
        UNION ALL
        SELECT agreed.patient_id, agreed.person_id, false, patient.time_zone
        FROM reminders_caregiveragreement AS agreed
        JOIN backend_patient AS patient ON patient.id = agreed.patient_id
        WHERE agreed.patient_id = ANY(%(careful)s) AND agreed.ended_at IS NULL AND EXISTS (
            SELECT FROM backend_caregrant AS given
            WHERE given.patient_id = agreed.patient_id AND given.person_id = agreed.person_id
                AND given.revoked_at IS NULL AND given.starts_at <= %(now)s
                AND (given.ends_at IS NULL OR given.ends_at > %(now)s)
                AND given.emergency_reason = '' AND 'medication' = ANY(given.read)
        )
    )
    SELECT told.patient, told.person, told.is_patient, person.email, wish.channels, wish.fallback_minutes,
        wish.quiet_from, wish.quiet_until, coalesce(nullif(wish.time_zone, ''), told.time_zone) AS time_zone,
        coalesce(wish.shows_names, false) AS shows_names
    FROM told JOIN backend_user AS person ON person.id = told.person AND person.is_active
    LEFT JOIN reminders_reminderpreference AS wish ON wish.person_id = told.person
"""
_ADDRESSES = """
    SELECT id, person_id AS person, service, address, keys FROM reminders_pushsubscription
    WHERE person_id = ANY(%s) AND retired_at IS NULL ORDER BY id
"""
_TOLD = """
    SELECT delivery.id, delivery.reminder_id AS reminder, delivery.recipient_id AS person, delivery.channel,
        delivery.due, delivery.status, delivery.try_at, delivery.attempts, delivery.sent_at,
        delivery.displayed_at IS NOT NULL AS is_displayed
    FROM reminders_delivery AS delivery WHERE delivery.reminder_id = ANY(%s)
"""
_ASK = """
    INSERT INTO reminders_delivery (id, reminder_id, patient_id, topic, recipient_id, channel, due, try_at,
        status, attempts, because)
    SELECT id, reminder, patient, topic, person, channel, due, due, 'waiting', 0, ''
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::timestamptz[])
        AS asked (id, reminder, patient, topic, person, channel, due)
"""
_BEGIN_ROUNDS = """
    UPDATE reminders_reminder AS mine SET round = mine.round + 1, round_at = begun.round_at
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS begun (id, round_at)
    WHERE mine.id = begun.id AND mine.lease_token = %s
"""
_END = """
    UPDATE reminders_reminder AS mine
    SET status = over.status, ended_at = %s, due_at = NULL, lease_token = NULL
    FROM unnest(%s::uuid[], %s::text[]) AS over (id, status)
    WHERE mine.id = over.id AND mine.lease_token = %s
"""
_WITHHOLD = """
    UPDATE reminders_delivery SET status = 'withheld', try_at = NULL, given_up_at = %s, because = %s
    WHERE reminder_id = ANY(%s) AND status = 'waiting'
"""
_SETTLE_DELIVERIES = """
    UPDATE reminders_delivery AS mine SET status = told.status, try_at = told.try_at, because = told.because,
        attempts = mine.attempts + 1, sent_at = told.sent_at, given_up_at = told.given_up_at
    FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[])
        AS told (id, status, try_at, because, sent_at, given_up_at)
    WHERE mine.id = told.id AND mine.status = 'waiting'
"""
_SETTLE_REMINDERS = """
    UPDATE reminders_reminder AS mine SET due_at = settled.due_at, lease_token = NULL
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS settled (id, due_at)
    WHERE mine.id = settled.id AND mine.lease_token = %s
"""
_RETIRE = """
    UPDATE reminders_pushsubscription SET retired_at = %s, because = 'gone'
    WHERE id = ANY(%s) AND retired_at IS NULL
"""

Row = Any
"""A row of one of the statements above, by the names of its columns."""


@dataclass(slots=True)
class _Claimed:
    """A batch in hand: what is to be told by which channel, and when each of its reminders is due next."""

    token: UUID
    messages: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    attempts: dict[UUID, int] = field(default_factory=dict)
    of: dict[UUID, UUID] = field(default_factory=dict)  # the reminder of a delivery
    due: dict[UUID, datetime] = field(default_factory=dict)

    @property
    def telling(self) -> frozenset[UUID]:
        """The reminders of which somebody is told now."""
        return frozenset(self.of.values())


def dispatch(channels: Mapping[str, Channel], *, now: datetime, limit: int = BATCH) -> int:
    """Does what is due of up to so many reminders; answers how many it had in hand, 0 when nothing is due.

    A reminder is looked at again right before it is told: what is answered, over, or of no concern to its
    person any more is not told. `channels` are those that there are, by name.
    """
    claimed, count = _claim(channels, now, limit)
    if claimed is None:
        return count
    outcomes: dict[UUID, Outcome] = {}
    for name in sorted(claimed.messages, key=CHANNELS.index):
        messages = claimed.messages[name]
        outcomes |= zip((one.id for one in messages), _send(name, channels[name], messages, now), strict=True)
    _settle(claimed, outcomes, now)
    return count


def _claim(channels: Mapping[str, Channel], now: datetime, limit: int) -> tuple[_Claimed | None, int]:
    token = uuid4()
    with acting_for_all(), sql.cursor() as cursor:
        cursor.row_factory = namedtuple_row
        due = cursor.execute(
            _CLAIM, {"now": now, "limit": limit, "until": now + LEASE, "token": token}
        ).fetchall()
        if not due:
            return None, 0
        claimed = _Claimed(token)
        batch = _read(cursor, due, now)
        over = {row.id: status for row in due if (status := batch.ending(row, now)) is not None}
        if over:
            cursor.execute(_END, [now, list(over), list(over.values()), token])
            cursor.execute(_WITHHOLD, [now, "over", list(over)])
            _tell_of_ends([row for row in due if row.id in over])
        begun: dict[UUID, datetime] = {}
        asked: list[tuple[Any, ...]] = []
        for row in due:
            if row.id not in over:
                _plan(row, batch, claimed, channels, begun, asked, now)
        if begun:
            cursor.execute(_WITHHOLD, [now, "next_round", list(begun)])
            cursor.execute(_BEGIN_ROUNDS, [list(begun), list(begun.values()), token])
        if asked:
            cursor.execute(_ASK, [list(column) for column in zip(*asked, strict=True)])
        telling = claimed.telling
        idle = {one: at for one, at in claimed.due.items() if one not in telling}
        if idle:
            cursor.execute(_SETTLE_REMINDERS, [list(idle), list(idle.values()), token])
    return (claimed if claimed.messages else None), len(due)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is known of the reminders in hand and their people."""

    doses: Mapping[UUID, Row]
    people: Mapping[UUID, Sequence[Row]]
    addresses: Mapping[UUID, Sequence[Row]]
    told: Mapping[UUID, Sequence[Row]]

    def ending(self, row: Row, now: datetime) -> str | None:
        """How the reminder ends now; None while it goes on."""
        if row.kind == ReminderKind.DOSES:
            doses = self.doses.get(row.id)
            if doses is None or not doses.is_due:
                is_answered = doses is not None and doses.is_answered
                return ReminderStatus.ANSWERED if is_answered else ReminderStatus.WITHDRAWN
        if row.taken_care_at is not None:
            return ReminderStatus.ANSWERED
        if now >= row.too_late_at:
            was_told = any(one.sent_at is not None for one in self.told.get(row.id, ()))
            return ReminderStatus.UNANSWERED if was_told else ReminderStatus.TOO_LATE
        return None

    def recipients(self, row: Row) -> list[Row]:
        """Whom the reminder concerns: the patient, or those whom she has agreed to, or both."""
        people = self.people.get(row.patient_id, ())
        if row.kind == ReminderKind.MISSED_CRITICAL:
            return [one for one in people if not one.is_patient]
        return [one for one in people if one.is_patient or row.kind in TO_CAREGIVERS]


def _read(cursor: Any, due: Sequence[Row], now: datetime) -> _Batch:
    reminders = [row.id for row in due]
    patients = list({row.patient_id for row in due})
    careful = list({row.patient_id for row in due if row.kind in TO_CAREGIVERS})
    cursor.execute(_DOSES, [[row.id for row in due if row.kind == ReminderKind.DOSES]])
    doses = {row.reminder: row for row in cursor.fetchall()}
    cursor.execute(_PEOPLE, {"patients": patients, "careful": careful, "now": now})
    people = cursor.fetchall()
    cursor.execute(_ADDRESSES, [list({row.person for row in people})])
    addresses = cursor.fetchall()
    begun = [row.id for row in due if row.round_at is not None]
    told = cursor.execute(_TOLD, [begun]).fetchall() if begun and reminders else []
    return _Batch(
        doses,
        _grouped(people, "patient"),
        _grouped(addresses, "person"),
        _grouped(told, "reminder"),
    )


def _grouped(rows: Iterable[Row], column: str) -> dict[UUID, list[Row]]:
    found: defaultdict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[getattr(row, column)].append(row)
    return found


def _plan(
    row: Row,
    batch: _Batch,
    claimed: _Claimed,
    channels: Mapping[str, Channel],
    begun: dict[UUID, datetime],
    asked: list[tuple[Any, ...]],
    now: datetime,
) -> None:
    """What is to be told of one reminder now, and when it is looked at again."""
    repeat = None if row.repeat_minutes is None else timedelta(minutes=row.repeat_minutes)
    round_at, round_ = row.round_at, row.round
    following = None
    if round_at is not None:
        following = next_round(round_at, at=row.at, repeat=repeat, too_late_at=row.too_late_at)
    if round_at is None or (following is not None and following <= now):
        round_at = begun[row.id] = now
        following = next_round(round_at, at=row.at, repeat=repeat, too_late_at=row.too_late_at)
        round_ += 1
    rows = [one for one in batch.told.get(row.id, ()) if one.due == round_at]
    steps: list[Step] = []
    for person in batch.recipients(row):
        mine = {one.channel: one for one in rows if one.person == person.person}
        # A dose comes at the time that its person has chosen; what follows it does not wake her.
        may_disturb = row.is_critical or (row.kind == ReminderKind.DOSES and round_ == 1)
        step = next_step(
            _wishes(person, batch.addresses.get(person.person, ()), channels),
            [_told(one) for one in mine.values()],
            may_disturb=may_disturb,
            now=now,
        )
        steps.append(step)
        if step.channel is None:
            continue
        earlier = mine.get(step.channel)
        delivery = new_id() if earlier is None else earlier.id
        if earlier is None:
            asked.append((delivery, row.id, row.patient_id, row.topic, person.person, step.channel, round_at))
        claimed.attempts[delivery] = 0 if earlier is None else earlier.attempts
        claimed.of[delivery] = row.id
        claimed.messages[step.channel].append(_message(delivery, row, person, step.channel, batch, now))
    claimed.due[row.id] = look_again(steps, following, row.too_late_at)


def _wishes(person: Row, addresses: Sequence[Row], channels: Mapping[str, Channel]) -> Wishes:
    """How a person can be told, in her order: by channels that there are and for which she has an address."""
    services = {one.service for one in addresses}
    reach = {
        "live": True,
        "email": bool(person.email),
        "web_push": PushService.WEB in services,
        "push_gateway": PushService.GATEWAY in services,
    }
    quiet = None
    if isinstance(person.quiet_from, time) and isinstance(person.quiet_until, time):
        quiet = QuietHours(person.quiet_from, person.quiet_until, ZoneInfo(person.time_zone))
    return Wishes(
        [one for one in person.channels or CHANNELS if one in channels and reach[one]],
        FALLBACK if person.fallback_minutes is None else timedelta(minutes=person.fallback_minutes),
        quiet,
    )


def _told(row: Row) -> Told:
    return Told(
        row.channel,
        row.sent_at,
        row.is_displayed,
        row.try_at if row.status == DeliveryStatus.WAITING else None,
    )


def _message(delivery: UUID, row: Row, person: Row, channel: str, batch: _Batch, now: datetime) -> Message:
    service = PushService.WEB if channel == "web_push" else PushService.GATEWAY
    names = batch.doses[row.id].names or [] if row.id in batch.doses else []
    title, text = words(row.kind, names, shows_names=person.shows_names, is_early=now < row.at)
    return Message(
        id=delivery,
        reminder=row.id,
        person=person.person,
        patient=row.patient_id,
        kind=row.kind,
        email=person.email,
        title=title,
        text=text,
        addresses=[
            # As Django has it, psycopg leaves JSON as text.
            Address(one.id, one.address, orjson.loads(one.keys))
            for one in batch.addresses.get(person.person, ())
            if one.service == service
        ],
        until=row.too_late_at,
    )


def _send(name: str, channel: Channel, messages: Sequence[Message], now: datetime) -> Sequence[Outcome]:
    try:
        return channel.send(messages, now=now)
    except Exception as error:  # noqa: BLE001 - one channel that fails must not stop the others
        # Without its message, which may quote an address.
        log.warning(
            "action=reminders_not_sent channel=%s count=%s error=%s",
            name,
            len(messages),
            type(error).__name__,
        )
        return [Outcome(Result.LATER, "channel_failed")] * len(messages)


class _Settled(NamedTuple):
    """What becomes of a delivery after a try, in the order of the statement's columns."""

    status: DeliveryStatus
    try_at: datetime | None = None
    because: str = ""
    sent_at: datetime | None = None
    given_up_at: datetime | None = None


def _settled(outcome: Outcome, attempts: int, now: datetime) -> _Settled:
    if outcome.result is Result.SENT:
        return _Settled(DeliveryStatus.SENT, sent_at=now)
    if outcome.result is Result.LATER and attempts < len(PAUSES):
        at = max(now + PAUSES[attempts], outcome.retry_at or now)
        return _Settled(DeliveryStatus.WAITING, try_at=at)
    because = outcome.because or outcome.result.value
    return _Settled(DeliveryStatus.FAILED, because=because, given_up_at=now)


def _settle(claimed: _Claimed, outcomes: Mapping[UUID, Outcome], now: datetime) -> None:
    settled = {}
    gone: list[UUID] = []
    for delivery, outcome in outcomes.items():
        gone += outcome.gone
        found = settled[delivery] = _settled(outcome, claimed.attempts[delivery], now)
        if found.status is not DeliveryStatus.SENT:
            # Another try, or the channel after this one, which a look right away finds.
            reminder = claimed.of[delivery]
            claimed.due[reminder] = min(claimed.due[reminder], found.try_at or now)
    due = {reminder: claimed.due[reminder] for reminder in claimed.telling}
    with acting_for_all(), sql.pipeline() as cursor:
        rows = [(delivery, *found) for delivery, found in settled.items()]
        cursor.execute(_SETTLE_DELIVERIES, [list(column) for column in zip(*rows, strict=True)])
        cursor.execute(_SETTLE_REMINDERS, [list(due), list(due.values()), claimed.token])
        if gone:
            cursor.execute(_RETIRE, [now, gone])


def _tell_of_ends(rows: Iterable[Row]) -> None:
    entries: defaultdict[UUID, list[Entry]] = defaultdict(list)
    for row in rows:
        entries[row.patient_id].append(Entry(Topic(row.topic), f"reminder/{row.id}"))
    record_changes_of_many(entries)
