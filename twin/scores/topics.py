"""Which topics a score stands on: who may not read all of them may not read the score. Pure."""

from collections.abc import Iterable, Mapping
from functools import cache

from backend.rules import Topic
from twin.kinds import kind
from twin.risk import catalogue, kidney_course
from twin.risk.data import load
from twin.risk.given import Given, named
from twin.scores.asked import questions

NARROWEST = (
    Topic.GENES,
    Topic.MENTAL_HEALTH,
    Topic.MEDICATION,
    Topic.GLUCOSE,
    Topic.RECORDS,
    Topic.VITALS,
    Topic.MESSAGES,
)
"""The order in which one topic is chosen to stand for several: what is shared least first."""
NEWS2 = "news2"
CGM = ("cgm_tir", "cgm_gmi", "cgm_cv", "cgm_gri")
QUESTIONNAIRES = ("phq9", "gad7")


@cache
def inputs_of() -> Mapping[str, frozenset[str]]:
    """Of each score that follows from readings, records and answers the codes of what it wants."""
    by_name = {named(code): code for code in load("handling")["inputs"]}
    return {
        score.code: frozenset(by_name[name] for name in score.missing)
        for score in catalogue.scores(Given({}))
    }


@cache
def topics_of() -> Mapping[str, frozenset[Topic]]:
    """Of each score that is kept the topics of what it wants."""
    found = {
        code: frozenset(topic for one in wants if (topic := _topic(one)) is not None)
        for code, wants in inputs_of().items()
    }
    return {
        **found,
        kidney_course.CODE: frozenset({Topic(kind("egfr").topic)}),
        NEWS2: frozenset({Topic.VITALS}),
        **dict.fromkeys(CGM, frozenset({Topic.GLUCOSE})),
        **dict.fromkeys(QUESTIONNAIRES, frozenset({Topic.MENTAL_HEALTH})),
    }


def narrowest(topics: Iterable[Topic]) -> Topic:
    """The one of several topics that is shared least."""
    return min(topics, key=NARROWEST.index)


def _topic(code: str) -> Topic | None:
    """The topic of an input; None for age and sex, which whoever sees a patient knows."""
    row = load("handling")["inputs"][code]
    if "kind" in row:
        return Topic(kind(row["kind"]).topic)
    return questions()[code].topic if code in questions() else None
