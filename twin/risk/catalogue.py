"""Every score that follows from what is known of a person, without anything being asked anew. Pure."""

from twin.risk import body_mass, findrisc, kidney, liver, prevent, score2, stroke
from twin.risk.given import Given
from twin.risk.result import Score


def scores(given: Given) -> tuple[Score, ...]:
    """All of them, those that lack something too, in the order in which they are shown.

    Questionnaires, the course of the kidneys and qSOFA, which is for the moment only, stand in their modules.
    """
    return (
        *prevent.scores(given),
        score2.score(given),
        *stroke.scores(given),
        findrisc.score(given),
        body_mass.score(given),
        liver.score(given),
        kidney.score(given),
    )
