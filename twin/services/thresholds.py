"""Thresholds: the range in which a clinician wants a kind of one patient to stay; kept when ended."""

from datetime import datetime
from uuid import UUID

from django.http import Http404

from backend.access import Access
from backend.celery import nudge
from backend.changes import Entry, record_changes
from backend.rules import Role, Topic
from backend.services import NotPossible
from twin.models import Threshold
from twin.series import store
from twin.services.forecasts import mark_stale
from twin.services.named_values import named_kind, named_value
from twin.services.stale_warnings import mark_warnings_stale


def set_threshold(
    *,
    access: Access,
    kind_code: str,
    low: float | None,
    high: float | None,
    unit: str,
    reason: str,
    now: datetime,
) -> Threshold:
    """Sets the limits of a kind, which ends those there were.

    Raises NotPossible for anybody but a clinician and for limits that are impossible or in no order, Http404
    for a topic in which the person may not act.
    """
    one = named_kind(access, kind_code)
    _is_clinician(access)
    low = None if low is None else named_value(one, "low", low, unit)
    high = None if high is None else named_value(one, "high", high, unit)
    if low is None and high is None:
        raise NotPossible("high", "Give one limit at least.")
    if low is not None and high is not None and low >= high:
        raise NotPossible("high", "The upper limit is not above the lower one.")
    store.lock(access.patient.id)
    earlier = list(Threshold.objects.filter(patient=access.patient, kind=one.code, ended_at=None))
    for threshold in earlier:
        _end(threshold, access, now)
    made = Threshold.objects.create(
        patient=access.patient,
        kind=one.code,
        topic=one.topic,
        low=low,
        high=high,
        reason=reason,
        set_by=access.user,
        set_at=now,
    )
    _tell([*earlier, made], now)
    return made


def end_threshold(*, access: Access, threshold_id: UUID, now: datetime) -> Threshold:
    """Ends the limits; a second time changes nothing.

    Raises NotPossible for anybody but a clinician, Http404 for those that are absent or of a topic in which
    the person may not act.
    """
    store.lock(access.patient.id)
    found = Threshold.objects.filter(patient=access.patient, topic__in=access.topics, id=threshold_id)
    threshold = found.first()
    if threshold is None:
        raise Http404
    _is_clinician(access)
    if threshold.ended_at is None:
        _end(threshold, access, now)
        _tell([threshold], now)
    return threshold


def _is_clinician(access: Access) -> None:
    if access.standing.role is not Role.CLINICIAN:
        raise NotPossible("role", "Only a clinician sets and ends limits.")


def _end(threshold: Threshold, access: Access, now: datetime) -> None:
    threshold.ended_by, threshold.ended_at = access.user, now
    threshold.save(update_fields=["ended_by", "ended_at"])


def _tell(thresholds: list[Threshold], now: datetime) -> None:
    """The log has them; whether they are passed, or likely to be, is worked out anew."""
    patient = thresholds[0].patient_id
    mark_stale(patient, [thresholds[0].kind], now=now)
    mark_warnings_stale([patient], due_at=now)
    nudge("twin.check_warnings", str(patient))
    record_changes(patient, [Entry(Topic(one.topic), f"threshold/{one.id}") for one in thresholds])
