"""What questionnaires say of thoughts of death and self-harm, as rules of early warning ask for it."""

from uuid import UUID

from twin.instants import milliseconds
from twin.queries.questionnaires import newest_response
from twin.risk.questionnaires import SAFETY_QUESTION
from twin.warnings.facts import Score

SAFETY_SCORE = "phq9_item9"
"""Under this name rules find the points of the question on death and self-harm."""


def safety_score(patient_id: UUID) -> dict[str, Score]:
    """What the newest PHQ-9 says of thoughts of death and self-harm, if there is one.

    It speaks from when it came: what was answered offline yesterday still needs somebody now.
    """
    row = newest_response(patient_id, "phq9")
    if row is None:
        return {}
    points = row.answers[SAFETY_QUESTION - 1]
    low, high = (0, 3) if points is None else (points, points)
    return {SAFETY_SCORE: Score(low, high, milliseconds(row.received_at))}
