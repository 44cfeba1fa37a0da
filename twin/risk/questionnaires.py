"""PHQ-9 and GAD-7, which a patient answers in the app; the sums of CAT and ACT, whose texts need a licence.

Pure. Bands and rules lie in the file of each; the questions of PHQ-9 and GAD-7 in questions.json.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from twin.risk.data import band, load
from twin.risk.points import Part, banded, total
from twin.risk.result import Flag, Input, Refusal, Score

Code = Literal["phq9", "gad7", "cat_copd", "act_asthma"]
CODES: tuple[Code, ...] = get_args(Code)
CRISIS = Flag("crisis_help", "Thoughts of death or self-harm: show crisis help at once, whatever the total")
SAFETY_QUESTION = 9
"""Of PHQ-9: more than "not at all" raises CRISIS."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question as it is asked, with its LOINC code."""

    number: int
    loinc: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that can be given: its points, its text and its LOINC code."""

    points: int
    text: str
    loinc: str


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """What is put before a patient; only of instruments whose texts may be shown without a licence."""

    code: Code
    title: str
    loinc: str
    asked: str
    questions: tuple[Question, ...]
    answers: tuple[Answer, ...]
    copyright: str


def questionnaire(code: Code) -> Questionnaire | None:
    """The questions in their order; None for those whose texts need a licence."""
    content = load("questions")
    own = content["questionnaires"].get(code)
    if own is None:
        return None
    return Questionnaire(
        code=code,
        title=load(code)["title"],
        loinc=own["loinc"],
        asked=content["asked"],
        questions=tuple(
            Question(number, row["loinc"], row["text"])
            for number, row in enumerate(own["questions"], start=1)
        ),
        answers=tuple(Answer(row["points"], row["text"], row["loinc"]) for row in content["answers"]),
        copyright=content["copyright"],
    )


def score(code: Code, answers: Sequence[int | None], on: date | None, source: str) -> Score:
    """The total and its band; None is a question without an answer.

    Of PHQ-9 one or two such are filled in with the mean of the others, as its rule says, and a note tells so;
    otherwise the total stays open between its ends. Raises ValueError for another number of answers than the
    instrument has questions.
    """
    content = load(code)
    count, (least, most) = content["items"], content["item_range"]
    if len(answers) != count:
        raise ValueError(f"{code} has {count} questions, not {len(answers)}")
    inputs, missing, refused, parts = [], [], [], []
    for number, answer in enumerate(answers, start=1):
        name = f"Question {number}"
        usable = answer is not None and not isinstance(answer, bool) and least <= answer <= most
        parts.append(Part(float(answer) if usable and answer is not None else None, least, most))
        if answer is None:
            missing.append(name)
        elif usable:
            inputs.append(Input(name, answer, "{score}", on, source))
        else:
            refused.append(Refusal(name, answer, f"An answer is {least} to {most}."))
    value, low, high = total(parts)
    notes = _notes(content)
    if code == "phq9" and 0 < len(missing) <= 2 and not refused:
        value = _prorated([part.points for part in parts if part.points is not None], count)
        notes.append(f"{' and '.join(missing)} had no answer: filled in with the mean of the others.")
        if answers[SAFETY_QUESTION - 1] is None:
            notes.append("Whether there are thoughts of death or self-harm is not known.")
        missing = []
    return Score(
        code=code,
        title=content["title"],
        version=_version(content),
        value=value,
        unit="{score}",
        low=None if refused or low == high else low,
        high=None if refused or low == high else high,
        band=None
        if value is None
        else band(banded(value, [(label, begins) for label, begins, _ in content["bands"]])),
        inputs=tuple(inputs),
        missing=tuple(missing),
        refused=tuple(refused),
        flags=(CRISIS,) if code == "phq9" and (answers[SAFETY_QUESTION - 1] or 0) > 0 else (),
        source=content["citation"],
        verification=content["verification"],
        notes=tuple(notes),
    )


def _prorated(points: Sequence[float], count: int) -> float:
    """The mean of the answers times the number of questions, as a whole number, halves up."""
    return float(math.floor(sum(points) / len(points) * count + 0.5))


def _notes(content: Mapping[str, Any]) -> list[str]:
    notes = []
    if "screen_positive" in content:
        notes.append(f"A screen counts as positive with: {content['screen_positive']}. It is no diagnosis.")
    if "mcid" in content:
        notes.append(f"A change by {content['mcid']} is the least that matters to patients.")
    return notes


def _version(content: Mapping[str, Any]) -> str:
    """The year of the publication that the file cites."""
    before, _, _ = str(content["citation"]).partition(";")
    return before.split(" ")[-1]
