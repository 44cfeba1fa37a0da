"""What is told of a series: slope, turns, week and events, and nothing that chance would show as well."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.forecast.effects import KnownEvent
from twin.forecast.explanation import Explanation, explain
from twin.forecast.outcome import NotEnoughData
from twin.forecast.sentences import sentences
from twin.kinds import KINDS

TODAY = date(2026, 6, 1)
WEIGHT, STEPS, SBP = KINDS["weight"], KINDS["steps"], KINDS["sbp"]


def days_until_today(count):
    return np.datetime64(TODAY) - np.arange(count)[::-1]


def noise(count, size, seed=1):
    return np.random.default_rng(seed).normal(0, size, count)


def ago(days):
    return TODAY - timedelta(days=days)


def event(days_ago, type_="medicine_started", *, until=None, text="", id_=1):
    return KnownEvent(id_, type_, ago(days_ago), None if until is None else ago(until), text)


def explained(values, kind=WEIGHT, events=(), **options):
    found = explain(kind, days_until_today(len(values)), values, today=TODAY, events=events, **options)
    assert isinstance(found, Explanation)
    return found


def test_explain_of_a_weight_that_falls_of_late_names_the_day_and_the_pace():
    values = 85 + noise(300, 0.3) - 0.05 * np.maximum(np.arange(300) - 220, 0)
    found = explained(values)
    (change,) = found.changes
    assert abs((change.day - ago(79)).days) <= 10
    assert change.slope_before == pytest.approx(0, abs=0.05)
    assert change.slope_after == pytest.approx(-0.35, abs=0.05)
    days = (TODAY - found.slope.since).days
    truth = -0.05 * min(79, days) * 7 / days
    assert found.slope.low <= truth <= found.slope.high
    assert sentences(WEIGHT, found)[0].startswith("Weight: a fall of about 0.3")
    assert " kg a week since " in sentences(WEIGHT, found)[0]


def test_explain_of_noise_tells_of_nothing():
    told = [explained(80 + noise(365, 0.5, seed)) for seed in range(12)]
    assert sum(len(found.changes) for found in told) <= 1
    assert sum(found.weekly is not None for found in told) <= 1
    assert sum(not found.slope.low <= 0 <= found.slope.high for found in told) <= 3


def test_explain_of_a_week_names_its_days_in_order():
    days = days_until_today(200)
    saturday = (days.astype(int) + 3) % 7 == 5
    found = explain(STEPS, days, 6000 + 3000 * saturday + noise(200, 400), today=TODAY)
    assert int(found.weekly.argmax()) == 5
    assert found.weekly.sum() == pytest.approx(0, abs=1)
    assert "Highest on Saturdays" in sentences(STEPS, found)[1]


def test_explain_of_a_week_that_chance_would_show_draws_none():
    found = explained(80 + noise(200, 0.5))
    assert found.weekly is None
    assert found.fitted == pytest.approx(found.trend)


@pytest.mark.parametrize("weekday", range(7))
def test_explain_of_days_that_never_fall_on_one_weekday_has_no_week(weekday):
    days = days_until_today(200)
    kept = (days.astype(int) + 3) % 7 != weekday
    found = explain(WEIGHT, days[kept], 80 + noise(200, 0.5)[kept], today=TODAY)
    assert found.weekly is None


def test_explain_of_a_medicine_gives_its_effect_with_a_range():
    values = 145 + noise(200, 5) - 10 * (np.arange(200) >= 150)
    found = explained(values, SBP, [event(49, text="Ramipril")])
    (effect,) = found.events
    assert effect.low < -10 < effect.high < 0
    assert effect.low < effect.effect < effect.high
    (told,) = [each for each in sentences(SBP, found) if "Ramipril" in each]
    assert told.startswith("After Ramipril was started on 13 April: about ")
    assert "mmHg lower than otherwise (" in told


def test_explain_of_an_illness_is_a_pulse_over_its_days():
    values = 62 + noise(200, 1.5)
    values[-30:-23] += 9
    found = explained(values, KINDS["resting_heart_rate"], [event(29, "illness", until=23, text="flu")])
    assert found.events[0].effect == pytest.approx(9, abs=2)
    assert "During an illness (flu) from 3 May to 9 May" in sentences(KINDS["resting_heart_rate"], found)[1]


def test_explain_of_two_events_of_the_same_days_gives_neither_an_effect():
    values = 145 + noise(200, 5) - 10 * (np.arange(200) >= 150)
    found = explained(values, SBP, [event(49), event(47, id_=2), event(80, id_=3)])
    assert [effect.effect is None for effect in found.events] == [True, True, False]
    assert "cannot be told apart" in found.events[0].reason
    assert found.fitted[:38].mean() - found.fitted[-47:].mean() == pytest.approx(10, abs=2.5)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (event(3), "Only 4 days with a value in its days: it takes 7 to tell."),
        (event(0), "Only 1 day with a value in its days: it takes 7 to tell."),
        (event(20, "surgery"), "Only 1 day with a value in its days: it takes 3 to tell."),
        (event(57), "Only 2 days with a value outside its days: it takes 7 to tell."),
    ],
)
def test_explain_of_an_event_with_too_few_days_says_how_few(given, reason):
    (effect,) = explained(80 + noise(60, 0.5), events=[given]).events
    assert (effect.effect, effect.low, effect.high, effect.reason) == (None, None, None, reason)


def test_explain_leaves_out_events_to_come_and_those_before_the_days_shown():
    given = [event(-5), event(100), event(120, "illness", until=85, id_=3), event(100, "travel", until=95)]
    found = explained(80 + noise(300, 0.5), events=given, days_back=90)
    assert [effect.event.id for effect in found.events] == [3]


def test_explain_of_very_many_events_weighs_the_latest():
    given = [event(8 * number, "illness", until=8 * number - 3, id_=number) for number in range(1, 30)]
    found = explained(80 + noise(300, 0.5), events=given, days_back=90)
    weighed = [effect.event.id for effect in found.events if effect.effect is not None]
    assert weighed == list(range(1, 12))
    explained(80 + noise(20, 0.5), events=given)


@pytest.mark.parametrize("days_back", [28, 60, 90])
def test_explain_shows_the_days_asked_for_and_a_month_ahead(days_back):
    found = explained(80 + noise(200, 0.5), days_back=days_back)
    assert len(found.days) == len(found.trend) == len(found.fitted) == days_back
    assert found.days[-1].item() == TODAY
    assert len(found.ahead) == len(found.mean) == len(found.low80) == len(found.high80) == 28
    assert found.ahead[0].item() == TODAY + timedelta(days=1)


def test_explain_of_a_kind_that_adds_up_leaves_today_out():
    days, values = days_until_today(100), 8000 + noise(100, 900)
    found = explain(STEPS, days, values, today=TODAY)
    grown = explain(STEPS, days, np.append(values[:-1], 3.0), today=TODAY)
    assert found.days[-1].item() == ago(1)
    assert (found.fitted == grown.fitted).all()


@pytest.mark.parametrize(
    ("count", "more"), [(0, 14), (1, 13), (2, 12), (13, 1)], ids=["none", "one", "two", "one too few"]
)
def test_explain_of_too_few_days_says_how_many_more(count, more):
    found = explain(WEIGHT, days_until_today(count), 80 + noise(count, 0.5), today=TODAY)
    assert isinstance(found, NotEnoughData)
    assert found.more_days == more


def test_explain_of_values_that_are_all_missing_is_not_enough():
    found = explain(WEIGHT, days_until_today(100), np.full(100, np.nan), today=TODAY)
    assert (found.more_days, found.reason[:6]) == (14, "0 days")


def test_explain_of_old_values_says_how_old():
    found = explain(WEIGHT, days_until_today(100) - 40, 80 + noise(100, 0.5), today=TODAY)
    assert found == NotEnoughData(1, "The last value is 40 days old.")


def test_explain_after_a_gap_of_a_year_knows_only_what_came_after():
    days = np.concatenate([days_until_today(20), days_until_today(100) - 400])
    known = explain(WEIGHT, days[:20], 80 + noise(20, 0.5), today=TODAY)
    with_old = explain(WEIGHT, days, np.concatenate([80 + noise(20, 0.5), np.full(100, 95.0)]), today=TODAY)
    assert (known.fitted == with_old.fitted).all()
    assert with_old.slope is None
    assert "A trend needs 28." in with_old.reason


def test_explain_of_days_given_twice_takes_the_later_and_of_days_to_come_takes_none():
    days, values = days_until_today(60), 80 + noise(60, 0.5)
    again = np.concatenate([days, days, days + 100])
    found = explain(WEIGHT, again, np.concatenate([values + 9, values, values]), today=TODAY)
    assert (found.fitted == explained(values).fitted).all()
    assert "60 values dated after today left out." in found.reason


def test_explain_of_a_value_that_never_moved_is_flat_and_has_a_band():
    found = explained(np.full(90, 80.0), events=[event(40)])
    assert (found.trend == 80).all()
    assert (found.low80 < found.mean).all()
    assert (found.mean < found.high80).all()
    assert found.reason == "The value has not changed."
    assert found.events[0].effect is None


def test_explain_of_outliers_is_finite_and_in_range():
    values = 80 + noise(200, 0.5)
    values[::17] = 640
    assert_sound(WEIGHT, explained(values))


def test_explain_of_values_at_the_edge_of_what_can_be_stays_in_range():
    spo2 = KINDS["spo2"]
    found = explained(np.minimum(99.5 + noise(200, 1.0), 100), spo2)
    assert found.high80.max() <= 100
    assert_sound(spo2, found)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_explain_of_any_days_is_sound_or_says_how_many_more(data):
    kind = data.draw(st.sampled_from([WEIGHT, STEPS, KINDS["spo2"]]))
    days = data.draw(st.lists(st.integers(-420, 30), max_size=90, unique=data.draw(st.booleans())))
    wild = st.floats(*kind.hard) | st.sampled_from([np.nan, np.inf, -1.0, kind.hard[0], kind.hard[1]])
    values = data.draw(st.lists(wild | st.just(60.0), min_size=len(days), max_size=len(days)))
    events = [
        event(start, type_, until=start - length)
        for start, length, type_ in data.draw(
            st.lists(
                st.tuples(
                    st.integers(-9, 400), st.integers(0, 60), st.sampled_from(["medicine_started", "illness"])
                ),
                max_size=6,
            )
        )
    ]
    found = explain(
        kind,
        np.datetime64(TODAY) + np.array(days, "timedelta64[D]"),
        np.array(values, np.float64),
        today=TODAY,
        events=events,
    )
    if isinstance(found, NotEnoughData):
        assert 1 <= found.more_days <= 14
    else:
        assert_sound(kind, found)


def assert_sound(kind, found):
    low, high = kind.hard
    for values in (found.trend, found.fitted, found.mean, found.low80, found.high80):
        assert np.isfinite(values).all()
        assert values.min() >= low
        assert values.max() <= high
    assert (found.low80 <= found.mean).all()
    assert (found.mean <= found.high80).all()
    for effect in found.events:
        assert effect.reason or (
            np.isfinite([effect.low, effect.high]).all() and effect.low <= effect.effect <= effect.high
        )
    for change in found.changes:
        assert np.isfinite([change.slope_before, change.slope_after]).all()
    assert all("nan" not in told and "inf" not in told for told in sentences(kind, found))
