"""SCORE2 and SCORE2-OP: the risk of fatal and non-fatal cardiovascular disease within 10 years. Pure.

Coefficients, calibration by region and sources lie in score2.json. From 70 years on it is SCORE2-OP, of which
no published result has been reproduced: its verification says so.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from twin.kinds import from_canonical, kind
from twin.risk.data import band, load, range_of
from twin.risk.given import Checked, Given, Wanted, check, named, wanted
from twin.risk.levers import NOTE, levers
from twin.risk.result import Band, Refusal, Score, Value

OLDER_FROM = 70


def risk(values: Mapping[str, Value]) -> float:
    """The risk from 0 to 1 of values by input code, in the units of the catalogue; nothing is checked."""
    model = _model(float(values["age"]))
    sex = str(values["sex"])
    content = load("score2")
    coefficients = content["coefficients"][model][sex]
    terms = _terms(values, model)
    x = sum(coefficients[name] * term for name, term in terms.items())
    x += sum(
        coefficients[f"{name}_x_age"] * term * terms["age"] for name, term in terms.items() if name != "age"
    )
    raw = 1 - coefficients["s0"] ** math.exp(x + coefficients["lp_offset"])
    scale1, scale2 = content["calibration_scale1_scale2"][model][values["region"]][sex]
    return 1 - math.exp(-math.exp(scale1 + scale2 * math.log(-math.log(1 - raw))))


def score(given: Given) -> Score:
    """The risk in %, or what of its inputs is missing or refused. The region is the country's."""
    content = load("score2")
    checked = _in_order(check(_wants(), given))
    older = "age" in checked.values and checked.number("age") >= OLDER_FROM

    def percent(values: Mapping[str, Value]) -> float:
        return 100 * risk(values)

    value = percent(checked.values) if checked.complete else None
    notes = [
        "The file of the score states no range for blood pressure and cholesterol: what is possible counts."
    ]
    if older:
        notes.append("SCORE2-OP: no published result of it has been reproduced here.")
    if value is not None:
        notes.append(NOTE)
    return Score(
        code="score2_op" if older else "score2",
        title=f"Cardiovascular disease within 10 years ({'SCORE2-OP' if older else 'SCORE2'})",
        version="2021",
        value=value,
        unit="%",
        band=_band(checked.number("age"), value) if value is not None else None,
        inputs=checked.inputs,
        missing=checked.missing,
        refused=checked.refused,
        levers=levers(checked, percent) if value is not None else (),
        source=content["citation"],
        verification=content["verification"],
        notes=tuple(notes),
    )


def _in_order(checked: Checked) -> Checked:
    """Refuses an HDL cholesterol above the total: one of the two is wrong."""
    if not {"total_cholesterol", "hdl"} <= checked.values.keys():
        return checked
    hdl = checked.number("hdl")
    if hdl <= checked.number("total_cholesterol"):
        return checked
    refusal = Refusal(named("hdl"), hdl, "It cannot be above total cholesterol.")
    return replace(checked, refused=(*checked.refused, refusal))


def _model(age: float) -> str:
    return "ge70" if age >= OLDER_FROM else "lt70"


def _terms(values: Mapping[str, Value], model: str) -> dict[str, float]:
    age, sbp = float(values["age"]), float(values["sbp"])
    total, hdl = _mmol("total_cholesterol", values), _mmol("hdl", values)
    yes = {"smoking": float(values["smoking"]), "diabetes": float(values["diabetes"])}
    if model == "lt70":
        return {
            "age": (age - 60) / 5,
            "sbp": (sbp - 120) / 20,
            "tc": total - 6,
            "hdl": (hdl - 1.3) / 0.5,
            **yes,
        }
    return {"age": age - 73, "sbp": sbp - 150, "tc": total - 6, "hdl": hdl - 1.4, **yes}


def _mmol(code: str, values: Mapping[str, Value]) -> float:
    return float(from_canonical(kind(code), "mmol/L", np.array([float(values[code])]))[0])


def _wants() -> Sequence[Wanted]:
    not_for = {
        "diabetes": "diabetes",
        "cardiovascular_disease": "known cardiovascular disease",
        "kidney_disease": "chronic kidney disease",
        "familial_hypercholesterolaemia": "familial hypercholesterolaemia",
    }
    return [
        wanted("region"),
        wanted("age", *range_of("score2", "age")),
        wanted("sex"),
        wanted("smoking"),
        wanted("sbp"),
        wanted("total_cholesterol"),
        wanted("hdl"),
        *(
            wanted(code, only=False, why=f"SCORE2 is for people without {what}.")
            for code, what in not_for.items()
        ),
    ]


def _band(age: float, value: float) -> Band:
    words = load("handling")["score2"]["bands"]["words"]
    young, middle, old = load("score2")["categories"]
    row = young if age < 50 else middle if age < OLDER_FROM else old
    place = 0 if value < row["low_lt"] else 2 if value >= row["high_ge"] else 1
    return band(words[place])
