"""Which device counts first, as the patient says it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from backend.access import Access
from backend.services import NotPossible
from twin.kinds import kind
from twin.models import Source, SourcePriority
from twin.series import store
from twin.services.stale_days import mark_kind_stale


def set_source_priority(*, access: Access, kind_code: str, sources: Sequence[UUID], now: datetime) -> None:
    """Puts a kind's sources in this order; none leaves it to what covers most. Its days follow by a worker.

    Raises NotPossible for a source that is named twice or is not the patient's, Http404 for a topic in which
    the person may not act.
    """
    one = kind(kind_code)
    access.topic(one.topic)
    patient = access.patient.id
    known = Source.objects.filter(patient=patient, id__in=sources).count()
    if known != len(sources):
        raise NotPossible("sources", "Name each of this person's sources once at most.")
    # Of two orders given at once the days follow the later one.
    store.lock(patient)
    if sources:
        SourcePriority.objects.update_or_create(
            patient_id=patient, kind=kind_code, defaults={"topic": one.topic, "sources": list(sources)}
        )
    else:
        SourcePriority.objects.filter(patient=patient, kind=kind_code).delete()
    mark_kind_stale(patient, kind_code, now=now)
