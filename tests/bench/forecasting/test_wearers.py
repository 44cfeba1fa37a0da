"""The people of the glucose bench: their grid, their origins, and who is known to the trees."""

import numpy as np
import pytest
from forecasting.glucose_answers import as_said
from forecasting.wearers import Wearer, fold_of, joined, on_grid, origins, pack, read_cgm, seen_in

from twin.forecast.glucose_features import AHEAD, HISTORY, NEAR

NAN = np.nan


def wearer(values, *, person="a", start=0):
    return Wearer("made_up", person, start, np.asarray(values, np.float64))


def wave(points=400, seed=1):
    return 120 + np.random.default_rng(seed).normal(0, 3, points).cumsum().clip(-60, 200).round()


def test_on_grid_puts_readings_at_the_nearest_point_the_later_of_two_last():
    made = on_grid("s", "p", [(600.0, 3.0), (30.0, 1.0), (320.0, 2.0), (640.0, 4.0), (1600.0, 5.0)])
    np.testing.assert_equal(made.values, [1.0, 2.0, 4.0, NAN, NAN, 5.0])
    assert made.start == 0


def test_joined_fills_short_gaps_alone():
    given = np.array([NAN, 1.0, NAN, NAN, NAN, 5.0, NAN, NAN, NAN, NAN, 9.0, NAN])
    np.testing.assert_equal(joined(given), [NAN, 1.0, 2.0, 3.0, 4.0, 5.0, NAN, NAN, NAN, NAN, 9.0, NAN])


def test_origins_are_readings_with_two_hours_before_and_after():
    values = wave()
    values[100:103] = NAN
    values[200:204] = NAN
    found = origins([wearer(values, start=7)])
    at = found.minute // 5
    assert not np.isnan(values[at]).any()
    assert at.min() >= NEAR - 1
    assert at.max() + AHEAD[-1] < len(values)
    assert not ((at >= 200) & (at < 204 + NEAR - 1)).any()
    assert ((at > 103) & (at < 103 + NEAR)).any()
    np.testing.assert_array_equal(found.history[:, -1], values[at])
    np.testing.assert_array_equal(found.truth, values[at[:, None] + np.array(AHEAD)])
    np.testing.assert_array_equal(found.minute_of_day, (7 + at * 5) % 1440)
    assert found.history.shape[1] == HISTORY


def test_origins_come_a_quarter_of_an_hour_apart():
    at = origins([wearer(wave())]).minute
    assert set(np.diff(at).tolist()) == {15}


def test_pack_and_read_give_the_same_people_back(tmp_path):
    first, second = wave(300), wave(200, 2)
    first[50:60] = NAN
    pack([wearer(first), wearer(second, person="b", start=9)], tmp_path / "people.npz")
    again = read_cgm(tmp_path / "people.npz")
    assert [(one.person, one.start) for one in again] == [("a", 0), ("b", 9)]
    np.testing.assert_allclose(again[0].values, first)
    np.testing.assert_allclose(again[1].values, second)


def test_read_cgm_takes_the_columns_by_name(tmp_path):
    file = tmp_path / "cgm.csv"
    file.write_text(
        "mg_dl,source,person,at\n100,s,p,1970-01-02 00:05:00\n90,s,p,1970-01-02T00:00:00\n,s,p,1970-01-03\n"
    )
    (one,) = read_cgm(file)
    assert (one.source, one.person, one.start, one.values.tolist()) == ("s", "p", 1440, [90.0, 100.0])


@pytest.mark.parametrize("cut", [0, 1, 57])
def test_seen_in_knows_people_by_their_readings_whatever_they_are_called(cut):
    trained = [wearer(wave(seed=seed), person=str(seed), start=seed * 100) for seed in range(7)]
    renamed = Wearer("other", "x", trained[3].start + cut * 5, trained[3].values[cut:])
    stranger = wearer(wave(seed=99), person="3", start=300)
    assert seen_in([renamed, stranger], trained, 5) == [fold_of(trained, 5)[3], None]


def test_fold_of_deals_every_source_out_over_all_folds():
    people = [Wearer(source, str(number), 0, wave()) for source in "ab" for number in range(10)]
    folds = fold_of(people, 5)
    for source in range(2):
        assert sorted(folds[source * 10 : source * 10 + 10]) == sorted([*range(5)] * 2)


def test_as_said_knows_nothing_of_what_came_later():
    at = origins([wearer(wave())])
    raw = at.history[:, -1, None, None] + np.tile([-20.0, -10.0, 0.0, 10.0, 20.0], (len(at.wearer), 3, 1))
    factors = np.ones((len(raw), 3, 2))
    said = as_said(at, raw, factors)
    half = len(raw) // 2
    came = at.minute[:, None] + np.array(AHEAD) * 5
    at.truth[came > at.minute[half]] = 1_000.0
    np.testing.assert_array_equal(as_said(at, raw, factors)[: half + 1], said[: half + 1])
    assert (as_said(at, raw, factors)[-1] != said[-1]).any()
