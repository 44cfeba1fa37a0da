"""FIB-4: how likely liver fibrosis is, out of age and three blood tests. Pure."""

import math

from twin.risk.data import band, load, range_of
from twin.risk.given import Given, check, wanted
from twin.risk.result import Band, Score

CODE = "fib4"
OLDER_FROM, OLDER_LOW_BELOW = 65, 2.0
"""The low cut-off of older people, as fib4.json words it in a note."""
POOR_BELOW = 35


def fib4(age: float, ast: float, alt: float, platelets: float) -> float:
    """The index of AST and ALT in U/L and platelets in 10⁹/L, which are 10³/µL; nothing is checked."""
    return age * ast / (platelets * math.sqrt(alt))


def score(given: Given) -> Score:
    """The index and its band, or what of its inputs is missing or refused."""
    content = load(CODE)
    wants = [
        wanted("age", *range_of(CODE, "age")),
        wanted("ast", *range_of(CODE, "ast")),
        wanted("alt", *range_of(CODE, "alt")),
        wanted("platelets", *range_of(CODE, "platelets")),
    ]
    checked = check(wants, given)
    value, found = None, None
    notes = ["The three blood tests should be of about the same day."]
    if checked.complete:
        age, ast, alt, platelets = (checked.number(want.code) for want in wants)
        value = fib4(age, ast, alt, platelets)
        found = _band(value, age)
        if age < POOR_BELOW:
            notes.append(f"FIB-4 is poor below {POOR_BELOW} years.")
    return Score(
        code=CODE,
        title=content["title"],
        version="2006",
        value=value,
        unit="1",
        band=found,
        inputs=checked.inputs,
        missing=checked.missing,
        refused=checked.refused,
        source=content["citation"],
        verification=content["verification"],
        notes=tuple(notes),
    )


def _band(value: float, age: float) -> Band:
    low, between, _ = load(CODE)["categories"]
    low_below = OLDER_LOW_BELOW if age >= OLDER_FROM else low["lt"]
    if value < low_below:
        return band("low")
    return band("indeterminate" if value <= between["le"] else "high")
