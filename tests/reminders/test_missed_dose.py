"""A missed dose: the general rule, those of some medicines, and that anything else is told to ask."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.missed_dose import DATA, Advice, half_interval, missed_dose
from tests.vector_cases import vector_cases
from twin.scores.medicine_names import Medicine

DUE = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
ATC = "http://www.whocc.no/atc"


def advised(medicine, *, late, every, due=DUE):
    medicine = medicine if isinstance(medicine, Medicine) else Medicine(medicine)
    next_due = None if every is None else due + every * HOUR
    return missed_dose(medicine, due=due, next_due=next_due, now=due + late * HOUR)


@pytest.mark.parametrize(
    "case",
    [case for case in vector_cases("medication") if case["score"] == "missed_dose_generic"],
    ids=lambda case: case["id"],
)
def test_half_interval_gives_what_the_vectors_expect(case):
    given_ = case["input"]
    advice = half_interval(
        due=datetime.fromisoformat(given_["due"]),
        now=datetime.fromisoformat(given_["now"]),
        interval=timedelta(hours=given_["interval_h"]),
    )
    assert {"advice": advice.value} == case["expected"]


def test_half_interval_refuses_one_of_no_length():
    with pytest.raises(ValueError, match="has a length"):
        half_interval(due=DUE, now=DUE, interval=timedelta(0))


@pytest.mark.parametrize(
    ("late", "every", "advice"),
    [
        (0, 24, "take"),
        (12, 24, "take"),
        (12.1, 24, "skip"),
        (25, 24, "skip"),
        (3, 6, "take"),
        (3.1, 6, "skip"),
    ],
)
def test_missed_dose_of_most_medicines_follows_the_general_rule(late, every, advice):
    found = advised("Ramipril 5 mg", late=late, every=every)
    assert (found.advice, found.rule) == (advice, "generic")
    assert "not one for yours" in found.caution
    assert "two doses" in found.caution
    assert found.verification.startswith("memory")


@pytest.mark.parametrize(
    ("medicine", "every", "late", "advice"),
    [
        ("Apixaban 5 mg", 12, 11, "take"),
        ("Apixaban 5 mg", 12, 12, "skip"),  # the next one is due
        ("Rivaroxaban 20 mg", 24, 15, "take"),
        ("Rivaroxaban 20 mg", 24, 16, "skip"),  # another day
        ("Rivaroxaban 15 mg", 12, 1, "ask"),  # its rule is for once a day
        ("Dabigatran 150 mg", 12, 6, "take"),
        ("Dabigatran 150 mg", 12, 6.1, "skip"),
        ("Warfarin 3 mg", 24, 15.9, "take"),
        ("Warfarin 3 mg", 24, 16, "skip"),
        ("Ozempic 1 mg", 168, 120, "take"),
        ("Ozempic 1 mg", 168, 120.1, "skip"),
        ("Ozempic 1 mg", 24, 1, "ask"),
        ("Wegovy 1 mg", 168, 1, "ask"),  # its sources contradict each other
        ("Trulicity 1.5 mg", 168, 96, "take"),
        ("Trulicity 1.5 mg", 168, 96.1, "skip"),
        ("Mounjaro 5 mg", 168, 96, "take"),
        ("Mounjaro 5 mg", 168, 96.1, "skip"),
        ("Alendronic acid 70 mg", 168, 30, "as said"),
        ("Alendronic acid 10 mg", 24, 1, "ask"),
        ("Levothyroxine 50", 24, 1, "ask"),
        ("Metformin 850", 12, 1, "ask"),
    ],
)
def test_missed_dose_of_some_medicines_follows_their_own_rule(medicine, every, late, advice):
    assert advised(medicine, late=late, every=every).advice == advice


def test_missed_dose_of_apixaban_after_midnight_asks():
    due = datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert advised("Apixaban", due=due, late=3, every=12).advice is Advice.TAKE
    assert advised("Apixaban", due=due, late=5, every=12).advice is Advice.ASK


def test_missed_dose_is_known_by_class_too():
    warfarin = advised(Medicine("Brand", ATC, "B01AA03"), late=1, every=24)
    assert (warfarin.rule, warfarin.advice) == ("warfarin", Advice.TAKE)
    assert "Ridgeview" in warfarin.source
    assert warfarin.verification.startswith("2 sources; memory")


@pytest.mark.parametrize(
    ("medicine", "every"),
    [
        ("Insulin glargine", 24),
        ("Levonorgestrel 0.03 mg", 24),
        ("Lamotrigine 100 mg", 12),
        ("Methotrexate 15 mg", 168),
        ("Semaglutide 7 mg", 24),
        ("Ramipril 5 mg", 48),
        ("Ramipril 5 mg", 168),
        ("Ibuprofen 400 mg", None),
    ],
)
def test_missed_dose_of_anything_else_says_that_no_rule_is_known(medicine, every):
    found = advised(medicine, late=1, every=every)
    assert (found.advice, found.rule, found.source) == (Advice.ASK, None, None)
    assert "knows no rule" in found.text
    assert "pharmacist" in found.caution


@pytest.mark.parametrize(
    ("late", "every", "why"), [(-1, 24, "not due yet"), (1, 0, "come after"), (1, -1, "come after")]
)
def test_missed_dose_refuses_times_that_contradict_each_other(late, every, why):
    with pytest.raises(ValueError, match=why):
        advised("Ramipril", late=late, every=every)


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
def test_missed_dose_is_advised_across_a_change_of_the_clock(day):
    due = datetime.fromisoformat(f"{day}T08:00").replace(tzinfo=ZoneInfo("Europe/Berlin"))
    after = (due + timedelta(days=1)).astimezone(UTC)
    found = missed_dose(Medicine("Rivaroxaban"), due=due, next_due=after, now=due + HOUR)
    assert found.advice is Advice.TAKE
    assert missed_dose(Medicine("Ramipril"), due=due, next_due=after, now=due).rule == "generic"


@given(
    st.sampled_from(["Apixaban", "Ramipril", "Warfarin", "Trulicity", "Insulin"]),
    st.integers(1, 400),
    st.integers(0, 999),
)
def test_missed_dose_never_says_to_take_it_once_the_next_is_due(medicine, every, late):
    assert late < every or advised(medicine, late=late, every=every).advice is not Advice.TAKE


def test_every_rule_of_the_file_is_known_to_be_for_some_medicine():
    said = json.loads((DATA / "medication.json").read_text("utf-8"))["missed_dose"]
    known = json.loads((DATA / "missed_dose_medicines.json").read_text("utf-8"))["rules"]
    assert [row["drug"] for row in known] == [row["drug"] for row in said if "drug" in row]
    assert all(("text" in row) == (len(row["sources"]) >= 2) for row in known)
    assert all(row["sources"] or row["why_not"] for row in known)
