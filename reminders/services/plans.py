"""Medication plans: made, confirmed, changed as versions, paused and ended; their doses follow."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404

from backend.access import Access
from backend.changes import Entry, record_changes
from backend.queries import zone_history_of
from backend.rules import Role, Topic
from backend.services import NotPossible
from reminders.models import (
    MedicationPlan,
    Origin,
    PlanPause,
    PlanStatus,
    PlanVersion,
    StockEntry,
    StockMove,
)
from reminders.queries import clock_of, course_of, medicine_named, routine_of
from reminders.services.planning import plan_ahead
from reminders.services.prescribing import check_medicine
from reminders.timing import Due, TimingError, parse, preview, zone_named
from twin.models import EventType
from twin.series import store
from twin.services.events import Entered, enter_event

USUAL_WINDOW = 240
"""Minutes after which a dose is missed, where nobody says otherwise: a working choice."""
USUAL_REPEAT = 15
"""Minutes between reminders of one dose, where nobody says otherwise: a working choice."""
LONGEST_WINDOW = 24 * 60
MOST_CODES = 20
FURTHEST = timedelta(days=366)
"""So far from today may a plan begin."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a plan says, as a person writes it; `timing` is as reminders.timing.parse reads it.

    `override` is why the medicine is right whatever was found to speak against it.
    """

    medicine: str
    starts_on: date
    timing: Mapping[str, Any] | None = None
    dosage_text: str = ""
    codes: Sequence[Mapping[str, str]] = field(default=())
    strength: str = ""
    form: str = ""
    route: str = ""
    amount: Decimal | None = None
    unit: str = ""
    instructions: str = ""
    reason: str = ""
    prescriber: str = ""
    ends_on: date | None = None
    fixed_zone: str = ""
    window_minutes: int = USUAL_WINDOW
    repeat_minutes: int = USUAL_REPEAT
    is_critical: bool = False
    override: str = ""


def make_plan(*, access: Access, written: Written, now: datetime) -> MedicationPlan:
    """A new plan: a clinician's, or one's own. Without a timing it waits for somebody to say when.

    Its doses stand from now on. Raises NotPossible with the field, also where something speaks against the
    medicine and no reason overrides it; Http404 where the person may not act.
    """
    access.topic(Topic.MEDICATION)
    _check(access, written, None, now)
    store.lock(access.patient.id)
    findings = _safe(access, written, None, now)
    is_active = written.timing is not None
    plan = MedicationPlan.objects.create(
        patient=access.patient,
        origin=Origin.CLINICIAN if access.standing.role is Role.CLINICIAN else Origin.OWN,
        status=PlanStatus.ACTIVE if is_active else PlanStatus.WAITING,
        is_critical=written.is_critical,
        made_by=access.user,
        made_at=now,
        confirmed_by=access.user if is_active else None,
        confirmed_at=now if is_active else None,
    )
    version = _version(access, plan, 1, written, findings, now)
    if is_active:
        _event(access, EventType.MEDICINE_STARTED, version, version.starts_on, now)
    _follow(access, plan, now)
    return plan


def change_plan(
    *, access: Access, plan_id: UUID, number: int, written: Written, now: datetime
) -> MedicationPlan:
    """A new version of a plan; the one before it, which must be `number`, stays as it was written.

    A plan that waited is confirmed by being given a timing. The same words again change nothing. Raises
    NotPossible where somebody else has changed it meanwhile, and as make_plan does.
    """
    plan, current = _open_plan(access, plan_id)
    if current.number != number:
        raise NotPossible("number", "Somebody else has changed this plan meanwhile.")
    _check(access, written, plan, now)
    is_same = _says(current) == _columns(written) and plan.is_critical == written.is_critical
    if is_same and plan.status == PlanStatus.ACTIVE:
        return plan
    is_other = (current.medicine, current.codes) != (written.medicine.strip(), list(written.codes))
    findings = _safe(access, written, plan.id, now) if is_other or written.override else current.findings
    was_active = plan.status == PlanStatus.ACTIVE
    current.superseded_at = now
    current.save(update_fields=["superseded_at"])
    version = _version(access, plan, number + 1, written, findings, now)
    plan.is_critical = written.is_critical
    if written.timing is None:
        plan.status, plan.confirmed_by, plan.confirmed_at = PlanStatus.WAITING, None, None
    elif not was_active:
        plan.status, plan.confirmed_by, plan.confirmed_at = PlanStatus.ACTIVE, access.user, now
    # Doses of the past are those of the version that held then.
    plan.planned_until = None
    plan.save()
    if not was_active and plan.status == PlanStatus.ACTIVE:
        _event(access, EventType.MEDICINE_STARTED, version, version.starts_on, now)
    elif (current.amount, current.strength, current.timing) != (
        version.amount,
        version.strength,
        version.timing,
    ):
        _event(access, EventType.MEDICINE_CHANGED, version, _today(access, now), now)
    _follow(access, plan, now)
    return plan


def confirm_plan(*, access: Access, plan_id: UUID, override: str, now: datetime) -> MedicationPlan:
    """Somebody says that a plan that waited is right as it stands; of an active one nothing changes.

    Raises NotPossible where nobody has understood when it is taken, and as make_plan does.
    """
    plan, current = _open_plan(access, plan_id)
    if plan.status == PlanStatus.ACTIVE:
        return plan
    if current.timing is None:
        raise NotPossible("timing", "Say when it is taken.")
    said = Written(current.medicine, current.starts_on, codes=current.codes, override=override)
    current.findings, current.override = _safe(access, said, plan.id, now), override.strip()
    current.save(update_fields=["findings", "override"])
    plan.status, plan.confirmed_by, plan.confirmed_at = PlanStatus.ACTIVE, access.user, now
    plan.save(update_fields=["status", "confirmed_by", "confirmed_at"])
    _event(access, EventType.MEDICINE_STARTED, current, current.starts_on, now)
    _follow(access, plan, now)
    return plan


def end_plan(*, access: Access, plan_id: UUID, why: str, now: datetime) -> MedicationPlan:
    """Ends a plan: what is not due yet is not due any more. A second time changes nothing."""
    access.topic(Topic.MEDICATION)
    store.lock(access.patient.id)
    plan = _plan(access, plan_id)
    if plan.status == PlanStatus.ENDED:
        return plan
    version = plan.versions.get(superseded_at=None)
    was_active = plan.status == PlanStatus.ACTIVE
    plan.status, plan.ended_by, plan.ended_at, plan.ending = PlanStatus.ENDED, access.user, now, why
    plan.planned_until = None
    plan.save()
    if was_active:
        _event(access, EventType.MEDICINE_STOPPED, version, _today(access, now), now)
    _follow(access, plan, now)
    return plan


def pause_plan(
    *, access: Access, plan_id: UUID, since: date, until: date | None, reason: str, now: datetime
) -> PlanPause:
    """Days without doses, from today on at the earliest; `until` None is until resume_plan.

    Raises NotPossible for days that cannot be and while another pause is open.
    """
    plan, _ = _open_plan(access, plan_id)
    if since < _today(access, now):
        raise NotPossible("since", "A pause begins today or later: of days that are over the doses tell.")
    if until is not None and until < since:
        raise NotPossible("until", "The end is before the start.")
    if until is None and plan.pauses.filter(until=None).exists():
        raise NotPossible("until", "This plan is paused until further notice already.")
    pause = PlanPause.objects.create(
        patient=access.patient,
        plan=plan,
        since=since,
        until=until,
        reason=reason,
        set_by=access.user,
        set_at=now,
    )
    _follow(access, plan, now)
    return pause


def resume_plan(*, access: Access, plan_id: UUID, now: datetime) -> MedicationPlan:
    """Ends the pauses of today: there are doses from now on. Without a pause nothing changes."""
    plan, _ = _open_plan(access, plan_id)
    today = _today(access, now)
    for pause in plan.pauses.filter(since__lte=today):
        if pause.until is not None and pause.until < today:
            continue
        if pause.since == today:
            pause.delete()
        else:
            pause.until = today - timedelta(days=1)
            pause.save(update_fields=["until"])
    _follow(access, plan, now)
    return plan


def record_stock(
    *,
    access: Access,
    plan_id: UUID,
    move: StockMove,
    amount: Decimal,
    at: datetime,
    now: datetime,
    days: int | None = None,
    expires_on: date | None = None,
) -> StockEntry:
    """Keeps what was fetched, lost or counted of a plan's medicine."""
    plan, _ = _open_plan(access, plan_id)
    if amount < 0 or (amount == 0 and move != StockMove.COUNT):
        raise NotPossible("amount", "An amount is above 0.")
    if at > now:
        raise NotPossible("at", "This is in the future.")
    if days is not None and (days < 1 or move != StockMove.FILL):
        raise NotPossible("days", "Only what was fetched lasts for a number of days, 1 or more.")
    entry = StockEntry.objects.create(
        patient=access.patient,
        plan=plan,
        move=move,
        amount=amount,
        days=days,
        expires_on=expires_on,
        at=at,
        recorded_by=access.user,
        recorded_at=now,
    )
    record_changes(access.patient.id, [_entry(plan)])
    return entry


def preview_plan(*, access: Access, written: Written, days: int, now: datetime) -> list[Due]:
    """The doses that a plan written so would have in the next days; nothing is kept.

    Raises NotPossible as make_plan does, and for more days or doses than anybody can look through.
    """
    access.topic(Topic.MEDICATION)
    _check(access, written, None, now)
    version = PlanVersion(**_columns(written))
    zone = clock_of(version, zone_history_of(access.patient.id))
    try:
        course = course_of(version, ())
        since = max(now, datetime.combine(written.starts_on, datetime.min.time(), zone))
        return preview(course, routine_of(access.patient.id), zone, since=since, days=days)
    except TimingError as error:
        raise NotPossible(error.field, error.reason) from None


def _check(access: Access, written: Written, plan: MedicationPlan | None, now: datetime) -> None:
    if not written.medicine.strip():
        raise NotPossible("medicine", "Say which medicine.")
    was_critical = plan is not None and plan.is_critical
    if written.is_critical != was_critical and access.standing.role is not Role.CLINICIAN:
        raise NotPossible("is_critical", "A clinician says which medicine must not be left out.")
    if len(written.codes) > MOST_CODES:
        raise NotPossible("codes", f"At most {MOST_CODES} codes are taken.")
    _check_days(access, written, plan, now)
    for name, minutes in (
        ("window_minutes", written.window_minutes),
        ("repeat_minutes", written.repeat_minutes),
    ):
        if not 1 <= minutes <= LONGEST_WINDOW:
            raise NotPossible(name, f"From 1 to {LONGEST_WINDOW} minutes are possible.")
    if written.amount is not None and written.amount <= 0:
        raise NotPossible("amount", "An amount is above 0.")
    _check_timing(written)


def _check_days(access: Access, written: Written, plan: MedicationPlan | None, now: datetime) -> None:
    today = _today(access, now)
    first = plan.versions.get(number=1).starts_on if plan is not None else today
    if not min(first, today) - FURTHEST <= written.starts_on <= today + FURTHEST:
        raise NotPossible("starts_on", "This is too far back or in the future.")
    if written.ends_on is not None and written.ends_on < written.starts_on:
        raise NotPossible("ends_on", "The end is before the start.")


def _check_timing(written: Written) -> None:
    if written.timing is None and not written.dosage_text.strip():
        raise NotPossible("timing", "Say when it is taken.")
    try:
        if written.fixed_zone:
            zone_named(written.fixed_zone)
    except TimingError as error:
        raise NotPossible("fixed_zone", error.reason) from None
    try:
        if written.timing is not None:
            parse(written.timing)
    except TimingError as error:
        raise NotPossible(f"timing.{error.field}".removesuffix("."), error.reason) from None


def _columns(written: Written) -> dict[str, Any]:
    return {
        "medicine": written.medicine.strip(),
        "codes": [dict(one) for one in written.codes],
        "strength": written.strength,
        "form": written.form,
        "route": written.route,
        "amount": written.amount,
        "unit": written.unit,
        "instructions": written.instructions,
        "reason": written.reason,
        "prescriber": written.prescriber,
        "timing": None if written.timing is None else dict(written.timing),
        "dosage_text": written.dosage_text,
        "starts_on": written.starts_on,
        "ends_on": written.ends_on,
        "fixed_zone": written.fixed_zone,
        "window_minutes": written.window_minutes,
        "repeat_minutes": written.repeat_minutes,
    }


def _says(version: PlanVersion) -> dict[str, Any]:
    return {name: getattr(version, name) for name in _columns(Written("", date.min))}


def _version(
    access: Access,
    plan: MedicationPlan,
    number: int,
    written: Written,
    findings: Sequence[Mapping[str, Any]],
    now: datetime,
) -> PlanVersion:
    return PlanVersion.objects.create(
        patient=access.patient,
        plan=plan,
        number=number,
        written_by=access.user,
        written_at=now,
        findings=list(findings),
        override=written.override.strip(),
        **_columns(written),
    )


def _safe(access: Access, written: Written, plan: UUID | None, now: datetime) -> list[dict[str, Any]]:
    """What speaks against the medicine, once a reason overrides it; raises NotPossible without one."""
    medicine = medicine_named(written.medicine, written.codes)
    checked = check_medicine(access=access, medicine=medicine, plan=plan, now=now)
    against = [one for one in checked.findings if one.override_needs_reason]
    if against and not written.override.strip():
        said = " ".join(one.sentence for one in against)
        raise NotPossible("override", f"{said} Say why it is right all the same.")
    return [asdict(one) for one in checked.findings]


def _plan(access: Access, plan_id: UUID) -> MedicationPlan:
    plan = MedicationPlan.objects.filter(patient=access.patient, id=plan_id).first()
    if plan is None:
        raise Http404
    return plan


def _open_plan(access: Access, plan_id: UUID) -> tuple[MedicationPlan, PlanVersion]:
    """The plan and what it says now; nobody else changes it until the transaction ends."""
    access.topic(Topic.MEDICATION)
    store.lock(access.patient.id)
    plan = _plan(access, plan_id)
    if plan.status == PlanStatus.ENDED:
        raise NotPossible("plan", "This plan has ended.")
    return plan, plan.versions.get(superseded_at=None)


def _today(access: Access, now: datetime) -> date:
    return now.astimezone(zone_history_of(access.patient.id)).date()


def _event(access: Access, type_: EventType, version: PlanVersion, on: date, now: datetime) -> None:
    """A medicine that comes, changes or goes is an event that forecasts know; of a record the record is."""
    if version.plan.record_id is None:
        enter_event(access=access, entered=Entered(type_, on, text=version.medicine), now=now)


def _follow(access: Access, plan: MedicationPlan, now: datetime) -> None:
    """Doses and reminders follow the plan, and the log has all of it."""
    entries = plan_ahead(access.patient.id, now=now)
    record_changes(access.patient.id, [_entry(plan), *entries])


def _entry(plan: MedicationPlan) -> Entry:
    return Entry(Topic.MEDICATION, f"plan/{plan.id}")
