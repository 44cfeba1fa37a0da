"""What to do now: short words for the patient that an alert carries, with who says so. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from twin.kinds import DATA


@dataclass(frozen=True, slots=True)
class Action:
    """Plain words for the patient; `emergency` where they end in calling the emergency number."""

    id: str
    text: str
    emergency: bool
    source: str
    verification: str


@cache
def actions() -> Mapping[str, Action]:
    """Every action by its id."""
    rows = json.loads((DATA / "warning_actions.json").read_text(encoding="utf-8"))["actions"]
    return {row["id"]: Action(**row) for row in rows}
