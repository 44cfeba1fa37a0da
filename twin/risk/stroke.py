"""CHA2DS2-VASc and CHA2DS2-VA: the risk of stroke with atrial fibrillation. Pure."""

from collections.abc import Mapping

from twin.risk.data import band, load
from twin.risk.given import Checked, Given, check, wanted
from twin.risk.points import Part, total
from twin.risk.result import Band, Score, Value

CODE = "cha2ds2_vasc"
_FACTS = {
    "heart_failure": "heart_failure",
    "hypertension": "hypertension",
    "diabetes": "diabetes",
    "stroke": "stroke_tia_te",
    "vascular_disease": "vascular_disease",
}


def scores(given: Given) -> tuple[Score, Score]:
    """CHA2DS2-VASc, and CHA2DS2-VA which leaves sex out; with parts missing the range of the sum.

    Refused for people without atrial fibrillation: the scores say nothing of them.
    """
    content = load(CODE)
    why = f"The score is only for {content['only_for']}."
    wants = [
        wanted("atrial_fibrillation", only=True, why=why),
        wanted("age"),
        *(wanted(code) for code in _FACTS),
    ]
    with_sex = check([*wants, wanted("sex")], given)
    return _score(with_sex, women_count=True), _score(check(wants, given), women_count=False)


def _score(checked: Checked, *, women_count: bool) -> Score:
    content = load(CODE)
    value, low, high = total(_parts(checked.values, women_count=women_count))
    if not checked.complete:
        value = None
    partial = value is None and not checked.refused
    rates = content["ischaemic_stroke_pct_per_year" if women_count else "va_stroke_pct_per_year"]
    notes = [f"Only for {content['only_for']}."]
    if value is not None and str(int(value)) in rates:
        kind = "an ischaemic stroke" if women_count else "a stroke"
        notes.append(f"Of people with so many points about {rates[str(int(value))]} % a year had {kind}.")
    return Score(
        code=CODE if women_count else "cha2ds2_va",
        title="CHA2DS2-VASc" if women_count else "CHA2DS2-VA",
        version="2010" if women_count else "ESC 2024",
        value=value,
        unit="{score}",
        low=low if partial else None,
        high=high if partial else None,
        band=None if value is None or women_count else _action(value),
        inputs=checked.inputs,
        missing=checked.missing,
        refused=checked.refused,
        source=content["citation"],
        verification=content["verification"],
        notes=tuple(notes),
    )


def _parts(values: Mapping[str, Value], *, women_count: bool) -> list[Part]:
    worth = load(CODE)["points"]
    parts = [
        Part(worth[name] * float(values[code]) if code in values else None, 0, worth[name])
        for code, name in _FACTS.items()
    ]
    oldest, older = worth["age_75_plus"], worth["age_65_74"]
    if "age" in values:
        age = float(values["age"])
        parts.append(Part(oldest if age >= 75 else older if age >= 65 else 0, 0, oldest))
    else:
        parts.append(Part(None, 0, oldest))
    if women_count:
        female = worth["female_sex"]
        parts.append(Part(female * (values["sex"] == "female") if "sex" in values else None, 0, female))
    return parts


def _action(value: float) -> Band:
    """What the ESC's guideline of 2024 says of so many points: `va_action` of the file."""
    return band("recommended" if value >= 2 else "considered" if value >= 1 else "not_indicated")
