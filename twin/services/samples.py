"""What a phone hands over: into the store, and answered sample by sample. In the caller's transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from psycopg.types.json import Jsonb

from backend import sql
from backend.access import Access
from backend.actor import acting_for_all
from backend.rules import Role
from backend.services import NotPossible, move
from twin.intake.acceptance import Examined, examine
from twin.intake.items import ProblemCode
from twin.intake.phone import PhoneBatch, PhoneSeries
from twin.kinds import KINDS, kind
from twin.models import SampleBatch
from twin.series import store
from twin.series.overlay import BuriedBy, Outcome
from twin.services.intake import KnownSource, Touched, heard_from, sources_by_name, widen
from twin.services.stale_days import marking_days_stale

MOST_PLACES = 1_000
"""Of samples that an answer names one by one."""
KEPT = timedelta(days=30)
"""How long a batch is known again."""
FRESH = timedelta(hours=1)
"""How old a batch may be when it comes, or how wrong its clock, for its zone to be that of this moment."""
SUPPRESSED = "suppressed"
_NOT_AS_SAID = ("replaced", "suppressed", "deleted", "refused")
OTHER_BATCH = "This batch_id was used for another batch."

_ANSWERED = """
    SELECT batch_id, content, answer, body_digest, first_at, last_at FROM twin_samplebatch
    WHERE patient_id = %s AND (batch_id = ANY(%s) OR body_digest = %s)
"""
_REMEMBER = """
    INSERT INTO twin_samplebatch (
        patient_id, received_at, batch_id, content, answer, body_digest, first_at, last_at
    )
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_WHOSE_BODY = "SELECT patient_id FROM twin_samplebatch WHERE body_digest = %s LIMIT 1"


class _Answered(NamedTuple):
    """What of a batch is remembered: its content(), how it was answered, and by what its body is known."""

    content: str
    answer: dict[str, Any]
    body_digest: str | None = None
    first_at: int | None = None
    last_at: int | None = None


def receive_samples(*, access: Access, batch: PhoneBatch, now: datetime) -> dict[str, Any]:
    """Every sample is stored or refused, and the days it falls into are marked; answers which.

    The same batch again is answered as before, with `repeated`, and changes nothing. Raises NotPossible when
    its id was used for another one, Http404 for a topic in which the person may not act.
    """
    for code in {one.samples.kind for one in batch.series} & KINDS.keys():
        access.topic(kind(code).topic)
    if access.standing.role is Role.SELF:
        _follow_phone(access, batch, now)
    return store_batch(access.patient.id, batch, now=now)


def whose_body(body_digest: str) -> UUID | None:
    """The patient of whom a body said something that is known again by this, as far as the actor sees."""
    with sql.cursor() as cursor:
        found = cursor.execute(_WHOSE_BODY, [body_digest]).fetchone()
    return found and found[0]


def receive_same_body(
    *, access: Access, batch_id: str, body_digest: str, now: datetime
) -> dict[str, Any] | None:
    """What receive_samples() would answer and do for a body whose every sample is in the store as it says.

    None where that is not known of it: then it has to be read. Raises what receive_samples() raises.
    """
    patient = access.patient.id
    known = _answered(patient, [batch_id], body_digest)
    same = next((one for one in known.values() if one.body_digest == body_digest), None)
    if same is None:
        return None
    series = same.answer["series"]
    for code in {one["kind"] for one in series} & KINDS.keys():
        access.topic(kind(code).topic)
    if batch_id in known:
        if known[batch_id].content != same.content:
            raise NotPossible("batch_id", OTHER_BATCH)
        return {**known[batch_id].answer, "repeated": True}
    series = [one | {"stored": 0, "known": one["stored"] + one["known"]} for one in series]
    sources = sources_by_name(patient, {one["source"] for one in series if one["known"]})
    heard_from(patient, sources.values(), with_news=(), now=now)
    answer = {"repeated": False, "series": series}
    _remember(patient, {batch_id: same._replace(answer=answer)}, now)
    return answer


def _follow_phone(access: Access, batch: PhoneBatch, now: datetime) -> None:
    """The patient has moved when the phone is in another zone; a batch that comes late says nothing of it."""
    is_fresh = batch.sent_at is None or abs(now - batch.sent_at) <= FRESH
    if batch.time_zone is not None and is_fresh and batch.time_zone != access.patient.time_zone:
        move(access=access, time_zone=batch.time_zone, since=now, now=now)


def store_batch(patient: UUID, batch: PhoneBatch, *, now: datetime) -> dict[str, Any]:
    """The same for whoever may act in every topic of the patient."""
    (answer,) = store_batches(patient, [batch], now=now)
    if answer is None:
        raise NotPossible("batch_id", OTHER_BATCH)
    return answer


def store_batches(
    patient: UUID, batches: Sequence[PhoneBatch], *, now: datetime
) -> list[dict[str, Any] | None]:
    """The same for many, as if they came one by one; None for one whose id was used for another."""
    contents = [batch.content() for batch in batches]
    known = _answered(patient, [batch.batch_id for batch in batches])
    new: dict[str, int] = {}
    for place, batch in enumerate(batches):
        if batch.batch_id not in known:
            new.setdefault(batch.batch_id, place)
    if new:
        ours = {name: (contents[place], batches[place]) for name, place in new.items()}
        known |= _take_in(patient, ours, now)
    told: list[dict[str, Any] | None] = []
    for place, batch in enumerate(batches):
        was = known[batch.batch_id]
        is_new = new.get(batch.batch_id) == place
        told.append({**was.answer, "repeated": not is_new} if was.content == contents[place] else None)
    return told


def _take_in(
    patient: UUID, batches: Mapping[str, tuple[str, PhoneBatch]], now: datetime
) -> dict[str, _Answered]:
    """These, each with its content(), are in the store and remembered; the patient's lock is held."""
    series = [one for _, batch in batches.values() for one in batch.series]
    judged, touched = _judge(patient, series, now), Touched()
    taken: dict[str, _Answered] = {}
    with marking_days_stale(patient, touched, now=now):
        merged = _merge(patient, judged, touched)
        pairs = iter(zip(judged, merged, strict=True))
        for name, (content, batch) in batches.items():
            said = _answers(islice(pairs, len(batch.series)))
            taken[name] = _Answered(content, {"repeated": False, "series": said})
        # One may have undone what another said.
        if all(_is_as_said(one.answer) for one in taken.values()):
            taken = {name: _with_body(one, batches[name][1]) for name, one in taken.items()}
        _remember(patient, taken, now)
    skews = [_skew_ms(batch, now) for _, batch in batches.values() for _ in batch.series]
    _hear(patient, judged, merged, skews, now)
    return taken


def _is_as_said(answer: Mapping[str, Any]) -> bool:
    """Whether after this answer every sample is in the store as it came."""
    return all(not any(one[name] for name in _NOT_AS_SAID) for one in answer["series"])


def _with_body(answered: _Answered, batch: PhoneBatch) -> _Answered:
    """The same, known by the batch's body too where it has one that can be known again."""
    starts = [one.samples.columns.start for one in batch.series if len(one.samples.columns)]
    if batch.body_digest is None or not starts:
        return answered
    first, last = min(int(one.min()) for one in starts), max(int(one.max()) for one in starts)
    return answered._replace(body_digest=batch.body_digest, first_at=first, last_at=last)


def _answered(patient: UUID, names: Sequence[str], body_digest: str | None = None) -> dict[str, _Answered]:
    """The batches of these names, or known by this body, that came before; the patient's lock is taken."""
    with sql.pipeline() as cursor:
        # Of one batch that is sent twice at once the second waits here for the first one's answer.
        store.lock(patient)
        cursor.execute(_ANSWERED, [patient, list(names), body_digest])
    return {name: _Answered(content, json.loads(answer), *body) for name, content, answer, *body in cursor}


def _remember(patient: UUID, batches: Mapping[str, _Answered], now: datetime) -> None:
    """From now on these batches came before."""
    rows = [
        (patient, now, name, was.content, Jsonb(was.answer), was.body_digest, was.first_at, was.last_at)
        for name, was in batches.items()
    ]
    with sql.pipeline() as cursor:
        cursor.executemany(_REMEMBER, rows)


def _skew_ms(batch: PhoneBatch, now: datetime) -> int | None:
    return None if batch.sent_at is None else round((batch.sent_at - now) / timedelta(milliseconds=1))


def store_series(patient: UUID, series: Sequence[PhoneSeries], *, now: datetime) -> list[dict[str, Any]]:
    """What came under no name by which it would be known again; answers for each series."""
    store.lock(patient)
    judged, touched = _judge(patient, series, now), Touched()
    with marking_days_stale(patient, touched, now=now):
        merged = _merge(patient, judged, touched)
    _hear(patient, judged, merged, [None] * len(series), now)
    return _answers(zip(judged, merged, strict=True))


@dataclass(frozen=True, slots=True)
class _Judged:
    """What of one series may be stored, and of what source: None where nothing of it may."""

    examined: Examined
    withdrawn: npt.NDArray[np.bool_] | None
    source: KnownSource | None


def _judge(patient: UUID, series: Sequence[PhoneSeries], now: datetime) -> list[_Judged]:
    """What may be stored, series by series, their sources made; the caller holds the patient's lock."""
    examined = [examine(one.samples, now=now, withdrawn=one.withdrawn) for one in series]
    sources = sources_by_name(patient, {one.samples.source for one in examined if one.kept.any()})
    judged = []
    for one, given in zip(examined, series, strict=True):
        source = sources.get(one.samples.source) if one.kept.any() else None
        kept = one if source else one.but_none(ProblemCode.TOO_MANY_SOURCES)
        judged.append(_Judged(kept, given.withdrawn, source))
    return judged


def _merge(patient: UUID, judged: Sequence[_Judged], touched: Touched) -> list[store.Merged]:
    """What may be stored is; what became of each series, and `touched` grows by what has to be summed up."""
    batches = {place: _batch(one, one.source) for place, one in enumerate(judged) if one.source}
    merged = [store.Merged()] * len(judged)
    became = store.merge(patient, list(batches.values()), lifts=[BuriedBy.SOURCE])
    for place, one in zip(batches, became, strict=True):
        merged[place] = one
        if one.first_at is not None and one.last_at is not None:
            widen(touched, judged[place].examined.samples.kind, one.first_at, one.last_at)
    return merged


def _hear(
    patient: UUID,
    judged: Sequence[_Judged],
    merged: Sequence[store.Merged],
    skews: Sequence[int | None],
    now: datetime,
) -> None:
    """The sources are in touch, each with the first of the skews (ms) that came with it."""
    heard: dict[KnownSource, int | None] = {}
    with_news = set()
    for one, became, skew_ms in zip(judged, merged, skews, strict=True):
        if one.source is not None:
            heard.setdefault(one.source, skew_ms)
            if became.stored or became.replaced:
                with_news.add(one.source.id)
    for skew_ms in dict.fromkeys(heard.values()):
        sources = [source for source, skew in heard.items() if skew == skew_ms]
        heard_from(patient, sources, with_news=with_news, now=now, skew_ms=skew_ms)


def forget_batches(*, now: datetime) -> int:
    """Removes what is known of batches that nobody sends again; answers how many there were."""
    with acting_for_all():
        return SampleBatch.objects.filter(received_at__lt=now - KEPT).delete()[0]


def _batch(one: _Judged, source: KnownSource) -> store.Batch:
    withdrawn = None if one.withdrawn is None else one.withdrawn[one.examined.kept]
    return store.Batch(one.examined.samples.kind, source.id, one.examined.accepted, withdrawn)


def _answers(pairs: Iterable[tuple[_Judged, store.Merged]]) -> list[dict[str, Any]]:
    """What the sender reads of each series; they name at most MOST_PLACES together."""
    room, answers = MOST_PLACES, []
    for one, became in pairs:
        answers.append(_answer(one.examined, became, room))
        room -= len(answers[-1]["refused_at"])
    return answers


def _answer(one: Examined, became: store.Merged, room: int) -> dict[str, Any]:
    """What the phone reads of one series; of samples that were left out, the first `room` by their places."""
    refused = [
        (index, code.value) for code, at in one.refused for index in np.flatnonzero(at)[:room].tolist()
    ]
    suppressed = np.flatnonzero(one.kept)[became.outcome == Outcome.SUPPRESSED] if became.suppressed else []
    left_out = sorted(refused + [(int(index), SUPPRESSED) for index in suppressed[:room]])
    return {
        "kind": one.samples.kind,
        "source": one.samples.source,
        "stored": became.stored,
        "known": became.known,
        "replaced": became.replaced,
        "suppressed": became.suppressed,
        "deleted": became.deleted,
        "refused": len(one.kept) - int(one.kept.sum()),
        "refused_at": [{"index": index, "code": code} for index, code in left_out[:room]],
    }
