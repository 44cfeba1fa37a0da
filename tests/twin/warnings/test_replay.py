"""Rules rehearsed over a history: nothing is known too early, and each alert counts once."""

import json
from datetime import timedelta

import pytest
from facts_of import NOW, ago, every, readings

from twin.kinds import DATA
from twin.warnings.finding import Severity
from twin.warnings.replay import History, Raised, Rehearsal, rehearse, table
from twin.warnings.rule_file import current_rules, parse_rules

DAY = 86_400_000
MONTH = timedelta(days=30)


def history(**given):
    whole = {
        "readings": {}, "activities": (), "days": {}, "usual_kinds": frozenset(), "thresholds": (),
        "conditions": frozenset(),
        "look_back": dict.fromkeys(given.get("readings", {}), 9 * DAY),
        "today": lambda at: at.date(), "age": 60, "events": (),
    }  # fmt: skip
    return History(**whole | given)


def rehearsed(given, rules=None):
    return rehearse(rules or current_rules(), given, since=NOW - MONTH, until=NOW)


def test_each_low_counts_once_by_the_worst_it_came_to():
    lows = readings(
        *((ago(hours=hours), value) for hours, value in ((20, 65), (19, 50), (18, 90), (9, 60), (8, 90)))
    )
    found = rehearsed(history(readings={"glucose": lows}))
    assert [(one.rule, one.severity.value, one.at) for one in found.raised] == [
        ("glucose_low", "urgent", ago(hours=20)),
        ("glucose_low", "caution", ago(hours=9)),
    ]
    assert found.weeks == 2 / 7


def test_nothing_is_raised_before_its_reading_came():
    found = rehearsed(history(readings={"potassium": every(60 * 24, 4.1, 6.4, 4.2)}))
    (one,) = found.raised
    assert one.at == ago(days=1)


def test_rehearsal_without_data_is_of_no_weeks():
    found = rehearsed(history())
    assert (found.raised, found.weeks) == ([], 0)
    assert table({"in force": [found]})[1] == ["information per patient-week", "–"]


def test_event_is_led_up_to_by_the_first_warning_of_its_week():
    raised = [
        Raised("a", "", Severity.CAUTION, ago(days=20)),
        Raised("a", "", Severity.INFORMATION, ago(days=6)),
        Raised("a", "", Severity.CAUTION, ago(days=5)),
        Raised("a", "", Severity.URGENT, ago(days=1)),
    ]
    found = Rehearsal(raised, 4.0, [NOW, ago(days=10)])
    assert found.leads() == [timedelta(days=5), None]
    calm = Rehearsal([Raised("a", "", Severity.URGENT, ago(days=1))], 2.0, [])
    assert table({"in force": [found, calm], "other": [calm]}) == [
        ["", "in force", "other"],
        ["information per patient-week", "0.17", "0.00"],
        ["caution per patient-week", "0.33", "0.00"],
        ["urgent per patient-week", "0.33", "0.50"],
        ["critical per patient-week", "0.00", "0.00"],
        ["urgent and critical, without events", "0.50", "0.50"],
        ["the same, who has most", "0.50", "0.50"],
        ["a", "0.83", "0.50"],
        ["events warned of before", "1 of 2, median 120 h", "0 of 0"],
    ]


@pytest.mark.parametrize(("limit", "count"), [(70, 1), (60, 0)])
def test_another_file_is_rehearsed_by_its_own_limits(limit, count):
    whole = json.loads((DATA / "warnings.json").read_text("utf-8"))
    whole["rules"] = [rule for rule in whole["rules"] if rule["id"] == "glucose_low"]
    whole["rules"][0]["levels"][0]["limits"] = [{"below": limit}]
    rules = parse_rules(json.dumps(whole))
    found = rehearsed(history(readings={"glucose": every(60, 90, 65)}), rules)
    assert len(found.raised) == count
