"""A history of zones against zoneinfo itself, and over every sort of move."""

import copy
import pickle
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.zones import QUARTER, ZoneHistory, zone_names

HOUR = timedelta(hours=1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Africa/Monrovia",
    "Pacific/Apia",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
]
WALLS = st.datetimes(datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2037-12-31"))
INSTANTS = WALLS.map(lambda at: at.replace(tzinfo=UTC))
FOLDS = st.sampled_from([0, 1])


@st.composite
def histories(draw):
    """Up to four moves, two days apart at least: no zone is further from another."""
    at = draw(INSTANTS)
    moves = []
    for _ in range(draw(st.integers(1, 4))):
        moves.append((at, draw(st.sampled_from(ZONES))))
        at += timedelta(days=2) + draw(st.timedeltas(timedelta(), timedelta(days=900)))
    return ZoneHistory(draw(st.sampled_from(ZONES)), *moves)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown_at(history, wall):
    """Every instant at which the clock showed this wall time, found by asking for those around it."""
    near = wall.replace(tzinfo=UTC)
    offsets = {(near + hours * HOUR).astimezone(history).utcoffset() for hours in range(-40, 41)}
    found = {near - offset for offset in offsets}
    return sorted(at for at in found if at.astimezone(history).replace(tzinfo=None) == wall)


@given(zone=st.sampled_from(ZONES), at=INSTANTS)
def test_one_stay_shows_every_instant_as_its_zone_does(zone, at):
    ours, theirs = at.astimezone(ZoneHistory(zone)), at.astimezone(ZoneInfo(zone))
    assert (ours.replace(tzinfo=None), ours.fold) == (theirs.replace(tzinfo=None), theirs.fold)


@given(zone=st.sampled_from(ZONES), wall=WALLS, fold=FOLDS)
def test_one_stay_reads_every_wall_time_as_its_zone_does(zone, wall, fold):
    ours, theirs = (wall.replace(tzinfo=each, fold=fold) for each in (ZoneHistory(zone), ZoneInfo(zone)))
    assert (ours.utcoffset(), ours.dst(), ours.tzname()) == (
        theirs.utcoffset(),
        theirs.dst(),
        theirs.tzname(),
    )


@given(history=histories(), at=INSTANTS)
def test_instant_comes_back_from_its_wall_time(history, at):
    local = at.astimezone(history)
    assume(len(shown_at(history, local.replace(tzinfo=None))) <= 2)
    assert local.astimezone(UTC) == at


@given(history=histories(), data=st.data())
def test_instant_near_a_move_comes_back_from_its_wall_time(history, data):
    assume(history.moves)
    since, _ = data.draw(st.sampled_from(history.moves))
    test_instant_comes_back_from_its_wall_time.hypothesis.inner_test(
        history, since + data.draw(st.timedeltas(-40 * HOUR, 40 * HOUR))
    )


@given(history=histories(), data=st.data())
def test_wall_time_is_the_first_instant_that_shows_it_and_with_a_fold_the_last(history, data):
    assume(history.moves)
    since, _ = data.draw(st.sampled_from(history.moves))
    wall = since.replace(tzinfo=None) + data.draw(st.timedeltas(-40 * HOUR, 40 * HOUR))
    shown = shown_at(history, wall)
    assume(shown)
    first, last = (wall.replace(tzinfo=history, fold=fold).astimezone(UTC) for fold in (0, 1))
    assert (first, last) == (shown[0], shown[-1])


@given(history=histories(), at=INSTANTS, later=st.timedeltas(timedelta(), timedelta(days=9)))
def test_order_is_never_broken_inside_a_stay(history, at, later):
    assume(len({history.key_at(at + part * later / 4) for part in range(5)}) == 1)
    zone = ZoneInfo(history.key_at(at))
    walls = [moment.astimezone(history).replace(tzinfo=None) for moment in (at, at + later)]
    assert walls == [moment.astimezone(zone).replace(tzinfo=None) for moment in (at, at + later)]


@given(history=histories(), at=INSTANTS)
def test_zone_of_an_instant_is_the_one_that_its_wall_time_is_read_by(history, at):
    local = at.astimezone(history)
    assume(len(shown_at(history, local.replace(tzinfo=None))) == 1)
    assert history.key_of(local) == history.key_at(at)


LEFT_BERLIN = utc("2026-03-02T12:00")


def tokyo():
    return ZoneHistory("Europe/Berlin", (LEFT_BERLIN, "Asia/Tokyo"))


def new_york():
    return ZoneHistory("Europe/Berlin", (LEFT_BERLIN, "America/New_York"))


@pytest.mark.parametrize(
    ("history", "wall", "fold", "instant"),
    [
        # East: 13:00 to 21:00 of that day are skipped.
        (tokyo(), "2026-03-02T12:59", 0, "2026-03-02T11:59"),
        (tokyo(), "2026-03-02T13:00", 0, "2026-03-02T12:00"),
        (tokyo(), "2026-03-02T20:59", 0, "2026-03-02T19:59"),
        (tokyo(), "2026-03-02T13:00", 1, "2026-03-02T04:00"),
        (tokyo(), "2026-03-02T21:00", 0, "2026-03-02T12:00"),
        (tokyo(), "2026-03-02T21:00", 1, "2026-03-02T12:00"),
        # West: 7:00 to 13:00 are shown twice.
        (new_york(), "2026-03-02T06:59", 1, "2026-03-02T05:59"),
        (new_york(), "2026-03-02T07:00", 0, "2026-03-02T06:00"),
        (new_york(), "2026-03-02T07:00", 1, "2026-03-02T12:00"),
        (new_york(), "2026-03-02T12:59", 0, "2026-03-02T11:59"),
        (new_york(), "2026-03-02T12:59", 1, "2026-03-02T17:59"),
        (new_york(), "2026-03-02T13:00", 0, "2026-03-02T18:00"),
    ],
)
def test_wall_time_that_a_move_skips_or_repeats(history, wall, fold, instant):
    moment = datetime.fromisoformat(wall).replace(tzinfo=history, fold=fold)
    assert moment.astimezone(UTC) == utc(instant)


def midnights(history, *days):
    return [datetime.fromisoformat(day).replace(tzinfo=history).astimezone(UTC) for day in days]


@pytest.mark.parametrize(
    ("history", "day", "following", "hours"),
    [
        (ZoneHistory("Europe/Berlin"), "2026-03-29", "2026-03-30", 23),
        (ZoneHistory("Europe/Berlin"), "2026-10-25", "2026-10-26", 25),
        (ZoneHistory("Asia/Tokyo", (utc("2026-01-01"), "Europe/Berlin")), "2026-03-29", "2026-03-30", 23),
        (ZoneHistory("Pacific/Apia"), "2011-12-29", "2011-12-31", 24),  # Samoa left out the 30th
        (tokyo(), "2026-03-02", "2026-03-03", 16),
        (new_york(), "2026-03-02", "2026-03-03", 30),
        # Over the date line: from the evening in Tokyo to the morning of the same day in Honolulu.
        (
            ZoneHistory("Asia/Tokyo", (utc("2026-05-10T12:00"), "Pacific/Honolulu")),
            "2026-05-10",
            "2026-05-11",
            43,
        ),
    ],
)
def test_length_of_a_day(history, day, following, hours):
    start, end = midnights(history, day, following)
    assert (end - start) / HOUR == hours


def test_dst_and_names_are_those_of_the_stay():
    history = ZoneHistory("Europe/Berlin", (utc("2026-07-10"), "America/New_York"))
    before, after = (datetime(2026, 7, day, 12, tzinfo=history) for day in (1, 20))
    assert [(at.tzname(), at.dst() / HOUR, at.utcoffset() / HOUR) for at in (before, after)] == [
        ("CEST", 1, 2),
        ("EDT", 1, -4),
    ]
    assert (history.utcoffset(None), history.dst(None), history.tzname(None)) == (None, None, None)


def test_two_stays_in_one_zone_are_one():
    at = utc("2026-01-01")
    history = ZoneHistory("UTC", (at, "UTC"), (at + HOUR, "Asia/Tokyo"), (at + 2 * HOUR, "Asia/Tokyo"))
    assert history == ZoneHistory("UTC", (at + HOUR, "Asia/Tokyo"))
    assert (history.first, history.moves) == ("UTC", ((at + HOUR, "Asia/Tokyo"),))


def test_move_counts_from_its_quarter_of_an_hour():
    at = utc("2026-01-01T12:00")
    history = ZoneHistory("UTC", (at + QUARTER - timedelta(microseconds=1), "Asia/Tokyo"))
    assert history.moves == ((at, "Asia/Tokyo"),)
    assert history.moved(at + QUARTER / 3, "Asia/Seoul").moves == ((at, "Asia/Seoul"),)


def test_moves_out_of_order_are_refused():
    at = utc("2026-01-01")
    with pytest.raises(ValueError, match="order"):
        ZoneHistory("UTC", (at, "Asia/Tokyo"), (at, "Asia/Seoul"))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_are_equal_and_behave_alike(copied):
    history, other = tokyo(), copied(tokyo())
    assert (history, hash(history), repr(history)) == (other, hash(other), repr(other))
    assert other.moves == ((LEFT_BERLIN, "Asia/Tokyo"),)
    assert history != new_york()
    assert history != ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("one", "other", "since"),
    [
        (tokyo(), tokyo(), None),
        (tokyo(), new_york(), LEFT_BERLIN),
        (tokyo(), ZoneHistory("Europe/Berlin"), LEFT_BERLIN),
        (tokyo(), ZoneHistory("Asia/Tokyo"), datetime.min.replace(tzinfo=UTC)),
        (
            tokyo(),
            ZoneHistory("Europe/Berlin", (LEFT_BERLIN, "Asia/Tokyo"), (LEFT_BERLIN + HOUR, "UTC")),
            LEFT_BERLIN + HOUR,
        ),
    ],
)
def test_first_difference_is_the_instant_from_which_two_histories_part(one, other, since):
    assert one.first_difference(other) == other.first_difference(one) == since


def test_zone_names_are_those_of_the_database():
    assert {"UTC", "Europe/Berlin", "Pacific/Apia"} <= zone_names()
    assert "Mars/Base" not in zone_names()
