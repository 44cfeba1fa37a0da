"""What tests of scores share: a person about whom everything is known."""

from datetime import date

from twin.risk.given import Given, wanted
from twin.risk.result import Input

ON = date(2026, 6, 30)
UNITS = {
    "sbp": "mm[Hg]",
    "total_cholesterol": "mg/dL",
    "hdl": "mg/dL",
    "bmi": "kg/m2",
    "egfr": "mL/min/{1.73_m2}",
    "creatinine": "mg/dL",
    "weight": "kg",
    "height": "cm",
    "waist": "cm",
    "ast": "U/L",
    "alt": "U/L",
    "platelets": "10*3/uL",
    "resp_rate": "/min",
}
HEALTHY = {
    "cardiovascular_disease": False,
    "kidney_disease": False,
    "familial_hypercholesterolaemia": False,
    "diabetes": False,
}


def given(values=None, *, units=None, **more):
    """Inputs of one day by code; what is None is left out."""
    every = {**(values or {}), **more}
    known = {**UNITS, **(units or {})}
    return Given(
        {
            code: Input(wanted(code).name, value, known.get(code, ""), ON, "test")
            for code, value in every.items()
            if value is not None
        }
    )
