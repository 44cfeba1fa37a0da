"""A timing and an amount in words."""

from decimal import Decimal

import pytest

from reminders.timing import parse, timing_words
from reminders.timing.codes import CODES, EVENT_TITLES, EVENTS
from reminders.wording import amount_words

DAY = {"frequency": 1, "period": 1, "periodUnit": "d"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"repeat": DAY | {"timeOfDay": ["08:00"]}}, "once a day at 08:00"),
        (
            {"repeat": DAY | {"frequency": 3, "timeOfDay": ["08:00", "14:00", "20:00"]}},
            "3 times a day at 08:00, 14:00 and 20:00",
        ),
        ({"repeat": DAY | {"period": 3}}, "every 3 days"),
        ({"repeat": DAY | {"period": 8, "periodUnit": "h"}}, "every 8 hours"),
        (
            {"repeat": DAY | {"periodUnit": "wk", "dayOfWeek": ["mon"], "timeOfDay": ["09:00"]}},
            "once a week on Monday at 09:00",
        ),
        ({"repeat": DAY | {"periodUnit": "mo"}}, "once a month"),
        ({"repeat": DAY | {"when": ["CM"]}}, "once a day, at breakfast"),
        ({"everyHours": {"hours": 36, "first": "2026-03-02T08:00:00Z"}}, "every 36 hours"),
        (
            {"asNeeded": {"minimumGapMinutes": 240, "maximumPerDay": 3}},
            "as needed, at least 4 hours apart, at most 3 within 24 hours",
        ),
        ({"asNeeded": {"minimumGapMinutes": 30}}, "as needed, at least 30 minutes apart"),
        (
            {"repeat": DAY | {"timeOfDay": ["08:00"]}, "cycle": {"on": 21, "off": 7}},
            "once a day at 08:00, 21 days on and 7 off",
        ),
        (
            {"code": "QD", "taper": [{"days": 3, "amount": 2}, {"amount": 0.5}]},
            "once a day, tapering: 2 for 3 days, then 0.5",
        ),
    ],
)
def test_timing_is_said_as_one_would_say_it(body, words):
    assert timing_words(parse(body)) == words


def test_every_code_and_event_can_be_said():
    assert EVENTS.keys() <= EVENT_TITLES.keys()
    assert all(timing_words(parse({"code": code})) for code in CODES)


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (Decimal("1.000"), "tablet", "1 tablet"),
        (Decimal("2.000"), "tablet", "2 tablets"),
        (Decimal("0.500"), "tablet", "0.5 tablets"),
        (Decimal(10), "mL", "10 mL"),
        (Decimal(100), "", "100"),
        (None, "tablet", "tablet"),
    ],
)
def test_amount_is_said_as_one_would_say_it(amount, unit, words):
    assert amount_words(amount, unit) == words
