"""The body mass index of adults and its class. Pure."""

from twin.risk.data import band, load, range_of
from twin.risk.given import Checked, Given, check, wanted
from twin.risk.result import Band, Score

CODE = "bmi"


def body_mass_index(weight: float, height: float) -> float:
    """kg/m² of kg and cm; nothing is checked."""
    return weight / (height / 100) ** 2


def class_of(value: float) -> Band:
    """The WHO's class of adults."""
    for row in load(CODE)["categories"]:
        if "lt" not in row or value < row["lt"]:
            return band(row["label"])
    raise AssertionError("the last class has no upper end")


def score(given: Given) -> Score:
    """The index and its class, or what of its inputs is missing or refused; refused below 18 years too.

    Without weight or height it is the index that was reported.
    """
    content = load(CODE)
    shortest, tallest = (metres * 100 for metres in range_of(CODE, "height") if metres is not None)
    adult = wanted("age", load("handling")["adult_from"], optional=True)
    if "bmi" in given.inputs and not {"weight", "height"} <= given.inputs.keys():
        checked = check([wanted("bmi"), adult], given)
        value = checked.number("bmi") if checked.complete else None
    else:
        weight, height = wanted("weight", *range_of(CODE, "weight")), wanted("height", shortest, tallest)
        checked = check([weight, height, adult], given)
        value = _value(checked) if checked.complete else None
    return Score(
        code=CODE,
        title=content["title"],
        version="WHO",
        value=value,
        unit="kg/m2",
        band=None if value is None else class_of(value),
        inputs=checked.inputs,
        missing=checked.missing,
        refused=checked.refused,
        source=content["citation"],
        verification=content["verification"],
    )


def _value(checked: Checked) -> float:
    return body_mass_index(checked.number("weight"), checked.number("height"))
