"""Goals: set by a patient or who cares for her, agreed by a clinician, ended by either; kept when ended."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.http import Http404

from backend.access import Access
from backend.actor import acting_on
from backend.changes import Entry, record_changes
from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import Role, Topic
from backend.services import NotPossible
from twin import forecast
from twin.forecast.crossing import DRAWS, SEED
from twin.forecast.progress import Ahead, Progress, progress, value_now
from twin.kinds import KINDS
from twin.models import Direction, Goal
from twin.queries.days import recent_series
from twin.series import store
from twin.services.crossings import aim_of
from twin.services.forecast_batch import Known, Made, make, read
from twin.services.forecasts import mark_stale
from twin.services.named_values import named_kind, named_value


def set_goal(
    *,
    access: Access,
    kind_code: str,
    direction: Direction,
    target: float,
    unit: str,
    by_day: date | None,
    now: datetime,
) -> Goal:
    """Sets the goal of a kind from today on, which ends the one there was.

    Raises NotPossible for a clinician, an impossible target and a day that is no later than today, Http404
    for a topic in which the person may not act.
    """
    one = named_kind(access, kind_code)
    if access.standing.role is Role.CLINICIAN:
        raise NotPossible("role", "A goal is the patient's own. Set limits, or agree to a goal.")
    wanted = named_value(one, "target", target, unit)
    patient = access.patient.id
    today = now.astimezone(zone_history_of(patient)).date()
    if by_day is not None and by_day <= today:
        raise NotPossible("by_day", "This day is not after today.")
    store.lock(patient)
    earlier = list(Goal.objects.filter(patient=patient, kind=one.code, ended_at=None))
    for goal in earlier:
        _end(goal, access, now)
    made = Goal.objects.create(
        patient=access.patient,
        kind=one.code,
        topic=one.topic,
        direction=direction,
        target=wanted,
        starts_on=today,
        start_value=value_now(one, recent_series(patient, [one.code], today)[one.code]),
        by_day=by_day,
        set_by=access.user,
        set_at=now,
    )
    _tell([*earlier, made], now)
    return made


def agree_to_goal(*, access: Access, goal_id: UUID, now: datetime) -> Goal:
    """A clinician agrees to an open goal; a second time changes nothing.

    Raises NotPossible for anybody else and for a goal that has ended, Http404 for one that is absent or of a
    topic in which the person may not act.
    """
    goal = _goal(access, goal_id)
    if access.standing.role is not Role.CLINICIAN:
        raise NotPossible("role", "Only a clinician agrees to a goal.")
    if goal.ended_at is not None:
        raise NotPossible("goal", "This goal has ended.")
    if goal.agreed_at is None:
        goal.agreed_by, goal.agreed_at = access.user, now
        goal.save(update_fields=["agreed_by", "agreed_at"])
        record_changes(access.patient.id, [_entry(goal)])
    return goal


def end_goal(*, access: Access, goal_id: UUID, now: datetime) -> Goal:
    """Ends a goal; a second time changes nothing. Raises Http404 as agree_to_goal does."""
    goal = _goal(access, goal_id)
    if goal.ended_at is None:
        _end(goal, access, now)
        _tell([goal], now)
    return goal


def progress_of(patient: Patient, goals: Iterable[Goal], *, now: datetime) -> dict[UUID, Progress]:
    """How far each goal that has not ended has come, and may come; whatever their number, in few queries."""
    open_ = [goal for goal in goals if goal.ended_at is None]
    if not open_:
        return {}
    codes = {goal.kind for goal in open_}
    forecast_codes = [code for code in codes if KINDS[code].forecast]
    # Whoever may see a goal may see what comes of it, whichever events bear on that.
    with acting_on(patient.id):
        today = now.astimezone(zone_history_of(patient.id)).date()
        days = recent_series(patient.id, codes, today)
        known = {one.key[1]: one for one in read({patient.id: today}, forecast_codes)}
    made, _ = make([replace(one, watched=None) for one in known.values()])
    ahead = {one.key[1]: _ahead(known[one.key[1]], one) for one in made}
    nothing = "This is not forecast."
    return {
        goal.id: progress(KINDS[goal.kind], aim_of(goal), days[goal.kind], ahead.get(goal.kind, nothing))
        for goal in open_
    }


def _ahead(known: Known, made: Made) -> Ahead | str:
    if made.state is None or isinstance(made.outcome, forecast.NotEnoughData):
        return made.outcome.reason
    courses = forecast.paths(KINDS[made.key[1]], made.state, known.series, draws=DRAWS, seed=SEED)
    return Ahead(made.outcome.through, courses)


def _goal(access: Access, goal_id: UUID) -> Goal:
    """The goal as it is, and nobody else changes it until the transaction ends."""
    store.lock(access.patient.id)
    goal = Goal.objects.filter(patient=access.patient, topic__in=access.topics, id=goal_id).first()
    if goal is None:
        raise Http404
    return goal


def _end(goal: Goal, access: Access, now: datetime) -> None:
    goal.ended_by, goal.ended_at = access.user, now
    goal.save(update_fields=["ended_by", "ended_at"])


def _tell(goals: list[Goal], now: datetime) -> None:
    """The log has them; whether they are likely to be kept is worked out anew."""
    patient = goals[0].patient_id
    mark_stale(patient, [goals[0].kind], now=now)
    record_changes(patient, [_entry(goal) for goal in goals])


def _entry(goal: Goal) -> Entry:
    return Entry(Topic(goal.topic), f"goal/{goal.id}")
