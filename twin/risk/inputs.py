"""From what is known of a person to what scores want. Pure.

Readings come in the catalogue's units, records through facts.py, the rest as answers. Nothing is guessed:
what is missing, too old or of a day to come is named in plain words, with its day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from twin.kinds import kind
from twin.risk.body_mass import body_mass_index
from twin.risk.data import load
from twin.risk.given import Given, named
from twin.risk.kidney import egfr, reported
from twin.risk.kidney_course import Result
from twin.risk.result import Input, Value

UNKNOWN_SEX = "unknown"


@dataclass(frozen=True, slots=True)
class Measured:
    """The newest value of a kind in its canonical unit, and the patient's day of it."""

    value: float
    on: date
    source: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What somebody said when asked, by an input code of handling.json."""

    value: Value
    on: date
    source: str


def gather(
    *,
    age: int,
    sex: str,
    readings: Mapping[str, Measured],
    facts: Mapping[str, Input],
    answers: Mapping[str, Answered],
    today: date,
) -> Given:
    """Every input that scores may want.

    `age` is in completed years; `sex` is FHIR's administrative gender; `readings` are by kind. Body mass
    index and eGFR are worked out of weight and height, and of creatinine, unless what was reported is newer.
    That records name a condition stands above an answer; elsewhere the later of both counts, and an answer
    above silence. What records say does not grow old, but for smoking.
    """
    inputs: dict[str, Input] = {"age": Input(named("age"), float(age), "a", today, "birth date")}
    absent: dict[str, str] = {}
    # Silent where it is not known; of "other" each score says itself that it does not know it.
    if sex != UNKNOWN_SEX:
        inputs["sex"] = Input(named("sex"), sex, "", None, "profile")
    every = dict(readings)
    _work_out(every, age, sex, today)
    for code, row in load("handling")["inputs"].items():
        if code in ("age", "sex"):
            continue
        if "kind" in row:
            found = _of_reading(code, every.get(row["kind"]))
        else:
            found = _of_words(code, facts.get(code), answers.get(code))
        if found is None:
            continue
        grows_old = found is not facts.get(code) or code == "smoking"
        why = _unusable(code, found, today) if grows_old else None
        if why is None:
            inputs[code] = found
        else:
            absent[code] = why
    return Given(inputs, absent)


def kidney_results(
    creatinine: Iterable[Measured], estimated: Iterable[Measured], born_on: date, sex: str
) -> list[Result]:
    """eGFR of one equation over time: out of creatinine, or as reported where that is on more days.

    The two are never mixed, for a step from one equation to another would look like a course.
    """
    worked_out = []
    if sex in load("ckd_epi_2021")["constants"]:
        worked_out = [
            Result(one.on, egfr(one.value, _age_on(one.on, born_on), sex), one.source)
            for one in creatinine
            if one.value > 0
        ]
    as_reported = [Result(one.on, one.value, one.source) for one in estimated]
    more = len({one.on for one in as_reported}) > len({one.on for one in worked_out})
    return as_reported if more else worked_out


def _work_out(readings: dict[str, Measured], age: int, sex: str, today: date) -> None:
    """Puts the body mass index and eGFR beside what was read, or in the place of what is older."""
    weight, height = readings.get("weight"), readings.get("height")
    if weight is not None and height is not None and height.value > 0:
        value = body_mass_index(weight.value, height.value)
        _put(readings, "bmi", Measured(round(value, 2), weight.on, "weight and height"))
    creatinine = readings.get("creatinine")
    known = sex in load("ckd_epi_2021")["constants"]
    if creatinine is not None and creatinine.value > 0 and known and creatinine.on <= today:
        value = reported(egfr(creatinine.value, _years_before(age, creatinine.on, today), sex))
        _put(readings, "egfr", Measured(value, creatinine.on, "creatinine, CKD-EPI 2021"))


def _put(readings: dict[str, Measured], code: str, found: Measured) -> None:
    if code not in readings or readings[code].on <= found.on:
        readings[code] = found


def _years_before(age: int, on: date, today: date) -> int:
    """The age on an earlier day, to within a year: the birthday is not known here."""
    return age - (today - on).days // 365


def _of_reading(code: str, reading: Measured | None) -> Input | None:
    if reading is None:
        return None
    return Input(named(code), reading.value, kind(code).unit, reading.on, reading.source)


def _of_words(code: str, fact: Input | None, answer: Answered | None) -> Input | None:
    if answer is None:
        return fact
    said = Input(named(code), answer.value, "", answer.on, answer.source)
    if fact is None or (fact.value is False and fact.on is None):
        return said
    if code in load("ages")["lasting"]:
        return fact
    return fact if fact.on is not None and fact.on > answer.on else said


def _unusable(code: str, found: Input, today: date) -> str | None:
    """Why an input cannot count on this day, in plain words; None where it can."""
    limit = load("ages")["days"][code]
    if found.on is None:
        return None
    if found.on > today:
        return f"it is of {found.on.isoformat()}, a day to come"
    lasts = found.value is True and code in load("ages")["lasting"]
    if limit is None or lasts or (today - found.on).days <= limit:
        return None
    return f"the last is of {found.on.isoformat()}, more than {limit} days ago"


def _age_on(day: date, born_on: date) -> int:
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
