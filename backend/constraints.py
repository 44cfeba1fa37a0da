"""Conditions that the constraints of many tables share."""

from django.db.models import Q


def both_or_neither(one: str, other: str) -> Q:
    """Of two columns neither is NULL without the other, such as who did it and when."""
    absent, there = ({f"{column}__isnull": is_null for column in (one, other)} for is_null in (True, False))
    return Q(**absent) | Q(**there)
