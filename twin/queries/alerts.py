"""Reads of alerts, a patient's or everybody's whom a person may see."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from backend.models import Patient, User
from backend.rules import Need, Topic
from twin.models import Alert, AlertDelivery, AlertStep
from twin.warnings.finding import Severity
from twin.warnings.life import OPEN, WAITING, Status


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


def with_course(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """The alerts with what happened to each and who was to be told of it, in order; two queries more."""
    return alerts.prefetch_related(
        Prefetch("steps", AlertStep.objects.select_related("actor").order_by("id")),
        Prefetch("deliveries", AlertDelivery.objects.select_related("recipient").order_by("id")),
    )
