"""Forecasts are asked for when data arrives, and made once it has settled, once."""

from datetime import UTC, date, datetime, timedelta
from threading import Thread
from time import monotonic, sleep

import make
import numpy as np
import pytest
from django.db import connection
from forecasts import NOW, forecasts, make_days, mark, refresh, said, stale, states

from backend.actor import acting_for, acting_for_all, acting_on
from backend.models import Change, Patient
from twin import forecast
from twin.models import DaySummary, Event, Forecast, GlucoseForecast, SeriesState, Source, StaleForecast
from twin.queries.forecasts import newest_forecasts
from twin.series import store
from twin.series.columns import Columns
from twin.series.store import lock
from twin.services.forecasts import (
    AT_MOST,
    LEASE,
    SETTLE,
    due_patients,
    forget_states,
    mark_stale,
    outdate_states,
    refresh_forecasts,
    show_forecasts,
)

VITALS = frozenset({"vitals", "glucose"})


def show(patient: Patient, *, now: datetime = NOW) -> list[Forecast]:
    """The forecast of one kind is read, by whoever is acting."""
    return show_forecasts(patient, newest_forecasts(patient, VITALS, "sbp"), now=now)


def test_mark_stale_waits_while_data_keeps_coming_but_not_for_ever(cast):
    mark(cast.pia_patient, "sbp")
    assert stale(cast.pia_patient) == {"sbp": (NOW, NOW + SETTLE)}
    later = NOW + timedelta(seconds=2)
    mark(cast.pia_patient, "sbp", now=later)
    assert stale(cast.pia_patient) == {"sbp": (NOW, later + SETTLE)}
    for seconds in range(3, 300, 3):
        mark(cast.pia_patient, "sbp", now=NOW + timedelta(seconds=seconds))
    assert stale(cast.pia_patient) == {"sbp": (NOW, NOW + AT_MOST)}


def test_mark_stale_of_kinds_without_forecasts_marks_nothing(cast):
    mark(cast.pia_patient, "height", "hba1c")
    assert stale(cast.pia_patient) == {}


def test_refresh_forecasts_before_the_data_has_settled_makes_none(cast):
    make_days(cast.pia_patient, "sbp", 20)
    mark(cast.pia_patient, "sbp")
    assert due_patients(now=NOW, limit=5) == []
    assert refresh_forecasts(cast.pia_patient.id, now=NOW) == 0
    assert due_patients(now=NOW + SETTLE, limit=5) == [cast.pia_patient.id]
    assert refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE) == 1
    assert due_patients(now=NOW + timedelta(days=1), limit=5) == []
    assert refresh_forecasts(cast.pia_patient.id, now=NOW + timedelta(days=1)) == 0


def set_day(patient: Patient, kind: str, day: date, value: float) -> None:
    """A day that came out otherwise, without anybody being told."""
    with acting_on(patient.id):
        DaySummary.objects.filter(kind=kind, day=day).update(value=value)


def test_refresh_forecasts_says_what_they_were_made_of(cast):
    make_days(cast.pia_patient, "sbp", 60)
    refresh(cast.pia_patient, "sbp")
    (made,) = forecasts(cast.pia_patient)
    assert (made.kind, made.through, made.model) == ("sbp", date(2026, 6, 29), "kalman_mixture")
    assert (made.version, made.last_value) == (forecast.VERSION, 100.0 + date(2026, 6, 29).toordinal() % 5)
    assert (len(made.mean), made.made_at, made.topic) == (28, NOW + SETTLE, "vitals")
    assert (made.shown_at, made.superseded_at) == (None, None)
    assert made.backtest_points > 0
    with acting_on(cast.pia_patient.id):
        assert list(Change.objects.values_list("ref", flat=True)) == ["forecast/sbp"]


def test_refresh_forecasts_makes_all_due_kinds_at_once(cast):
    kinds = ["glucose", "sbp", "steps", "weight"]
    for kind in kinds:
        make_days(cast.pia_patient, kind, 30)
    refresh(cast.pia_patient, *kinds)
    assert [one.kind for one in forecasts(cast.pia_patient)] == kinds
    with acting_on(cast.pia_patient.id):
        told = list(Change.objects.order_by("seq").values_list("seq", "ref", "topic"))
    assert told == [
        (1, "forecast/glucose", "glucose"),
        (2, "forecast/sbp", "vitals"),
        (3, "forecast/steps", "vitals"),
        (4, "forecast/weight", "vitals"),
    ]


def test_refresh_forecasts_of_the_same_data_gives_the_same_numbers(cast):
    made = []
    for patient in (cast.pia_patient, cast.paul_patient):
        make_days(patient, "sbp", 60)
        refresh(patient, "sbp")
        made += [said(one) for one in forecasts(patient)]
    assert made[0] == made[1]


def test_refresh_forecasts_that_says_the_same_again_writes_nothing(cast):
    make_days(cast.pia_patient, "sbp", 60)
    refresh(cast.pia_patient, "sbp")
    before = forecasts(cast.pia_patient)
    refresh(cast.pia_patient, "sbp", now=NOW + timedelta(hours=1))
    (after,) = forecasts(cast.pia_patient)
    assert (after.id, after.made_at) == (before[0].id, NOW + SETTLE)
    with acting_on(cast.pia_patient.id):
        assert Change.objects.count() == 1


def test_refresh_forecasts_goes_on_from_the_state_and_comes_to_the_same(cast):
    # Estimated on the 26th, then a day at a time; and the same days, read from where the state stood.
    make_days(cast.pia_patient, "sbp", 60, last=date(2026, 6, 26))
    refresh(cast.pia_patient, "sbp", now=NOW - timedelta(days=3))
    state = states(cast.pia_patient)["sbp"]
    assert (state.through, state.estimated_on) == (date(2026, 6, 26), date(2026, 6, 26))
    assert (state.version, state.topic) == (forecast.VERSION, "vitals")
    # What is older than the state is read no more: it could be anything now.
    set_day(cast.pia_patient, "sbp", date(2026, 6, 1), 300.0)
    make_days(cast.pia_patient, "sbp", 3)
    refresh(cast.pia_patient, "sbp")
    state = states(cast.pia_patient)["sbp"]
    assert (state.through, state.estimated_on) == (date(2026, 6, 29), date(2026, 6, 26))

    make_days(cast.paul_patient, "sbp", 60, last=date(2026, 6, 26))
    for day in range(27, 31):
        now = datetime(2026, 6, day, 12, tzinfo=UTC)
        refresh(cast.paul_patient, "sbp", now=now)
        if day < 30:
            make_days(cast.paul_patient, "sbp", 1, last=date(2026, 6, day))
    assert bytes(states(cast.paul_patient)["sbp"].state) == bytes(state.state)
    assert [said(one) for one in forecasts(cast.paul_patient)] == [
        said(one) for one in forecasts(cast.pia_patient)
    ]


def test_refresh_forecasts_counts_today_in_the_forecast_but_not_in_the_state(cast):
    today = NOW.date()
    make_days(cast.pia_patient, "sbp", 60, last=today)
    make_days(cast.pia_patient, "steps", 60, last=today)
    refresh(cast.pia_patient, "sbp", "steps")
    assert [(one.kind, one.through.day) for one in forecasts(cast.pia_patient)] == [
        ("sbp", 30),
        ("steps", 29),
    ]
    before = states(cast.pia_patient)
    assert {state.through.day for state in before.values()} == {29}
    first = forecasts(cast.pia_patient)[0]
    for kind in ("sbp", "steps"):
        set_day(cast.pia_patient, kind, today, 180.0)
    refresh(cast.pia_patient, "sbp", "steps", now=NOW + timedelta(hours=1))
    sbp, steps = forecasts(cast.pia_patient)
    assert (sbp.last_value, steps.last_value < 180.0) == (180.0, True)
    assert sbp.mean[0] > first.mean[0]
    after = states(cast.pia_patient)
    assert {kind: bytes(one.state) for kind, one in after.items()} == {
        kind: bytes(one.state) for kind, one in before.items()
    }


@pytest.mark.parametrize(
    ("outdated", "kept"),
    [
        ({"sbp": date(2026, 6, 29)}, ["weight"]),
        ({"sbp": date(2026, 6, 1), "weight": date(2026, 6, 30)}, ["weight"]),
        ({"sbp": date(2026, 6, 30), "weight": date(2026, 6, 30)}, ["sbp", "weight"]),
        ({}, ["sbp", "weight"]),
    ],
)
def test_outdate_states_takes_those_that_have_passed_a_day_that_changed(cast, outdated, kept):
    for patient in (cast.pia_patient, cast.paul_patient):
        for kind in ("sbp", "weight"):
            make_days(patient, kind, 30)
        refresh(patient, "sbp", "weight")
    with acting_for_all():
        outdate_states(cast.pia_patient.id, outdated)
    assert sorted(states(cast.pia_patient)) == kept
    assert sorted(states(cast.paul_patient)) == ["sbp", "weight"]


@pytest.mark.parametrize(("kinds", "kept"), [(None, []), (["sbp"], ["weight"]), ([], ["sbp", "weight"])])
def test_forget_states_lets_the_next_refresh_read_everything(cast, kinds, kept):
    for kind in ("sbp", "weight"):
        make_days(cast.pia_patient, kind, 30)
    refresh(cast.pia_patient, "sbp", "weight")
    with acting_for_all():
        forget_states(cast.pia_patient.id, kinds)
    assert sorted(states(cast.pia_patient)) == kept


def test_refresh_forecasts_knows_of_events(cast):
    make_days(cast.pia_patient, "sbp", 60)
    refresh(cast.pia_patient, "sbp")
    (calm,) = forecasts(cast.pia_patient)
    with acting_for_all():
        Event.objects.create(
            patient=cast.pia_patient,
            topic="records",
            type="illness",
            starts_on=date(2026, 6, 28),
            entered_by=cast.pia,
            entered_at=NOW,
        )
        forget_states(cast.pia_patient.id)
    refresh(cast.pia_patient, "sbp", now=NOW + timedelta(hours=1))
    (moved,) = forecasts(cast.pia_patient)
    assert moved.high80[0] - moved.low80[0] > calm.high80[0] - calm.low80[0]


@pytest.mark.parametrize("damage", [{"version": "0.0"}, {"state": b"?"}, {"through": NOW.date()}])
def test_refresh_forecasts_with_a_state_that_is_of_no_use_is_made_of_the_days(cast, damage):
    make_days(cast.pia_patient, "sbp", 60)
    refresh(cast.pia_patient, "sbp")
    (before,) = forecasts(cast.pia_patient)
    with acting_on(cast.pia_patient.id):
        SeriesState.objects.update(**damage)
        Forecast.objects.all().delete()
    mark(cast.pia_patient, "sbp")
    for later in (SETTLE, SETTLE + LEASE):
        refresh_forecasts(cast.pia_patient.id, now=NOW + later)
    (after,) = forecasts(cast.pia_patient)
    assert said(after) == said(before)
    assert states(cast.pia_patient)["sbp"].through == date(2026, 6, 29)


def test_refresh_forecasts_of_too_few_days_clears_the_mark(cast):
    make_days(cast.pia_patient, "sbp", 3)
    mark(cast.pia_patient, "sbp")
    assert refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE) == 1
    assert (stale(cast.pia_patient), forecasts(cast.pia_patient)) == ({}, [])


@pytest.mark.parametrize(
    ("zone", "through"), [("Pacific/Auckland", date(2026, 6, 30)), ("Europe/Berlin", date(2026, 6, 29))]
)
def test_refresh_forecasts_goes_by_the_patients_own_today(db, zone, through):
    patient = make.make_patient(time_zone=zone)
    make_days(patient, "steps", 20, last=date(2026, 7, 1))
    mark(patient, "steps")
    # Noon UTC is already the first of July in Auckland; a day that still grows is left out.
    refresh_forecasts(patient.id, now=NOW + SETTLE)
    (made,) = forecasts(patient)
    assert made.through == through


@pytest.mark.parametrize("was_shown", [False, True])
def test_refresh_forecasts_after_days_were_deleted_leaves_none_that_stands_on_them(cast, was_shown):
    make_days(cast.pia_patient, "sbp", 20)
    refresh(cast.pia_patient, "sbp")
    if was_shown:
        with acting_for(cast.pia.id):
            show(cast.pia_patient)
    current = []
    for last in (date(2026, 6, 25), date(2026, 6, 12)):
        with acting_on(cast.pia_patient.id):
            DaySummary.objects.filter(kind="sbp", day__gt=last).delete()
            outdate_states(cast.pia_patient.id, {"sbp": last + timedelta(days=1)})
        refresh(cast.pia_patient, "sbp")
        with acting_on(cast.pia_patient.id):
            found = newest_forecasts(cast.pia_patient, VITALS)
            current.append([(one.through, one.last_value) for one in found])
    # The 25th was a Thursday; three days up to the 12th are too few.
    assert current == [[(date(2026, 6, 29), 109.0 + date(2026, 6, 25).toordinal() % 5)], []]
    assert [one.through.day for one in forecasts(cast.pia_patient)] == [29] * was_shown
    assert states(cast.pia_patient) == {}
    with acting_on(cast.pia_patient.id):
        assert list(Change.objects.order_by("seq").values_list("op", flat=True)) == ["set", "set", "delete"]


def test_refresh_forecasts_with_one_kind_that_fails_makes_the_others(cast, caplog):
    make_days(cast.pia_patient, "sbp", 20)
    # A kind that an older catalogue had.
    make_days(cast.pia_patient, "aura", 20)
    with acting_for_all():
        StaleForecast.objects.create(
            patient=cast.pia_patient, kind="aura", topic="vitals", stale_since=NOW, due_at=NOW
        )
    mark(cast.pia_patient, "sbp")
    assert refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE) == 1
    assert [made.kind for made in forecasts(cast.pia_patient)] == ["sbp"]
    assert list(stale(cast.pia_patient)) == ["aura"]
    assert due_patients(now=NOW + SETTLE, limit=5) == []
    assert [record.message.split()[0] for record in caplog.records] == ["action=forecast_failed"]


def test_refresh_forecasts_after_a_glucose_sensor_was_read_forecasts_the_next_hours_too(cast):
    minutes = NOW - timedelta(minutes=5) * np.arange(30)[::-1]
    start = np.array([round(at.timestamp() * 1000) for at in minutes], np.int64)
    columns = Columns(start, np.zeros(30, np.int64), 120.0 + np.arange(30) % 7)
    with acting_for_all():
        source = Source.objects.create(patient=cast.pia_patient, name="Sensor")
        store.merge(cast.pia_patient.id, [store.Batch("glucose_cgm", source.id, columns)])
    make_days(cast.pia_patient, "sbp", 20)
    refresh(cast.pia_patient, "sbp")
    with acting_on(cast.pia_patient.id):
        assert GlucoseForecast.objects.count() == 0
    refresh(cast.pia_patient, "glucose_cgm", "sbp")
    with acting_on(cast.pia_patient.id):
        assert GlucoseForecast.objects.get().at == NOW
    assert stale(cast.pia_patient) == {}


def test_forecast_that_was_shown_is_kept_and_one_that_nobody_saw_is_replaced(cast):
    make_days(cast.pia_patient, "sbp", 60, last=date(2026, 6, 27))
    told = []
    for day in (28, 29, 30):
        refresh(cast.pia_patient, "sbp", now=datetime(2026, 6, day, 12, tzinfo=UTC))
        if day == 29:
            with acting_for(cast.cleo.id):
                told = show(cast.pia_patient)
        make_days(cast.pia_patient, "sbp", 1, last=date(2026, 6, day))
    kept, current = forecasts(cast.pia_patient)
    assert (kept.through.day, kept.shown_at, kept.superseded_at) == (28, NOW, NOW + SETTLE)
    assert (current.through.day, current.shown_at, current.superseded_at) == (29, None, None)
    assert [said(one) for one in told] == [said(kept)]


def test_of_forecasts_shown_after_the_same_day_only_the_last_is_kept(cast):
    make_days(cast.pia_patient, "sbp", 60, last=date(2026, 6, 30))
    today = datetime(2026, 6, 30, 12, tzinfo=UTC)
    for value in (120.0, 121.0, 122.0, 123.0):
        with acting_for_all():
            DaySummary.objects.filter(kind="sbp", day=today.date()).update(value=value)
        refresh(cast.pia_patient, "sbp", now=today)
        with acting_for(cast.cleo.id):
            show(cast.pia_patient)
    assert [one.last_value for one in forecasts(cast.pia_patient)] == [122.0, 123.0]
    with acting_for_all():
        DaySummary.objects.filter(kind="sbp").delete()
        forget_states(cast.pia_patient.id)
    refresh(cast.pia_patient, "sbp", now=today)
    assert [one.last_value for one in forecasts(cast.pia_patient)] == [123.0]


def test_show_forecasts_writes_once_and_only_what_is_read(cast, django_assert_num_queries):
    for kind in ("glucose", "sbp", "steps"):
        make_days(cast.pia_patient, kind, 30)
    refresh(cast.pia_patient, "glucose", "sbp", "steps")
    # She may read both topics, and is asked for one.
    with acting_for(cast.dora.id):
        assert [(one.kind, one.shown_at) for one in show(cast.pia_patient)] == [("sbp", NOW)]
        with django_assert_num_queries(1):
            again = show(cast.pia_patient, now=NOW + timedelta(days=1))
    assert [one.shown_at for one in again] == [NOW]
    assert {one.kind: one.shown_at for one in forecasts(cast.pia_patient)} == {
        "glucose": None,
        "sbp": NOW,
        "steps": None,
    }


def test_show_forecasts_answers_what_it_marks_though_a_worker_replaces_it_meanwhile(transactional_db):
    patient = make.make_patient()
    make_days(patient, "sbp", 30)
    refresh(patient, "sbp")
    shown: list[Forecast] = []

    def look() -> None:
        try:
            with acting_for(patient.user_id):
                shown.extend(show(patient))
        finally:
            connection.close()

    reader = Thread(target=look)
    with acting_on(patient.id):
        # As a worker does: in place, because nobody has seen it.
        Forecast.objects.update(last_value=7.0)
        reader.start()
        sleep(0.3)
        assert shown == []
    reader.join()
    (kept,) = forecasts(patient)
    assert (kept.last_value, kept.shown_at) == (7.0, NOW)
    assert [one.last_value for one in shown] == [7.0]


def test_refresh_forecasts_of_older_data_does_not_win(cast):
    make_days(cast.pia_patient, "sbp", 20)
    mark(cast.pia_patient, "sbp")
    refresh_forecasts(cast.pia_patient.id, now=NOW + timedelta(minutes=5))
    (made,) = forecasts(cast.pia_patient)
    mark(cast.pia_patient, "sbp")
    refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE)
    (still,) = forecasts(cast.pia_patient)
    assert (still.id, still.made_at) == (made.id, NOW + timedelta(minutes=5))


def test_refresh_forecasts_by_two_workers_makes_each_kind_once(transactional_db):
    patient = make.make_patient()
    kinds = ["sbp", "dbp", "weight", "steps", "heart_rate", "glucose"]
    for kind in kinds:
        make_days(patient, kind, 15)
    mark(patient, *kinds)
    made: list[int] = []

    def work() -> None:
        try:
            made.append(refresh_forecasts(patient.id, now=NOW + SETTLE))
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(made) == len(kinds)
    assert [one.kind for one in forecasts(patient)] == sorted(kinds)
    assert stale(patient) == {}
    with acting_on(patient.id):
        assert Change.objects.filter(ref__startswith="forecast/").count() == len(kinds)


def test_refresh_forecasts_while_newer_data_comes_is_let_go_and_stays_stale(transactional_db):
    patient = make.make_patient()
    make_days(patient, "sbp", 15)
    make_days(patient, "weight", 15)
    mark(patient, "sbp", "weight")
    began = NOW + SETTLE

    def work() -> None:
        try:
            refresh_forecasts(patient.id, now=began)
        finally:
            connection.close()

    worker = Thread(target=work)
    with acting_on(patient.id):
        # The worker can claim and compute, but not settle while somebody else writes to this patient.
        lock(patient.id)
        worker.start()
        deadline = monotonic() + 120
        while (began, began + LEASE) not in stale(patient).values() and monotonic() < deadline:
            sleep(0.02)
        mark_stale(patient.id, ["sbp"], now=began + timedelta(seconds=1))
    worker.join()
    assert stale(patient) == {"sbp": (began, began + timedelta(seconds=1) + SETTLE)}
    assert [one.kind for one in forecasts(patient)] == ["weight"]
    assert list(states(patient)) == ["weight"]
