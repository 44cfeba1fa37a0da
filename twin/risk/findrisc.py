"""FINDRISC: points for the risk of type 2 diabetes within 10 years. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from twin.risk.data import band, load
from twin.risk.given import Given, check, named, wanted
from twin.risk.levers import NOTE
from twin.risk.points import Part, banded, total
from twin.risk.result import Lever, Score, Value

CODE = "findrisc"
_ANSWERS = {
    "active_daily": "active_30min_daily",
    "vegetables_daily": "vegetables_daily",
    "bp_medicine_ever": "bp_medication_ever",
    "high_glucose_ever": "high_glucose_ever",
}
ITEMS = ("age", "bmi", "waist", *_ANSWERS, "family_diabetes")
"""The eight items, by input code, in the order of the questionnaire but for the family at its end."""


def points(item: str, values: Mapping[str, Value]) -> float:
    """The points of one item that is known; the waist's hang on "sex"."""
    items, value = load(CODE)["items"], values[item]
    if item == "age":
        return next(float(earned) for _, last, earned in items["age"] if last is None or int(value) <= last)
    if item == "bmi":
        return _in_span(float(value), items["bmi"])
    if item == "waist":
        return _in_span(float(value), items["waist_cm"][values["sex"]])
    if item == "family_diabetes":
        return float(_family()[str(value)])
    return float(items[_ANSWERS[item]]["yes" if value else "no"])


def score(given: Given) -> Score:
    """The points and their band; with items missing the range in which the sum lies.

    Refused for people with diabetes: it asks who may get it.
    """
    content = load(CODE)
    why = "FINDRISC is not for people with diagnosed diabetes."
    wants = [*(wanted(item) for item in ITEMS), wanted("sex"), wanted("diabetes", only=False, why=why)]
    checked = check(wants, given)
    parts = [_part(item, checked.values) for item in ITEMS]
    value, low, high = total(parts)
    notes = ["The file of the score states no lower end of age; it was made for adults."]
    if checked.complete and value is not None:
        row = _row(value)
        notes += [
            f"Of people with so many points about {row['risk']:.0%} get type 2 diabetes in 10 years.",
            NOTE,
        ]
    else:
        value = None
    partial = value is None and not checked.refused
    return Score(
        code=CODE,
        title=content["title"],
        version="2003",
        value=value,
        unit="{score}",
        low=low if partial else None,
        high=high if partial else None,
        band=None if value is None else band(_row(value)["label"]),
        inputs=checked.inputs,
        missing=checked.missing,
        refused=checked.refused,
        levers=() if value is None else _levers(checked.values, value),
        source=content["citation"],
        verification=content["verification"],
        notes=tuple(notes),
    )


def _part(item: str, values: Mapping[str, Value]) -> Part:
    every = _all_points(item)
    known = item in values and (item != "waist" or "sex" in values)
    return Part(points(item, values) if known else None, min(every), max(every))


def _all_points(item: str) -> list[float]:
    items = load(CODE)["items"]
    if item == "waist":
        return [float(earned) for rows in items["waist_cm"].values() for _, earned in rows]
    if item == "family_diabetes":
        return [float(earned) for earned in _family().values()]
    if item in _ANSWERS:
        return [float(earned) for earned in items[_ANSWERS[item]].values()]
    return [float(row[-1]) for row in items[item]]


def _family() -> Mapping[str, int]:
    """The points by degree; the file's keys go on to say who counts as what."""
    return {key.split(" ")[0]: earned for key, earned in load(CODE)["items"]["family_diabetes"].items()}


def _in_span(value: float, rows: Sequence[tuple[str, int]]) -> float:
    """The points of the row that a value lies in; the rows read "<25", "25-30", ">30"."""
    (first, low_points), (middle, points_between), (_, high_points) = rows
    if value < float(first.removeprefix("<")):
        return float(low_points)
    return float(points_between if value <= float(middle.split("-")[1]) else high_points)


def _row(value: float) -> Mapping[str, Any]:
    rows = load(CODE)["bands"]
    label = banded(value, [(row["label"], row.get("ge", 0)) for row in rows])
    found: Mapping[str, Any] = next(row for row in rows if row["label"] == label)
    return found


def _levers(values: Mapping[str, Value], value: float) -> tuple[Lever, ...]:
    """What the sum would be without the points of an item that can be changed, the most first."""
    waist = load(CODE)["items"]["waist_cm"][values["sex"]]
    free: Mapping[str, Value] = {
        "bmi": f"below {load(CODE)['items']['bmi'][0][0].removeprefix('<')}",
        "waist": f"below {waist[0][0].removeprefix('<')}",
        "active_daily": True,
        "vegetables_daily": True,
    }
    found = [
        Lever(named(item), values[item], to, value - points(item, values))
        for item, to in free.items()
        if points(item, values) > 0
    ]
    return tuple(sorted(found, key=lambda lever: lever.value_then))
