"""Histories for rehearsals of rules, read from what is stored. Writes nothing."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from backend.actor import acting_on
from backend.models import Patient
from backend.queries import zone_history_of
from twin.instants import instant, milliseconds
from twin.models import DaySummary, Event, EventType, Source
from twin.series import store
from twin.services.readings import activities_of, readings_of
from twin.services.warning_facts import (
    age_on,
    conditions_on_file,
    day_kinds,
    days_of,
    look_backs,
    thresholds_of,
)
from twin.state.baseline import WINDOW
from twin.state.clock import LocalClock
from twin.warnings.facts import DAY
from twin.warnings.replay import History, Rehearsal, rehearse
from twin.warnings.rules import RuleFile

EVENTS = (EventType.ILLNESS, EventType.SURGERY)
"""Events of which a warning would have been good to have: what else happens in a life is planned."""


def rehearse_patient(
    patient_id: UUID, files: Sequence[RuleFile], *, days: int, now: datetime
) -> list[Rehearsal]:
    """What each of these rule files would have raised for the patient in the last so many days with data."""
    histories = [history_of(patient_id, rules, days=days, now=now) for rules in files]
    found = []
    for rules, history in zip(files, histories, strict=True):
        newest = max((int(one.at[-1]) for one in history.readings.values() if len(one)), default=0)
        # Of who stopped measuring long ago the last days are those before that.
        until = min(now, datetime.fromtimestamp(newest / 1000 + 3600, now.tzinfo))
        found.append(rehearse(rules, history, since=until - timedelta(days=days), until=until))
    return found


def history_of(patient_id: UUID, rules: RuleFile, *, days: int, now: datetime) -> History:
    """Everything kept of one patient that a rehearsal of these rules goes by."""
    with acting_on(patient_id):
        patient = Patient.objects.get(id=patient_id)
        zone = zone_history_of(patient_id)
        today = now.astimezone(zone).date()
        thresholds = thresholds_of(patient_id)
        names = dict(Source.objects.filter(patient_id=patient_id).values_list("id", "name"))
        windows = look_backs(rules, thresholds)
        extents = [one for one in store.extents(patient_id) if one.kind in windows]
        newest = max((one.last_at for one in extents), default=milliseconds(now))
        newest = min(newest, milliseconds(now))
        clock = LocalClock.over(zone, newest - (days + 2 * WINDOW) * DAY, newest + 2 * DAY)
        readings = {}
        for code in {one.kind for one in extents}:
            since = newest - days * DAY - windows[code]
            found = store.read(patient_id, code, since, newest + 1)
            columns = [
                (names[source], found.columns.take(found.source == place))
                for place, source in enumerate(found.sources)
            ]
            if columns:
                readings[code] = readings_of(columns, since, clock)
        first = today - timedelta(days=days + 2 * WINDOW)
        rows: dict[str, list[tuple[date, float]]] = {}
        codes = day_kinds(rules, thresholds)
        for code, day, value in (
            DaySummary.objects.filter(patient_id=patient_id, kind__in=codes | usual_kinds(rules))
            .filter(day__gte=first)
            .order_by("kind", "day")
            .values_list("kind", "day", "value")
        ):
            rows.setdefault(code, []).append((day, value))
        return History(
            readings=readings,
            activities=activities_of(patient_id, instant(newest - (days + 1) * DAY), now),
            days={
                code: days_of(clock, [day for day, _ in pairs], [value for _, value in pairs])
                for code, pairs in rows.items()
            },
            usual_kinds=usual_kinds(rules),
            thresholds=thresholds,
            conditions=conditions_on_file(patient_id, zone, today),
            look_back=windows,
            today=lambda at: at.astimezone(zone).date(),
            age=age_on(patient.birth_date, today),
            events=[
                datetime.combine(row.starts_on, time(), zone)
                for row in Event.objects.filter(patient_id=patient_id, type__in=EVENTS).order_by("starts_on")
            ],
        )


def usual_kinds(rules: RuleFile) -> frozenset[str]:
    """Kinds of which these rules ask what is usual."""
    return frozenset(_usual(rules))


def _usual(rules: RuleFile) -> Iterable[str]:
    for rule in rules.rules:
        if rule.condition == "deviation" or any(level.unless_usual is not None for level in rule.levels):
            yield from rule.kinds
