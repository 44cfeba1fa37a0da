"""The files under data/risk: the scores' own as they were compiled, and handling.json with Pollux's words."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from twin.kinds import DATA
from twin.risk.result import Band

RISK = DATA / "risk"


@cache
def load(name: str) -> Mapping[str, Any]:
    """The content of data/risk/<name>.json."""
    content: Mapping[str, Any] = json.loads((RISK / f"{name}.json").read_text(encoding="utf-8"))
    return content


def band(code: str) -> Band:
    """A band with its title; raises KeyError for one that handling.json does not know."""
    return Band(code, load("handling")["bands"][code])


def range_of(name: str, code: str) -> tuple[float | None, float | None]:
    """The ends between which the file of a score lets an input lie, both in; None where it states none."""
    row = next(row for row in load(name)["inputs"] if row["name"] == code)
    return row.get("min"), row.get("max")
