import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.series.columns import Columns
from twin.series.overlay import BuriedBy, Outcome, overlay, without

STORED, KNOWN, REPLACED, SUPPRESSED, DELETED = Outcome


def columns(*samples, flags=None):
    start, duration, value = zip(*samples, strict=True) if samples else ((), (), ())
    return Columns(
        np.array(start, np.int64),
        np.array(duration, np.int64),
        np.array(value, np.float64),
        flags=None if flags is None else np.array(flags, np.uint8),
    )


def samples(laid):
    return list(
        zip(
            laid.columns.start.tolist(),
            laid.columns.duration.tolist(),
            laid.columns.value.tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize(
    ("stored", "buried", "incoming", "outcome", "after"),
    [
        ([], [], [], [], []),
        ([], [], [(1, 0, 70)], [STORED], [(1, 0, 70)]),
        ([], [], [(2, 0, 71), (1, 0, 70)], [STORED, STORED], [(1, 0, 70), (2, 0, 71)]),
        ([(1, 0, 70)], [], [(1, 0, 70)], [KNOWN], [(1, 0, 70)]),
        ([(1, 0, 70)], [], [(1, 0, 75)], [REPLACED], [(1, 0, 75)]),
        ([(1, 0, 70)], [], [(1, 5, 75)], [STORED], [(1, 0, 70), (1, 5, 75)]),
        ([], [], [(1, 0, 70), (1, 0, 70)], [STORED, KNOWN], [(1, 0, 70)]),
        ([], [], [(1, 0, 70), (1, 0, 75)], [STORED, REPLACED], [(1, 0, 75)]),
        ([(1, 0, 70)], [], [(1, 0, 75), (1, 0, 70)], [REPLACED, REPLACED], [(1, 0, 70)]),
        ([(1, 0, 0.0)], [], [(1, 0, -0.0)], [REPLACED], [(1, 0, -0.0)]),
        ([(3, 0, 72)], [(1, 0, 0)], [(1, 0, 70), (1, 0, 71)], [SUPPRESSED, SUPPRESSED], [(3, 0, 72)]),
        ([], [(1, 0, 0)], [(1, 5, 70)], [STORED], [(1, 5, 70)]),
    ],
)
def test_overlay_table(stored, buried, incoming, outcome, after):
    laid = overlay(columns(*stored), columns(*buried), columns(*incoming))

    assert laid.outcome.tolist() == outcome
    assert samples(laid) == after


GONE = None
PERSON, SOURCE = float(BuriedBy.PERSON), float(BuriedBy.SOURCE)


def say(*statements):
    """Columns of (start, value), or (start, GONE) for a withdrawal, and which those are."""
    withdrawn = np.array([value is GONE for _, value in statements])
    return columns(*((start, 0, value or 0.0) for start, value in statements)), withdrawn


@pytest.mark.parametrize(
    ("stored", "graves", "statements", "lifts", "outcome", "after", "graves_after"),
    [
        ([(1, 0, 70)], [], [(1, GONE)], [], [DELETED], [], [(1, 0, SOURCE)]),
        ([], [], [(1, GONE)], [], [DELETED], [], [(1, 0, SOURCE)]),
        ([], [(1, 0, SOURCE)], [(1, GONE)], [], [KNOWN], [], [(1, 0, SOURCE)]),
        ([], [(1, 0, PERSON)], [(1, GONE)], [], [KNOWN], [], [(1, 0, PERSON)]),
        ([(1, 0, 70)], [], [(1, GONE), (1, 75)], [], [DELETED, STORED], [(1, 0, 75)], []),
        ([(1, 0, 70)], [], [(1, 75), (1, GONE)], [], [REPLACED, DELETED], [], [(1, 0, SOURCE)]),
        ([], [], [(1, GONE), (1, GONE)], [], [DELETED, KNOWN], [], [(1, 0, SOURCE)]),
        ([], [(1, 0, SOURCE)], [(1, 70)], [], [SUPPRESSED], [], [(1, 0, SOURCE)]),
        ([], [(1, 0, SOURCE)], [(1, 70), (1, 70)], [BuriedBy.SOURCE], [STORED, KNOWN], [(1, 0, 70)], []),
        ([], [(1, 0, PERSON)], [(1, 70)], [BuriedBy.SOURCE], [SUPPRESSED], [], [(1, 0, PERSON)]),
        ([], [(1, 0, PERSON)], [(1, 70)], [*BuriedBy], [STORED], [(1, 0, 70)], []),
        ([], [(1, 0, SOURCE)], [(1, GONE), (1, 70)], [], [KNOWN, SUPPRESSED], [], [(1, 0, SOURCE)]),
        ([(2, 0, 71)], [(3, 0, PERSON)], [(1, 70)], [], [STORED], [(1, 0, 70), (2, 0, 71)], [(3, 0, PERSON)]),
    ],
)
def test_overlay_of_withdrawals_and_graves_table(
    stored, graves, statements, lifts, outcome, after, graves_after
):
    laid = overlay(columns(*stored), columns(*graves), *say(*statements), lifts)

    assert laid.outcome.tolist() == outcome
    assert samples(laid) == after
    assert list(zip(*(getattr(laid.graves, name).tolist() for name in NAMES), strict=True)) == graves_after


NAMES = ("start", "duration", "value")


def test_overlay_other_flags_are_another_sample():
    laid = overlay(columns((1, 0, 70)), columns(), columns((1, 0, 70), flags=[2]))

    assert laid.outcome.tolist() == [REPLACED]
    assert laid.columns.flags.tolist() == [2]


def test_overlay_flags_that_say_nothing_are_the_same_sample():
    laid = overlay(columns((1, 0, 70)), columns(), columns((1, 0, 70), flags=[0]))

    assert laid.outcome.tolist() == [KNOWN]


SAMPLES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(60, 62)), max_size=12)


@given(SAMPLES, SAMPLES, SAMPLES)
def test_overlay_is_what_a_dictionary_does_one_by_one(stored, buried, incoming):
    graves = {(start, duration) for start, duration, _ in buried}
    there = {(s, d): value for s, d, value in stored if (s, d) not in graves}
    laid = overlay(
        columns(*((*identity, value) for identity, value in sorted(there.items()))),
        columns(*((*identity, 0) for identity in sorted(graves))),
        columns(*incoming),
    )

    outcome = []
    for start, duration, value in incoming:
        if (start, duration) in graves:
            outcome.append(SUPPRESSED)
            continue
        before = there.get((start, duration))
        outcome.append(STORED if before is None else KNOWN if before == value else REPLACED)
        there[start, duration] = value
    assert laid.outcome.tolist() == outcome
    assert samples(laid) == [(*identity, there[identity]) for identity in sorted(there)]


@pytest.mark.parametrize(
    ("stored", "incoming", "outcome", "after"),
    [
        ([(1, 0, 70)], [(2, 0, 71), (2, 5, 72)], [STORED, STORED], [(1, 0, 70), (2, 0, 71), (2, 5, 72)]),
        ([(1, 0, 70), (2, 0, 71), (3, 0, 72)], [(2, 0, 71), (3, 0, 72)], [KNOWN, KNOWN], None),
        ([(1, 0, 70), (2, 0, 71)], [(2, 0, 71), (3, 0, 72)], [KNOWN, STORED], None),
        ([(1, 0, 70), (2, 0, 71)], [(1, 0, 70), (2, 0, 75)], [KNOWN, REPLACED], None),
        ([(1, 0, 70), (1, 5, 71)], [(1, 5, 71)], [KNOWN], None),
        ([(1, 0, 70)], [(1, 5, 71)], [STORED], None),
        ([(2, 0, 71)], [(1, 0, 70), (2, 0, 71)], [STORED, KNOWN], None),
        ([(1, 0, 70)], [], [], None),
    ],
)
def test_overlay_of_what_is_in_order_is_as_with_sorting(stored, incoming, outcome, after):
    laid = overlay(columns(*stored), columns(), columns(*incoming))
    there = {sample[:2]: sample for sample in stored} | {sample[:2]: sample for sample in incoming}

    assert laid.outcome.tolist() == outcome
    assert samples(laid) == (after or [there[identity] for identity in sorted(there)])
    assert len(laid.graves) == 0


def test_overlay_of_other_flags_in_order_is_no_shortcut():
    laid = overlay(columns((1, 0, 70), (2, 0, 71)), columns(), columns((1, 0, 70), (2, 0, 71), flags=[0, 2]))

    assert laid.outcome.tolist() == [KNOWN, REPLACED]
    assert laid.columns.flags.tolist() == [0, 2]


STATEMENTS = st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(60, 62))), max_size=12)
GRAVES = st.dictionaries(st.integers(0, 4), st.sampled_from(BuriedBy))


@given(STATEMENTS, GRAVES, STATEMENTS, st.sets(st.sampled_from(BuriedBy)))
def test_overlay_of_withdrawals_is_what_two_dictionaries_do_one_by_one(stored, graves, incoming, lifts):
    there = {start: value for start, value in stored if value is not None and start not in graves}
    laid = overlay(
        columns(*((start, 0, value) for start, value in there.items())),
        columns(*((start, 0, by) for start, by in graves.items())),
        *say(*incoming),
        lifts,
    )

    outcome, own = [], set()
    for start, value in incoming:
        if value is None:
            outcome.append(KNOWN if start in graves else DELETED)
            if start not in graves:
                own.add(start)
            graves.setdefault(start, BuriedBy.SOURCE)
            there.pop(start, None)
        elif start in graves and not (start in own or graves[start] in lifts):
            outcome.append(SUPPRESSED)
        else:
            before = there.get(start)
            outcome.append(STORED if before is None else KNOWN if before == value else REPLACED)
            graves.pop(start, None)
            there[start] = value
    assert laid.outcome.tolist() == outcome
    assert samples(laid) == [(start, 0, there[start]) for start in sorted(there)]
    by = dict(zip(laid.graves.start.tolist(), laid.graves.value.tolist(), strict=True))
    assert {start: by[start] for start in by} == {start: float(graves[start]) for start in sorted(graves)}


def test_without_takes_one_identity_only():
    left = without(columns((1, 0, 70), (1, 5, 71), (2, 0, 72)), 1, 5)

    assert list(zip(left.start.tolist(), left.value.tolist(), strict=True)) == [(1, 70.0), (2, 72.0)]
