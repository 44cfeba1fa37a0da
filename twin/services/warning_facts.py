"""The facts that rules of early warning are held against, in a fixed number of reads a patient."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

import numpy as np

from backend.models import Patient
from backend.ports import ports
from backend.queries import zone_history_of
from backend.rules import Topic
from twin.forecast.limits import guideline_limit
from twin.instants import milliseconds
from twin.intake.items import RecordType
from twin.kinds import KINDS
from twin.models import Basis, DaySummary, GlucoseForecast, Goal, Record, Source
from twin.models import Crossing as CrossingRow
from twin.models import Threshold as ThresholdRow
from twin.queries.answers import standing_answers
from twin.queries.baselines import baselines_of
from twin.scores.asked import OfTheMoment, of_the_moment
from twin.series import store
from twin.services.known import facts_of_rows
from twin.services.readings import activities_of, read_readings
from twin.services.safety_score import safety_score
from twin.state.clock import LocalClock
from twin.warnings import facts
from twin.warnings.facts import DAY, Facts
from twin.warnings.moments import MOVEMENT, is_counted
from twin.warnings.rules import Condition, RuleFile
from twin.warnings.vital_score import VITALS_SINCE, vital_score, vital_scores

LOOK_BACK = 35
"""Days of which values are read: a week of gain, days away from what is usual, until both are too old."""
_EPOCH = date(1970, 1, 1)
_TYPES = (RecordType.CONDITION, RecordType.MEDICATION)


def read_facts(
    patient_id: UUID, rules: RuleFile, *, arrived: Mapping[str, tuple[int, int]], now: datetime
) -> Facts:
    """What is known of one patient now; the caller's transaction holds the patient's lock."""
    patient = Patient.objects.get(id=patient_id)
    zone = zone_history_of(patient_id)
    today = now.astimezone(zone).date()
    thresholds = thresholds_of(patient_id)
    sources = list(Source.objects.filter(patient_id=patient_id))
    names = {source.id: source.name for source in sources}
    windows = look_backs(rules, thresholds)
    until = milliseconds(now)
    clock = LocalClock.over(zone, until - max(windows.values(), default=0) - LOOK_BACK * DAY, until + 2 * DAY)
    readings = read_readings(patient_id, windows, names, clock, until)
    signs = vital_score(
        readings,
        activities_of(patient_id, now - VITALS_SINCE, now),
        now=now,
        age=age_on(patient.birth_date, today),
        said=_said_of_the_moment(patient_id, now),
    )
    return Facts(
        today=today,
        readings=readings,
        days=_days(patient_id, rules, thresholds, clock, today),
        baselines=baselines_of(patient_id, list(Topic)),
        thresholds=thresholds,
        goals=frozenset(map(str, _open_goals(patient_id))),
        crossings=_crossings(patient_id),
        ahead=_ahead(patient_id),
        sources=_sources(patient_id, sources),
        scores=vital_scores(signs) | safety_score(patient_id),
        doses=[one for ask in ports.critical_doses for one in _doses(ask(patient_id))],
        conditions=conditions_on_file(patient_id, zone, today),
        arrived=arrived,
    )


def look_backs(rules: RuleFile, thresholds: Iterable[facts.Threshold]) -> dict[str, int]:
    """How far back (ms) readings of each kind matter to these rules and a patient's own limits."""
    windows: defaultdict[str, int] = defaultdict(int)
    for rule in rules.rules:
        if rule.condition in (Condition.READING, Condition.MEAN):
            days = rule.days if rule.condition is Condition.MEAN else 0
            for code in rule.kinds:
                windows[code] = max(windows[code], rule.paces[code].old + (1 + days) * DAY)
        if rule.at_rest is not None:
            for code in MOVEMENT:
                windows[code] = max(windows[code], rule.pace.old + 2 * DAY)
    for threshold in thresholds:
        if not is_counted(threshold.kind):
            pace = rules.paces.get(threshold.kind, rules.paces[""])
            windows[threshold.kind] = max(windows[threshold.kind], pace.old + DAY)
    return dict(windows)


def day_kinds(rules: RuleFile, thresholds: Iterable[facts.Threshold]) -> frozenset[str]:
    """Kinds of which day values matter to these rules and a patient's own limits."""
    counted = {threshold.kind for threshold in thresholds if is_counted(threshold.kind)}
    return rules.kinds(Condition.DEVIATION, Condition.GAIN) | counted


def days_of(clock: LocalClock, day: Sequence[date], value: Sequence[float]) -> facts.Days:
    """Day values, in order, as rules look at them."""
    number = np.array([(one - _EPOCH).days for one in day], np.int64)
    return facts.Days(number, clock.start_of(number), np.array(value, np.float64))


def conditions_on_file(patient_id: UUID, zone: tzinfo, today: date) -> frozenset[str]:
    """Which facts the patient's records say, by their names in the file of facts."""
    rows = Record.objects.filter(patient_id=patient_id, type__in=_TYPES).order_by("id")
    said = facts_of_rows(rows, zone, today)
    return frozenset(name for name, one in said.items() if one.value is True)


def _days(
    patient: UUID,
    rules: RuleFile,
    thresholds: Iterable[facts.Threshold],
    clock: LocalClock,
    today: date,
) -> dict[str, facts.Days]:
    """Day values of the last weeks of the kinds of which rules ask for them."""
    first = today - timedelta(days=LOOK_BACK)
    codes = day_kinds(rules, thresholds)
    rows = DaySummary.objects.filter(patient_id=patient, kind__in=codes, day__range=(first, today))
    by_kind: defaultdict[str, list[tuple[date, float]]] = defaultdict(list)
    for code, day, value in rows.order_by("kind", "day").values_list("kind", "day", "value"):
        by_kind[code].append((day, value))
    return {
        code: days_of(clock, [day for day, _ in pairs], [value for _, value in pairs])
        for code, pairs in by_kind.items()
    }


def thresholds_of(patient: UUID) -> list[facts.Threshold]:
    """The limits that a clinician has set and not ended."""
    rows = ThresholdRow.objects.filter(patient_id=patient, ended_at=None).order_by("kind")
    return [facts.Threshold(row.id, row.kind, row.low, row.high, milliseconds(row.set_at)) for row in rows]


def _said_of_the_moment(patient: UUID, now: datetime) -> OfTheMoment:
    answers = standing_answers(patient)
    return of_the_moment({code: (row.value, row.answered_at) for code, row in answers.items()}, now)


def _open_goals(patient: UUID) -> Collection[UUID]:
    return Goal.objects.filter(patient_id=patient, ended_at=None).values_list("id", flat=True)


def _crossings(patient: UUID) -> list[facts.Crossing]:
    rows = CrossingRow.objects.filter(patient_id=patient).order_by("kind", "rule", "side")
    return [
        facts.Crossing(
            row.kind,
            row.basis,
            row.rule,
            "above" if row.side == "above" else "below",
            row.limit,
            row.probability,
            row.is_passed,
            milliseconds(row.made_at),
        )
        for row in rows
        if row.kind in KINDS and (row.basis != Basis.GUIDELINE or guideline_limit(row.rule))
    ]


def _ahead(patient: UUID) -> facts.Ahead | None:
    row = GlucoseForecast.objects.filter(patient_id=patient).order_by("-at").first()
    return facts.Ahead(milliseconds(row.at), row.last_value, row.minutes, row.mean) if row else None


def _sources(patient: UUID, sources: Iterable[Source]) -> list[facts.Source]:
    """Each source under the topic of which it has told most; asked only where one is silent."""
    topics: dict[UUID, Topic] = {}
    if any(source.silent_since for source in sources):
        for extent in sorted(store.extents(patient), key=lambda extent: extent.count):
            if extent.kind in KINDS:
                topics[extent.source_id] = Topic(KINDS[extent.kind].topic)
    return [
        facts.Source(
            source.id,
            source.name,
            topics.get(source.id, Topic.VITALS),
            None if source.silent_since is None else milliseconds(source.silent_since),
        )
        for source in sources
    ]


def _doses(said: Iterable[Any]) -> list[facts.Doses]:
    return [facts.Doses(one.key, one.medicine, one.missed, milliseconds(one.at)) for one in said]


def age_on(born: date, today: date) -> int:
    """Whole years of age."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
