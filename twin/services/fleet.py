"""The pass over everybody: after each night the new day of every series, each week all estimated anew.

A run is cut into chunks of patients, which any number of workers share between them.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from backend.actor import acting_for_all
from backend.celery import nudge
from backend.changes import Entry, last_seqs, record_changes_of_many
from backend.queries import everybody, zone_histories_of
from twin.kinds import KINDS
from twin.models import DaySummary, FleetChunk, FleetRun, FleetTask, SeriesState
from twin.series import store
from twin.services.crossings import Key
from twin.services.forecast_batch import make, read
from twin.services.forecast_rows import keep
from twin.services.forecasts import mark_stale
from twin.services.lease import LeaseLost, place_of
from twin.services.snapshots import note_facts

log = logging.getLogger(__name__)

CHUNK = 200
"""Patients that are forecast together: enough that a statement's cost is shared, a few seconds' work."""
LEASE = timedelta(minutes=2)
"""How long a worker that has died keeps a chunk to itself."""
ATTEMPTS = 3
"""Workers that may fail at one chunk before it is given up."""
HANDS = 8
"""Workers that are asked to share a run."""
KEPT = timedelta(days=30)
"""How long it is remembered that a run was made."""

FORECAST = [code for code, one in KINDS.items() if one.forecast]


@dataclass(frozen=True, slots=True)
class Held:
    """A chunk in this worker's hands, for as long as nobody else's token stands in its row."""

    id: UUID
    token: UUID
    task: str
    first: UUID
    last: UUID
    attempts: int


def start_run(task: FleetTask, *, now: datetime) -> bool:
    """The hour's run of this task is there, cut into chunks; whether it was not there before.

    Workers are asked to join. Runs of long ago are forgotten.
    """
    with acting_for_all():
        hour = now.replace(minute=0, second=0, microsecond=0)
        FleetRun.objects.filter(hour__lt=hour - KEPT).delete()
        run, is_new = FleetRun.objects.get_or_create(task=task, hour=hour, defaults={"started_at": now})
        if is_new:
            patients = _patients()
            FleetChunk.objects.bulk_create(
                FleetChunk(run=run, first=several[0], last=several[-1])
                for several in (patients[at : at + CHUNK] for at in range(0, len(patients), CHUNK))
            )
            _call_hands()
    return is_new


def resume_runs(*, now: datetime) -> None:
    """Workers are asked to go on where chunks are left and nobody holds any, as after all were killed."""
    with acting_for_all():
        if _free(now).exists() and not FleetChunk.objects.filter(lease_until__gt=now).exists():
            _call_hands()
    _finish_runs(now)


def _call_hands() -> None:
    for _ in range(HANDS):
        nudge("twin.take_fleet_chunk")


def _patients() -> list[UUID]:
    """Everybody of whom something can be forecast, or once could."""
    days = DaySummary.objects.filter(patient=OuterRef("id"), kind__in=FORECAST)
    states = SeriesState.objects.filter(patient=OuterRef("id"))
    found = everybody().filter(Exists(days) | Exists(states)).order_by("id")
    return list(found.values_list("id", flat=True))


def take_chunk(*, now: datetime) -> bool:
    """Does one chunk that no worker holds; False when there is none.

    1. Claim: the chunk is held for LEASE, so that a worker that dies leaves it to another. 2. Work in no
    transaction. 3. Settle: in one transaction everything is stored and the chunk is done, unless another has
    taken it over. A chunk that fails is tried again after the lease, ATTEMPTS times in all.
    """
    held = _claim(now)
    if held is None:
        _finish_runs(now)
        return False
    try:
        _work(held, now)
    except LeaseLost:
        log.warning("action=fleet_chunk_lost chunk=%s", held.id)
    except Exception as error:  # noqa: BLE001 - one chunk must not stop the run
        # Without its message, which may quote values.
        said = "failed" if held.attempts < ATTEMPTS else "given_up"
        name = type(error).__name__
        log.warning("action=fleet_chunk_%s chunk=%s error=%s at=%s", said, held.id, name, place_of(error))
    return True


def _free(now: datetime) -> QuerySet[FleetChunk]:
    """Chunks that a worker may take."""
    unheld = Q(lease_until=None) | Q(lease_until__lte=now)
    return FleetChunk.objects.filter(unheld, done_at=None, attempts__lt=ATTEMPTS)


def _claim(now: datetime) -> Held | None:
    with acting_for_all():
        locked = _free(now).order_by("run", "first").select_for_update(skip_locked=True, of=("self",))
        chunk = locked.select_related("run").first()
        if chunk is None:
            return None
        chunk.attempts, chunk.lease_until, chunk.lease_token = chunk.attempts + 1, now + LEASE, uuid4()
        chunk.save(update_fields=["attempts", "lease_until", "lease_token"])
        return Held(chunk.id, chunk.lease_token, chunk.run.task, chunk.first, chunk.last, chunk.attempts)


def _work(held: Held, now: datetime) -> None:
    with acting_for_all():
        zones = zone_histories_of(
            everybody().filter(id__range=(held.first, held.last)).values_list("id", flat=True)
        )
        # First, so that whatever comes while the rest is read shows in the number.
        seqs = last_seqs(zones)
        todays = {patient: now.astimezone(zone).date() for patient, zone in zones.items()}
        known = read(todays, FORECAST, anew=held.task == FleetTask.WEEKLY)
    made, failures = make(known)
    for code, error in failures.items():
        log.warning("action=forecast_failed chunk=%s kind=%s error=%s", held.id, code, type(error).__name__)
    with acting_for_all():
        store.lock_all(zones)
        mine = FleetChunk.objects.filter(id=held.id, lease_token=held.token)
        settled = {"done_at": now, "lease_until": None, "lease_token": None, "series": len(made)}
        if mine.update(**settled) != 1:
            raise LeaseLost
        now_at = last_seqs(zones)
        moved = {patient for patient in zones if now_at.get(patient) != seqs.get(patient)}
        changed = keep([one for one in made if one.key[0] not in moved], now=now)
        record_changes_of_many(changed)
        _note_limits(changed, now)
        # Alone each is made by what there is then, and one that fails stops no other.
        _leave_to_refresh([one.key for one in known if one.key[0] in moved or one.key[1] in failures], now)


def _note_limits(changed: Mapping[UUID, Collection[Entry]], now: datetime) -> None:
    """Few pass a limit in one night; trends alone, which all have, wait for the next data."""
    for patient, entries in changed.items():
        topics = {entry.topic for entry in entries if entry.ref.startswith("crossing/")}
        if topics:
            note_facts(patient, topics, now=now)


def _leave_to_refresh(keys: Collection[Key], now: datetime) -> None:
    kinds: defaultdict[UUID, list[str]] = defaultdict(list)
    for patient, code in keys:
        kinds[patient].append(code)
    for patient, codes in kinds.items():
        mark_stale(patient, codes, now=now)


def _finish_runs(now: datetime) -> None:
    with acting_for_all():
        to_do = Q(done_at=None, attempts__lt=ATTEMPTS) | Q(lease_until__gt=now)
        still = FleetChunk.objects.filter(to_do, run=OuterRef("id"))
        for run in FleetRun.objects.filter(~Exists(still), finished_at=None):
            run.finished_at = now
            run.save(update_fields=["finished_at"])
            done = run.chunks.filter(done_at__isnull=False).aggregate(series=Sum("series", default=0))
            log.info("action=fleet_run_finished task=%s series=%s", run.task, done["series"])
