"""From plans to rows of doses a few days ahead, and to what people are reminded of. Twice changes nothing."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from uuid import UUID

from django.db.models import Max, Q

from backend import sql
from backend.actor import acting_for_all, acting_on
from backend.changes import Entry, record_changes
from backend.identifiers import new_id
from backend.models import ChangeOp, Patient
from backend.queries import zone_history_of
from backend.rules import Topic
from reminders.models import (
    Dose,
    DoseStatus,
    MedicationPlan,
    PlanStatus,
    Reminder,
    ReminderKind,
    ReminderPreference,
    ReminderStatus,
    StockEntry,
)
from reminders.queries import clock_of, course_of, current_of, routine_of, stock_outlooks, with_current
from reminders.rounds import first_round
from reminders.timing import Routine, due_doses
from twin.series import store

HORIZON = timedelta(days=3)
"""So far ahead doses stand in their table."""
PLAN_ON_BEFORE = timedelta(days=2)
"""Plans whose doses reach less far are planned on: two days in which no worker need run."""

LOOK_BACK = timedelta(days=2)
TELL_OF_STOCK_FOR = timedelta(days=3)
TELL_OF_STOCK_EVERY = 24 * 60
_DAY_OF_SLOT = len("2026-03-02")

_PUT = """
    INSERT INTO reminders_dose AS mine (id, patient_id, topic, plan_id, version_id, slot, due_at,
        missed_after, amount, as_needed, status, reason)
    SELECT id, %s, 'medication', plan, version, slot, due_at, missed_after, amount, false, 'due', ''
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[],
        %s::numeric[]) AS planned (id, plan, version, slot, due_at, missed_after, amount)
    ON CONFLICT (plan_id, slot) DO UPDATE SET version_id = excluded.version_id, due_at = excluded.due_at,
        missed_after = excluded.missed_after, amount = excluded.amount, reminder_id = NULL
    WHERE mine.status = 'due' AND mine.due_at > %s
        AND (mine.version_id, mine.due_at, mine.missed_after, mine.amount)
            IS DISTINCT FROM (excluded.version_id, excluded.due_at, excluded.missed_after, excluded.amount)
    RETURNING mine.id
"""


@dataclass(frozen=True, slots=True)
class _Planned:
    plan: UUID
    version: UUID
    slot: str
    due_at: datetime
    missed_after: datetime
    amount: Decimal | None


def plan_ahead(patient_id: UUID, *, now: datetime) -> list[Entry]:
    """Brings the patient's doses and reminders in line with her plans, from now until HORIZON.

    What is due already stays as it is, and so does what somebody has answered. Where a plan's times change, a
    dose of today that is over stands for one of the new ones. Answers what the log has to say. In a
    transaction that acts on the patient and holds her lock.
    """
    plans = list(with_current(MedicationPlan.objects.filter(patient=patient_id, status=PlanStatus.ACTIVE)))
    until = now + HORIZON
    planned: list[_Planned] = []
    if plans:
        zone, routine = zone_history_of(patient_id), routine_of(patient_id)
        known = _known(plans, now)
        for plan in plans:
            planned += _planned(plan, routine, zone, known[plan.id], now, until)
    wanted = {(one.plan, one.slot) for one in planned}
    ahead = Dose.objects.filter(patient=patient_id, status=DoseStatus.DUE, due_at__gt=now)
    gone = [
        dose for dose, plan, slot in ahead.values_list("id", "plan_id", "slot") if (plan, slot) not in wanted
    ]
    Dose.objects.filter(id__in=gone).delete()
    put = _put(patient_id, planned, now)
    MedicationPlan.objects.filter(id__in=[plan.id for plan in plans]).update(planned_until=until)
    _remind(patient_id, now)
    return [
        *(Entry(Topic.MEDICATION, f"dose/{dose}", ChangeOp.DELETE) for dose in gone),
        *(Entry(Topic.MEDICATION, f"dose/{dose}") for dose in put),
    ]


def plan_on(patient_id: UUID, *, now: datetime) -> None:
    """The same for a worker, in a transaction of its own; and says which medicines are running out."""
    with acting_on(patient_id):
        store.lock(patient_id)
        entries = plan_ahead(patient_id, now=now)
        record_changes(patient_id, [*entries, *_tell_of_low_stock(patient_id, now)])


def plans_to_go_on(*, now: datetime, limit: int) -> list[UUID]:
    """Patients whose doses do not reach far enough ahead any more, the most urgent first."""
    with acting_for_all():
        due = MedicationPlan.objects.filter(planned_until__lt=now + PLAN_ON_BEFORE).order_by("planned_until")
        return list(dict.fromkeys(due.values_list("patient_id", flat=True)[: limit * 5]))[:limit]


def _known(plans: Sequence[MedicationPlan], now: datetime) -> dict[UUID, dict[str, bool]]:
    """The slots of each plan that have a dose, from LOOK_BACK on, and whether that one is over."""
    rows = Dose.objects.filter(
        plan__in=[plan.id for plan in plans],
        due_at__gte=min([now, *(one.planned_until for one in plans if one.planned_until)]) - LOOK_BACK,
    )
    known: dict[UUID, dict[str, bool]] = {plan.id: {} for plan in plans}
    for plan, slot, due_at, status in rows.values_list("plan_id", "slot", "due_at", "status"):
        known[plan][slot] = due_at <= now or status != DoseStatus.DUE
    return known


def _planned(
    plan: MedicationPlan,
    routine: Routine,
    zone: tzinfo,
    known: Mapping[str, bool],
    now: datetime,
    until: datetime,
) -> Iterator[_Planned]:
    version = current_of(plan)
    course, clock = course_of(version, plan.pauses.all()), clock_of(version, zone)
    # Where no worker ran for days, what was due meanwhile is due late, and is said to have been missed.
    new_from = min(plan.planned_until or now, now)
    # From before that: a journey may have moved a dose that was yet to come to an instant that is over.
    found = list(due_doses(course, routine, clock, since=new_from - LOOK_BACK, until=until))
    stood_for = _stood_for({due.slot for due in found}, known)
    for due in found:
        if due.slot in stood_for or (due.slot not in known and due.at < new_from):
            continue
        missed_after = due.at + timedelta(minutes=version.window_minutes)
        yield _Planned(plan.id, version.id, due.slot, due.at, missed_after, due.amount)


def _stood_for(slots: set[str], known: Mapping[str, bool]) -> set[str]:
    """The new slots for which a dose of the same day stands that is over, and that the plan no longer has.

    Each stands for the nearest.
    """
    new: defaultdict[str, list[str]] = defaultdict(list)
    for slot in sorted(slots - known.keys()):
        new[slot[:_DAY_OF_SLOT]].append(slot)
    found = set()
    for old in sorted(slot for slot, is_over in known.items() if is_over and slot not in slots):
        of_day = new[old[:_DAY_OF_SLOT]]
        if of_day:
            nearest = min(of_day, key=lambda slot: abs(_minute(slot) - _minute(old)))
            of_day.remove(nearest)
            found.add(nearest)
    return found


def _minute(slot: str) -> int:
    hours, minutes = slot[_DAY_OF_SLOT + 1 :][:5].split(":")
    return 60 * int(hours) + int(minutes)


def _put(patient_id: UUID, planned: Sequence[_Planned], now: datetime) -> list[UUID]:
    """Writes doses that are new or have moved; answers which."""
    if not planned:
        return []
    columns: list[list[object]] = [
        [new_id() for _ in planned],
        [one.plan for one in planned],
        [one.version for one in planned],
        [one.slot for one in planned],
        [one.due_at for one in planned],
        [one.missed_after for one in planned],
        [one.amount for one in planned],
    ]
    with sql.cursor() as cursor:
        return [dose for (dose,) in cursor.execute(_PUT, [patient_id, *columns, now]).fetchall()]


def _remind(patient_id: UUID, now: datetime) -> None:
    """One reminder for all that is due at one moment; those of moments that are no more end by themselves."""
    loose = Dose.objects.filter(
        patient=patient_id, status=DoseStatus.DUE, reminder=None, missed_after__gt=now
    )
    moments: defaultdict[datetime, list[Dose]] = defaultdict(list)
    for dose in loose.select_related("version", "plan"):
        moments[dose.due_at].append(dose)
    if not moments:
        return
    notice = _notice(patient_id)
    keys = {_key(at): at for at in moments}
    standing: Mapping[str, Reminder] = {
        one.key: one
        for one in Reminder.objects.filter(patient=patient_id, kind=ReminderKind.DOSES, key__in=keys)
    }
    for key, at in keys.items():
        doses = moments[at]
        reminder = standing.get(key) or Reminder(
            patient_id=patient_id, topic=Topic.MEDICATION, kind=ReminderKind.DOSES, key=key, at=at
        )
        beside = Dose.objects.filter(reminder=reminder, status=DoseStatus.DUE)
        every = [*doses, *(beside.select_related("version", "plan") if key in standing else ())]
        reminder.too_late_at = max(dose.missed_after for dose in every)
        reminder.repeat_minutes = min(dose.version.repeat_minutes for dose in every)
        reminder.is_critical = any(dose.plan.is_critical for dose in every)
        if reminder.status != ReminderStatus.WAITING or reminder.due_at is None:
            # New, or it had ended before something new became due at its moment.
            reminder.status, reminder.ended_at = ReminderStatus.WAITING, None
            reminder.round, reminder.round_at = 0, None
            reminder.due_at = first_round(at, notice, now=now)
        reminder.save()
        Dose.objects.filter(id__in=[dose.id for dose in doses]).update(reminder=reminder)


def _tell_of_low_stock(patient_id: UUID, now: datetime) -> list[Entry]:
    """One reminder for each time that a stock has fallen to its threshold, until more is fetched."""
    kept = MedicationPlan.objects.filter(
        patient=patient_id, status=PlanStatus.ACTIVE, refill_below__isnull=False
    )
    plans = list(with_current(kept))
    if not plans:
        return []
    entries = StockEntry.objects.filter(plan__in=plans).values("plan").annotate(at=Max("at"))
    last = dict(entries.values_list("plan", "at"))
    patient = Patient.objects.get(id=patient_id)
    stocks = stock_outlooks(patient, plans, zone_history_of(patient_id), now=now)
    made = []
    for plan in plans:
        found = stocks.get(plan.id)
        if found is not None and found.is_low:
            reminder, is_new = Reminder.objects.get_or_create(
                patient=patient,
                kind=ReminderKind.LOW_STOCK,
                key=f"{plan.id} {_key(last[plan.id])}",
                defaults={
                    "topic": Topic.MEDICATION,
                    "at": now,
                    "due_at": now,
                    "too_late_at": now + TELL_OF_STOCK_FOR,
                    "repeat_minutes": TELL_OF_STOCK_EVERY,
                },
            )
            made += [reminder] if is_new else []
    return [Entry(Topic.MEDICATION, f"reminder/{one.id}") for one in made]


def _notice(patient_id: UUID) -> timedelta:
    """How long ahead the patient wants to be told."""
    # How she wants to be told is hers to read, whoever writes the plan.
    with acting_for_all():
        of_her = Q(person__patient=patient_id)
        minutes = ReminderPreference.objects.filter(of_her).values_list("notice_minutes", flat=True).first()
    return timedelta(minutes=minutes or 0)


def _key(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
