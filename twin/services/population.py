"""Where a patient's topics stand among everybody's: kept up by whoever changes what bears on it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from backend.queries import zone_history_of
from backend.rules import Topic
from twin.intake.items import RecordType
from twin.kinds import KINDS, said_unit
from twin.models import Alert, Concern, Record, ScoreResult, Snapshot
from twin.queries.snapshots import banded_scores, findings_of
from twin.scores.topics import narrowest
from twin.state.facts import Facts, SystemLimit, SystemScore, facts_of
from twin.state.systems import State, System, is_recent, systems
from twin.state.tiles import Tile
from twin.warnings.finding import Severity
from twin.warnings.life import OPEN, Status
from twin.warnings.triage import Ahead, Deviation, Known, OpenAlert, Risk, place

MOST_CONDITIONS = 200
"""Of a patient, by which a list can be filtered; the newest."""
OVER = frozenset({"resolved", "inactive", "remission", "entered-in-error", "refuted", "cancelled"})
"""Of a condition's status: that it is not one now."""


def place_topics(patient: UUID, topics: Collection[Topic], *, now: datetime) -> None:
    """The patient's Concern of each of these topics says what snapshot, alerts, records and scores say.

    In the caller's transaction; twice is the same as once. A topic of which nothing is known has none.
    """
    if not topics:
        return
    today = now.astimezone(zone_history_of(patient)).date()
    snapshots = {row.topic: row for row in Snapshot.objects.filter(patient=patient, topic__in=topics)}
    alerts = _open_alerts(patient, topics)
    conditions = _conditions(patient, topics)
    scored = {part[0]: said for part, said in _scored(patient, topics, today).items() if len(part) == 1}
    known = snapshots.keys() | alerts.keys() | conditions.keys() | scored.keys()
    made = []
    for topic in sorted(set(topics) & known):
        row = snapshots.get(topic)
        tiles: Sequence[Tile] = row.tiles if row else []
        said = scored.get(topic, _Scored())
        facts = facts_of(row.facts) if row else Facts()
        facts = replace(facts, findings=findings_of(patient, {topic}), scores=tuple(said.scores))
        recent = [tile for tile in tiles if is_recent(tile["kind"], _day(tile), today)]
        standing = Known(
            alerts=tuple(alerts.get(topic, ())),
            early_warning=said.early_warning,
            deviation=_farthest(recent),
            ahead=_likeliest(facts.limits, {tile["kind"] for tile in recent}),
            risks=tuple(said.risks),
        )
        severities = [alert.severity for alert in standing.alerts]
        made.append(
            Concern(
                severity=max(severities, key=lambda one: one.rank, default=""),
                conditions=conditions.get(topic, []),
                **_placed(patient, [topic], standing, systems(tiles, facts, today=today), now),
            )
        )
    _keep(made, Concern.objects.filter(patient=patient, part__in=topics))


def place_scores(patient: UUID, *, now: datetime) -> None:
    """The patient has a Concern of what scores say that stand on several topics together, and no other such.

    In the caller's transaction, which acts on the patient; twice is the same as once.
    """
    today = now.astimezone(zone_history_of(patient)).date()
    made = [
        Concern(
            **_placed(
                patient,
                part,
                Known(early_warning=said.early_warning, risks=tuple(said.risks)),
                systems([], Facts(scores=tuple(said.scores)), today=today),
                now,
            )
        )
        for part, said in _scored(patient, set(Topic), today).items()
        if len(part) > 1
    ]
    _keep(made, Concern.objects.filter(patient=patient, topics__len__gt=1))


@dataclass(frozen=True, slots=True)
class _Scored:
    """What the scores say that stand on the same topics; `early_warning` is the lowest that NEWS2 can be."""

    scores: list[SystemScore] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)
    early_warning: int | None = None


def _scored(patient: UUID, topics: Collection[Topic], today: date) -> Mapping[tuple[Topic, ...], _Scored]:
    """By the topics that a score stands on; a score that says nothing of today any more is left out."""
    found: defaultdict[tuple[Topic, ...], _Scored] = defaultdict(_Scored)
    for one, row in banded_scores(patient, topics):
        if one.counts_on(today):
            said = found[_part(row)]
            said.scores.append(one)
            percent = row.value if row.result["unit"] == "%" else None
            said.risks.append(Risk(one.title, one.band, one.to_watch, percent))
    rows = ScoreResult.objects.filter(patient=patient, code="news2", superseded_at=None)
    rows = rows.filter(topics__contained_by=sorted(topics)).annotate(least=Coalesce("value", "low"))
    for row in rows.exclude(least=None):
        found[_part(row)] = replace(found[_part(row)], early_warning=round(row.least))
    return found


def _part(row: ScoreResult) -> tuple[Topic, ...]:
    return tuple(Topic(topic) for topic in sorted(row.topics))


def _placed(
    patient: UUID, topics: Sequence[Topic], known: Known, found: Iterable[System], now: datetime
) -> dict[str, Any]:
    """What every Concern has."""
    standing = place(known)
    return {
        "patient_id": patient,
        "part": "+".join(topics),
        "topic": narrowest(topics),
        "topics": list(topics),
        "rank": standing.rank,
        "reasons": list(standing.reasons),
        "systems": [one.system.value for one in found if one.state in {State.ACT, State.WATCH}],
        "made_at": now,
    }


def _keep(made: Sequence[Concern], before: QuerySet[Concern]) -> None:
    """These rows stand in the place of those."""
    before.exclude(part__in=[one.part for one in made]).delete()
    Concern.objects.bulk_create(
        made,
        update_conflicts=True,
        unique_fields=["patient", "part"],
        update_fields=["rank", "severity", "reasons", "systems", "conditions", "made_at"],
    )


def _open_alerts(patient: UUID, topics: Collection[Topic]) -> Mapping[str, list[OpenAlert]]:
    found: defaultdict[str, list[OpenAlert]] = defaultdict(list)
    rows = Alert.objects.filter(patient=patient, topic__in=topics, status__in=[one.value for one in OPEN])
    for row in rows.order_by("id"):
        is_seen_to = row.status == Status.ACKNOWLEDGED.value
        found[row.topic].append(OpenAlert(row.title, Severity(row.severity), is_seen_to))
    return found


def _conditions(patient: UUID, topics: Collection[Topic]) -> Mapping[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    rows = Record.objects.filter(patient=patient, topic__in=topics, type=RecordType.CONDITION)
    rows = rows.exclude(status__in=OVER).order_by("-id")[:MOST_CONDITIONS]
    for topic, text, code in rows.values_list("topic", "text", "code"):
        found[topic].append(f"{text} {code}".strip().lower())
    return found


def _farthest(tiles: Sequence[Tile]) -> Deviation | None:
    several = [
        Deviation(tile["title"], distance)
        for tile in tiles
        if (usual := tile.get("usual")) and (distance := usual["deviation"]) is not None
    ]
    return max(several, key=lambda one: abs(one.distance), default=None)


def _likeliest(limits: Sequence[SystemLimit], recent: Collection[str]) -> Ahead | None:
    """Of the limits that are not a wish of the patient's own."""
    several = [one for one in limits if one.basis != "goal" and one.kind in recent]
    likeliest = max(several, key=lambda one: one.probability, default=None)
    if likeliest is None:
        return None
    kind = KINDS[likeliest.kind]
    title = f"{kind.title} {likeliest.side} {likeliest.limit:.{kind.decimals}f} {said_unit(kind)}"
    return Ahead(title, likeliest.probability, likeliest.expected_on, likeliest.passed)


def _day(tile: Tile) -> date:
    return date.fromisoformat(tile["day"])
