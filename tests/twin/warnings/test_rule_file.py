"""The file of rules: what is in force holds together, and what is wrong is refused with line and cause."""

import json

import pytest

from twin.kinds import DATA, KINDS
from twin.warnings.actions import actions
from twin.warnings.finding import Severity
from twin.warnings.rule_file import RuleFileError, current_rules, parse_rules

TEXT = (DATA / "warnings.json").read_text(encoding="utf-8")


def line_of(piece: str) -> int:
    return TEXT[: TEXT.index(piece)].count("\n") + 1


def test_rules_in_force_are_read_whole():
    rules = current_rules()
    assert len(rules.rules) == len(json.loads(TEXT)["rules"])
    assert {rule.condition.value for rule in rules.rules} == {
        "reading", "mean", "gain", "deviation", "threshold", "crossing", "ahead", "score", "silence", "doses",
    }  # fmt: skip
    assert set(rules.paces) - {""} <= set(KINDS)


def test_each_action_is_asked_for_and_each_urgent_level_has_one():
    levels = [level for rule in current_rules().rules for level in rule.levels]
    assert {level.action for level in levels} - {None} == set(actions())
    urgent = [level for level in levels if level.severity.rank >= Severity.URGENT.rank]
    assert [level.id for level in urgent if level.action is None] == []


HEART, INR, POTASSIUM = "hr_rest_very_high", "inr_high", "potassium_low"
FAST = '{"at_least": 131}'
SAYS = '"The INR is above 4.5."'
CALMER = '"severity": "critical", "limits": [{"at_least": 3.0}]'
WRONG = [
    ('"kinds": ["inr"]', '"kinds": ["ink"]', INR, "'ink', which is not known"),
    ('"kinds": ["inr"],', '"kinds": ["inr"], "wow": 1,', INR, '"wow" is not known here'),
    ('"condition": "mean"', '"condition": "mode"', "bp_home_high", "'mode', which is none of"),
    ('"days": 7, "least', '"days": 0, "least', "bp_home_high", '"days" is no whole number from 1'),
    (FAST, '{"at_least": 999}', HEART, "999 is impossible of heart_rate"),
    (FAST, '{"at_least": "fast"}', HEART, '"at_least" is no number'),
    (FAST, '{"over": 131}', HEART, "a limit is one of above, at_least"),
    (FAST, '{"at_least": 131, "below": 2}', HEART, "a limit is one of"),
    ('"ends": 95', '"ends": 93', "spo2_low", "it ends at 93, which lies beyond"),
    (
        CALMER,
        CALMER.replace("critical", "caution"),
        "ketones_high",
        "ketones_very_high is calmer than ketones",
    ),
    ('"requires": "heart_failure"', '"requires": "gout"', "hf_weight_gain", "'gout', which is none of"),
    ('"action": "inr"', '"action": "pray"', INR, "there is no action 'pray'"),
    (SAYS, '"The INR is {size}."', INR, "asks for {size}"),
    (SAYS, '"The INR is {."', INR, "cannot be filled in"),
    ('"title": "INR above 4.5"', '"title": " "', INR, '"title" is no text'),
    ('"title": "INR above 4.5"', '"titel": "INR"', INR, 'there is no "title"'),
    ('"id": "potassium_low"', '"id": "potassium_high"', POTASSIUM, "has the same id"),
    ('"id": "potassium_low"', '"id": "Potassium"', POTASSIUM, "'Potassium' is no id"),
    ('"id": "k_low"', '"id": "k_high"', POTASSIUM, "k_high stands in the file twice"),
]


@pytest.mark.parametrize(("was", "now", "rule", "cause"), WRONG)
def test_rule_that_is_wrong_is_refused_with_its_line_and_the_cause(was, now, rule, cause):
    assert was in TEXT
    with pytest.raises(RuleFileError) as refused:
        parse_rules(TEXT.replace(was, now, 1))
    (fault,) = refused.value.faults
    assert fault.line == line_of(f'{{"id": "{rule}"')
    assert cause in fault.cause


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: this is no JSON"),
        ("[]", "line 1: the file is no object"),
        ("{}", 'line 1: there is no "rules"'),
        ('{"rules": {}}', 'line 1: "rules" is no list'),
        (TEXT[:-40], f"line {TEXT[:-40].count(chr(10)) + 1}: this is no JSON"),
        (
            TEXT.replace('"id": "warnings",', '"id": "warnings",\n "id": "twice",'),
            'line 3: "id" stands here twice',
        ),
        (TEXT.replace(' "heart_rate": {"now', ' "heart_rat": {"now'), "line 1: \"paces\" has 'heart_rat'"),
        (TEXT.replace('"old_hours": 24', '"old_hours": 0', 1), "line 1: paces heart_rate: its times"),
    ],
)
def test_file_that_is_wrong_as_a_whole_is_refused(text, said):
    with pytest.raises(RuleFileError) as refused:
        parse_rules(text)
    assert str(refused.value).startswith(said)


def test_every_faulty_rule_is_told_of_at_once():
    with pytest.raises(RuleFileError) as refused:
        parse_rules(TEXT.replace('"direction": "low"', '"direction": "down"'))
    lines = [fault.line for fault in refused.value.faults]
    assert lines == sorted(set(lines))
    assert len(lines) == TEXT.count('"direction": "low"')
