"""CKD-EPI 2021: the estimated glomerular filtration rate and its G stage; A stages of albuminuria. Pure."""

import math

from twin.risk.data import band, load, range_of
from twin.risk.given import Checked, Given, check, wanted
from twin.risk.result import Band, Score

CODE = "ckd_epi_2021"


def egfr(creatinine: float, age: float, sex: str) -> float:
    """mL/min/1.73 m² of serum creatinine in mg/dL, for "female" or "male"; nothing is checked or rounded."""
    constants = load(CODE)["constants"][sex]
    share = creatinine / constants["k"]
    estimate: float = 142 * min(share, 1) ** constants["a"] * max(share, 1) ** -1.200 * 0.9938**age
    return estimate * 1.012 if sex == "female" else estimate


def reported(value: float) -> float:
    """An eGFR in whole numbers, halves up, as laboratories and the file of the equation give it."""
    return float(math.floor(value + 0.5))


def stage(value: float) -> Band:
    """The KDIGO G stage of an eGFR as it is reported."""
    for code, low, _ in load(CODE)["kdigo_g"]:
        if value >= low:
            return band(code)
    raise AssertionError("no eGFR is below zero")


def next_stage(value: float) -> tuple[Band, float] | None:
    """The stage that comes next with a falling eGFR and the limit below which it begins; None from G5 on."""
    rows = load(CODE)["kdigo_g"]
    place = next(place for place, (_, low, _) in enumerate(rows) if value >= low)
    if place + 1 == len(rows):
        return None
    return band(rows[place + 1][0]), float(rows[place][1])


def albuminuria(mg_per_g: float) -> Band:
    """The KDIGO A stage of a urine albumin/creatinine ratio; 300 itself is A2, as KDIGO words it."""
    (first, _, low), (second, _, high), (third, _, _) = load(CODE)["kdigo_a_mg_per_g"]
    return band(first if mg_per_g < low else second if mg_per_g <= high else third)


def score(given: Given) -> Score:
    """The eGFR in whole numbers and the stage of that number.

    Without creatinine it is the eGFR that a laboratory reported, by whatever equation; a note says so.
    """
    content = load(CODE)
    notes = ["A stage is no diagnosis: chronic kidney disease needs the abnormality for more than 3 months."]
    wants = [
        wanted("creatinine", *range_of(CODE, "scr")),
        wanted("age", *range_of(CODE, "age")),
        wanted("sex"),
    ]
    if "creatinine" not in given.inputs and "egfr" in given.inputs:
        checked = check([wanted("egfr")], given)
        value = reported(checked.number("egfr")) if checked.complete else None
        notes.append("As it was reported; by which equation is not known.")
    else:
        checked = check(wants, given)
        value = _value(checked) if checked.complete else None
    return Score(
        code=CODE,
        title=content["title"],
        version="2021",
        value=value,
        unit=content["output"]["unit"],
        band=None if value is None else stage(value),
        inputs=checked.inputs,
        missing=checked.missing,
        refused=checked.refused,
        source=content["citation"],
        verification=content["verification"],
        notes=tuple(notes),
    )


def _value(checked: Checked) -> float:
    return reported(egfr(checked.number("creatinine"), checked.number("age"), checked.choice("sex")))
