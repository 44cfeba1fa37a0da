"""Google Fit's data streams: what a point's stream and its origin say of its type and its source. Pure.

A point names the stream that it stands in, and often the one that it came from: Google merges what several
devices and apps say of the same steps into one stream.
"""

from dataclasses import dataclass
from typing import Any

from twin.intake.json_entries import text
from twin.kinds import DayRule, kind
from twin.series.columns import Flag

_TYPED_IN = ":user_input"
_RESTING = ":resting_heart_rate"
_ACTIVITY = "com.google.activity.segment"


@dataclass(frozen=True, slots=True)
class Stream:
    """`stream` and `origin` are ids like raw:com.google.weight:com.wsl.noom:, `type` is the middle of one."""

    stream: str
    origin: str
    type: str

    @classmethod
    def of(cls, point: dict[str, Any], stream: str) -> "Stream":
        """The stream of a point that stands in the one of this id, which may be empty."""
        origin = text(point, "originDataSourceId")
        return cls(stream, origin, text(point, "dataTypeName") or _type(stream) or _type(origin))

    @property
    def flags(self) -> int:
        """Whether a person typed the point in."""
        return Flag.MANUAL if (self.origin or self.stream).endswith(_TYPED_IN) else 0

    @property
    def is_resting(self) -> bool:
        """Whether its heart rates are the resting ones, which have no type of their own."""
        return _RESTING in self.stream or _RESTING in self.origin

    def source_of(self, code: str) -> str:
        """The source of a sample of this kind.

        What is measured keeps the device or app it came from. What is counted keeps its stream: in the merged
        one the pieces of several devices make a day only together, and beside the devices' own streams they
        would count twice.
        """
        if kind(code).daily not in (DayRule.SUM, DayRule.DURATION):
            return _name(self.origin or self.stream)
        name = _name(self.stream or self.origin)
        # A night may be there as one activity and as segments of sleep, by one app.
        return f"{name}, activities" if self.type == _ACTIVITY else name


def _type(identity: str) -> str:
    parts = identity.split(":", 2)
    return parts[1] if len(parts) == 3 else ""


def _name(identity: str) -> str:
    """The id without its type, and without "raw": com.wsl.noom, derived:com.google.android.gms:merged."""
    parts = identity.split(":", 2)
    if len(parts) < 3:
        return identity
    nature, _, name = parts
    name = name.strip(":")
    return name if nature == "raw" else f"{nature}:{name}"
