"""Every read of plans, doses and reminders that is not trivial."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from itertools import groupby, pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet

from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import Topic
from reminders import adherence, stock
from reminders.missed_dose import MissedDose, missed_dose
from reminders.models import (
    Dose,
    DoseAnswer,
    DoseStatus,
    MedicationPlan,
    PlanPause,
    PlanStatus,
    PlanVersion,
    Reminder,
    ReminderStatus,
    RoutineTimes,
    StockEntry,
    StockMove,
)
from reminders.timing import Course, Pause, Routine, due_doses, parse, timing_words
from twin.scores.medicine_names import Medicine

UNHEARD_FOR = timedelta(days=7)
"""So long what nobody was reminded of in time is said."""
OUTLOOK_DAYS = 180
"""So far ahead is looked when a stock runs out."""


def plans_of(patient: Patient, topics: Collection[Topic]) -> QuerySet[MedicationPlan]:
    """The patient's plans with what they say now, open ones first, by medicine."""
    found = MedicationPlan.objects.filter(patient=patient, topic__in=topics)
    return with_current(found.select_related("made_by", "confirmed_by", "ended_by")).order_by("-id")


def with_current(plans: QuerySet[MedicationPlan]) -> QuerySet[MedicationPlan]:
    """Plans with their pauses and with what they say now, for current_of."""
    current = PlanVersion.objects.filter(superseded_at=None).select_related("written_by")
    return plans.prefetch_related(Prefetch("versions", current, to_attr="current"), "pauses")


def current_of(plan: MedicationPlan) -> PlanVersion:
    """What a plan says now."""
    found: Sequence[PlanVersion] | None = getattr(plan, "current", None)
    return found[0] if found else plan.versions.select_related("written_by").get(superseded_at=None)


def routine_of(patient_id: UUID) -> Routine:
    """When the patient gets up, eats and goes to bed, as far as she has said so."""
    row = RoutineTimes.objects.filter(patient=patient_id).first()
    times = {} if row is None else row.times
    return Routine(**{name: time.fromisoformat(at) for name, at in times.items()})


def course_of(version: PlanVersion, pauses: Iterable[PlanPause]) -> Course:
    """What a version of a plan says, as timing reads it; raises TimingError where it says nothing."""
    return Course(
        timing=parse(version.timing or {}),
        start=version.starts_on,
        end=version.ends_on,
        pauses=tuple(Pause(one.since, one.until) for one in pauses),
        amount=version.amount,
    )


def words_of(version: PlanVersion) -> str:
    """When a plan's medicine is taken, in words; empty where nobody has understood it."""
    return "" if version.timing is None else timing_words(parse(version.timing))


def clock_of(version: PlanVersion, zone: tzinfo) -> tzinfo:
    """By whose clock doses come: that of a fixed home, or of wherever the person is."""
    return ZoneInfo(version.fixed_zone) if version.fixed_zone else zone


def medicine_of(version: PlanVersion) -> Medicine:
    """The medicine of a plan as those know it who compare medicines."""
    return medicine_named(version.medicine, version.codes)


def medicine_named(text: str, codes: Sequence[Mapping[str, str]]) -> Medicine:
    """A medicine by its words and its codes."""
    (system, code), *also = [(one["system"], one["code"]) for one in codes] or [("", "")]
    return Medicine(text, system, code, tuple(also))


def name_of(medicine: Medicine) -> tuple[str, str]:
    """By what a medicine is the same wherever it is written: its code, else its words."""
    code = medicine.code.strip()
    return (medicine.system, code) if code else ("", " ".join(medicine.text.lower().split()))


def versions_of(plan: MedicationPlan) -> QuerySet[PlanVersion]:
    """Everything a plan has said, the newest first."""
    return plan.versions.select_related("written_by").order_by("-number")


def doses_between(
    patient: Patient, topics: Collection[Topic], since: datetime, until: datetime
) -> QuerySet[Dose]:
    """The doses due from one instant to before another, with what their plans said, in their order."""
    return (
        Dose.objects.filter(patient=patient, topic__in=topics, due_at__gte=since, due_at__lt=until)
        .select_related("plan", "version", "answered_by")
        .order_by("due_at", "version__medicine", "id")
    )


def doses_named(patient: Patient, topics: Collection[Topic], ids: Collection[str]) -> QuerySet[Dose]:
    """The doses of these ids."""
    return Dose.objects.filter(patient=patient, topic__in=topics, id__in=ids).select_related(
        "plan", "version", "answered_by"
    )


def answers_of(dose: Dose) -> QuerySet[DoseAnswer]:
    """Everything that was said of a dose, what was said last first."""
    return dose.answers.select_related("said_by").order_by("-said_at", "-id")


def unheard_of(patient: Patient, topics: Collection[Topic], since: datetime) -> QuerySet[Reminder]:
    """The reminders since an instant that nobody answered, or that came too late to be told."""
    found = Reminder.objects.filter(
        patient=patient,
        topic__in=topics,
        at__gte=since,
        status__in=[ReminderStatus.UNANSWERED, ReminderStatus.TOO_LATE],
    )
    return found.select_related("taken_care_by").order_by("-at")


def counted_doses(
    patient: Patient, topics: Collection[Topic], first: date, last: date, zone: tzinfo
) -> list[adherence.Dose]:
    """The doses of the patient's own days from `first` to `last` as adherence counts them."""
    since = datetime.combine(first, datetime.min.time(), zone)
    until = datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
    rows = (
        Dose.objects.filter(
            patient=patient, topic__in=topics, as_needed=False, due_at__gte=since, due_at__lt=until
        )
        .order_by("plan_id", "due_at")
        .values_list("plan_id", "due_at", "status", "taken_at", "slot")
    )
    by_plan: defaultdict[UUID, list[tuple[datetime, str, datetime | None, str]]] = defaultdict(list)
    for plan, due_at, status, taken_at, slot in rows:
        by_plan[plan].append((due_at, status, taken_at, slot))
    return [one for plan, doses in by_plan.items() for one in _counted(plan, doses, zone)]


def _counted(
    plan: UUID, doses: Sequence[tuple[datetime, str, datetime | None, str]], zone: tzinfo
) -> Iterator[adherence.Dose]:
    following = [after[0] - before[0] for before, after in pairwise(doses)]
    # The last one's next dose is not read: it comes as soon after it as the one before it did.
    intervals = [*following, following[-1] if following else None]
    for (due_at, status, taken_at, slot), interval in zip(doses, intervals, strict=True):
        yield adherence.Dose(
            plan=str(plan),
            due=due_at,
            day=due_at.astimezone(zone).date(),
            outcome=adherence.Outcome(status),
            taken_at=taken_at,
            interval=interval,
            by_interval=slot.endswith("Z"),
        )


@dataclass(frozen=True, slots=True)
class PlanAdherence:
    """How one plan's doses were taken, and what its fills cover, where fills were entered with their days."""

    plan: UUID
    medicine: str
    adherence: adherence.Adherence
    pdc: float | None
    mpr: float | None


@dataclass(frozen=True, slots=True)
class AdherenceReport:
    """How what was due was taken from `first` to `last`, both days in: over all, by week and by plan."""

    first: date
    last: date
    overall: adherence.Adherence
    weeks: Sequence[adherence.Week]
    plans: Sequence[PlanAdherence]


def adherence_of(
    patient: Patient, topics: Collection[Topic], *, weeks: int, now: datetime
) -> AdherenceReport:
    """The last so many weeks of the patient's own days, from a Monday to today."""
    zone = zone_history_of(patient.id)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=today.weekday() + 7 * (weeks - 1))
    doses = counted_doses(patient, topics, first, today, zone)
    of_plans = adherence.by_plan(doses)
    fills = _fills(patient, topics, zone)
    wanted = {UUID(plan) for plan in of_plans} | fills.keys()
    names = PlanVersion.objects.filter(plan__in=wanted, superseded_at=None).order_by("medicine", "plan_id")
    found = []
    for plan, medicine in names.values_list("plan_id", "medicine"):
        covered = adherence.coverage(fills[plan], first, today) if plan in fills else None
        found.append(
            PlanAdherence(
                plan,
                medicine,
                of_plans.get(str(plan), adherence.Adherence()),
                None if covered is None else covered.pdc,
                None if covered is None else covered.mpr,
            )
        )
    weekly = adherence.by_week(doses, first, today)
    return AdherenceReport(first, today, adherence.adherence(doses), weekly, found)


def _fills(patient: Patient, topics: Collection[Topic], zone: tzinfo) -> dict[UUID, list[adherence.Fill]]:
    rows = StockEntry.objects.filter(patient=patient, topic__in=topics, move=StockMove.FILL)
    found: defaultdict[UUID, list[adherence.Fill]] = defaultdict(list)
    for plan, at, days in rows.order_by("at").values_list("plan_id", "at", "days"):
        if days is not None:
            found[plan].append(adherence.Fill(at.astimezone(zone).date(), days))
    return dict(found)


def advice_on(dose: Dose, now: datetime) -> MissedDose | None:
    """What is known about taking a dose late; None of one that is not late, or that somebody has answered."""
    if dose.status not in (DoseStatus.DUE, DoseStatus.MISSED) or now < dose.due_at:
        return None
    zone = zone_history_of(dose.patient_id)
    following = (
        Dose.objects.filter(plan=dose.plan_id, due_at__gt=dose.due_at, as_needed=False)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    return missed_dose(
        medicine_of(dose.version),
        due=dose.due_at.astimezone(zone),
        next_due=None if following is None else following.astimezone(zone),
        now=now.astimezone(zone),
    )


def stock_outlooks(
    patient: Patient, plans: Sequence[MedicationPlan], zone: tzinfo, *, now: datetime
) -> dict[UUID, stock.Outlook]:
    """How long the stock of each plan lasts of which somebody keeps one; in a fixed number of queries."""
    entries: defaultdict[UUID, list[stock.Movement]] = defaultdict(list)
    kept = StockEntry.objects.filter(patient=patient, plan__in=plans)
    for row in kept.order_by("at", "id"):
        entries[row.plan_id].append(
            stock.Movement(row.at.astimezone(zone), stock.Move(row.move), row.amount, row.expires_on)
        )
    if not entries:
        return {}
    today = now.astimezone(zone).date()
    taken: defaultdict[UUID, list[tuple[datetime, Decimal]]] = defaultdict(list)
    doses = Dose.objects.filter(patient=patient, plan__in=list(entries), status=DoseStatus.TAKEN)
    for plan_id, at, amount, planned in doses.values_list("plan_id", "taken_at", "taken_amount", "amount"):
        if at is not None and (found := amount or planned) is not None:
            taken[plan_id].append((at.astimezone(zone), found))
    routine = routine_of(patient.id)
    outlooks = {}
    for plan in plans:
        if plan.id in entries:
            movements = entries[plan.id]
            first = min(one.at for one in movements)
            used = [
                stock.Movement(at, stock.Move.TAKEN, amount) for at, amount in taken[plan.id] if at >= first
            ]
            outlooks[plan.id] = stock.outlook(
                stock.stock_after([*movements, *used]),
                today=today,
                until=today + timedelta(days=OUTLOOK_DAYS),
                low_at=plan.refill_below,
                as_needed_rate=_rate(taken[plan.id], today),
                due_ahead=_due_ahead(plan, routine, zone, now),
            )
    return outlooks


def _due_ahead(
    plan: MedicationPlan, routine: Routine, zone: tzinfo, now: datetime
) -> Iterator[tuple[date, Decimal]]:
    """What is due of an active plan by day, from now on."""
    if plan.status != PlanStatus.ACTIVE:
        return
    version = current_of(plan)
    clock, until = clock_of(version, zone), now + timedelta(days=OUTLOOK_DAYS + 1)
    doses = due_doses(course_of(version, plan.pauses.all()), routine, clock, since=now, until=until)
    for day, of_day in groupby(doses, key=lambda due: due.at.astimezone(zone).date()):
        yield day, sum((due.amount or Decimal(1) for due in of_day), Decimal(0))


def _rate(taken: Sequence[tuple[datetime, Decimal]], today: date) -> Decimal | None:
    """What was taken a day lately, of a plan that says nothing of when."""
    first = today - timedelta(days=stock.RATE_DAYS)
    return stock.daily_rate(((at.date(), amount) for at, amount in taken), first, today - timedelta(days=1))
