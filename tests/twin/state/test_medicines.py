"""What follows from records of medicines: courses, their doses, and when they end."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.state.medicines import GAP, Medicine, dose_of, is_other_dose, medicine_events

MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


def medicine(number=1, text="Metformin 500 mg", start=MAY, end=None, status="active", **more) -> Medicine:
    body = more.pop("body", {})
    return Medicine(
        record=UUID(int=number),
        topic=more.pop("topic", "medication"),
        text=text,
        status=status,
        starts_on=start,
        ends_on=end,
        dose=dose_of(text, body),
        **more,
    )


def told(*records: Medicine) -> list[tuple[str, date, int]]:
    return [
        (event.type.removeprefix("medicine_"), event.on, event.record.int)
        for event in medicine_events(records)
    ]


STRONGER = {"text": "Metformin 1000 mg"}
CASES = {
    "one that goes on": ([medicine()], [("started", MAY, 1)]),
    "one that has ended": ([medicine(end=JUNE)], [("started", MAY, 1), ("stopped", JUNE, 1)]),
    "one that ended on no known day": ([medicine(status="completed")], [("started", MAY, 1)]),
    "an end without a beginning": ([medicine(start=None, end=JUNE)], [("stopped", JUNE, 1)]),
    "neither": ([medicine(start=None)], []),
    "a refill": (
        [medicine(1, end=JUNE), medicine(2, start=JUNE + GAP)],
        [("started", MAY, 1)],
    ),
    "refills that were completed on no known day": (
        [medicine(1, status="completed"), medicine(2, start=JULY, status="completed")],
        [("started", MAY, 1)],
    ),
    "a course that comes again": (
        [medicine(1, end=MAY), medicine(2, start=JULY)],
        [("started", MAY, 1), ("stopped", MAY, 1), ("started", JULY, 2)],
    ),
    "a refill in another strength": (
        [medicine(1, end=JUNE), medicine(2, start=JUNE, **STRONGER)],
        [("started", MAY, 1), ("changed", JUNE, 2)],
    ),
    "two strengths begun on one day": (
        [medicine(1), medicine(2, **STRONGER)],
        [("started", MAY, 1)],
    ),
    "a refill that ends": (
        [medicine(1, status="completed"), medicine(2, start=JUNE, end=JULY)],
        [("started", MAY, 1), ("stopped", JULY, 2)],
    ),
    "an end while another goes on": (
        [medicine(1), medicine(2, start=JUNE, end=JULY)],
        [("started", MAY, 1)],
    ),
    "another medicine": (
        [medicine(1, end=JUNE), medicine(2, "Ramipril 5 mg", JUNE)],
        [("started", MAY, 1), ("started", JUNE, 2), ("stopped", JUNE, 1)],
    ),
    "the same one shared otherwise": (
        [medicine(1), medicine(2, start=JUNE, topic="mental_health")],
        [("started", MAY, 1), ("started", JUNE, 2)],
    ),
    "another dose written into it": (
        [medicine(dose_changed_on=(JUNE, JULY))],
        [("started", MAY, 1), ("changed", JUNE, 1), ("changed", JULY, 1)],
    ),
    "one put right before it began": ([medicine(start=JUNE, dose_changed_on=(MAY,))], [("started", JUNE, 1)]),
    "one entered in error": ([medicine(status="entered-in-error", end=JUNE)], []),
    "one that was never taken": ([medicine(status="not-taken")], []),
}


@pytest.mark.parametrize("case", CASES)
def test_medicine_events_of(case):
    records, expected = CASES[case]
    assert sorted(told(*records)) == sorted(expected)
    assert told(*reversed(records)) == told(*records)


def test_medicine_events_carry_the_records_topic_and_words():
    (event,) = medicine_events([medicine(text="x" * 300, topic="mental_health")])
    assert (event.topic, event.text) == ("mental_health", "x" * 200)


@pytest.mark.parametrize(
    ("before", "after", "other"),
    [
        (("Metformin 500 mg", {}), ("Metformin 500mg", {}), False),
        (("Metformin 500 mg", {}), ("Metformin 850 mg", {}), True),
        (("Insulin 100 IE/ml", {}), ("Insulin 200 IE/ml", {}), True),
        (("Metformin", {}), ("Metformin 850 mg", {}), False),
        (
            ("Metformin", {"dosage": [{"text": "1-0-0"}]}),
            ("Metformin", {"dosage": [{"text": "1-0-1"}]}),
            True,
        ),
        (
            ("Metformin", {"dosageInstruction": [{"text": "1-0-0", "sequence": 1}]}),
            ("Metformin", {"dosageInstruction": [{"sequence": 1, "text": "1-0-0"}]}),
            False,
        ),
        (("Vitamin B12", {}), ("Vitamin B6", {}), False),
    ],
)
def test_dose_is_another_where_both_are_said_and_differ(before, after, other):
    assert is_other_dose(dose_of(*before), dose_of(*after)) == other


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31)) | st.none()


@given(
    st.lists(
        st.builds(
            medicine,
            st.integers(1, 9),
            st.sampled_from(["Metformin 500 mg", "Metformin 1 g", "Ramipril", ""]),
            DAYS,
            DAYS,
            st.sampled_from(["active", "stopped", "completed", "draft", ""]),
        ),
        unique_by=lambda one: one.record,
        max_size=8,
    )
)
def test_medicine_events_are_in_order_once_each_and_lie_on_days_that_were_told(records):
    events = medicine_events(records)
    assert [event.on for event in events] == sorted(event.on for event in events)
    assert len({(event.record, event.type, event.on) for event in events}) == len(events)
    assert {event.on for event in events} <= {day for one in records for day in (one.starts_on, one.ends_on)}
