"""Reminders on their way: whom they reach, how they go on, and that nothing is lost or told twice."""

from datetime import UTC, datetime, time, timedelta

import make
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection
from django.test.utils import CaptureQueriesContext
from push_sink import sink
from reminding import Box, make_reminder

from backend.actor import acting_for_all
from backend.models import CareGrant
from reminders.channels.posting import Patience, Post
from reminders.channels.web_push import WebPushChannel
from reminders.dispatch import LEASE, PAUSES, dispatch
from reminders.models import (
    CaregiverAgreement,
    Delivery,
    Dose,
    PushSubscription,
    Reminder,
    ReminderPreference,
)
from reminders.tellings import Outcome, Result

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def boxes():
    return {name: Box() for name in ("live", "web_push", "email")}


def wishes(person, **given):
    with acting_for_all():
        ReminderPreference.objects.update_or_create(person=person, defaults=given)


def subscribe(person, name="Browser"):
    with acting_for_all():
        return PushSubscription.objects.create(
            person=person, service="web", address=f"https://push.example/{name}", keys={}, made_at=NOW
        )


def stands(reminder):
    with acting_for_all():
        return Reminder.objects.get(id=reminder.id)


def deliveries(reminder):
    with acting_for_all():
        rows = Delivery.objects.filter(reminder=reminder).order_by("id").select_related("recipient")
        return [(row.channel, row.status, row.because) for row in rows]


def counts(boxes):
    return {name: len(box.messages) for name, box in boxes.items()}


def test_nothing_due_is_one_question(cast, boxes):
    make_reminder(cast.pia_patient, NOW + MINUTE)
    with acting_for_all(), CaptureQueriesContext(connection) as queries:
        assert dispatch(boxes, now=NOW) == 0
    assert len([one for one in queries if "reminders_reminder" in one["sql"]]) <= 1
    assert counts(boxes) == {"live": 0, "web_push": 0, "email": 0}


def test_doses_of_one_moment_are_one_notice_that_names_nothing(cast, boxes):
    reminder = make_reminder(cast.pia_patient, NOW, "Ramipril", "Metformin")
    assert dispatch(boxes, now=NOW) == 1
    (message,) = boxes["live"].messages
    assert (message.person, message.reminder) == (cast.pia.id, reminder.id)
    assert (message.title, message.text) == ("Time for your medication", "2 doses. Open Pollux to answer.")
    assert deliveries(reminder) == [("live", "sent", "")]
    assert stands(reminder).due_at == NOW + timedelta(seconds=15)
    assert stands(reminder).round == 1


def test_medicines_are_named_to_who_wants_it(cast, boxes):
    wishes(cast.pia, shows_names=True)
    make_reminder(cast.pia_patient, NOW, "Ramipril", "Metformin", "Aspirin", "Insulin", "Iron")
    dispatch(boxes, now=NOW)
    assert boxes["live"].messages[0].text == "Aspirin, Insulin, Iron, 2 more"


def test_channels_follow_each_other_until_one_is_displayed(cast, boxes):
    subscribe(cast.pia)
    reminder = make_reminder(cast.pia_patient, NOW, repeat=60)
    dispatch(boxes, now=NOW)
    assert dispatch(boxes, now=NOW + timedelta(seconds=14)) == 0
    dispatch(boxes, now=NOW + timedelta(seconds=15))
    assert counts(boxes) == {"live": 1, "web_push": 1, "email": 0}
    assert [one.url for one in boxes["web_push"].messages[0].addresses] == ["https://push.example/Browser"]
    with acting_for_all():
        Delivery.objects.filter(channel="web_push").update(displayed_at=NOW + 5 * MINUTE)
    dispatch(boxes, now=NOW + 30 * MINUTE)
    assert counts(boxes) == {"live": 1, "web_push": 1, "email": 0}
    # Nobody has answered: the next round tells anew.
    assert stands(reminder).due_at == NOW + 60 * MINUTE
    dispatch(boxes, now=NOW + 60 * MINUTE)
    assert counts(boxes) == {"live": 2, "web_push": 1, "email": 0}
    assert stands(reminder).round == 2


def test_whoever_has_taken_it_is_not_told(cast, boxes):
    reminder = make_reminder(cast.pia_patient, NOW)
    with acting_for_all():
        Dose.objects.update(status="taken", taken_at=NOW, answered_by=cast.pia, answered_at=NOW)
    assert dispatch(boxes, now=NOW) == 1
    assert (stands(reminder).status, counts(boxes)["live"]) == ("answered", 0)


def test_reminder_without_doses_is_withdrawn(cast, boxes):
    reminder = make_reminder(cast.pia_patient, NOW)
    with acting_for_all():
        Dose.objects.all().delete()
    dispatch(boxes, now=NOW)
    assert stands(reminder).status == "withdrawn"


def test_too_late_is_a_state_and_so_is_unanswered(cast, boxes):
    missed, told = make_reminder(cast.pia_patient, NOW), make_reminder(cast.paul_patient, NOW)
    with acting_for_all():
        Reminder.objects.filter(id=missed.id).update(due_at=NOW + timedelta(hours=5))
    dispatch(boxes, now=NOW)
    assert dispatch(boxes, now=NOW + timedelta(hours=6)) == 2
    assert (stands(missed).status, stands(told).status) == ("too_late", "unanswered")
    assert deliveries(missed) == []
    assert stands(missed).ended_at == NOW + timedelta(hours=6)


def test_repeats_keep_the_rhythm_until_too_late(cast, boxes):
    wishes(cast.pia, channels=["email"])
    reminder = make_reminder(cast.pia_patient, NOW, repeat=90)
    told_at = []
    now = NOW
    while stands(reminder).status == "waiting":
        before = counts(boxes)["email"]
        dispatch(boxes, now=now)
        if counts(boxes)["email"] > before:
            told_at.append((now - NOW) // MINUTE)
        now = stands(reminder).due_at or now
    assert told_at == [0, 90, 180]
    assert stands(reminder).status == "unanswered"


def test_quiet_hours_hold_back_the_repeats_but_not_a_dose_at_its_time(cast, boxes):
    wishes(cast.pia, channels=["email"], quiet_from=time(7, 30), quiet_until=time(10))  # 08:00 in Berlin
    reminder = make_reminder(cast.pia_patient, NOW, repeat=30)
    dispatch(boxes, now=NOW)
    assert counts(boxes)["email"] == 1
    dispatch(boxes, now=NOW + 30 * MINUTE)
    assert (counts(boxes)["email"], stands(reminder).due_at) == (1, NOW + 60 * MINUTE)
    dispatch(boxes, now=NOW + 120 * MINUTE)
    assert counts(boxes)["email"] == 2
    critical = make_reminder(cast.paul_patient, NOW, repeat=30, is_critical=True)
    wishes(cast.paul, channels=["email"], quiet_from=time(7, 30), quiet_until=time(10))
    dispatch(boxes, now=NOW)
    dispatch(boxes, now=NOW + 30 * MINUTE)
    assert len(deliveries(critical)) == 2


def test_channel_that_fails_is_tried_again_and_then_followed_by_the_next(cast, boxes):
    wishes(cast.pia, channels=["web_push", "email"])
    subscribe(cast.pia)
    boxes["web_push"].answer = lambda _: Outcome(Result.LATER, "busy")
    reminder = make_reminder(cast.pia_patient, NOW, repeat=240)
    now = NOW
    for pause in PAUSES:
        dispatch(boxes, now=now)
        assert stands(reminder).due_at == now + pause
        now += pause
    dispatch(boxes, now=now)
    assert deliveries(reminder) == [("web_push", "failed", "busy")]
    dispatch(boxes, now=now)
    assert deliveries(reminder) == [("web_push", "failed", "busy"), ("email", "sent", "")]
    assert len({one.id for one in boxes["web_push"].messages}) == 1


def test_service_that_wants_to_be_asked_later_is_asked_then(cast, boxes):
    wishes(cast.pia, channels=["web_push"])
    subscribe(cast.pia)
    at = NOW + 8 * MINUTE
    boxes["web_push"].answer = lambda _: Outcome(Result.LATER, "429", retry_at=at)
    reminder = make_reminder(cast.pia_patient, NOW, repeat=60)
    dispatch(boxes, now=NOW)
    assert stands(reminder).due_at == at


def test_address_that_is_gone_is_retired(cast, boxes):
    wishes(cast.pia, channels=["web_push", "email"])
    one = subscribe(cast.pia)
    boxes["web_push"].answer = lambda _: Outcome(Result.REFUSED, "gone", gone=[one.id])
    reminder = make_reminder(cast.pia_patient, NOW)
    dispatch(boxes, now=NOW)
    with acting_for_all():
        retired = PushSubscription.objects.get()
    assert (retired.retired_at, retired.because) == (NOW, "gone")
    dispatch(boxes, now=NOW)
    assert deliveries(reminder) == [("web_push", "failed", "gone"), ("email", "sent", "")]


def test_channel_that_breaks_does_not_keep_the_others(cast, boxes):
    def broken(_):
        raise OSError("away")

    boxes["live"].answer = broken
    wishes(cast.paul, channels=["email"])
    reminder, other = make_reminder(cast.pia_patient, NOW), make_reminder(cast.paul_patient, NOW)
    assert dispatch(boxes, now=NOW) == 2
    assert deliveries(other) == [("email", "sent", "")]
    assert deliveries(reminder) == [("live", "waiting", "")]


def test_dispatcher_that_dies_after_its_claim_has_another_tell_under_the_same_id(cast, boxes):
    class Killed(BaseException):
        pass

    def die(_):
        raise Killed

    reminder = make_reminder(cast.pia_patient, NOW)
    boxes["live"].answer = die
    with pytest.raises(Killed):
        dispatch(boxes, now=NOW)
    boxes["live"].answer = lambda _: Outcome(Result.SENT)
    assert dispatch(boxes, now=NOW + LEASE / 2) == 0
    assert dispatch(boxes, now=NOW + LEASE) == 1
    assert deliveries(reminder) == [("live", "sent", "")]
    assert len({one.id for one in boxes["live"].messages}) == 1
    assert stands(reminder).round == 1


def agree(cast, *, read=("medication",)):
    with acting_for_all():
        CareGrant.objects.filter(patient=cast.pia_patient).delete()
        CareGrant.objects.create(
            patient=cast.pia_patient,
            person=cast.dora,
            read=list(read),
            act=[],
            starts_at=NOW,
            granted_by=cast.pia,
        )
        CaregiverAgreement.objects.create(patient=cast.pia_patient, person=cast.dora, agreed_at=NOW)


@pytest.mark.parametrize(
    ("kind", "told"), [("missed_critical", ["dora"]), ("low_stock", ["dora", "pia"]), ("screening", ["pia"])]
)
def test_caregivers_are_told_of_what_the_patient_agreed_to(cast, boxes, kind, told):
    agree(cast)
    make_reminder(cast.pia_patient, NOW, kind=kind, key=kind)
    dispatch(boxes, now=NOW)
    names = {cast.pia.id: "pia", cast.dora.id: "dora"}
    assert sorted(names[one.person] for one in boxes["live"].messages) == told


def test_caregiver_without_a_grant_is_not_told_any_more(cast, boxes):
    agree(cast, read=("vitals",))
    reminder = make_reminder(cast.pia_patient, NOW, kind="missed_critical", key="one")
    dispatch(boxes, now=NOW)
    assert counts(boxes)["live"] == 0
    assert stands(reminder).due_at > NOW


def test_one_query_each_however_many(cast, boxes):
    def queries(count):
        patients = [make.make_patient() for _ in range(count)]
        for patient in patients:
            make_reminder(patient, NOW)
        with CaptureQueriesContext(connection) as found:
            assert dispatch(boxes, now=NOW) == count
        return len(found)

    assert queries(2) == queries(12)


def test_push_goes_to_the_browser_that_subscribed(cast):
    wishes(cast.pia, channels=["web_push"])
    with sink() as service:
        browser, gone = service.subscribe(), service.subscribe("410")
        with acting_for_all():
            for one in (browser, gone):
                PushSubscription.objects.create(
                    person=cast.pia, service="web", address=one.endpoint, keys=one.keys, made_at=NOW
                )
        reminder = make_reminder(cast.pia_patient, NOW)
        key = ec.derive_private_key(7, ec.SECP256R1())
        push = WebPushChannel(key, "mailto:people@pollux.example", allow_local=True)
        assert dispatch({"web_push": push}, now=NOW) == 1
        (got,) = service.of(browser)
        said = browser.read(got.body)
    assert (said["reminder"], said["text"]) == (str(reminder.id), "Open Pollux to answer.")
    with acting_for_all():
        assert said["delivery"] == str(Delivery.objects.get().id)
        retired = PushSubscription.objects.get(retired_at=NOW)
    assert (retired.address, deliveries(reminder)) == (gone.endpoint, [("web_push", "sent", "")])


@pytest.mark.parametrize(
    ("mode", "tries", "because"),
    [
        ("hang", len(PAUSES) + 1, "timeout"),
        ("429", len(PAUSES) + 1, "http_429"),
        ("500", len(PAUSES) + 1, "http_500"),
        ("403", 1, "http_403"),
        ("410", 1, "gone"),
    ],
)
def test_push_service_that_fails_is_followed_by_mail_and_hinders_no_other(cast, boxes, mode, tries, because):
    wishes(cast.pia, channels=["web_push", "email"])
    wishes(cast.paul, channels=["web_push", "email"])
    key = ec.derive_private_key(7, ec.SECP256R1())
    patience = Patience(request=0.6, silent=0) if mode == "hang" else Patience()
    post = Post(allow_local=True, patience=patience)
    push = WebPushChannel(key, "mailto:people@pollux.example", allow_local=True, post=post)
    with sink() as failing, sink() as well:
        for person, browser in ((cast.pia, failing.subscribe(mode)), (cast.paul, well.subscribe())):
            with acting_for_all():
                PushSubscription.objects.create(
                    person=person, service="web", address=browser.endpoint, keys=browser.keys, made_at=NOW
                )
        reminder = make_reminder(cast.pia_patient, NOW, repeat=240)
        other = make_reminder(cast.paul_patient, NOW, repeat=240)
        now = NOW
        for pause in (*PAUSES[: tries - 1], timedelta(0), timedelta(0)):
            dispatch(boxes | {"web_push": push}, now=now)
            now += pause
        assert len({one.headers["topic"] for one in failing.received}) == 1
        assert (len(failing.received), len(well.received)) == (tries, 1)
    assert deliveries(other)[0] == ("web_push", "sent", "")
    assert deliveries(reminder) == [("web_push", "failed", because), ("email", "sent", "")]
