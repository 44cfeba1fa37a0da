"""How Withings' samples are named by origin. Pure.

Withings gives the same sleep once by segment and once by night, and the same steps once by stretch and once
by day. They are kept as different sources, so that they are compared and never added up.
"""

from typing import Any

_TRACKER = "Withings tracker"

MEASURES = "Withings"
SLEEP_MONITOR = "Withings sleep monitor"
STRETCHES = _TRACKER
NIGHTS = "Withings, night totals"
DAYS = "Withings day totals"
OTHERS_DAYS = "Withings day totals of other trackers"

_BY_CODE = {16: _TRACKER, 32: SLEEP_MONITOR}


def of_model(entry: dict[str, Any]) -> str:
    """The device of a measure or a sleep: named in words, or by the code of what it is."""
    model = entry.get("model")
    if isinstance(model, str) and model:
        return f"Withings {model.removeprefix('Withings ')}"
    return _BY_CODE.get(model, MEASURES) if isinstance(model, int) else MEASURES


def of_nights(entry: dict[str, Any]) -> str:
    """The same, for what it gives as the sum of a night."""
    return f"{of_model(entry)}, night totals"
