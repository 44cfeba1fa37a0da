"""Where a patient lives by the clock: moves, corrections, and what of the past they touch."""

from datetime import UTC, datetime, timedelta

import make
import pytest
from django.utils import timezone

from backend import services
from backend.access import access_patient
from backend.actor import acting_for, acting_for_all
from backend.models import ALWAYS, Change, Patient, Stay
from backend.ports import ports
from backend.queries import zone_histories_of, zone_history_of
from backend.rules import Need
from backend.services import NotPossible
from backend.zones import QUARTER, ZoneHistory

JSON = "application/json"
ZONES = "/api/v1/patients/me/zones"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def followed(monkeypatch):
    """From when on the rooms were told that a patient lived elsewhere."""
    heard = []
    monkeypatch.setattr(ports, "zone_followers", [lambda _, since, __: heard.append(since)])
    return heard


def as_pia(cast, service, **given):
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.PROFILE, what="time zones")
        service(access=access, now=NOW, **given)


def move(cast, zone, since):
    as_pia(cast, services.move, time_zone=zone, since=since)


def replace(cast, *stays):
    as_pia(cast, services.replace_zones, stays=stays)


def save(cast, **particulars):
    with acting_for(cast.pia.id):
        services.save_own_patient(actor=cast.pia, particulars=particulars, now=NOW)


def lives(cast):
    """The history, and the zone of the patient's row."""
    with acting_for(cast.pia.id):
        return zone_history_of(cast.pia_patient.id), Patient.objects.get(user=cast.pia).time_zone


def test_patient_without_a_stay_has_always_lived_in_the_zone_of_her_row(cast):
    assert lives(cast) == (ZoneHistory("Europe/Berlin"), "Europe/Berlin")


def test_change_of_zone_is_a_move_from_now_on(cast, followed):
    save(cast, time_zone="Asia/Tokyo")
    assert lives(cast) == (ZoneHistory("Europe/Berlin", (NOW, "Asia/Tokyo")), "Asia/Tokyo")
    assert followed == [NOW]
    with acting_for_all():
        assert list(Stay.objects.order_by("since").values_list("since", "time_zone")) == [
            (ALWAYS, "Europe/Berlin"),
            (NOW, "Asia/Tokyo"),
        ]


def test_change_of_anything_else_is_no_move(cast, followed):
    save(cast, time_zone="Europe/Berlin", name="Pia P.")
    save(cast, name="Pia Q.")
    assert (lives(cast)[0], followed) == (ZoneHistory("Europe/Berlin"), [])
    with acting_for(cast.pia.id):
        assert Patient.objects.get().name == "Pia Q."


def test_move_in_the_past_holds_until_the_next_one(cast, followed):
    move(cast, "Asia/Tokyo", NOW - DAY)
    move(cast, "Europe/Lisbon", NOW - 3 * DAY)
    history = ZoneHistory("Europe/Berlin", (NOW - 3 * DAY, "Europe/Lisbon"), (NOW - DAY, "Asia/Tokyo"))
    assert lives(cast) == (history, "Asia/Tokyo")
    assert followed == [NOW - DAY, NOW - 3 * DAY]


def test_move_at_the_instant_of_another_corrects_it(cast):
    move(cast, "Asia/Tokyo", NOW - DAY)
    move(cast, "Asia/Seoul", NOW - DAY)
    assert lives(cast) == (ZoneHistory("Europe/Berlin", (NOW - DAY, "Asia/Seoul")), "Asia/Seoul")


def test_move_to_where_one_is_already_changes_nothing(cast, followed):
    move(cast, "Europe/Berlin", NOW - DAY)
    assert (lives(cast)[0], followed) == (ZoneHistory("Europe/Berlin"), [])


def test_history_is_replaced_from_its_first_difference_on(cast, followed):
    replace(cast, (NOW - 9 * DAY, "Asia/Tokyo"), (ALWAYS, "Europe/Berlin"), (NOW - DAY, "Europe/Berlin"))
    replace(cast, (ALWAYS, "Europe/Berlin"), (NOW - 9 * DAY, "Asia/Tokyo"), (NOW - 2 * DAY, "Europe/Berlin"))
    assert lives(cast)[1] == "Europe/Berlin"
    assert followed == [NOW - 9 * DAY, NOW - 2 * DAY]


def test_correction_of_where_one_has_always_been_reaches_all_of_the_past(cast, followed):
    move(cast, "Asia/Tokyo", NOW - DAY)
    replace(cast, (NOW - DAY, "Europe/Lisbon"))
    assert lives(cast) == (ZoneHistory("Europe/Lisbon"), "Europe/Lisbon")
    assert followed[-1] == datetime.min.replace(tzinfo=UTC)


def test_every_change_is_in_the_log(cast):
    move(cast, "Asia/Tokyo", NOW - DAY)
    replace(cast, (ALWAYS, "Europe/Lisbon"))
    with acting_for_all():
        refs = Change.objects.filter(stream=cast.pia_patient.id, ref="patient")
        assert refs.count() == 2


@pytest.mark.parametrize(
    "stays",
    [
        [],
        [(ALWAYS, "UTC"), (NOW + DAY, "Asia/Tokyo")],
        [(NOW - DAY, "UTC"), (NOW - DAY + QUARTER / 2, "Asia/Tokyo")],
        [(ALWAYS - DAY, "UTC"), (ALWAYS, "Asia/Tokyo")],
    ],
    ids=["nowhere", "yet to come", "two at once", "before living memory"],
)
def test_impossible_history_is_refused(cast, stays):
    with pytest.raises(NotPossible):
        replace(cast, *stays)
    assert lives(cast)[0] == ZoneHistory("Europe/Berlin")


# Over the API


def test_zones_are_put_and_read_back_with_arrival_by_the_new_clock(client_of):
    pia = client_of("pia")
    assert pia.get(ZONES).json() == {"stays": [{"since": None, "time_zone": "Europe/Berlin"}]}
    sent = {
        "stays": [
            {"since": "2026-03-02T09:00", "time_zone": "Asia/Tokyo"},
            {"since": None, "time_zone": "Europe/Berlin"},
            {"since": "2026-03-09T18:30:00+01:00", "time_zone": "Europe/Berlin"},
        ]
    }
    expected = {
        "stays": [
            {"since": None, "time_zone": "Europe/Berlin"},
            {"since": "2026-03-02T00:00:00Z", "time_zone": "Asia/Tokyo"},
            {"since": "2026-03-09T17:30:00Z", "time_zone": "Europe/Berlin"},
        ]
    }
    answer = pia.put(ZONES, sent, content_type=JSON)
    assert (answer.status_code, answer.json()) == (200, expected)
    assert pia.put(ZONES, expected, content_type=JSON).json() == expected
    assert pia.get(ZONES).json() == expected


@pytest.mark.parametrize(
    ("stays", "status"),
    [
        ([], 400),
        ([{"since": None, "time_zone": "Mars/Base"}], 400),
        ([{"since": "yesterday", "time_zone": "UTC"}], 400),
        ([{"since": "0001-01-01T00:00:00+12:00", "time_zone": "UTC"}], 400),
        ([{"since": "9999-12-31T23:00:00-12:00", "time_zone": "UTC"}], 400),
        ([{"since": None, "time_zone": "UTC"}] * 1_001, 400),
        ([{"since": None, "time_zone": "UTC"}] * 2, 422),
        (
            [{"since": None, "time_zone": "UTC"}, {"since": "9000-01-01T00:00Z", "time_zone": "Asia/Tokyo"}],
            422,
        ),
    ],
)
def test_zones_that_cannot_be_are_refused(client_of, stays, status):
    answer = client_of("pia").put(ZONES, {"stays": stays}, content_type=JSON)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_time_zone_of_the_profile_moves_from_now_on(client_of):
    pia = client_of("pia")
    before = timezone.now()
    profile = pia.get("/api/v1/me").json()["patient"] | {"time_zone": "Asia/Tokyo"}
    assert pia.put("/api/v1/me/patient", profile, content_type=JSON).status_code == 200
    first, moved = pia.get(ZONES).json()["stays"]
    assert (first["time_zone"], moved["time_zone"]) == ("Europe/Berlin", "Asia/Tokyo")
    assert before - QUARTER < datetime.fromisoformat(moved["since"]) <= timezone.now()


def test_profile_without_a_time_zone_is_no_move_but_a_new_patient_needs_one(client_of):
    pia = client_of("pia")
    profile = pia.get("/api/v1/me").json()["patient"]
    del profile["time_zone"]
    answer = pia.put("/api/v1/me/patient", profile, content_type=JSON)
    assert (answer.status_code, answer.json()["time_zone"]) == (200, "Europe/Berlin")
    assert len(pia.get(ZONES).json()["stays"]) == 1
    refused = client_of("dora").put("/api/v1/me/patient", profile, content_type=JSON)
    assert [error["field"] for error in refused.json()["errors"]] == ["time_zone"]


def test_age_and_days_of_a_new_patient_need_no_stay(db):
    patient = make.make_patient(time_zone="Pacific/Apia")
    with acting_for_all():
        assert zone_history_of(patient.id) == ZoneHistory("Pacific/Apia")


def test_histories_of_many_are_those_of_each(cast, django_assert_num_queries):
    move(cast, "Asia/Tokyo", NOW - 3 * DAY)
    with acting_for_all():
        patients = [cast.pia_patient.id, cast.paul_patient.id, make.make_patient(time_zone="Pacific/Apia").id]
        with django_assert_num_queries(2):
            found = zone_histories_of(patients)
        assert found == {patient: zone_history_of(patient) for patient in patients}
        assert len(found[cast.pia_patient.id].moves) == 1
