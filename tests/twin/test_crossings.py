"""Limits that forecasts may pass: kept beside the forecasts, told when it matters, shown with them."""

from datetime import date, timedelta

import pytest
from forecasts import NOW, make_days, refresh

from backend.actor import acting_for_all, acting_on
from backend.models import Change
from twin.forecast.crossing import Crossing as Found
from twin.forecast.limits import Limit
from twin.forecast.windows import Window
from twin.models import Crossing, DaySummary, FleetTask, Goal, Threshold
from twin.services.crossings import keep_crossings
from twin.services.fleet import start_run, take_chunk

DAY = date(2026, 6, 29)


def limit(patient, user, kind="sbp", **limits) -> Threshold:
    with acting_for_all():
        return Threshold.objects.create(
            patient=patient, kind=kind, topic="vitals", set_by=user, set_at=NOW, **limits
        )


def standing(patient) -> list[tuple[str, str, float, bool]]:
    with acting_on(patient.id):
        rows = Crossing.objects.order_by("kind", "limit")
        return [(row.basis, row.side, row.limit, row.is_passed) for row in rows]


def told(patient) -> list[str]:
    with acting_on(patient.id):
        found = Change.objects.filter(ref__startswith="crossing/").order_by("seq")
        return list(found.values_list("ref", flat=True))


def test_crossing_of_a_threshold_is_kept_with_the_forecast_and_told_once(cast):
    make_days(cast.pia_patient, "sbp", 60)  # 100 to 122
    row = limit(cast.pia_patient, cast.cleo, high=120)
    refresh(cast.pia_patient, "sbp")
    with acting_on(cast.pia_patient.id):
        crossing = Crossing.objects.get()
    assert (crossing.basis, crossing.rule, crossing.side) == ("threshold", str(row.id), "above")
    assert (crossing.limit, crossing.through, crossing.topic) == (120, DAY, "vitals")
    assert 0.05 < crossing.probability < 1
    assert not crossing.is_passed
    assert told(cast.pia_patient) == ["crossing/sbp"]
    refresh(cast.pia_patient, "sbp", now=NOW + timedelta(minutes=5))
    with acting_on(cast.pia_patient.id):
        assert Crossing.objects.get().made_at == crossing.made_at
    assert told(cast.pia_patient) == ["crossing/sbp"]


def test_crossing_of_a_limit_that_is_passed_has_no_day(cast):
    make_days(cast.pia_patient, "sbp", 60)
    limit(cast.pia_patient, cast.cleo, high=90)
    refresh(cast.pia_patient, "sbp")
    assert standing(cast.pia_patient) == [("threshold", "above", 90, True)]


def test_crossing_goes_with_its_limit_and_with_the_forecast(cast):
    make_days(cast.pia_patient, "sbp", 60)
    row = limit(cast.pia_patient, cast.cleo, high=90)
    refresh(cast.pia_patient, "sbp")
    with acting_for_all():
        Threshold.objects.filter(id=row.id).update(ended_at=NOW, ended_by=cast.cleo)
    refresh(cast.pia_patient, "sbp")
    assert standing(cast.pia_patient) == []
    limit(cast.pia_patient, cast.cleo, high=90)
    refresh(cast.pia_patient, "sbp")
    with acting_for_all():
        DaySummary.objects.filter(kind="sbp").delete()
    refresh(cast.pia_patient, "sbp")
    assert standing(cast.pia_patient) == []
    assert told(cast.pia_patient) == ["crossing/sbp"] * 4


@pytest.mark.parametrize(
    ("direction", "target", "expected"),
    [
        ("at_most", 112, [("goal", "above", 112, False)]),  # a week's median is 111
        ("at_most", 110, []),
        ("at_least", 110, [("goal", "below", 110, False)]),
    ],
)
def test_crossing_of_a_goal_is_to_fall_back(cast, direction, target, expected):
    make_days(cast.pia_patient, "dbp", 60)
    with acting_for_all():
        Goal.objects.create(
            patient=cast.pia_patient,
            kind="dbp",
            topic="vitals",
            direction=direction,
            target=target,
            starts_on=DAY,
            set_by=cast.pia,
            set_at=NOW,
        )
        # Of the guidelines' limits only those that are passed.
        limit(cast.pia_patient, cast.cleo, "dbp", high=199)
    refresh(cast.pia_patient, "dbp")
    assert [one for one in standing(cast.pia_patient) if one[0] == "goal"] == expected


def test_crossing_of_a_guideline_counts_a_week(cast, client_of):
    make_days(
        cast.pia_patient, "dbp", 60
    )  # days from 100 to 122 on, above 85 for long, and one day above 120
    refresh(cast.pia_patient, "dbp")
    assert standing(cast.pia_patient)[0] == ("guideline", "above", 85, True)
    (answer,) = client_of("pia").get("/api/v1/patients/me/forecasts").json()["results"]
    passed, possible = answer["crossings"]
    assert passed == {
        "basis": "guideline",
        "rule": "bp_home_high_dbp",
        "title": "High blood pressure at home, mean of 7 days",
        "side": "above",
        "limit": 85,
        "window_days": 7,
        "probability": 1,
        "expected_on": None,
        "passed": True,
        "source": "ESH 2023 and ESC 2024 guidelines; the home equivalent of 140/90 in a practice",
        "verification": "named by two sources",
    }
    assert (possible["rule"], possible["passed"]) == ("bp_severe_dbp", False)


def test_crossings_of_a_pass_are_those_of_a_refresh(cast):
    patients = [cast.pia_patient, cast.paul_patient]
    for patient in patients:
        make_days(patient, "sbp", 60)
        limit(patient, cast.cleo, high=120)
    refresh(cast.pia_patient, "sbp")
    assert start_run(FleetTask.NIGHTLY, now=NOW)
    while take_chunk(now=NOW):
        pass
    with acting_for_all():
        rows = Crossing.objects.values_list("patient", "probability", "expected_on", "through")
        assert {row[0] for row in rows} == {patient.id for patient in patients}
        assert len({row[1:] for row in rows}) == 1
    assert [told(patient) for patient in patients] == [["crossing/sbp"]] * 2


def found(probability: float, value: float = 90.0, *, passed: bool = False) -> Found:
    limit = Limit("threshold", "rule", "above", value, Window())
    day = DAY + timedelta(days=3) if probability >= 0.5 and not passed else None
    return Found(limit, probability, day)


COURSES = {
    "appears when it is likely enough": ([[found(0.04)], [found(0.05)]], [0, 1]),
    "goes when hardly a chance is left": ([[found(0.05)], [found(0.02)], []], [1, 0, 1]),
    "rises to likely": ([[found(0.3)], [found(0.49)], [found(0.5)], [found(0.6)]], [1, 0, 1, 0]),
    "falls from likely": ([[found(0.6)], [found(0.45)], [found(0.39)], [found(0.3)]], [1, 0, 1, 0]),
    "is passed": ([[found(0.9)], [found(1.0, passed=True)], [found(0.9)]], [1, 1, 1]),
    "is another": ([[found(0.2)], [found(0.2, 91.0)]], [1, 1]),
    "never was": ([[], []], [0, 0]),
}


@pytest.mark.parametrize("course", COURSES)
def test_log_is_told_where_a_limit(cast, course):
    nights, expected = COURSES[course]
    key = (cast.pia_patient.id, "weight")
    entries = []
    for night, several in enumerate(nights):
        with acting_on(key[0]):
            now = NOW + timedelta(days=night)
            entries.append(keep_crossings({key: (DAY, several)}, now=now).get(key[0], []))
            kept = [row.probability for row in Crossing.objects.all()]
            assert kept == [] or kept == [one.probability for one in several]
    assert [len(each) for each in entries] == expected


def test_crossings_of_other_kinds_and_patients_stay(cast):
    pia, paul = cast.pia_patient.id, cast.paul_patient.id
    with acting_for_all():
        keep_crossings(
            {key: (DAY, [found(0.6)]) for key in [(pia, "weight"), (pia, "sbp"), (paul, "weight")]}, now=NOW
        )
        keep_crossings({(pia, "weight"): (None, ())}, now=NOW)
        left = Crossing.objects.values_list("patient", "kind")
        assert set(left) == {(pia, "sbp"), (paul, "weight")}
