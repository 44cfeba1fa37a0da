"""Dosage instructions in words and codes: what is read, and what waits for a person."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.dosage_text import Dosage, Unparsed, read_dosage, read_words
from reminders.timing import Timing, parse

SAMPLES = Path(__file__).parent.parent / "samples"
TWICE = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
DAILY = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}


def when(*names, **said):
    return {"repeat": {"when": list(names)}} | said


def needed(gap=None, most=None):
    given_ = {"minimumGapMinutes": gap, "maximumPerDay": most}
    return {"asNeeded": {name: value for name, value in given_.items() if value}}


def every(period, unit):
    return {"repeat": {"frequency": 1, "period": period, "periodUnit": unit}}


READ = [
    ("1 tablet twice daily", TWICE, 1, "tablet"),
    ("10 mL bid", {"code": "BID"}, 10, "mL"),
    ("10 mL B.I.D.", {"code": "BID"}, 10, "mL"),
    ("Take one tablet by mouth two times a day", TWICE, 1, "tablet"),
    ("Take 1 tablet (500 mg total) by mouth 2 (two) times daily.", TWICE, 1, "tablet"),
    ("take one twice daily", TWICE, 1, ""),
    ("1 tablet daily", DAILY, 1, "tablet"),
    ("1 tablet a day", DAILY, 1, "tablet"),
    ("half a tablet every day", DAILY, "0.5", "tablet"),
    (".5 mL daily", DAILY, "0.5", "mL"),
    ("take 0.5 tablets daily", DAILY, "0.5", "tablet"),
    ("1 1/2 tablets daily", DAILY, "1.5", "tablet"),
    ("1½ Tabletten morgens", when("MORN"), "1.5", "tablet"),
    ("2 x täglich 1 Tablette", TWICE, 1, "tablet"),
    ("zweimal täglich je 1 Kapsel", TWICE, 1, "capsule"),
    ("2x tgl. 20 Tropfen", TWICE, 20, "drop"),
    ("1-0-1", when("MORN", "EVE"), 1, ""),
    ("1 - 0 – 1 - 0", when("MORN", "EVE"), 1, ""),
    ("0-0-0-1 Tabl.", when("NIGHT"), 1, "tablet"),
    ("1-0-0,5", when("MORN", "EVE", amounts=[1, "0.5"]), None, ""),
    ("12-0-14 IE", when("MORN", "EVE", amounts=[12, 14]), None, "unit"),
    ("1-1-1 montags", {"repeat": {"when": ["MORN", "NOON", "EVE"], "dayOfWeek": ["mon"]}}, 1, ""),
    ("Morgens 1 Tablette, abends ½ Tablette", when("MORN", "EVE", amounts=[1, "0.5"]), None, "tablet"),
    ("1 tablet in the morning and 2 tablets at bedtime", when("MORN", "HS", amounts=[1, 2]), None, "tablet"),
    ("morgens, mittags, abends 1 Hub", when("MORN", "NOON", "EVE"), 1, "puff"),
    ("morgens und abends 1 Hub", when("MORN", "EVE"), 1, "puff"),
    ("täglich morgens 1 Tablette", when("MORN"), 1, "tablet"),
    ("Nehmen Sie abends eine Tablette ein.", when("EVE"), 1, "tablet"),
    ("one every morning", when("MORN"), 1, ""),
    ("20 units at bedtime", when("HS"), 20, "unit"),
    ("1 tablet before breakfast", when("ACM"), 1, "tablet"),
    (
        "3 times daily 1 tablet with meals",
        {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d", "when": ["C"]}},
        1,
        "tablet",
    ),
    (
        "3x täglich 1 Tablette vor dem Essen",
        {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d", "when": ["AC"]}},
        1,
        "tablet",
    ),
    ("1 tablet at 8 am and 8:30 pm", {"repeat": {"timeOfDay": ["08:00", "20:30"]}}, 1, "tablet"),
    (
        "8 Uhr: 2 Tabletten, 11 Uhr: 1 Tablette",
        {"repeat": {"timeOfDay": ["08:00", "11:00"]}, "amounts": [2, 1]},
        None,
        "tablet",
    ),
    ("1 tablet every 8 hours", every(8, "h"), 1, "tablet"),
    ("1 tab q6h", every(6, "h"), 1, "tablet"),
    ("alle 12 Stunden 1 Tablette", every(12, "h"), 1, "tablet"),
    ("1 patch every 72 hours", every(72, "h"), 1, "patch"),
    ("1 tablet every other day", every(2, "d"), 1, "tablet"),
    ("alle 3 Tage 1 Tablette", every(3, "d"), 1, "tablet"),
    (
        "jeden 2. Tag 1 Stück um 08:00 Uhr",
        {"repeat": every(2, "d")["repeat"] | {"timeOfDay": ["08:00"]}},
        1,
        "piece",
    ),
    ("4 tablets once weekly", every(1, "wk"), 4, "tablet"),
    ("1 tablet before breakfast and at bedtime", when("ACM", "HS"), 1, "tablet"),
    ("once weekly", every(1, "wk"), None, ""),
    ("Montags und freitags je 1 Tablette", {"repeat": {"dayOfWeek": ["mon", "fri"]}}, 1, "tablet"),
    ("1 tablet monthly", every(1, "mo"), 1, "tablet"),
    ("bei Bedarf max. 3x täglich", needed(most=3), None, ""),
    ("1 Tablette bei Bedarf, höchstens 4 Tabletten am Tag", needed(most=4), 1, "tablet"),
    ("take 2 tablets every 8 hours as needed", needed(gap=480), 2, "tablet"),
    ("take 2 tablets every six hours as needed max eight in twenty four hours", needed(360, 8), 2, "tablet"),
    ("2 tablets as needed, no more than 8 tablets per day", needed(most=4), 2, "tablet"),
    ("5ml 3 hrly when required", needed(gap=180), 5, "mL"),
    ("take 10mls q.d.s. p.r.n.", needed(most=4), 10, "mL"),
    ("1 tablet at bedtime as needed for sleep", needed(most=1), 1, "tablet"),
    ("1 tablet as needed for pain, up to 3 times daily", needed(most=3), 1, "tablet"),
    ("1 puff prn", needed(), 1, "puff"),
]


@pytest.mark.parametrize(("text", "body", "amount", "unit"), READ, ids=[row[0] for row in READ])
def test_words_are_read(text, body, amount, unit):
    found = read_words(text)
    assert found == Dosage(parse(body), None if amount is None else Decimal(amount), unit)


@pytest.mark.parametrize(
    ("text", "days"),
    [("1-0-1 für 10 Tage", 10), ("1 tablet twice daily for 2 weeks", 14), ("1 tab bid x 7 days", 7)],
)
def test_words_say_for_how_long(text, days):
    assert read_words(text).days == days


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "how often"),
        ("nach Anweisung", "nach"),
        ("1 tablet", "how often"),
        ("1 tab OD", "right eye"),
        ("1 tablet QPM", "evening"),
        ("1 tablet BIW", "twice a day"),
        ("STAT", "At once"),
        ("Takes 1-2 tablets once daily at bedtime as needed for restless legs", "range"),
        ("1 or 2 tablets twice daily", "range"),
        ("ein bis zwei Tabletten täglich", "range"),
        ("2 puffs every 4-6 hours as needed", "range"),
        ("1.000 mg twice daily", "thousands"),
        ("1,000 mg twice daily", "thousands"),
        ("-5 mL twice daily", "not understood"),
        ("0 tablets daily", "above 0"),
        ("täglich 2 Tabletten", "how many doses"),
        ("4 tablets per day", "how many doses"),
        ("take 2 daily", "how many doses"),
        ("4 tablets weekly", "how many doses"),
        ("1 tablet every morning with breakfast", "may be one"),
        ("1 tablet every morning, with breakfast", "may be one"),
        ("1 tablet in the morning and with breakfast", "may be one"),
        ("1 tablet at night at bedtime", "may be one"),
        ("every evening 1 tablet at bedtime", "may be one"),
        ("5 times a day", "no usual times"),
        ("three times a week", "which days"),
        ("alle 5 Stunden 1 Tablette", "fixed times"),
        ("1 tablet twice daily with meals", "which meals"),
        ("1 tablet 3 times daily before breakfast", "names 1"),
        ("1 tablet bid tid", "two ways"),
        ("1 tablet daily weekly", "two ways"),
        ("1 tablet daily every 8 hours", "two ways"),
        ("1 tablet 2 capsules daily", "several units"),
        ("morgens 1 Tablette, abends 10 mL", "several units"),
        ("Montags 1 Tablette, freitags ½ Tablette", "at which times"),
        ("bis zu 3x täglich 1 Tablette", "at most"),
        ("1 tablet as needed, max 4 g per day", "another thing"),
        ("1 tablet 3 times daily as needed, max 2 times daily", "two ways"),
        ("1 tablet as needed for sleep at bedtime then 2", "not understood"),
        ("1 tablet as needed for pain every morning", "not understood"),
        ("1 tablet on mondays as needed", "which days"),
        ("1 tablet weekly as needed", "which days"),
        ("1-0-1 und bei Bedarf", "more than its scheme"),
        ("1-0-1 oder 1-1-1", "range"),
        ("0-0-0", "nothing"),
        ("23-11-2026", "date"),
        ("1-1", "range"),
        ("1 tablet at 13 pm", "time of the day"),
        ("1 tablet daily for 7.5 days", "whole number"),
        ("1 tablet daily for 99999999999 days", "from 1 to"),
        ("1 tablet in the morning then 2 at night", "not understood"),
        ("1 tablet twice daily except on Sundays", "not understood"),
        ("x" * 401, "too long"),
    ],
)
def test_words_in_doubt_wait_for_a_person(text, why):
    found = read_words(text)
    assert isinstance(found, Unparsed)
    assert found.text == text
    assert why in found.why


WORDS = st.sampled_from(" ".join(text for text, *_ in READ).split())


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=8).map(" ".join)))
def test_any_text_is_read_or_waits(text):
    found = read_words(text)
    assert isinstance(found, Dosage | Unparsed)
    if isinstance(found, Dosage):
        assert isinstance(found.timing, Timing)
        assert found.amount is None or 0 < found.amount <= 1_000_000


def instruction(body=None, dose=None, **said):
    timing = {} if body is None else {"timing": body}
    quantity = (
        {} if dose is None else {"doseAndRate": [{"doseQuantity": {"value": dose, "unit": "Tablette"}}]}
    )
    return timing | quantity | said


def coded(code, **said):
    return {
        "code": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation", "code": code}],
            **said,
        }
    }


def daily_at(*times, **said):
    return {
        "repeat": {"frequency": len(times), "period": 1, "periodUnit": "d", "timeOfDay": list(times)} | said
    }


TABLETS_A_DAY = {
    "numerator": {"value": 4, "unit": "tablet"},
    "denominator": {"value": 1, "unit": "day", "code": "d"},
}


@pytest.mark.parametrize(
    ("instructions", "dosage"),
    [
        ([instruction(TWICE, 1)], Dosage(parse(TWICE), Decimal(1), "tablet")),
        ([instruction(TWICE, 1, text="Take with water")], Dosage(parse(TWICE), Decimal(1), "tablet")),
        ([instruction(TWICE, text="2 tablets twice daily")], Dosage(parse(TWICE), Decimal(2), "tablet")),
        ([instruction(coded("BID"), 1)], Dosage(parse({"code": "BID"}), Decimal(1), "tablet")),
        ([instruction({"code": {"text": "twice daily"}}, 1)], Dosage(parse(TWICE), Decimal(1), "tablet")),
        (
            [{"timing": TWICE, "doseQuantity": {"value": 5, "unit": "ml"}}],  # as STU3 has it
            Dosage(parse(TWICE), Decimal(5), "mL"),
        ),
        (
            [instruction(TWICE, 1, text="1-0-1")],
            Dosage(parse(when("MORN", "EVE")), Decimal(1), "tablet"),
        ),
        (
            [
                instruction(
                    {
                        "repeat": TWICE["repeat"]
                        | {"boundsPeriod": {"start": "2026-04-05", "end": "2026-04-09T10:00:00Z"}}
                    }
                )
            ],
            Dosage(parse(TWICE), start=date(2026, 4, 5), end=date(2026, 4, 9)),
        ),
        (
            [instruction({"repeat": TWICE["repeat"] | {"boundsDuration": {"value": 2, "code": "wk"}}}, 1)],
            Dosage(parse(TWICE), Decimal(1), "tablet", days=14),
        ),
        (
            [instruction(every(8, "h"), 1, asNeededBoolean=True)],
            Dosage(parse(needed(gap=480)), Decimal(1), "tablet"),
        ),
        ([instruction(TWICE, 1, asNeededBoolean=True)], Dosage(parse(needed(most=2)), Decimal(1), "tablet")),
        (
            [instruction(None, 1, asNeededBoolean=True, maxDosePerPeriod=TABLETS_A_DAY)],
            Dosage(parse(needed(most=4)), Decimal(1), "tablet"),
        ),
        (
            [
                instruction(
                    None, 2, text="as needed for pain", asNeededBoolean=True, maxDosePerPeriod=[TABLETS_A_DAY]
                )
            ],
            Dosage(parse(needed(most=2)), Decimal(2), "tablet"),
        ),
        (
            [
                instruction(
                    every(8, "h"),
                    1,
                    text="max. 2x täglich bei Bedarf",
                    asNeededCodeableConcept={"text": "pain"},
                )
            ],
            Dosage(parse(needed(480, 2)), Decimal(1), "tablet"),
        ),
        (
            [instruction(daily_at("08:00:00"), 2), instruction(daily_at("11:00:00", "14:00:00"), 1)],
            Dosage(parse(daily_at("08:00", "11:00", "14:00") | {"amounts": [2, 1, 1]}), None, "tablet"),
        ),
        (
            [instruction(daily_at("20:00:00"), 1), instruction(daily_at("08:00:00"), 1)],
            Dosage(parse(daily_at("08:00", "20:00")), Decimal(1), "tablet"),
        ),
        (
            [
                instruction(
                    {"repeat": DAILY["repeat"] | {"boundsDuration": {"value": 3, "code": "d"}}}, 2, sequence=1
                ),
                instruction(DAILY, 1, sequence=2),
            ],
            Dosage(parse(DAILY | {"taper": [{"days": 3, "amount": 2}, {"amount": 1}]}), None, "tablet"),
        ),
    ],
)
def test_instructions_in_codes_are_read(instructions, dosage):
    assert read_dosage(instructions) == dosage


@pytest.mark.parametrize(
    ("instructions", "why"),
    [
        ([], "From 1 to"),
        ([instruction()], "neither"),
        ([instruction(TWICE, 1), "text"], "form of FHIR"),
        ([instruction({"event": ["2026-01-01"]})], "single days"),
        (
            [instruction({"repeat": {"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}})],
            "range",
        ),
        ([instruction(coded("OD"))], "right eye"),
        ([instruction({"repeat": DAILY["repeat"] | {"count": 3}})], "not understood"),
        ([instruction(TWICE, text="1 tablet daily")], "contradict"),
        ([instruction(daily_at("08:00"), text="abends")], "contradict"),
        ([instruction(TWICE, 1, text="2 Tabletten zweimal täglich")], "different amounts"),
        ([instruction(TWICE, 1, text="1-0-2")], "different amounts"),
        (
            [instruction(TWICE, 1, text="Bei Bedarf gegen starke Schmerzen, sonst nicht")],
            "more than its codes",
        ),
        ([instruction(TWICE, 1, text="2 tablets today, then as told")], "more than its codes"),
        ([instruction(TWICE, 1, text="1-2 tablets with your supper")], "more than its codes"),
        ([instruction(TWICE, 1, text="as needed")], "contradict"),
        ([instruction(None, 1, text="1 tablet twice daily", asNeededBoolean=True)], "as needed"),
        ([instruction(every(2, "d"), 1, asNeededBoolean=True)], "which days"),
        (
            [instruction(TWICE, asNeededBoolean=True, maxDosePerPeriod=TABLETS_A_DAY)],
            "not so many doses",
        ),
        ([{"timing": TWICE, "doseAndRate": [{"doseRange": {"low": {"value": 1}}}]}], "range"),
        ([{"timing": TWICE, "doseAndRate": [{"rateQuantity": {"value": 1}}]}], "over time"),
        ([{"timing": TWICE, "doseAndRate": [{}, {}]}], "several amounts"),
        (
            [{"timing": TWICE, "doseAndRate": [{"doseQuantity": {"value": 1, "comparator": "<"}}]}],
            "no certain",
        ),
        ([instruction({"repeat": TWICE["repeat"] | {"boundsRange": {}}})], "duration"),
        (
            [instruction({"repeat": TWICE["repeat"] | {"boundsDuration": {"value": 1, "code": "mo"}}})],
            "duration",
        ),
        (
            [instruction({"repeat": TWICE["repeat"] | {"boundsPeriod": {"start": "2026-04"}}})],
            "certain first",
        ),
        (
            [
                instruction(
                    {
                        "repeat": TWICE["repeat"]
                        | {"boundsPeriod": {"start": "2026-04-02", "end": "2026-04-01"}}
                    }
                )
            ],
            "before it starts",
        ),
        ([instruction(TWICE, 1), instruction(TWICE, 2)], "one timing"),
        ([instruction(daily_at("08:00"), 1), instruction(daily_at("08:00"), 2)], "twice"),
        ([instruction(daily_at("08:00"), 1), instruction(when("EVE"), 2)], "one timing"),
        ([instruction(DAILY, 2, sequence=1), instruction(DAILY, 1, sequence=2)], "for how long"),
    ],
)
def test_instructions_in_doubt_wait_for_a_person(instructions, why):
    found = read_dosage(instructions)
    assert isinstance(found, Unparsed)
    assert why in found.why
    assert found.text


def test_real_prescriptions_are_read():
    path = SAMPLES / "fhir_r4" / "us_core_medicationrequest-coded-oral-axid.json"
    found = read_dosage(json.loads(path.read_text("utf-8"))["dosageInstruction"])
    assert found == Dosage(parse(TWICE), Decimal(10), "mL", start=date(2008, 4, 5))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["d", "BID", "1-0-1", "2026-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "timing",
                    "repeat",
                    "code",
                    "coding",
                    "text",
                    "doseAndRate",
                    "doseQuantity",
                    "value",
                    "unit",
                    "asNeededBoolean",
                    "maxDosePerPeriod",
                    "numerator",
                    "denominator",
                    "boundsPeriod",
                    "boundsDuration",
                    "start",
                    "frequency",
                    "period",
                    "periodUnit",
                    "sequence",
                    "system",
                    "event",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(JSON)
def test_any_json_is_read_or_waits(instructions):
    assert isinstance(read_dosage(instructions), Dosage | Unparsed)
