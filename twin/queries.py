"""Reads of the twin: queryset in, queryset out, or a value made of a bounded number of queries."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import attrgetter, or_
from typing import Any, cast
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db.models import (
    Count,
    Exists,
    F,
    FloatField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber

from backend.models import Patient, User
from backend.queries import zone_history_of
from backend.rules import Need, Topic
from twin import state
from twin.forecast import WINDOW, NotEnoughData, Series, forecast_daily
from twin.forecast.band import Band
from twin.forecast.daily import LEAST_DAYS
from twin.forecast.effects import KnownEvent
from twin.forecast.explanation import Explanation, explain
from twin.forecast.glucose import Readings
from twin.forecast.glucose_band import KIND as SENSOR_GLUCOSE
from twin.forecast.glucose_band import MINUTES
from twin.forecast.glucose_record import HorizonScore, PastForecasts, score
from twin.forecast.limits import guideline_limit
from twin.forecast.progress import LOOK_BACK
from twin.forecast.record import Said, TrackRecord, track_record, weekly
from twin.intake.fhir.codes import LOINC
from twin.intake.items import RecordType
from twin.intake.json_values import number
from twin.kinds import KINDS, BodySystem, Kind
from twin.models import (
    Alert,
    AlertDelivery,
    AlertStep,
    Answer,
    Baseline,
    Basis,
    ChallengerScore,
    Crossing,
    DaySummary,
    Event,
    Export,
    Forecast,
    GlucoseForecast,
    Goal,
    QuestionnaireResponse,
    Record,
    RecordVersion,
    ScoreResult,
    SeriesBlock,
    Snapshot,
    SnapshotVersion,
    Source,
    SourcePriority,
    SuggestionDismissal,
    Threshold,
    Upload,
)
from twin.scores.asked import questions
from twin.scores.gene_notices import Notice, notices
from twin.scores.genes import Genotype, genotype_of
from twin.scores.medicine_names import Medicine
from twin.series import store
from twin.series.blocks import DAY_MS
from twin.series.codec import decode
from twin.series.columns import Columns, Flag
from twin.state.facts import Facts, SystemFinding, SystemLimit, SystemScore, Trend, facts_of, together, trend
from twin.state.habit import habit, voice
from twin.state.medicines import ENDED, NEVER_TAKEN
from twin.state.repeats import Repeat, Result, codes_with_interval, kinds_with_interval, repeats
from twin.state.system_scores import system_score, system_scores
from twin.state.systems import State, System, systems
from twin.state.versions import unpack
from twin.warnings.finding import Severity
from twin.warnings.life import OPEN, WAITING, Status, Step

SNAPSHOT_DAYS = 30
REPEATS_LOOK_BACK = timedelta(days=730)
"""Who asks whether a test was done already asks about these years."""
CHALLENGE_LOOK_BACK = timedelta(days=28)
_MOST_RESULTS = 2_000  # of one test from one source in a year; a laboratory gives one a day at most
_ORDER = {code: place for place, code in enumerate(KINDS)}


def recent_days(patient: UUID, codes: Collection[str], today: date) -> dict[str, list[state.DaySummary]]:
    """For each kind the summaries of the last month, and its newest day in any case, in order."""
    rows = DaySummary.objects.filter(patient_id=patient, kind__in=codes)
    return _since(patient, rows, dict.fromkeys(codes, SNAPSHOT_DAYS), today)


def known_days(
    patient: UUID, look_backs: Mapping[str, int], today: date
) -> dict[str, list[state.DaySummary]]:
    """For each kind the summaries of its last so many days up to today, and its newest in any case."""
    rows = DaySummary.objects.filter(patient_id=patient, kind__in=look_backs, day__lte=today)
    return _since(patient, rows, look_backs, today)


def _since(
    patient: UUID, found: QuerySet[DaySummary], look_backs: Mapping[str, int], today: date
) -> dict[str, list[state.DaySummary]]:
    names = dict(Source.objects.filter(patient_id=patient).values_list("id", "name"))
    newest_first = Window(RowNumber(), partition_by=[F("kind")], order_by=F("day").desc())
    wanted = Q(place=1)
    for length in sorted(set(look_backs.values())):
        kinds = [code for code, days_back in look_backs.items() if days_back == length]
        wanted |= Q(kind__in=kinds, day__gt=today - timedelta(days=length))
    days: defaultdict[str, list[state.DaySummary]] = defaultdict(list)
    for row in found.annotate(place=newest_first).filter(wanted).order_by("kind", "day"):
        days[row.kind].append(
            state.DaySummary(
                day=row.day,
                value=row.value,
                low=row.minimum,
                high=row.maximum,
                count=row.count,
                source=names[row.source_id],
                sources=row.sources,
                flags=row.flags,
            )
        )
    return dict(days)


def newest_columns(patient: UUID, codes: Collection[str]) -> dict[str, dict[UUID, Columns]]:
    """For each kind and each of its sources the block that ends last."""
    # Only keys are sorted; the bytes of the many blocks that are not the newest are never touched.
    newest = (
        SeriesBlock.objects.filter(patient_id=patient, kind__in=codes, count__gt=0)
        .order_by("kind", "source_id", "-last_at")
        .distinct("kind", "source_id")
        .values("pk")
    )
    blocks = SeriesBlock.objects.filter(pk__in=newest).order_by("kind", "source_id")
    found: defaultdict[str, dict[UUID, Columns]] = defaultdict(dict)
    for code, source, data in blocks.values_list("kind", "source_id", "data"):
        found[code][source] = decode(bytes(cast("bytes", data)))  # a block that counts samples has data
    return dict(found)


def days_of(
    patient: Patient, kind: str, first: date | None = None, last: date | None = None
) -> QuerySet[DaySummary]:
    """A kind's days in order, within the given edges."""
    days = DaySummary.objects.filter(patient=patient, kind=kind).order_by("day")
    if first is not None:
        days = days.filter(day__gte=first)
    if last is not None:
        days = days.filter(day__lte=last)
    return days


Span = tuple[str, date, date]
"""A kind, and the first and last of its days that are meant."""


def days_in(
    patient: Patient, spans: Collection[Span], topics: Collection[Topic]
) -> dict[Span, list[DaySummary]]:
    """For each span its days in order; one query for all of them."""
    if not spans:
        return {}
    wanted = [Q(kind=kind, day__range=(first, last)) for kind, first, last in spans]
    by_kind: defaultdict[str, list[DaySummary]] = defaultdict(list)
    for row in DaySummary.objects.filter(reduce(or_, wanted), patient=patient, topic__in=topics).order_by(
        "day"
    ):
        by_kind[row.kind].append(row)
    day = attrgetter("day")
    return {
        span: by_kind[span[0]][
            bisect_left(by_kind[span[0]], span[1], key=day) : bisect_right(by_kind[span[0]], span[2], key=day)
        ]
        for span in spans
    }


def baselines_of(patient: UUID, topics: Collection[Topic]) -> dict[str, state.Baseline]:
    """What is usual of each kind of these topics of which enough is known; one query."""
    rows = Baseline.objects.filter(patient=patient, topic__in=topics).values_list(
        "kind", "centre", "spread", "by_weekday", "days", "first_on", "last_on"
    )
    return {
        code: state.Baseline(code, centre, spread, tuple(week) if week else None, days, first, last)
        for code, centre, spread, week, days, first, last in rows
    }


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


def newest_forecasts(patient: Patient, topics: Collection[Topic], kind: str = "") -> QuerySet[Forecast]:
    """For each kind the current forecast."""
    found = Forecast.objects.filter(patient=patient, topic__in=topics, superseded_at=None).order_by("kind")
    return found.filter(kind=kind) if kind else found


def kinds_waiting(
    patient: Patient, topics: Collection[Topic], today: date, forecast: Collection[str], kind: str = ""
) -> list[dict[str, Any]]:
    """The kinds with days in the last year beside those that are `forecast`, and what each waits for.

    One query. `today` is the patient's own.
    """
    codes = [kind] if kind else list(KINDS)
    newest_first = Window(RowNumber(), partition_by=[F("kind")], order_by=F("day").desc())
    rows = (
        DaySummary.objects.filter(
            patient=patient,
            topic__in=topics,
            kind__in=[code for code in codes if KINDS[code].forecast and code not in forecast],
            day__range=(today - timedelta(days=WINDOW), today),
        )
        .annotate(place=newest_first)
        .filter(place__lte=LEAST_DAYS + 1)  # today's may not count yet
        .order_by("day")
    )
    days: defaultdict[str, list[tuple[date, float]]] = defaultdict(list)
    for code, day, value in rows.values_list("kind", "day", "value"):
        days[code].append((day, value))
    waits = [(KINDS[code], _waits_for(KINDS[code], days[code], today)) for code in sorted(days)]
    return [
        {"kind": one.code, "title": one.title, "more_days": need.more_days, "reason": need.reason}
        for one, need in waits
    ]


def _waits_for(kind: Kind, newest: Sequence[tuple[date, float]], today: date) -> NotEnoughData:
    days, values = zip(*newest, strict=True)
    outcome = forecast_daily(kind, np.array(days, "datetime64[D]"), np.array(values), today=today)
    # There is enough, and a worker is about to make it.
    return outcome if isinstance(outcome, NotEnoughData) else NotEnoughData(0, "It is being made.")


def dismissed_rules(patient: UUID, now: datetime) -> set[str]:
    """The rules that are to suggest nothing to the patient now."""
    still = Q(until=None) | Q(until__gt=now)
    return set(SuggestionDismissal.objects.filter(still, patient=patient).values_list("rule", flat=True))


def events_of(patient: Patient, topics: Collection[Topic], since: date | None = None) -> QuerySet[Event]:
    """The events of these topics in the order in which they began; with `since`, those not over before it."""
    found = Event.objects.filter(patient=patient, topic__in=topics).order_by("starts_on", "id")
    if since is None:
        return found
    return found.filter(Q(starts_on__gte=since) | Q(ends_on__gte=since))


def explanation_of(
    patient: Patient, kind: Kind, topics: Collection[Topic], *, today: date, days_back: int
) -> Explanation | NotEnoughData:
    """What Prophet makes of a kind's last year, beside the events of these topics."""
    since = today - timedelta(days=WINDOW)
    rows = list(days_of(patient, kind.code, since, today).values_list("day", "value"))
    events = [
        KnownEvent(row.id, row.type, row.starts_on, row.ends_on, row.text)
        for row in events_of(patient, topics, since)
    ]
    return explain(
        kind,
        np.array([day for day, _ in rows], "datetime64[D]"),
        np.array([value for _, value in rows], np.float64),
        today=today,
        days_back=days_back,
        events=events,
    )


def shown_forecasts(patient: Patient, kind: Kind, since: date) -> list[Said]:
    """The forecasts from days `since` on that somebody saw, in order; of one last day the newest alone."""
    rows = (
        Forecast.objects.filter(
            patient=patient, topic=kind.topic, kind=kind.code, through__gte=since, shown_at__isnull=False
        )
        .order_by("through", "-made_at")
        .distinct("through")
    )
    lines = ("mean", "low80", "high80", "low95", "high95")
    return [
        Said(
            row.made_at,
            row.through,
            row.last_value,
            Band(*(np.array(getattr(row, line), np.float64) for line in lines)),
        )
        for row in rows
    ]


def forecast_record(
    patient: Patient, kind: Kind, *, today: date, days_back: int
) -> tuple[TrackRecord, list[Said]]:
    """How the kind's forecasts of the last days went that were shown, and a few to draw; two queries.

    `today` is the patient's own.
    """
    since = today - timedelta(days=days_back)
    rows = list(days_of(patient, kind.code, since, today).values_list("day", "value"))
    shown = shown_forecasts(patient, kind, since)
    record = track_record(
        kind,
        shown,
        np.array([day for day, _ in rows], "datetime64[D]"),
        np.array([value for _, value in rows], np.float64),
        today=today,
    )
    return record, weekly(shown, today)


def crossings_of(
    patient: Patient, topics: Collection[Topic], kinds: Collection[str]
) -> dict[str, list[Crossing]]:
    """The limits that these kinds may pass or have passed, the likeliest first; one query."""
    rows = Crossing.objects.filter(patient=patient, topic__in=topics, kind__in=kinds)
    found: defaultdict[str, list[Crossing]] = defaultdict(list)
    for row in rows.order_by("-probability", "expected_on", "rule", "side"):
        if row.basis != Basis.GUIDELINE or guideline_limit(row.rule):
            found[row.kind].append(row)
    return dict(found)


def goals_of(patient: Patient, topics: Collection[Topic]) -> QuerySet[Goal]:
    """The goals of these topics, also those that have ended, the last set first."""
    found = Goal.objects.filter(patient=patient, topic__in=topics)
    return found.select_related("set_by", "agreed_by").order_by("-id")


def thresholds_of(patient: Patient, topics: Collection[Topic]) -> QuerySet[Threshold]:
    """The clinicians' limits of these topics, also those that have ended, the last set first."""
    found = Threshold.objects.filter(patient=patient, topic__in=topics)
    return found.select_related("set_by").order_by("-id")


def recent_series(patient: UUID, codes: Collection[str], today: date) -> dict[str, Series]:
    """For each kind the days by which its present and its trend are judged; one query."""
    first = today - timedelta(days=LOOK_BACK)
    rows = DaySummary.objects.filter(patient_id=patient, kind__in=codes, day__range=(first, today))
    days: defaultdict[str, list[tuple[date, float]]] = defaultdict(list)
    for code, day, value in rows.order_by("kind", "day").values_list("kind", "day", "value"):
        days[code].append((day, value))
    return {
        code: Series(
            np.array([day for day, _ in days[code]], "datetime64[D]"),
            np.array([value for _, value in days[code]], np.float64),
            (),
            today,
        )
        for code in codes
    }


def challenger_scores(today: date) -> list[dict[str, Any]]:
    """For each kind how we and Prophet did in the last 28 nights, a series counting once a night."""
    nights = ChallengerScore.objects.filter(day__gt=today - CHALLENGE_LOOK_BACK, day__lte=today)
    means = {
        f"mean_{name}": Sum(F(name) * F("series")) / Sum("series", output_field=FloatField())
        for name in ("error", "error_of_prophet", "held80", "held80_of_prophet")
    }
    sums = nights.values("kind").annotate(nights=Count("day"), matches=Sum("series"), **means)
    return sorted(map(dict, sums), key=lambda score: _ORDER[score["kind"]])


def records_of(
    patient: Patient, topics: Collection[Topic], type_: str = "", *, conflicts: bool = False
) -> QuerySet[Record]:
    """The patient's records in these topics, the last written first, with their number of `conflicts`.

    Of one type, or only those that have a conflict, where that is asked for.
    """
    lost = unsettled(OuterRef("id")).values("record").annotate(number=Count("id")).values("number")
    found = (
        Record.objects.filter(patient=patient, topic__in=topics)
        .annotate(conflicts=Coalesce(Subquery(lost), 0))
        .select_related("edited_by")
        .order_by("-id")
    )
    if type_:
        found = found.filter(type=type_)
    return found.filter(conflicts__gt=0) if conflicts else found


def unsettled(record: UUID | OuterRef) -> QuerySet[RecordVersion]:
    """The versions of a record that lost to another and that nobody has looked at since."""
    return RecordVersion.objects.filter(record=record, lost_at__isnull=False, settled_at__isnull=True)


def versions_of(record: Record) -> QuerySet[RecordVersion]:
    """What a record said before and what lost, the last received first."""
    return RecordVersion.objects.filter(record=record).select_related("edited_by").order_by("-id")


def uploads_of(user: User, patient: Patient | None = None) -> QuerySet[Upload]:
    """The uploads that the person may see, newest first."""
    found = Upload.objects.visible_to(user, Need.READ).order_by("-id")
    return found.filter(patient=patient) if patient else found


def exports_of(patient: Patient, now: datetime) -> QuerySet[Export]:
    """The exports whose time is not up, the one that was asked for last before the others."""
    return Export.objects.filter(patient=patient).exclude(expires_at__lte=now).order_by("-id")


def samples_between(
    patient: Patient, kind: Kind, start: int, end: int
) -> tuple[store.Reading, npt.NDArray[np.bool_]]:
    """The samples of a kind that touch the time from `start` to `end` (ms), and which count in their days.

    The days at both edges are looked at whole: what counts in them may lie outside.
    """
    around = round(state.REACH / timedelta(milliseconds=1))
    found = store.read(
        patient.id, kind.code, max(start - around, store.EARLIEST_MS), min(end + around, store.LATEST_MS)
    )
    columns, counts = found.columns, np.ones(len(found.columns), np.bool_)
    if len(found.sources) > 1:
        row = SourcePriority.objects.filter(patient=patient, kind=kind.code).first()
        names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
        places = {names[source]: found.source == place for place, source in enumerate(found.sources)}
        masks = state.counting(
            kind,
            {name: columns.take(mine) for name, mine in places.items()},
            zone_history_of(patient.id),
            first=_utc_day(int(columns.start[0])) - timedelta(days=1),
            last=_utc_day(int((columns.start + columns.duration).max())) + timedelta(days=1),
            priority=[names[source] for source in row.sources] if row else [],
        )
        for name, mine in places.items():
            counts[mine] = masks[name]
    touches = (columns.start >= start) | (columns.start + columns.duration > start)
    touches &= columns.start < end
    return store.Reading(columns.take(touches), found.source[touches], found.sources), counts[touches]


def glucose_readings(patient: Patient, start: int, end: int) -> Readings:
    """The glucose sensor's readings from `start` to `end` (ms), of one sensor at a time, in order."""
    found, counts = samples_between(patient, SENSOR_GLUCOSE, start, end)
    columns = found.columns.take(counts)
    flags = np.zeros(len(columns), np.uint8) if columns.flags is None else columns.flags
    low, high = flags & Flag.CENSORED_LOW > 0, flags & Flag.CENSORED_HIGH > 0
    return Readings(columns.start, columns.value, low, high)


def glucose_record(
    patient: Patient, since: datetime, now: datetime
) -> tuple[list[HorizonScore], list[GlucoseForecast]]:
    """How the glucose forecasts from `since` on went that were shown, by horizon; and they, in order."""
    shown = GlucoseForecast.objects.filter(patient=patient, at__gte=since, shown_at__isnull=False)
    rows = list(shown.filter(minutes=list(MINUTES)).order_by("at"))
    at, until = (_milliseconds(edge) for edge in (since - timedelta(hours=1), now))
    said = ("last_value", "mean", "low80", "high80", "low95", "high95")
    past = PastForecasts(
        np.array([_milliseconds(row.at) for row in rows], np.int64),
        *(np.array([getattr(row, name) for row in rows], np.float64) for name in said),
    )
    return score(past, glucose_readings(patient, at, until + 1), MINUTES), rows


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _utc_day(milliseconds: int) -> date:
    return date(1970, 1, 1) + timedelta(days=milliseconds // DAY_MS)


def ranked_sources(patient: Patient, kind: str) -> list[dict[str, Any]]:
    """What a kind's samples come from, in the order in which they count."""
    row = SourcePriority.objects.filter(patient=patient, kind=kind).first()
    names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
    ranked = _ranked(store.extents(patient.id, kind), row.sources if row else [], names)
    return [{"id": extent.source_id, "name": names[extent.source_id], **row} for extent, row in ranked]


def sources_of(patient: Patient, topics: Collection[Topic], today: date) -> list[dict[str, Any]]:
    """The devices and apps with samples in these topics, and what each measures; the last heard of first.

    `today` is the day in UTC by which their voices are judged. Three queries, however many there are.
    """
    rows = list(
        Source.objects.filter(patient=patient).order_by(F("last_sync_at").desc(nulls_last=True), "name")
    )
    names = {row.id: row.name for row in rows}
    orders = dict(SourcePriority.objects.filter(patient=patient).values_list("kind", "sources"))
    by_kind: defaultdict[str, list[store.Extent]] = defaultdict(list)
    for extent in store.extents(patient.id):
        by_kind[extent.kind].append(extent)
    measures: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for code in (code for code, kind in KINDS.items() if kind.topic in topics):
        for place, (extent, row) in enumerate(_ranked(by_kind[code], orders.get(code, []), names), 1):
            measures[extent.source_id].append({"kind": code, "place": place, **row})
    return [
        {
            "id": row.id,
            "name": row.name,
            "last_sync_at": row.last_sync_at,
            "clock_skew_ms": row.clock_skew_ms,
            "silent_since": row.silent_since,
            "voice": voice(row.spoke_on, today),
            "spoke_on": row.spoke_on[0] if row.spoke_on else None,
            "habit": habit(row.spoke_on),
            "kinds": measures[row.id],
        }
        for row in rows
        if row.id in measures
    ]


def _ranked(
    extents: Iterable[store.Extent], order: Sequence[UUID], names: Mapping[UUID, str]
) -> list[tuple[store.Extent, dict[str, Any]]]:
    """A kind's sources: by the patient's order, then those it does not name by their number of samples."""
    places = {source: place for place, source in enumerate(order, 1)}
    ranked = sorted(
        extents,
        key=lambda one: (places.get(one.source_id, len(places) + 1), -one.count, names[one.source_id]),
    )
    return [
        (
            one,
            {
                "count": one.count,
                "first": one.first_at,
                "last": one.last_at,
                "priority": places.get(one.source_id),
            },
        )
        for one in ranked
    ]


def kinds_with_data(patient: Patient, topics: Collection[Topic]) -> list[str]:
    """The kinds of which there is at least one day."""
    found = DaySummary.objects.filter(patient=patient, topic__in=topics).values_list("kind", flat=True)
    return list(found.distinct().order_by("kind"))


@dataclass(frozen=True, slots=True)
class Latest:
    """Of one patient's topic: what its tiles show, and when data of it last came."""

    topic: Topic
    tiles: list[dict[str, Any]]
    last_data_at: datetime | None


def snapshots_of(patients: Collection[UUID]) -> dict[UUID, list[Latest]]:
    """The snapshots of many patients in one query."""
    found: defaultdict[UUID, list[Latest]] = defaultdict(list)
    rows = Snapshot.objects.filter(patient__in=patients)
    for patient, topic, tiles, last_data_at in rows.values_list(
        "patient_id", "topic", "tiles", "last_data_at"
    ):
        found[patient].append(Latest(Topic(topic), tiles, last_data_at))
    return found


def repeats_of(patient: Patient, topics: Collection[Topic], now: datetime) -> list[Repeat]:
    """The laboratory tests of these topics that were repeated within their interval, the newest first."""
    since = now - REPEATS_LOOK_BACK
    results = [*_sampled_results(patient, topics, since), *_recorded_results(patient, topics, since)]
    return repeats(results, zone_history_of(patient.id))


def _sampled_results(patient: Patient, topics: Collection[Topic], since: datetime) -> Iterable[Result]:
    names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
    first = int(since.timestamp() * 1000)
    blocks = SeriesBlock.objects.filter(
        patient_id=patient.id,
        kind__in=kinds_with_interval(),
        topic__in=topics,
        count__gt=0,
        last_at__gte=first,
    )
    for code, source, data in blocks.values_list("kind", "source_id", "data"):
        columns = decode(bytes(cast("bytes", data))).take(slice(-_MOST_RESULTS, None))
        for start, value in zip(columns.start.tolist(), columns.value.tolist(), strict=True):
            if start >= first:
                yield Result(code, datetime.fromtimestamp(start / 1000, UTC), names[source], value)


def _recorded_results(patient: Patient, topics: Collection[Topic], since: datetime) -> Iterable[Result]:
    codes = codes_with_interval()
    found = Record.objects.filter(
        patient=patient,
        topic__in=topics,
        type__in=[RecordType.OBSERVATION, RecordType.REPORT],
        system=LOINC,
        code__in=codes,
        starts_at__gte=since,
    )
    for row in found.order_by("-starts_at")[:_MOST_RESULTS]:
        # Filtered by it above, so that it is there.
        at = cast("datetime", row.starts_at)
        quantity = row.body.get("valueQuantity")
        value = number(quantity.get("value")) if isinstance(quantity, dict) else None
        yield Result(codes[row.code], at, row.source, value)


def alerts_of(
    patient: Patient,
    topics: Collection[Topic],
    *,
    at_least: Severity = Severity.INFORMATION,
    waiting: bool = False,
    open_only: bool = False,
) -> QuerySet[Alert]:
    """The patient's alerts in these topics, the newest first, also those that are over."""
    found = Alert.objects.filter(patient=patient, topic__in=topics)
    return _alerts(found, at_least, _statuses(waiting, open_only))


def alerts_for(
    person: User,
    *,
    at_least: Severity = Severity.INFORMATION,
    waiting: bool = False,
    told_since: datetime | None = None,
) -> QuerySet[Alert]:
    """The open alerts of everybody whom the person may see, her own included, the newest first.

    With `told_since` only those of which her sockets were told since then, and which no device has shown her.
    """
    found = Alert.objects.visible_to(person, Need.READ)
    if told_since is not None:
        told = AlertDelivery.objects.filter(
            alert=OuterRef("id"), recipient=person, channel="live", displayed_at=None, sent_at__gte=told_since
        )
        found = found.filter(Exists(told))
    return _alerts(found, at_least, _statuses(waiting, open_only=True))


def _statuses(waiting: bool, open_only: bool) -> Collection[Status]:
    if waiting:
        return WAITING
    return OPEN if open_only else list(Status)


def _alerts(found: QuerySet[Alert], at_least: Severity, statuses: Collection[Status]) -> QuerySet[Alert]:
    severities = [one.value for one in Severity if one.rank >= at_least.rank]
    return (
        found.filter(severity__in=severities, status__in=[status.value for status in statuses])
        .select_related("patient__clinic", "acknowledged_by", "ended_by")
        .order_by("-id")
    )


def scores_of(patient: Patient, topics: Collection[Topic]) -> QuerySet[ScoreResult]:
    """The patient's scores as they stand, of those that stand on these topics alone."""
    found = ScoreResult.objects.filter(
        patient=patient, topics__contained_by=sorted(topics), superseded_at=None
    )
    return found.order_by("code")


def score_history_of(patient: Patient, topics: Collection[Topic], code: str) -> QuerySet[ScoreResult]:
    """One score as it stands and stood, the newest first, as far as it stands on these topics alone."""
    found = ScoreResult.objects.filter(patient=patient, topics__contained_by=sorted(topics), code=code)
    return found.order_by("-id")


def answers_of(patient: Patient, topics: Collection[Topic]) -> QuerySet[Answer]:
    """What stands of what was asked in these topics."""
    found = Answer.objects.filter(patient=patient, topic__in=topics, ended_at=None)
    return found.select_related("answered_by")


def standing_answers(patient_id: UUID) -> dict[str, Answer]:
    """What stands of what was asked, by the question's code."""
    rows = Answer.objects.filter(patient_id=patient_id, ended_at=None)
    return {row.code: row for row in rows if row.code in questions()}


def responses_of(
    patient: Patient, topics: Collection[Topic], code: str = ""
) -> QuerySet[QuestionnaireResponse]:
    """The questionnaires as they were answered, the last received first, those that were corrected too."""
    found = QuestionnaireResponse.objects.filter(patient=patient, topic__in=topics).order_by("-id")
    found = found.select_related("answered_by", "corrected_by")
    return found.filter(code=code) if code else found


def newest_response(patient_id: UUID, code: str) -> QuestionnaireResponse | None:
    """The questionnaire as it was last answered, corrections counting in the place of what they correct."""
    found = QuestionnaireResponse.objects.filter(patient_id=patient_id, code=code, corrected_by=None)
    return found.order_by("-answered_at", "-id").first()


def gene_notices_of(patient: Patient, now: datetime) -> list[Notice]:
    """What the patient's genes say of the medicines on her list that have not ended."""
    return notices(genotypes_of(patient), listed_medicines(patient, now))


def genotypes_of(patient: Patient) -> list[Genotype]:
    """The variants that the patient's gene files told."""
    variants = Record.objects.filter(patient=patient, type=RecordType.VARIANT)
    return [genotype_of(body) for body in variants.values_list("body", flat=True) if "rsid" in body]


def listed_medicines(patient: Patient, now: datetime) -> list[Medicine]:
    """The medicines on the patient's list that have not ended and were not only planned or refused."""
    listed = Record.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=now), patient=patient, type=RecordType.MEDICATION
    )
    taken = listed.exclude(status__in=ENDED | NEVER_TAKEN).order_by("id")
    return [Medicine(*said) for said in taken.values_list("text", "system", "code")]


def with_course(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """The alerts with what happened to each and who was to be told of it, in order; two queries more."""
    return alerts.prefetch_related(
        Prefetch("steps", AlertStep.objects.select_related("actor").order_by("id")),
        Prefetch("deliveries", AlertDelivery.objects.select_related("recipient").order_by("id")),
    )
