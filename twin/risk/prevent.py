"""PREVENT: the risk of cardiovascular disease within 10 and 30 years, by its base equations. Pure.

Coefficients, ranges and sources lie in prevent.json. PREVENT is a trademark of the American Heart
Association.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal, get_args

from twin.risk.data import band, load, range_of
from twin.risk.given import Given, Wanted, check, wanted
from twin.risk.levers import NOTE, levers
from twin.risk.result import Band, Score, Value

Years = Literal[10, 30]
Outcome = Literal["total_cvd", "ascvd", "heart_failure", "chd", "stroke"]
YEARS: tuple[Years, ...] = get_args(Years)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

_NAMES = {
    "tc": "total_cholesterol",
    "dm": "diabetes",
    "smk": "smoking",
    "bptx": "bp_medicine",
}
_MMOL = 0.02586
"""mg/dL of cholesterol into mmol/L, as the file's transforms write it."""


def risk(values: Mapping[str, Value], years: Years, outcome: Outcome) -> float:
    """The risk from 0 to 1 of values by input code, in the units of the catalogue; nothing is checked.

    What the outcome's model does not use may be absent.
    """
    terms = _terms(values)
    model = _model(str(values["sex"]), years, outcome)
    z = sum(coefficient * terms[first] * terms[second] for first, second, coefficient in model)
    return 1.0 / (1.0 + math.exp(-z))


def score(given: Given, years: Years, outcome: Outcome) -> Score:
    """One risk in %, or what of its inputs is missing or refused."""
    content, own = load("prevent"), load("handling")["prevent"]
    checked = check(_wants(years, outcome), given)

    def percent(values: Mapping[str, Value]) -> float:
        return 100 * risk(values, years, outcome)

    value = percent(checked.values) if checked.complete else None
    population: str = content["population"]
    notes = [f"{population[0].upper()}{population[1:]}."]
    if value is not None:
        notes.append(NOTE)
    if (years, outcome) == (10, "total_cvd"):
        notes.append(content["category_note"])
    return Score(
        code=f"prevent_{years}y_{outcome}",
        title=f"{own['outcomes'][outcome]} within {years} years (PREVENT)",
        version=content["version"],
        value=value,
        unit="%",
        band=_band(value) if value is not None and (years, outcome) == (10, "total_cvd") else None,
        inputs=checked.inputs,
        missing=checked.missing,
        refused=checked.refused,
        levers=levers(checked, percent) if value is not None else (),
        source=content["citation"],
        verification=content["verification"][own["verified_as"][outcome]],
        notes=tuple(notes),
    )


def scores(given: Given) -> tuple[Score, ...]:
    """Every outcome within 10 and within 30 years."""
    return tuple(score(given, years, outcome) for years in YEARS for outcome in OUTCOMES)


@cache
def _model(sex: str, years: Years, outcome: Outcome) -> Sequence[tuple[str, str, float]]:
    """Pairs of terms to multiply, with their coefficient; one that stands alone goes with the constant."""
    named = load("prevent")["models"][sex][str(years)][outcome].items()
    split = ((name.partition("_x_"), coefficient) for name, coefficient in named)
    return [(first, second or "constant", coefficient) for (first, _, second), coefficient in split]


def _terms(values: Mapping[str, Value]) -> Mapping[str, float]:
    number = {code: float(value) for code, value in values.items() if not isinstance(value, str)}
    age, sbp, egfr = (number["age"] - 55) / 10, number["sbp"], number["egfr"]
    terms = {
        "constant": 1.0,
        "age": age,
        "age_squared": age**2,
        "sbp_low": (min(sbp, 110) - 110) / 20,
        "sbp_high": (max(sbp, 110) - 130) / 20,
        "egfr_low": (min(egfr, 60) - 60) / -15,
        "egfr_high": (max(egfr, 60) - 90) / -15,
        "diabetes": number["diabetes"],
        "smoking": number["smoking"],
        "bp_treated": number["bp_medicine"],
    }
    if {"total_cholesterol", "hdl"} <= number.keys():
        terms["non_hdl"] = (number["total_cholesterol"] - number["hdl"]) * _MMOL - 3.5
        terms["hdl"] = (number["hdl"] * _MMOL - 1.3) / 0.3
    if "statin" in number:
        terms["statin"] = number["statin"]
    if "bmi" in number:
        terms["bmi_low"] = (min(number["bmi"], 30) - 25) / 5
        terms["bmi_high"] = (max(number["bmi"], 30) - 30) / 5
    return terms


@cache
def _wants(years: Years, outcome: Outcome) -> Sequence[Wanted]:
    """The inputs of a model. What only other models use may be missing, but not out of range.

    The equations were made in people in whom all of it was in range.
    """
    unused = {"total_cholesterol", "hdl", "statin"} if outcome == "heart_failure" else {"bmi"}
    wants = []
    for row in load("prevent")["inputs"]:
        code = _NAMES.get(row["name"], row["name"])
        low, high = range_of("prevent", row["name"])
        if code == "age" and years == 30:
            low, high = load("handling")["prevent"]["thirty_years"]["ages"]
        wants.append(wanted(code, low, high, optional=code in unused))
    why = "The equations are for people without known cardiovascular disease."
    return [*wants, wanted("cardiovascular_disease", only=False, why=why)]


def _band(value: float) -> Band:
    share = value / 100
    for row in load("prevent")["categories_10y_total_cvd"]:
        if row.get("ge", 0.0) <= share and ("lt" not in row or share < row["lt"]):
            return band(row["label"])
    raise AssertionError("the bands leave no gap")
