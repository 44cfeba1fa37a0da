"""Reads of the twin at a glance: its tiles and body systems, now or as they were known before."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import numpy as np
from django.db.models import Exists, F, OuterRef, Q, Subquery, Value

from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import Topic
from twin import state
from twin.forecast.limits import guideline_limit
from twin.kinds import KINDS, BodySystem
from twin.models import Alert, AlertStep, Basis, Crossing, Forecast, ScoreResult, Snapshot, SnapshotVersion
from twin.state.facts import Facts, SystemFinding, SystemLimit, SystemScore, Trend, facts_of, together, trend
from twin.state.system_scores import system_score, system_scores
from twin.state.systems import State, System, systems
from twin.state.versions import unpack
from twin.warnings.life import OPEN, Step

_ORDER = {code: place for place, code in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Latest:
    """Of one patient's topic: what its tiles show, and when data of it last came."""

    topic: Topic
    tiles: list[dict[str, Any]]
    last_data_at: datetime | None


def snapshot_tiles(patient: Patient, topics: Collection[Topic]) -> tuple[list[dict[str, Any]], Any]:
    """The tiles of these topics in the catalogue's order, and when the oldest of them was built."""
    rows = list(Snapshot.objects.filter(patient=patient, topic__in=topics).order_by("topic"))
    tiles = [tile for row in rows for tile in row.tiles]
    tiles.sort(key=lambda tile: _ORDER[tile["kind"]])
    return tiles, min((row.built_at for row in rows), default=None)


def facts_now(patient: UUID, topics: Collection[Topic]) -> dict[Topic, Facts]:
    """For each topic what body systems are judged by beside its tiles and its alerts; two queries."""
    limits: defaultdict[str, list[SystemLimit]] = defaultdict(list)
    rows = Crossing.objects.filter(patient=patient, topic__in=topics)
    for row in rows.order_by("kind", "-probability", "rule", "side"):
        guideline = guideline_limit(row.rule) if row.basis == Basis.GUIDELINE else None
        if row.basis != Basis.GUIDELINE or guideline:
            limits[row.topic].append(
                SystemLimit(
                    kind=row.kind,
                    basis=cast("Any", row.basis),
                    title=guideline.title if guideline else "",
                    side=cast("Any", row.side),
                    limit=row.limit,
                    passed=row.is_passed,
                    probability=row.probability,
                    expected_on=row.expected_on,
                )
            )
    trends: defaultdict[str, list[Trend]] = defaultdict(list)
    current = Forecast.objects.filter(patient=patient, topic__in=topics, superseded_at=None)
    for topic, code, *lines in current.order_by("kind").values_list(
        "topic", "kind", "mean", "low80", "high80"
    ):
        trends[topic].append(trend(KINDS[code], *(np.array(line) for line in lines)))
    return {topic: Facts(limits=tuple(limits[topic]), trends=tuple(trends[topic])) for topic in topics}


def standing_facts(patient: Patient, topics: Collection[Topic]) -> Facts:
    """What body systems of these topics are judged by beside their tiles, as it stands; four queries."""
    facts = together(facts_now(patient.id, topics).values())
    return _with_courses(facts, patient, topics)


def _with_courses(
    facts: Facts, patient: Patient, topics: Collection[Topic], at: datetime | None = None
) -> Facts:
    """The facts with what keeps a course of its own, as it stands or stood."""
    scores = tuple(one for one, _ in banded_scores(patient, topics, at))
    return replace(facts, findings=findings_of(patient, topics, at), scores=scores)


def systems_now(patient: Patient, topics: Collection[Topic], now: datetime) -> list[System]:
    """The eight body systems as they stand in these topics, the worst first; six queries."""
    tiles, _ = snapshot_tiles(patient, topics)
    today = now.astimezone(zone_history_of(patient.id)).date()
    found = systems(cast("list[state.Tile]", tiles), standing_facts(patient, topics), today=today)
    order = list(State)
    return sorted(found, key=lambda one: order.index(one.state))


def findings_of(
    patient: Patient | UUID, topics: Collection[Topic], at: datetime | None = None
) -> tuple[SystemFinding, ...]:
    """The early warnings of these topics that are open, or were at that instant; one query.

    One that has worsened or eased since has the severity of then, and none of the words of now.
    """
    alerts = Alert.objects.filter(patient=patient, topic__in=topics).order_by("id")
    if at is None:
        open_ = alerts.filter(status__in=[one.value for one in OPEN])
        rows = list(open_.annotate(then=F("severity"), changed=Value(value=False)))
    else:
        steps = AlertStep.objects.filter(alert=OuterRef("id"))
        later = steps.filter(at__gt=at, step__in=[Step.WORSENED.value, Step.EASED.value])
        then = steps.filter(at__lte=at).order_by("-at", "-id").values("severity")[:1]
        open_ = alerts.filter(Q(ended_at=None) | Q(ended_at__gt=at), raised_at__lte=at)
        rows = list(open_.annotate(then=Subquery(then), changed=Exists(later)))
    return tuple(
        SystemFinding(
            rule=row.rule,
            title="An early warning that has changed since" if row.changed else row.title,
            severity=cast("Any", row.then),
            systems=_systems_of(row),
        )
        for row in rows
    )


def banded_scores(
    patient: Patient | UUID, topics: Collection[Topic], at: datetime | None = None
) -> list[tuple[SystemScore, ScoreResult]]:
    """What scores in a band that stand on these topics alone say of body systems, or said then; one query.

    Of one day and band the last result is kept: what it replaced is not known any more.
    """
    found = ScoreResult.objects.filter(
        patient=patient, code__in=system_scores(), topics__contained_by=sorted(topics)
    ).exclude(band="")
    if at is None:
        found = found.filter(superseded_at=None)
    else:
        found = found.filter(Q(superseded_at=None) | Q(superseded_at__gt=at), made_at__lte=at)
    return [
        (system_score(row.code, row.result["title"], row.band, row.result["band"]["title"], row.data_on), row)
        for row in found.order_by("code")
        if row.data_on is not None
    ]


def _systems_of(alert: Alert) -> tuple[BodySystem, ...]:
    """Those of the kinds that the alert stands on; what the mind's topic holds is of the mind."""
    kinds = {one["kind"] for one in alert.evidence if one["kind"] in KINDS}
    found = {KINDS[code].system for code in kinds}
    if alert.topic == Topic.MENTAL_HEALTH:
        found.add(BodySystem.MIND)
    return tuple(one for one in BodySystem if one in found)


def snapshot_as_known(
    patient: Patient, topics: Collection[Topic], at: datetime
) -> tuple[list[dict[str, Any]], Facts, datetime | None]:
    """The tiles and facts of these topics as they were known at that instant, and since when; four queries.

    Versions are kept an hour apart, later a day: where one was known for a shorter while, what was known
    before it is answered. What came later never is.
    """
    live = list(Snapshot.objects.filter(patient=patient, topic__in=topics, known_at__lte=at))
    found = [(row.known_at, {"tiles": row.tiles, "facts": row.facts}) for row in live]
    past = SnapshotVersion.objects.filter(
        patient=patient, topic__in=set(topics) - {row.topic for row in live}, known_at__lte=at
    )
    newest = past.order_by("topic", "-known_at").distinct("topic")
    found += [(row.known_at, unpack(bytes(row.said))) for row in newest]
    tiles = [tile for _, said in found for tile in said["tiles"]]
    tiles.sort(key=lambda tile: _ORDER[tile["kind"]])
    facts = together(facts_of(said["facts"]) for _, said in found)
    return (
        tiles,
        _with_courses(facts, patient, topics, at),
        max((known_at for known_at, _ in found), default=None),
    )


def snapshots_of(patients: Collection[UUID]) -> dict[UUID, list[Latest]]:
    """The snapshots of many patients in one query."""
    found: defaultdict[UUID, list[Latest]] = defaultdict(list)
    rows = Snapshot.objects.filter(patient__in=patients)
    for patient, topic, tiles, last_data_at in rows.values_list(
        "patient_id", "topic", "tiles", "last_data_at"
    ):
        found[patient].append(Latest(Topic(topic), tiles, last_data_at))
    return found
