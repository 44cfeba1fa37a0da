"""Reads of what is to suggest nothing."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from twin.models import SuggestionDismissal


def dismissed_rules(patient: UUID, now: datetime) -> set[str]:
    """The rules that are to suggest nothing to the patient now."""
    still = Q(until=None) | Q(until__gt=now)
    return set(SuggestionDismissal.objects.filter(still, patient=patient).values_list("rule", flat=True))
