import threading
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.actor import acting_for, acting_on
from twin.kinds import UnknownKind
from twin.models import SeriesBlock
from twin.series import store
from twin.series.columns import Columns, Flag
from twin.series.overlay import BuriedBy
from twin.series.store import Batch, Extent, Merged

DAY = 86_400_000
MINUTE = 60_000
NOON = 20_000 * DAY + DAY // 2
WATCH, PHONE = UUID(int=1), UUID(int=2)

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient():
    return uuid4()


def columns(*samples):
    """Columns of (start, value) or (start, value, duration)."""
    return Columns(
        np.array([sample[0] for sample in samples], np.int64),
        np.array([sample[2] if len(sample) > 2 else 0 for sample in samples], np.int64),
        np.array([sample[1] for sample in samples], np.float64),
    )


def minutes(count, *, start=NOON, base=60.0):
    return Columns(
        start + MINUTE * np.arange(count, dtype=np.int64),
        np.full(count, MINUTE, np.int64),
        base + np.arange(count) % 40 / 4,
    )


def merge(patient, *batches):
    with acting_on(patient):
        return store.merge(patient, list(batches))


def hearts(*samples, source=WATCH):
    return Batch("heart_rate", source, columns(*samples))


def read(patient, low=0, high=store.LATEST_MS, *, code="heart_rate", source=None):
    with acting_on(patient):
        return store.read(patient, code, low, high, source)


def found(patient, *window, **which):
    reading = read(patient, *window, **which)
    return list(zip(reading.columns.start.tolist(), reading.columns.value.tolist(), strict=True))


def row_versions(patient):
    """Which transaction last wrote each row."""
    with acting_on(patient), connection.cursor() as cursor:
        cursor.execute("SELECT span, xmin::text FROM twin_seriesblock ORDER BY span")
        return dict(cursor.fetchall())


def test_merge_samples_come_back_exactly(patient):
    given = Columns(
        np.array([NOON, NOON + 1, NOON + DAY], np.int64),
        np.array([0, 500, 0], np.int64),
        np.array([81.35, 0.1 + 0.2, -0.0]),
        np.array([60, 60, -300], np.int16),
        np.array([0, Flag.MANUAL, 0], np.uint8),
    )

    assert merge(patient, Batch("heart_rate", WATCH, given)) == [
        Merged(stored=3, first_at=NOON, last_at=NOON + DAY)
    ]
    back = read(patient).columns
    for name in Columns.__slots__:
        assert getattr(back, name).tobytes() == getattr(given, name).tobytes()


def test_merge_same_again_changes_no_row(patient):
    batch = Batch("heart_rate", WATCH, minutes(3000))
    merge(patient, batch)
    before = row_versions(patient)

    assert merge(patient, batch) == [Merged(known=3000)]
    assert row_versions(patient) == before


def test_merge_writes_only_the_blocks_that_change(patient):
    merge(patient, hearts((NOON, 70), (NOON + DAY, 71), (NOON + 2 * DAY, 72)))
    before = row_versions(patient)

    assert merge(patient, hearts((NOON, 70), (NOON + DAY, 99), (NOON + 2 * DAY, 72))) == [
        Merged(known=2, replaced=1, first_at=NOON + DAY, last_at=NOON + DAY)
    ]
    after = row_versions(patient)
    assert [span for span in after if after[span] != before[span]] == [20_001]


def test_merge_out_of_order_is_kept_in_order(patient):
    merge(patient, hearts((NOON + DAY, 71), (NOON + 2, 70)))
    merge(patient, hearts((NOON + 1, 69)))

    assert found(patient) == [(NOON + 1, 69.0), (NOON + 2, 70.0), (NOON + DAY, 71.0)]


def test_merge_several_batches_each_has_its_own_count(patient):
    merged = merge(
        patient,
        hearts((NOON, 70), (NOON + 1, 70)),
        Batch("weight", PHONE, columns((NOON, 81.35))),
        hearts((NOON, 70), (NOON + 1, 75), (NOON + 2, 76)),
        hearts((NOON, 70), source=PHONE),
        hearts(),
    )

    assert merged == [
        Merged(stored=2, first_at=NOON, last_at=NOON + 1),
        Merged(stored=1, first_at=NOON, last_at=NOON),
        Merged(stored=1, known=1, replaced=1, first_at=NOON + 1, last_at=NOON + 2),
        Merged(stored=1, first_at=NOON, last_at=NOON),
        Merged(),
    ]


def test_merge_nothing_is_nothing(patient):
    assert merge(patient) == []


def test_merge_before_the_epoch_is_kept(patient):
    merge(patient, Batch("weight", WATCH, columns((-5 * 366 * DAY - 1, 80.5), (-1, 81), (0, 82))))

    assert found(patient, store.EARLIEST_MS, code="weight") == [
        (-5 * 366 * DAY - 1, 80.5),
        (-1, 81.0),
        (0, 82.0),
    ]


@pytest.mark.parametrize(
    ("batch", "error"),
    [
        (hearts((NOON, float("nan"))), ValueError),
        (hearts((NOON, 70, -1)), ValueError),
        (hearts((store.LATEST_MS + 1, 70)), ValueError),
        (hearts((store.LATEST_MS, 70, 1)), ValueError),
        (hearts((store.EARLIEST_MS - 1, 70)), ValueError),
        (hearts((NOON, 70, 2**63 - 1)), ValueError),
        (hearts((-(2**63), 70)), ValueError),
        (Batch("mood_ring", WATCH, columns((NOON, 1))), UnknownKind),
    ],
)
def test_merge_what_cannot_be_kept_writes_nothing(patient, batch, error):
    with pytest.raises(error):
        merge(patient, hearts((NOON, 70)), batch)

    assert found(patient, store.EARLIEST_MS) == []


def test_delete_leaves_a_tombstone_that_the_next_upload_respects(patient):
    merge(patient, hearts((NOON, 70), (NOON + 1, 71)))

    with acting_on(patient):
        assert store.delete(patient, "heart_rate", WATCH, NOON, 0) == 1
        assert store.delete(patient, "heart_rate", WATCH, NOON, 0) == 0
    assert merge(patient, hearts((NOON, 99), (NOON + 1, 71), (NOON + 2, 72))) == [
        Merged(stored=1, known=1, suppressed=1, first_at=NOON + 2, last_at=NOON + 2)
    ]
    assert found(patient) == [(NOON + 1, 71.0), (NOON + 2, 72.0)]


def test_delete_last_sample_of_a_block_leaves_its_tombstone(patient):
    merge(patient, hearts((NOON, 70)))

    with acting_on(patient):
        store.delete(patient, "heart_rate", WATCH, NOON, 0)
        assert store.extents(patient) == []
    assert merge(patient, hearts((NOON, 70))) == [Merged(suppressed=1)]
    assert merge(patient, hearts((NOON + 1, 71))) == [Merged(stored=1, first_at=NOON + 1, last_at=NOON + 1)]
    assert merge(patient, hearts((NOON, 70))) == [Merged(suppressed=1)]


def test_delete_what_is_not_there_leaves_nothing(patient):
    with acting_on(patient):
        assert store.delete(patient, "heart_rate", WATCH, NOON, 0) == 0

    assert merge(patient, hearts((NOON, 70))) == [Merged(stored=1, first_at=NOON, last_at=NOON)]


def withdraw(patient, *starts, lifts=(BuriedBy.SOURCE,)):
    batch = Batch("heart_rate", WATCH, columns(*((start, 0) for start in starts)), np.ones(len(starts), bool))
    with acting_on(patient):
        return store.merge(patient, [batch], lifts=lifts)


def test_withdrawal_leaves_a_tombstone_that_its_own_source_lifts(patient):
    merge(patient, hearts((NOON, 70), (NOON + 1, 71), (NOON + DAY, 72)))

    assert withdraw(patient, NOON, NOON + DAY) == [Merged(deleted=2, first_at=NOON, last_at=NOON + DAY)]
    assert withdraw(patient, NOON, NOON + DAY) == [Merged(known=2)]
    assert found(patient) == [(NOON + 1, 71.0)]
    assert merge(patient, hearts((NOON, 70))) == [Merged(suppressed=1)]
    with acting_on(patient):
        again = store.merge(patient, [hearts((NOON, 75))], lifts=[BuriedBy.SOURCE])
    assert again == [Merged(stored=1, first_at=NOON, last_at=NOON)]
    assert merge(patient, hearts((NOON, 75))) == [Merged(known=1)]
    assert found(patient) == [(NOON, 75.0), (NOON + 1, 71.0)]


def test_withdrawal_in_many_spans_at_once_touches_no_other_block(patient):
    merge(patient, hearts(*((NOON + day * DAY + place, 70) for day in range(10) for place in range(3))))
    before = row_versions(patient)
    withdraw(patient, NOON + 2 * DAY, NOON + 5 * DAY)
    after = row_versions(patient)

    assert sorted(span for span in after if after[span] != before[span]) == [20_002, 20_005]
    assert len(found(patient)) == 10 * 3 - 2


def test_withdrawal_of_what_never_came_is_respected_by_a_later_copy(patient):
    assert withdraw(patient, NOON) == [Merged(deleted=1, first_at=NOON, last_at=NOON)]
    assert merge(patient, hearts((NOON, 70), (NOON + 1, 71))) == [
        Merged(stored=1, suppressed=1, first_at=NOON + 1, last_at=NOON + 1)
    ]


def test_deletion_by_a_person_is_lifted_by_a_person_alone(patient):
    merge(patient, hearts((NOON, 70)))
    with acting_on(patient):
        store.delete(patient, "heart_rate", WATCH, NOON, 0)
        assert store.merge(patient, [hearts((NOON, 70))], lifts=[BuriedBy.SOURCE]) == [Merged(suppressed=1)]
    assert withdraw(patient, NOON) == [Merged(known=1)]
    with acting_on(patient):
        lifted = store.merge(patient, [hearts((NOON, 70))], lifts=list(BuriedBy))
    assert lifted == [Merged(stored=1, first_at=NOON, last_at=NOON)]


def test_merge_says_the_outcome_of_each_sample_of_each_batch(patient):
    merge(patient, hearts((NOON, 70)))
    gone = Batch("heart_rate", WATCH, columns((NOON, 0)), np.array([True]))
    with acting_on(patient):
        merged = store.merge(patient, [hearts((NOON, 71), (NOON + 1, 72)), gone], lifts=[BuriedBy.SOURCE])
    assert [each.outcome.tolist() for each in merged] == [[2, 0], [4]]
    assert found(patient) == [(NOON + 1, 72.0)]


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [
        (NOON, NOON + 2 * MINUTE, [1.0, 2.0]),
        (NOON + 1, NOON + 2 * MINUTE, [1.0, 2.0]),
        (NOON + MINUTE, NOON + 2 * MINUTE, [2.0]),
        (NOON + MINUTE, NOON + MINUTE, []),
        (NOON + 2 * MINUTE, NOON + DAY, [3.0]),
        (NOON + 2 * MINUTE + 1, NOON + DAY, []),
        (NOON + DAY, NOON + 3 * DAY, [4.0]),
        (NOON + DAY + DAY - 1, NOON + 3 * DAY, [4.0]),
        (NOON + DAY + DAY, NOON + 3 * DAY, []),
    ],
)
def test_read_window_holds_what_touches_it(patient, low, high, values):
    merge(
        patient,
        hearts((NOON, 1, MINUTE), (NOON + MINUTE, 2, MINUTE), (NOON + 2 * MINUTE, 3), (NOON + DAY, 4, DAY)),
    )

    assert [value for _, value in found(patient, low, high)] == values


def test_read_all_sources_names_each_samples_source(patient):
    merge(patient, hearts((NOON, 70), (NOON + 2, 72)), hearts((NOON, 60), (NOON + 1, 71), source=PHONE))

    reading = read(patient)

    assert reading.columns.value.tolist() == [70.0, 60.0, 71.0, 72.0]
    assert [reading.sources[place] for place in reading.source] == [WATCH, PHONE, PHONE, WATCH]
    assert found(patient, source=PHONE) == [(NOON, 60.0), (NOON + 1, 71.0)]


def test_read_one_source_names_it_for_each_sample(patient):
    merge(patient, hearts((NOON, 70), (NOON + 1, 71), (NOON + DAY, 72), source=PHONE))

    for window, count in (((0, store.LATEST_MS), 3), ((NOON + 1, NOON + 2 * DAY), 2)):
        reading = read(patient, *window)
        assert [reading.sources[place] for place in reading.source] == [PHONE] * count


def test_read_nothing_is_empty(patient):
    reading = read(patient)

    assert (len(reading.columns), len(reading.source), reading.sources) == (0, 0, [])


def test_extents_counts_without_reading_samples(patient):
    merge(
        patient,
        Batch("heart_rate", WATCH, minutes(3000)),
        Batch("weight", PHONE, columns((NOON, 81.35))),
    )

    with acting_on(patient):
        assert store.extents(patient) == [
            Extent("heart_rate", WATCH, 3000, NOON, NOON + 3000 * MINUTE),
            Extent("weight", PHONE, 1, NOON, NOON),
        ]
        assert store.extents(patient, "weight") == [Extent("weight", PHONE, 1, NOON, NOON)]


def test_merge_keeps_the_blocks_numbers(patient):
    merge(patient, hearts((NOON, 70, 500), (NOON + 100, 60.5)))

    with acting_on(patient):
        block = SeriesBlock.objects.get()
    assert (block.topic, block.span, block.count) == ("vitals", 20_000, 2)
    assert (block.first_at, block.last_at) == (NOON, NOON + 500)
    assert (block.minimum, block.maximum, block.total) == (60.5, 70.0, 130.5)


def test_erase_leaves_nothing_of_this_patient_alone(patient):
    other = uuid4()
    for somebody in (patient, other):
        merge(somebody, hearts((NOON, 70), (NOON + 1, 71)))
        with acting_on(somebody):
            store.delete(somebody, "heart_rate", WATCH, NOON, 0)

    with acting_on(patient):
        store.erase(patient)

    assert merge(patient, hearts((NOON, 70))) == [Merged(stored=1, first_at=NOON, last_at=NOON)]
    assert merge(other, hearts((NOON, 70))) == [Merged(suppressed=1)]


def test_store_without_an_actor_shows_and_takes_nothing(patient):
    merge(patient, hearts((NOON, 70)))

    with acting_for(uuid4()):
        assert store.extents(patient) == []
        with pytest.raises(Exception, match="row-level security"), transaction.atomic():
            store.merge(patient, [hearts((NOON + 1, 71))])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "call",
    [
        lambda patient: store.merge(patient, []),
        lambda patient: store.delete(patient, "heart_rate", WATCH, NOON, 0),
        lambda patient: store.read(patient, "heart_rate", 0, 1),
        store.extents,
        store.erase,
    ],
)
def test_store_outside_a_transaction_raises(patient, call):
    with pytest.raises(transaction.TransactionManagementError):
        call(patient)


SAMPLES = st.lists(
    st.tuples(
        st.integers(0, 9).map(lambda step: NOON + step * DAY // 3), st.integers(60, 62), st.integers(0, 1)
    ),
    max_size=6,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("merge"), st.lists(st.tuples(st.sampled_from([WATCH, PHONE]), SAMPLES), max_size=3)
        ),
        st.tuples(st.just("delete"), st.sampled_from([WATCH, PHONE]), st.integers(0, 9), st.integers(0, 1)),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_store_does_what_a_dictionary_does(steps):
    patient = uuid4()
    there, graves = {}, set()
    for step in steps:
        if step[0] == "delete":
            identity = (step[1], NOON + step[2] * DAY // 3, step[3])
            with acting_on(patient):
                gone = store.delete(patient, "heart_rate", *identity)
            assert gone == (there.pop(identity, None) is not None)
            graves |= {identity} if gone else set()
            continue
        expected = []
        for source, samples in step[1]:
            counts = dict.fromkeys(("stored", "known", "replaced", "suppressed"), 0)
            for start, value, duration in samples:
                identity, before = (source, start, duration), there.get((source, start, duration))
                if identity in graves:
                    counts["suppressed"] += 1
                    continue
                counts["stored" if before is None else "known" if before == value else "replaced"] += 1
                there[identity] = value
            expected.append(tuple(counts.values()))
        merged = merge(patient, *(hearts(*samples, source=source) for source, samples in step[1]))
        assert [(each.stored, each.known, each.replaced, each.suppressed) for each in merged] == expected
    reading = read(patient)
    sources = [reading.sources[place] for place in reading.source]
    columns = [getattr(reading.columns, name).tolist() for name in ("start", "duration", "value")]
    assert {
        (source, start, duration): value
        for source, start, duration, value in zip(sources, *columns, strict=True)
    } == there


@pytest.mark.django_db(transaction=True)
def test_merge_two_connections_at_once_lose_nothing(patient):
    rounds, size = 12, 900
    starting = threading.Barrier(2)
    merged: list[Merged] = []
    failures: list[BaseException] = []

    def upload(shift: int) -> None:
        try:
            starting.wait()
            for turn in range(rounds):
                # Every call overlaps with the other's by half, and both cross the blocks in opposite order.
                step = turn if shift == 0 else rounds - turn
                part = minutes(size, start=NOON + MINUTE * (step * size + shift))
                merged.extend(merge(patient, Batch("heart_rate", WATCH, part), Batch("steps", WATCH, part)))
        except BaseException as failure:  # noqa: BLE001 - told to the test below
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=upload, args=(shift,)) for shift in (0, size // 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []
    assert not any(thread.is_alive() for thread in threads)
    minutes_of_both = {
        minute
        for shift, steps in ((0, range(rounds)), (size // 2, range(1, rounds + 1)))
        for step in steps
        for minute in range(step * size + shift, step * size + shift + size)
    }
    for code in ("heart_rate", "steps"):
        assert read(patient, code=code).columns.start.tolist() == [
            NOON + MINUTE * minute for minute in sorted(minutes_of_both)
        ]
    assert sum(each.stored for each in merged) == 2 * len(minutes_of_both)
    assert sum(each.stored + each.known + each.replaced for each in merged) == 4 * rounds * size
