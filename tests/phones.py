"""What tests of phones' samples share: a series as a phone sends it, and the answer's counts."""

from typing import Any

NOON = 1_772_366_400_000  # 2026-03-01T12:00Z
MINUTE, DAY = 60_000, 86_400_000
COUNTS = ("stored", "known", "replaced", "suppressed", "deleted", "refused")


def pulse(*values: float | None, start: int = NOON, **fields: Any) -> dict[str, Any]:
    """Heart rates a minute apart; None withdraws."""
    column = {
        "kind": "heart_rate",
        "unit": "/min",
        "source": "Watch",
        "start": [start + MINUTE * minute for minute in range(len(values))],
        "value": list(values),
    }
    if None in values:
        column["deleted"] = [value is None for value in values]
    return column | fields


def counts(answer: Any) -> list[dict[str, int]]:
    """What is not zero of each series."""
    assert answer.status_code == 200, answer.content
    return [{name: one[name] for name in COUNTS if one[name]} for one in answer.json()["series"]]
