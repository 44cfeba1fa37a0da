"""Batches and tallies: nothing lost, everything bounded."""

from twin.intake.gathering import BATCH, Batches, Tally
from twin.intake.items import Problem, ProblemCode


def test_tally_counts_by_code_kind_and_sort_and_keeps_the_first() -> None:
    tally = Tally()
    tally.add(ProblemCode.BAD_TIME, "yesterday", "line 2", kind="weight")
    tally.add(ProblemCode.BAD_TIME, "soon", "line 3", kind="weight")
    tally.add(ProblemCode.UNKNOWN_KIND, "Calories", "column Calories", sort="Calories", count=7)

    assert list(tally.problems()) == [
        Problem(ProblemCode.BAD_TIME, "yesterday", "line 2", 2, "weight"),
        Problem(ProblemCode.UNKNOWN_KIND, "Calories", "column Calories", 7),
    ]


def test_tally_of_endless_sorts_stays_small_and_complete() -> None:
    tally = Tally()
    for number in range(10_000):
        tally.add(ProblemCode.UNKNOWN_KIND, "x" * 10_000, "y" * 10_000, sort=str(number))
    problems = list(tally.problems())

    assert len(problems) <= 201
    assert sum(problem.count for problem in problems) == 10_000
    assert max(len(problem.example) + len(problem.place) for problem in problems) <= 240


def test_batches_hand_on_samples_by_kind_source_and_unit_in_order() -> None:
    batches = Batches()
    batches.add("weight", "Scale", "kg", 2, 0, 81.35)
    batches.add("weight", "Scale", "lb", 1, 0, 180.0, flags=4)
    batches.add("weight", "Scale", "kg", 1, 5, 81.0)
    batches.add("weight", "Scale", "kg", 3, 0, 82.0, offset=-300)

    kg, lb, elsewhere = batches.rest()

    assert (kg.unit, kg.columns.start.tolist(), kg.columns.duration.tolist()) == ("kg", [2, 1], [0, 5])
    assert (kg.columns.value.tolist(), kg.columns.offset, kg.columns.flags) == ([81.35, 81.0], None, None)
    assert lb.columns.flags is not None
    assert lb.columns.flags.tolist() == [4]
    assert elsewhere.columns.offset is not None
    assert elsewhere.columns.offset.tolist() == [-300]
    assert list(batches.rest()) == []


def test_batches_hand_on_when_full_and_not_before() -> None:
    batches = Batches()
    sizes = []
    for number in range(BATCH + 1):
        batches.add("heart_rate", "", "/min", number, 0, 60.0)
        sizes += [len(samples.columns) for samples in batches.full()]

    assert sizes == [BATCH]
    assert [len(samples.columns) for samples in batches.rest()] == [1]
