"""Where a patient's topics stand among everybody's: kept up by whoever changes what bears on it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db.models.functions import Coalesce

from backend.queries import zone_history_of
from backend.rules import Topic
from twin.intake.items import RecordType
from twin.kinds import KINDS, said_unit
from twin.models import Alert, Concern, Record, ScoreResult, Snapshot
from twin.queries import findings_of
from twin.state.facts import Facts, SystemLimit, facts_of
from twin.state.systems import State, is_recent, systems
from twin.state.tiles import Tile
from twin.warnings.finding import Severity
from twin.warnings.life import OPEN, Status
from twin.warnings.triage import Ahead, Deviation, Known, OpenAlert, place

MOST_CONDITIONS = 200
"""Of a patient, by which a list can be filtered; the newest."""
OVER = frozenset({"resolved", "inactive", "remission", "entered-in-error", "refuted", "cancelled"})
"""Of a condition's status: that it is not one now."""


def place_topics(patient: UUID, topics: Collection[Topic], *, now: datetime) -> None:
    """The patient's Concern of each of these topics says what snapshot, alerts, records and NEWS2 say.

    In the caller's transaction; twice is the same as once. A topic of which nothing is known has none.
    """
    if not topics:
        return
    today = now.astimezone(zone_history_of(patient)).date()
    snapshots = {row.topic: row for row in Snapshot.objects.filter(patient=patient, topic__in=topics)}
    alerts = _open_alerts(patient, topics)
    conditions = _conditions(patient, topics)
    early_warnings = _early_warnings(patient, topics)
    known = snapshots.keys() | alerts.keys() | conditions.keys() | early_warnings.keys()
    made = []
    for topic in sorted(set(topics) & known):
        row = snapshots.get(topic)
        tiles: Sequence[Tile] = row.tiles if row else []
        facts = replace(facts_of(row.facts) if row else Facts(), findings=findings_of(patient, {topic}))
        recent = [tile for tile in tiles if is_recent(tile["kind"], _day(tile), today)]
        standing = place(
            Known(
                alerts=tuple(alerts.get(topic, ())),
                early_warning=early_warnings.get(topic),
                deviation=_farthest(recent),
                ahead=_likeliest(facts.limits, {tile["kind"] for tile in recent}),
            )
        )
        severities = [alert.severity for alert in alerts.get(topic, ())]
        made.append(
            Concern(
                patient_id=patient,
                topic=topic,
                rank=standing.rank,
                severity=max(severities, key=lambda one: one.rank, default=""),
                reasons=list(standing.reasons),
                systems=[
                    one.system.value
                    for one in systems(tiles, facts, today=today)
                    if one.state in {State.ACT, State.WATCH}
                ],
                conditions=conditions.get(topic, []),
                made_at=now,
            )
        )
    Concern.objects.filter(patient=patient, topic__in=set(topics) - {one.topic for one in made}).delete()
    Concern.objects.bulk_create(
        made,
        update_conflicts=True,
        unique_fields=["patient", "topic"],
        update_fields=["rank", "severity", "reasons", "systems", "conditions", "made_at"],
    )


def _open_alerts(patient: UUID, topics: Collection[Topic]) -> Mapping[str, list[OpenAlert]]:
    found: defaultdict[str, list[OpenAlert]] = defaultdict(list)
    rows = Alert.objects.filter(patient=patient, topic__in=topics, status__in=[one.value for one in OPEN])
    for row in rows.order_by("id"):
        is_seen_to = row.status == Status.ACKNOWLEDGED.value
        found[row.topic].append(OpenAlert(row.title, Severity(row.severity), is_seen_to))
    return found


def _early_warnings(patient: UUID, topics: Collection[Topic]) -> Mapping[str, int]:
    """The lowest that NEWS2 can be. Where it stands on several topics a row of one must not tell of it."""
    rows = ScoreResult.objects.filter(patient=patient, code="news2", superseded_at=None)
    rows = rows.filter(topic__in=topics, topics__len=1).annotate(least=Coalesce("value", "low"))
    return {topic: round(least) for topic, least in rows.values_list("topic", "least") if least is not None}


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
