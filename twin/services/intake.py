"""From items to rows: samples into blocks, facts into records. Runs in the caller's transaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce

from backend import sql
from twin.intake.acceptance import accept
from twin.intake.items import Item, Problem, ProblemCode, Record, Remark, Samples
from twin.kinds import KINDS, kind
from twin.models import Source
from twin.report import Report
from twin.series import store
from twin.series.overlay import BuriedBy
from twin.services.imported_records import store_records
from twin.services.sources import note_news
from twin.text import storable

UNNAMED = "Unnamed source"
MOST_SOURCES = 1_000
"""Of one patient. Ten years of devices and apps are fifty; a hostile file could name one in every row."""
LAST_SYNC_IS_NEWS_AFTER = timedelta(minutes=1)
"""A phone that sends one batch after the other is one sync."""


class KnownSource(NamedTuple):
    """A source of the patient, and when it was last heard of, last with news."""

    id: UUID
    last_sync_at: datetime | None = None
    last_spoke_on: date | None = None
    silent_since: datetime | None = None


_SOURCES = """
    SELECT name, id, last_sync_at, spoke_on[1], silent_since FROM twin_source WHERE patient_id = %s
"""

Touched = dict[str, list[int]]
"""For each kind the first and last instant, in ms, at which something changed."""


def take_in(
    patient: UUID,
    items: Sequence[Item],
    *,
    report: Report,
    touched: Touched,
    now: datetime,
    upload: UUID | None = None,
    lifts: Collection[BuriedBy] = (),
) -> None:
    """Stores what can be stored and counts everything into `report`; the same again changes only the counts.

    Takes the patient's lock before anything else, so that two of these cannot wait for each other. `touched`
    grows by what has to be digested. `lifts` names those whose deletions are undone, as in store.merge().
    """
    store.lock(patient)
    for problem in (item for item in items if isinstance(item, Problem)):
        report.add_problem(problem)
    for remark in (item for item in items if isinstance(item, Remark)):
        report.add_remark(remark)
    accepted = [_accepted(item, report, now) for item in items if isinstance(item, Samples)]
    if batches := [samples for samples in accepted if len(samples.columns)]:
        sources, with_news = _store_samples(patient, batches, report, touched, lifts)
        if upload is not None:
            heard_from(patient, sources, with_news=with_news, now=now)
    if records := [item for item in items if isinstance(item, Record)]:
        store_records(patient, records, report, now, upload)


def _accepted(samples: Samples, report: Report, now: datetime) -> Samples:
    kept, problems = accept(samples, now=now)
    for problem in problems:
        report.add_problem(problem)
    refused = len(samples.columns) - len(kept.columns)
    if refused and samples.kind in KINDS:
        report.of_kind(samples.kind, kind(samples.kind).unit).refused += refused
    return kept


def _store_samples(
    patient: UUID, batches: Sequence[Samples], report: Report, touched: Touched, lifts: Collection[BuriedBy]
) -> tuple[Collection[KnownSource], set[UUID]]:
    """The sources of what is stored, and those of which something of it is new."""
    sources = sources_by_name(patient, {batch.source for batch in batches})
    for batch in (batch for batch in batches if batch.source not in sources):
        report.of_kind(batch.kind, batch.unit).refused += len(batch.columns)
        problem = Problem(ProblemCode.TOO_MANY_SOURCES, batch.source, "", len(batch.columns), batch.kind)
        report.add_problem(problem)
    batches = [batch for batch in batches if batch.source in sources]
    merged = store.merge(
        patient,
        [store.Batch(batch.kind, sources[batch.source].id, batch.columns) for batch in batches],
        lifts=lifts,
    )
    for batch, outcome in zip(batches, merged, strict=True):
        tally = report.of_kind(batch.kind, batch.unit)
        tally.stored += outcome.stored
        tally.known += outcome.known
        tally.replaced += outcome.replaced
        tally.suppressed += outcome.suppressed
        first = int(batch.columns.start.min())
        last = int((batch.columns.start + batch.columns.duration).max())
        tally.first = first if tally.first is None else min(tally.first, first)
        tally.last = last if tally.last is None else max(tally.last, last)
        if outcome.first_at is not None and outcome.last_at is not None:
            widen(touched, batch.kind, outcome.first_at, outcome.last_at)
    pairs = zip(batches, merged, strict=True)
    with_news = {sources[batch.source].id for batch, outcome in pairs if outcome.stored or outcome.replaced}
    return sources.values(), with_news


def widen(touched: Touched, kind_code: str, first: int, last: int) -> None:
    """Lets `touched` reach from `first` to `last` for the kind."""
    edges = touched.setdefault(kind_code, [first, last])
    edges[0], edges[1] = min(edges[0], first), max(edges[1], last)


def sources_by_name(patient: UUID, names: Iterable[str]) -> dict[str, KnownSource]:
    """The patient's sources of these names; the caller holds the patient's lock.

    New names become sources until there are MOST_SOURCES of them; those beyond are left out.
    """
    wanted = {name: storable(name).strip()[:200].strip() or UNNAMED for name in names}
    with sql.cursor() as cursor:
        known = {name: KnownSource(*row) for name, *row in cursor.execute(_SOURCES, [patient])}
    new = sorted(set(wanted.values()) - known.keys())[: max(MOST_SOURCES - len(known), 0)]
    if new:
        made = Source.objects.bulk_create([Source(patient_id=patient, name=name) for name in new])
        known |= {source.name: KnownSource(source.id) for source in made}
    return {given: known[name] for given, name in wanted.items() if name in known}


def heard_from(
    patient: UUID,
    sources: Iterable[KnownSource],
    *,
    with_news: Collection[UUID],
    now: datetime,
    skew_ms: int | None = None,
) -> None:
    """These sources are in touch, some `with_news`; `skew_ms` is how far their clock is ahead, where known.

    Only news ends a silence: a phone may say the same all day while the watch lies in a drawer. Contact is
    written once in LAST_SYNC_IS_NEWS_AFTER, and news once a day, however often it is said.
    """
    sources = list(sources)
    recently, today = now - LAST_SYNC_IS_NEWS_AFTER, now.astimezone(UTC).date()
    quiet = [one.id for one in sources if one.last_sync_at is None or one.last_sync_at < recently]
    if quiet:
        Source.objects.filter(patient_id=patient, id__in=quiet).update(
            last_sync_at=now, clock_skew_ms=Coalesce(skew_ms, F("clock_skew_ms"))
        )
    speaking = [
        one.id for one in sources if one.id in with_news and (one.last_spoke_on != today or one.silent_since)
    ]
    if speaking:
        note_news(patient, speaking, now=now)
