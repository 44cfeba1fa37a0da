"""Values that a person names for a kind, in any of its units: checked, and in the kind's own."""

import numpy as np

from backend.access import Access
from backend.services import NotPossible
from twin.kinds import KINDS, Kind, UnknownUnit, Verdict, judge, to_canonical


def named_kind(access: Access, code: str) -> Kind:
    """The kind, in whose topic the person may act; raises NotPossible or Http404."""
    if code not in KINDS:
        raise NotPossible("kind", "This kind of measurement is not known.")
    access.topic(KINDS[code].topic)
    return KINDS[code]


def named_value(kind: Kind, field: str, value: float, unit: str) -> float:
    """The value in the kind's unit, which an empty `unit` means; raises NotPossible for an impossible one."""
    try:
        canonical = to_canonical(kind, unit or kind.unit, np.array([value]))
    except UnknownUnit:
        raise NotPossible("unit", f"{unit} is not a unit of this.") from None
    if judge(kind, canonical)[0] == Verdict.REJECT:
        low, high = kind.hard
        raise NotPossible(field, f"This cannot be right: {low:g} to {high:g} {kind.unit} is possible.")
    return float(canonical[0])
