"""What became of doses: said by people, offline too, or by the clock where nobody says anything."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q
from django.http import Http404

from backend import sql
from backend.access import Access
from backend.actor import acting_for_all, acting_on
from backend.changes import Entry, record_changes, record_changes_of_many
from backend.ports import CriticalDose
from backend.rules import Topic
from backend.services import NotPossible
from reminders.models import (
    ANSWERS,
    Delivery,
    Dose,
    DoseAnswer,
    DoseStatus,
    PlanStatus,
    PlanVersion,
    Reminder,
    ReminderKind,
    ReminderStatus,
)
from reminders.timing import Refusal, may_take, parse
from twin.series import store
from twin.services.stale_warnings import mark_warnings_stale

CLOCKS_DIFFER = timedelta(minutes=5)
"""So far may a device's clock be ahead of ours."""
ANSWERS_AT_ONCE = 500
OLDEST = timedelta(days=366)
"""What was taken longer ago is not entered any more."""
TELL_CAREGIVERS_FOR = timedelta(hours=12)
"""So long after it was missed a critical dose is told to caregivers."""
REPEAT_TO_CAREGIVERS = 60
TAKEN_BACK = "taken back"

_MISS = """
    WITH late AS (
        SELECT id FROM reminders_dose WHERE status = 'due' AND missed_after <= %(now)s
        ORDER BY missed_after LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    UPDATE reminders_dose AS mine SET status = 'missed', missed_at = %(now)s
    FROM late, reminders_medicationplan AS plan
    WHERE mine.id = late.id AND plan.id = mine.plan_id
    RETURNING mine.id, mine.patient_id, plan.is_critical
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says became of a dose. `key` is her device's name for it: again is known.

    Either `dose`, or the `plan` of a medicine taken as needed. DUE takes back what was said. `said_at` and
    `taken_at` are by her device's clock.
    """

    key: UUID
    status: DoseStatus
    said_at: datetime
    dose: UUID | None = None
    plan: UUID | None = None
    taken_at: datetime | None = None
    amount: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """The dose as it stands now; `caution` where it was taken sooner or more often than its plan allows."""

    dose: Dose
    caution: Refusal | None = None


def answer_doses(*, access: Access, said: Sequence[Said], now: datetime) -> list[Answered]:
    """Keeps what a person says of doses, all or none; the answers are in its order.

    Of several words on one dose the one that was said last counts, in whatever order they arrive, and any of
    them over a "missed" of the clock. What is said again changes nothing. Raises NotPossible for instants
    that cannot be, Http404 for a dose or plan that is absent or not hers to answer.
    """
    access.topic(Topic.MEDICATION)
    if len(said) > ANSWERS_AT_ONCE:
        raise NotPossible("answers", f"At most {ANSWERS_AT_ONCE} answers are taken at once.")
    patient = access.patient.id
    store.lock(patient)
    doses = _doses(patient, said)
    plans = _plans_as_needed(patient, said)
    found, changed, touched = [], dict[UUID, Dose](), set[UUID]()
    for place, one in enumerate(said):
        _check(one, now, f"answers.{place}")
        caution = None
        if one.dose is not None:
            dose = doses.get(one.dose)
            if dose is None:
                raise Http404
        else:
            dose, caution = _as_needed(access, plans, one)
        if _keep(access, dose, one, now):
            changed[dose.id] = dose
            if dose.reminder_id is not None:
                touched.add(dose.reminder_id)
        found.append(Answered(dose, caution))
    entries = [Entry(Topic.MEDICATION, f"dose/{dose}") for dose in changed]
    entries += _end_reminders(patient, touched, access.user.id, now)
    if any(dose.plan.is_critical for dose in changed.values()):
        mark_warnings_stale([patient], due_at=now)
    record_changes(patient, entries)
    return found


def mark_missed(*, now: datetime, limit: int) -> int:
    """Doses whose time is over without a word are missed; answers how many of up to so many.

    Of critical ones the rules of early warning hear, and the caregivers to whom the patient has agreed.
    """
    with acting_for_all():
        with sql.cursor() as cursor:
            rows = cursor.execute(_MISS, {"now": now, "limit": limit}).fetchall()
        if not rows:
            return 0
        entries: defaultdict[UUID, list[Entry]] = defaultdict(list)
        critical: dict[UUID, UUID] = {}
        for dose, patient, is_critical in rows:
            entries[patient].append(Entry(Topic.MEDICATION, f"dose/{dose}"))
            if is_critical:
                critical[dose] = patient
        Reminder.objects.bulk_create(
            (
                Reminder(
                    patient_id=patient,
                    topic=Topic.MEDICATION,
                    kind=ReminderKind.MISSED_CRITICAL,
                    key=str(dose),
                    at=now,
                    due_at=now,
                    too_late_at=now + TELL_CAREGIVERS_FOR,
                    repeat_minutes=REPEAT_TO_CAREGIVERS,
                    is_critical=True,
                )
                for dose, patient in critical.items()
            ),
            ignore_conflicts=True,
        )
        mark_warnings_stale(set(critical.values()), due_at=now)
        record_changes_of_many(entries)
    return len(rows)


def critical_doses(patient_id: UUID) -> list[CriticalDose]:
    """How each critical medicine is taken: how many doses in a row were missed or skipped up to the last one.

    For the rules of early warning, in their transaction.
    """
    rows = (
        Dose.objects.filter(patient=patient_id, plan__is_critical=True, plan__status=PlanStatus.ACTIVE)
        .exclude(status=DoseStatus.DUE)
        .order_by("plan_id", "-due_at")
        .values_list("plan_id", "status", "due_at", "version__medicine")
    )
    in_a_row: dict[UUID, list[tuple[str, datetime, str]]] = defaultdict(list)
    for plan, status, due_at, medicine in rows:
        in_a_row[plan].append((status, due_at, medicine))
    found = []
    for plan, doses in in_a_row.items():
        missed = next(
            (number for number, (status, _, _) in enumerate(doses) if status == DoseStatus.TAKEN), len(doses)
        )
        _, at, medicine = doses[0]
        found.append(CriticalDose(str(plan), medicine, missed, at))
    return found


def _doses(patient: UUID, said: Iterable[Said]) -> dict[UUID, Dose]:
    ids = [one.dose for one in said if one.dose is not None]
    rows = Dose.objects.filter(patient=patient, id__in=ids).select_related("plan", "version")
    return {dose.id: dose for dose in rows}


def _plans_as_needed(patient: UUID, said: Iterable[Said]) -> dict[UUID, PlanVersion]:
    ids = [one.plan for one in said if one.plan is not None]
    rows = PlanVersion.objects.filter(
        patient=patient, plan__in=ids, superseded_at=None, plan__status=PlanStatus.ACTIVE
    )
    return {row.plan_id: row for row in rows.select_related("plan")}


def _check(one: Said, now: datetime, field: str) -> None:
    if (one.dose is None) == (one.plan is None):
        raise NotPossible(field, "Name either a dose, or a plan of a medicine taken as needed.")
    if one.status not in (*ANSWERS, DoseStatus.DUE):
        raise NotPossible(f"{field}.status", "A dose is taken, skipped, or due again.")
    if one.plan is not None and one.status != DoseStatus.TAKEN:
        raise NotPossible(f"{field}.status", "What is taken as needed was taken, or there is nothing to say.")
    if one.status == DoseStatus.TAKEN and one.taken_at is None:
        raise NotPossible(f"{field}.taken_at", "Say when it was taken.")
    if one.status != DoseStatus.TAKEN and (one.taken_at is not None or one.amount is not None):
        raise NotPossible(f"{field}.taken_at", "Only of what was taken there is a when and how much.")
    if one.reason and one.status != DoseStatus.SKIPPED:
        raise NotPossible(f"{field}.reason", "Only what was skipped has a reason.")
    if one.amount is not None and one.amount <= 0:
        raise NotPossible(f"{field}.amount", "An amount is above 0.")
    for name, at in (("said_at", one.said_at), ("taken_at", one.taken_at)):
        if at is not None and not now - OLDEST <= at <= now + CLOCKS_DIFFER:
            raise NotPossible(f"{field}.{name}", "This is too long ago or in the future.")


def _as_needed(access: Access, plans: dict[UUID, PlanVersion], one: Said) -> tuple[Dose, Refusal | None]:
    """The dose that an answer makes, or made when it first came; with a caution where it came too soon."""
    version = plans.get(one.plan) if one.plan is not None else None
    if version is None or one.taken_at is None:
        raise Http404
    dose = Dose.objects.filter(plan=version.plan, slot=str(one.key)).select_related("plan").first()
    if dose is not None:
        return dose, None
    timing = parse(version.timing or {})
    taken = Dose.objects.filter(plan=version.plan, status=DoseStatus.TAKEN, taken_at__isnull=False)
    recent = taken.filter(taken_at__gt=one.taken_at - timedelta(days=31)).values_list("taken_at", flat=True)
    caution = may_take(timing, [at for at in recent if at is not None], one.taken_at)
    dose = Dose.objects.create(
        patient=access.patient,
        plan=version.plan,
        version=version,
        slot=str(one.key),
        due_at=one.taken_at,
        missed_after=one.taken_at,
        amount=version.amount,
        as_needed=True,
        status=DoseStatus.TAKEN,
        taken_at=one.taken_at,
        taken_amount=one.amount,
        answered_by=access.user,
        answered_at=one.said_at,
    )
    return dose, caution


def _keep(access: Access, dose: Dose, one: Said, now: datetime) -> bool:
    """Adds to what was said of the dose, which shows it where it was said last; whether anything is new."""
    _, is_new = DoseAnswer.objects.get_or_create(
        dose=dose,
        key=one.key,
        defaults={
            "patient": access.patient,
            "status": one.status,
            "taken_at": one.taken_at,
            "amount": one.amount,
            "reason": one.reason,
            "said_by": access.user,
            "said_at": one.said_at,
            "received_at": now,
        },
    )
    if not is_new:
        return False
    last = DoseAnswer.objects.filter(dose=dose).order_by("-said_at", "-received_at", "-id").first()
    if last is not None:
        _show(dose, last, now)
    return True


def _show(dose: Dose, answer: DoseAnswer, now: datetime) -> None:
    """The dose as the answer has it; one that is taken back is due again, or missed if its time is over."""
    status, reason, is_answer = DoseStatus(answer.status), answer.reason, answer.status in ANSWERS
    if not is_answer and dose.as_needed:
        # It was never due: all that is left of it is that it was taken back.
        status, reason, is_answer = DoseStatus.SKIPPED, TAKEN_BACK, True
    elif not is_answer and dose.missed_after <= now:
        status = DoseStatus.MISSED
    dose.status, dose.reason = status, reason
    dose.taken_at, dose.taken_amount = answer.taken_at, answer.amount
    dose.skipped_at = answer.said_at if status is DoseStatus.SKIPPED else None
    dose.missed_at = now if status is DoseStatus.MISSED else None
    dose.answered_by_id = answer.said_by_id if is_answer else None
    dose.answered_at = answer.said_at if is_answer else None
    dose.save()


def _end_reminders(patient: UUID, ids: Iterable[UUID], person: UUID, now: datetime) -> list[Entry]:
    """Ends the reminders of which nothing is due any more; answers what the log has to say."""
    open_ = Q(status=ReminderStatus.WAITING)
    with acting_on(patient):
        over = list(
            Reminder.objects.filter(open_, id__in=list(ids))
            .exclude(doses__status=DoseStatus.DUE)
            .values_list("id", flat=True)
        )
        Reminder.objects.filter(open_, id__in=over).update(
            status=ReminderStatus.ANSWERED, ended_at=now, due_at=None, lease_token=None
        )
        Delivery.objects.filter(reminder__in=over, recipient=person, answered_at=None).update(answered_at=now)
    return [Entry(Topic.MEDICATION, f"reminder/{one}") for one in over]
