"""The generated patient's laboratory values, every quarter for two years and more. Pure."""

from collections.abc import Iterator

import numpy as np

from twin.demo import story
from twin.demo.days import Days, Floats
from twin.intake.items import Samples

# CKD-EPI 2021, creatinine, women: 142 * min(c/0.7, 1)^-0.241 * max(c/0.7, 1)^-1.2 * 0.9938^age * 1.012
# (Inker LA et al., N Engl J Med 2021;385:1737).
_KAPPA, _SLOPE_ABOVE = 0.7, -1.2
LATEST_EGFR = 52.0
_EGFR_LOSS_A_YEAR = 2.8


def filtration_rate(creatinine: Floats, age: Floats) -> Floats:
    """eGFR in mL/min/1.73 m2 of women whose creatinine (mg/dL) is 0.7 or more."""
    return 142 * (creatinine / _KAPPA) ** _SLOPE_ABOVE * 0.9938**age * 1.012


def creatinine_at(rate: Floats, age: Floats) -> Floats:
    """The creatinine (mg/dL) at which `filtration_rate` gives that rate."""
    return _KAPPA * (rate / (142 * 0.9938**age * 1.012)) ** (1 / _SLOPE_ABOVE)


def hba1c(days_ago: Floats) -> Floats:
    """Glycated haemoglobin in %: from 8.0 down to 7.4 over the last year and a half."""
    return 7.4 + 0.6 * np.clip(days_ago / 540, 0, 1)


def laboratory(days: Days) -> Iterator[Samples]:
    """Blood and urine of each quarterly visit; lipids and blood count at every second one."""
    random = story.random("laboratory")
    ago = np.array(story.LABORATORY_DAYS_AGO, dtype=np.float64)
    day = days.count - 1 - np.array(story.LABORATORY_DAYS_AGO)
    birth = (story.BIRTH_DATE - days.first).days
    age = np.floor((day - birth) / 365.25)
    scatter = random.normal(0, 1.1, len(ago))
    scatter[0] = 0.0
    rate = LATEST_EGFR + _EGFR_LOSS_A_YEAR * (ago - ago[0]) / 365.25 + scatter
    creatinine = np.round(creatinine_at(rate, age), 2)
    albumin = 88 * np.exp(-0.00075 * ago + random.normal(0, 0.14, len(ago)))
    a1c = hba1c(ago) + random.normal(0, 0.07, len(ago)) * (ago > ago[0])
    fasting = 0.86 * (28.7 * a1c - 46.7) + random.normal(0, 7, len(ago))
    hdl = np.rint(random.normal(47, 2, len(ago)))
    triglycerides = np.rint(random.normal(172, 20, len(ago)))
    ldl = np.rint(random.normal(79, 5, len(ago)))
    quarterly = {
        "creatinine": ("mg/dL", creatinine),
        "egfr": ("mL/min/{1.73_m2}", np.rint(filtration_rate(creatinine, age))),
        "uacr": ("mg/g", np.rint(albumin)),
        "hba1c": ("%", np.round(a1c, 1)),
        "glucose_fasting": ("mg/dL", np.rint(fasting)),
        "potassium": ("mmol/L", np.round(random.normal(4.6, 0.16, len(ago)), 1)),
        "sodium": ("mmol/L", np.rint(random.normal(140, 1.2, len(ago)))),
    }
    half_yearly = {
        "ldl": ("mg/dL", ldl),
        "hdl": ("mg/dL", hdl),
        "triglycerides": ("mg/dL", triglycerides),
        # Friedewald's relation, so that the panel adds up.
        "total_cholesterol": ("mg/dL", np.rint(ldl + hdl + triglycerides / 5)),
        "hemoglobin": ("g/dL", np.round(random.normal(12.7, 0.25, len(ago)), 1)),
        "alt": ("U/L", np.rint(random.normal(27, 3, len(ago)))),
    }
    drawn = days.instants(day, np.full(len(day), 560.0))
    for panel, every in ((quarterly, 1), (half_yearly, 2)):
        for kind, (unit, value) in panel.items():
            yield Samples(
                kind, story.source("laboratory"), unit, days.columns(drawn[::every], value[::every])
            )
