"""Which scores speak of a body system, and which of their bands are worth a look. Pure."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from twin.kinds import DATA, BodySystem
from twin.state.facts import SystemScore


@cache
def system_scores() -> Mapping[str, Mapping[str, Any]]:
    """The rows of data/system_scores.json by the score's code."""
    rows: Mapping[str, Mapping[str, Any]] = json.loads(
        (DATA / "system_scores.json").read_text(encoding="utf-8")
    )["scores"]
    return rows


def system_score(code: str, title: str, band: str, band_title: str, on: date) -> SystemScore:
    """What a score in a band says of its system, by inputs of that day; KeyError where it is of none."""
    row = system_scores()[code]
    return SystemScore(
        code=code,
        title=title,
        system=BodySystem(row["system"]),
        band=band_title,
        to_watch=band in row["to_watch"],
        on=on,
        good_for=row["good_for"],
    )
