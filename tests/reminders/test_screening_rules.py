"""Which rules of screening are in force, and how a file is checked before it is."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from reminders.checks import screening_rules_can_be_read
from reminders.screening import shipped_rules
from reminders.screening.rule_file import DATA
from reminders.screening_rules import current_rules

TEXT = (DATA / "screening.json").read_text(encoding="utf-8")


@pytest.fixture
def rules_in(settings, tmp_path):
    """Puts a text in force, as a start with SCREENING_RULES does."""

    def put(text):
        path = tmp_path / "rules.json"
        path.write_text(text, encoding="utf-8")
        settings.SCREENING_RULES = path
        current_rules.cache_clear()
        return path

    yield put
    current_rules.cache_clear()


def check(*file):
    out = StringIO()
    call_command("screening", "check", *map(str, file), stdout=out)
    return out.getvalue().splitlines()


def test_without_a_file_the_shipped_rules_are_in_force():
    assert current_rules() is shipped_rules()
    assert screening_rules_can_be_read(None) == []


def test_a_file_takes_the_place_of_the_shipped_rules(rules_in):
    rules_in(TEXT.replace('"jurisdiction": "United States, adults 18/19+"', '"jurisdiction": "Elsewhere"'))
    assert current_rules().jurisdiction == "Elsewhere"
    assert screening_rules_can_be_read(None) == []


def test_with_a_file_that_is_wrong_there_is_no_start(rules_in):
    path = rules_in(TEXT.replace('"sex": "male"', '"sex": "m"', 1))
    (error,) = screening_rules_can_be_read(None)
    assert error.id == "pollux.E004"
    assert error.msg.startswith(f"SCREENING_RULES: {path}, line ")
    path.unlink()
    (error,) = screening_rules_can_be_read(None)
    assert "cannot be read: No such file" in error.msg


def test_a_file_is_checked_against_the_rules_in_force(tmp_path):
    whole = json.loads(TEXT)
    whole["rules"][0]["eligibility"]["age"] = [50, 74]
    whole["rules"][1]["id"] = "cervical_young"
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(whole, indent=1), encoding="utf-8")
    assert check(path) == [
        "42 rules, United States, adults 18/19+, as of 2026-11-23.",
        "changed: breast_mammography",
        "gone: cervical_21_29",
        "new: cervical_young",
    ]
    assert check() == ["42 rules, United States, adults 18/19+, as of 2026-11-23."]


def test_each_fault_of_a_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text(
        TEXT.replace('"sex": "male"', '"sex": "m"', 1).replace('"min_bmi": 30', '"min_bmi": 0.5e999', 1)
    )
    with pytest.raises(CommandError) as refused:
        check(path)
    lines = str(refused.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{path}, line ") for line in lines)
    path.write_bytes(b"\xff")
    with pytest.raises(CommandError, match="no text"):
        check(path)
    with pytest.raises(CommandError, match="cannot be read"):
        check(tmp_path / "none.json")
