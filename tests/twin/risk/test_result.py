"""The one shape of every score, and what it cannot claim."""

import json
from datetime import date

import pytest

from twin.risk.result import Band, Flag, Input, Lever, Refusal, Score

SAID = {
    "code": "s",
    "title": "S",
    "version": "1",
    "unit": "{score}",
    "source": "book",
    "verification": "read",
}


@pytest.mark.parametrize(
    "claim",
    [
        {"value": 1.0, "missing": ("Age",)},
        {"value": 1.0, "refused": (Refusal("Age", 17.0, "below 18"),)},
        {"value": None, "band": Band("low", "Low")},
        {"value": None, "levers": (Lever("Smoking", True, False, 1.0),)},
        {"value": None, "low": 1.0},
        {"value": None, "high": 1.0},
        {"value": None, "low": 2.0, "high": 1.0},
    ],
)
def test_score_that_claims_more_than_its_inputs_allow_is_refused(claim):
    with pytest.raises(ValueError, match=r"^s has a "):
        Score(**SAID, **claim)


def test_as_json_is_json_with_every_field():
    score = Score(
        **SAID,
        value=3.0,
        low=2.0,
        high=4.0,
        band=Band("low", "Low"),
        inputs=(Input("Age", 50.0, "a", date(2026, 1, 2), "profile"), Input("Smoking", False, "", None, "")),
        levers=(Lever("Smoking", True, False, 2.0),),
        flags=(Flag("crisis", "Crisis help"),),
        notes=("A note.",),
    )
    said = json.loads(json.dumps(score.as_json()))
    assert said == {
        **SAID,
        "value": 3.0,
        "low": 2.0,
        "high": 4.0,
        "band": {"code": "low", "title": "Low"},
        "inputs": [
            {"name": "Age", "value": 50.0, "unit": "a", "on": "2026-01-02", "source": "profile"},
            {"name": "Smoking", "value": False, "unit": "", "on": None, "source": ""},
        ],
        "missing": [],
        "refused": [],
        "levers": [{"name": "Smoking", "from": True, "to": False, "value_then": 2.0}],
        "flags": [{"code": "crisis", "title": "Crisis help"}],
        "notes": ["A note."],
    }
    assert Score(**SAID, value=None, refused=(Refusal("Age", 17.0, "below 18"),)).as_json()["refused"] == [
        {"name": "Age", "value": 17.0, "why": "below 18"}
    ]
