"""What a reminder says where anybody may read it: nothing clinical, unless its person wants names. Pure."""

from collections.abc import Sequence
from decimal import Decimal

MOST_NAMES = 3
COUNTED = frozenset({"capsule", "drop", "puff", "sachet", "spoon", "spray", "tablet", "unit"})
"""Units of which more than one are said with an s."""
TITLES = {
    "doses": "Time for your medication",
    "missed_critical": "An important dose was not taken",
    "low_stock": "A medicine is running out",
    "screening": "A check-up is due",
    "measurement": "Time to measure",
    "visit": "A visit is coming up",
    "review": "A decision is to be looked at again",
}


def words(kind: str, names: Sequence[str], *, shows_names: bool, is_early: bool) -> tuple[str, str]:
    """The title and the text of a reminder of a kind about what goes by these names."""
    title = "Soon: " + TITLES[kind][0].lower() + TITLES[kind][1:] if is_early else TITLES[kind]
    if not shows_names or not names:
        count = len(names)
        return title, f"{count} doses. Open Pollux to answer." if count > 1 else "Open Pollux to answer."
    more = len(names) - MOST_NAMES
    told = [*names[:MOST_NAMES], *([f"{more} more"] if more > 0 else [])]
    return title, ", ".join(told)


def amount_words(amount: Decimal | None, unit: str) -> str:
    """How much of a medicine, as one would say it: "2 tablets"; empty where nobody has said."""
    if amount is None:
        return unit
    number = f"{amount.normalize():f}"
    return f"{number} {unit}s" if unit in COUNTED and amount != 1 else f"{number} {unit}".strip()
