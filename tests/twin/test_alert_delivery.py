"""Telling people: once by each channel in each round, whatever dies or fails in between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import make
import pytest
from alerts import HOUR, MINUTE, NOON, act, alert_of, clear, finding, found, steps
from django.core import mail
from django.db import connection
from served import served, socket_of

from backend.actor import acting_for, acting_for_all
from backend.models import CareGrant
from backend.ports import Outcome, Telling, ports
from backend.senders import LiveSender, MailSender
from twin.models import AlertDelivery, DeliveryStatus
from twin.services.alert_delivery import LEASE, PAUSES, deliver, displayed, due_patients
from twin.services.alerts import acknowledge, escalate_due, snooze
from twin.warnings.finding import Clearing, Severity


class Noted:
    """A channel that writes down what it was given, and answers as it is told to."""

    def __init__(self, name: str, outcome: Outcome | Exception = Outcome.SENT):
        self.name, self.outcome, self.tellings = name, outcome, []

    def send(self, telling: Telling) -> Outcome:
        self.tellings.append(telling)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def channels(monkeypatch):
    """Channels in place of the sockets and the mail server."""
    given = {name: Noted(name) for name in ("live", "email")}
    for name, channel in given.items():
        monkeypatch.setitem(ports.senders, name, channel)
    return given


def deliveries(patient, **of) -> list[AlertDelivery]:
    with acting_for_all():
        return list(AlertDelivery.objects.filter(patient=patient, **of).order_by("id"))


def test_everybody_is_told_once_by_each_channel(cast, channels):
    pia = cast.pia_patient
    found(pia, finding())
    assert due_patients(now=NOON, limit=5) == [pia.id]
    assert deliver(pia.id, now=NOON) == 6
    assert deliver(pia.id, now=NOON + LEASE * 2) == 0
    assert due_patients(now=NOON + HOUR, limit=5) == []
    people = sorted([cast.pia.id, cast.dora.id, cast.cleo.id])
    for channel in channels.values():
        assert sorted(one.person for one in channel.tellings) == people
    assert {row.status for row in deliveries(pia)} == {"sent"}
    assert alert_of(pia).status == "delivered"
    assert steps(pia) == ["raised", "delivered"]


def test_telling_names_ids_address_and_severity_only(cast, channels):
    pia = cast.pia_patient
    found(pia, finding(severity=Severity.INFORMATION))
    deliver(pia.id, now=NOON)
    (row,) = deliveries(pia)
    assert channels["live"].tellings == [
        Telling(row.id, cast.pia.id, "pia@pollux.example", "alert", alert_of(pia).id, pia.id, "information")
    ]


@pytest.mark.parametrize("trouble", [Outcome.FAILED, OSError("mail server of pia@pollux.example is away")])
def test_channel_that_fails_is_tried_again_and_given_up_in_sight(cast, channels, trouble, caplog):
    pia = cast.pia_patient
    channels["email"].outcome = trouble
    found(pia, finding())
    now = NOON
    assert deliver(pia.id, now=now) == 3
    for pause in PAUSES:
        assert deliver(pia.id, now=now + pause - timedelta(seconds=1)) == 0
        now += pause
        assert deliver(pia.id, now=now) == 0
    assert len(channels["email"].tellings) == 3 * (1 + len(PAUSES))
    assert len(channels["live"].tellings) == 3
    assert {(row.status, row.reason) for row in deliveries(pia, channel="email")} == {("failed", "failed")}
    assert steps(pia) == ["raised", "delivered", *["undelivered"] * 3]
    assert "pia@" not in caplog.text
    assert due_patients(now=now + HOUR, limit=5) == []


def test_person_who_cannot_be_reached_by_a_channel_is_not_tried_again(cast, channels):
    pia = cast.pia_patient
    channels["email"].outcome = Outcome.UNREACHABLE
    found(pia, finding())
    deliver(pia.id, now=NOON)
    deliver(pia.id, now=NOON + HOUR)
    assert len(channels["email"].tellings) == 3


def test_grant_that_was_taken_back_meanwhile_withholds(cast, channels):
    pia = cast.pia_patient
    found(pia, finding())
    with acting_for_all():
        CareGrant.objects.filter(person=cast.dora).update(revoked_at=NOON, revoked_by=cast.pia)
    deliver(pia.id, now=NOON + MINUTE)
    told = {one.person for channel in channels.values() for one in channel.tellings}
    assert told == {cast.pia.id, cast.cleo.id}
    assert {row.reason for row in deliveries(pia, status=DeliveryStatus.WITHHELD)} == {"no_access"}


def test_what_is_over_is_not_told(cast, channels):
    pia = cast.pia_patient
    found(pia, finding())
    clear(pia, Clearing.CORRECTED)
    assert deliver(pia.id, now=NOON) == 0
    assert channels["live"].tellings == []
    assert {row.reason for row in deliveries(pia)} == {"over"}


def test_what_somebody_takes_care_of_is_told_to_the_patient_only(cast, channels):
    pia = cast.pia_patient
    found(pia, finding())
    act(acknowledge, cast.cleo, pia, note="", now=NOON)
    deliver(pia.id, now=NOON + MINUTE)
    assert [one.person for one in channels["live"].tellings] == [cast.pia.id]
    assert {row.reason for row in deliveries(pia, status=DeliveryStatus.WITHHELD)} == {"answered"}


def test_escalation_is_a_round_of_its_own(cast, channels):
    pia = cast.pia_patient
    found(pia, finding())
    deliver(pia.id, now=NOON)
    escalate_due(now=NOON + HOUR, limit=5)
    deliver(pia.id, now=NOON + HOUR)
    # There is no rota and no lead: all of the team and whoever has a grant of her own.
    again = {one.person for one in channels["live"].tellings[3:]}
    assert again == {cast.cleo.id, cast.dora.id}
    assert {row.round for row in deliveries(pia)} == {0, 1}


def test_snoozed_person_is_told_at_the_end_if_it_is_still_open(cast, channels):
    pia = cast.pia_patient
    found(pia, finding())
    deliver(pia.id, now=NOON)
    act(snooze, cast.pia, pia, until=NOON + HOUR, now=NOON + MINUTE)
    assert deliver(pia.id, now=NOON + HOUR - MINUTE) == 0
    assert deliver(pia.id, now=NOON + HOUR) == 2
    assert [one.person for one in channels["live"].tellings].count(cast.pia.id) == 2


def test_worker_that_died_after_its_claim_is_followed_by_another_with_the_same_id(cast, channels):
    pia = cast.pia_patient
    found(pia, finding(severity=Severity.INFORMATION))

    class Died(BaseException):
        """As if the process had gone."""

    def die(telling):
        channels["live"].tellings.append(telling)
        raise Died

    channels["live"].send = die
    with pytest.raises(Died):
        deliver(pia.id, now=NOON)
    del channels["live"].send
    assert deliver(pia.id, now=NOON + LEASE / 2) == 0
    assert deliver(pia.id, now=NOON + LEASE) == 1
    assert deliver(pia.id, now=NOON + LEASE * 3) == 0
    assert len({one.id for one in channels["live"].tellings}) == 1
    (row,) = deliveries(pia)
    assert (row.status, row.attempts) == ("sent", 2)


def test_mail_says_nothing_but_to_log_in(cast):
    telling = Telling(
        UUID(int=7), cast.pia.id, "pia@pollux.example", "alert", UUID(int=8), UUID(int=9), "critical"
    )
    assert MailSender().send(telling) is Outcome.SENT
    assert MailSender().send(telling) is Outcome.SENT
    first, second = mail.outbox
    assert first.subject == "Something in Pollux needs you"
    assert first.to == ["pia@pollux.example"]
    assert "http://127.0.0.1:8000/" in first.body
    assert all(word not in first.body for word in ("critical", "pressure", "Pia", str(UUID(int=8))))
    assert first.message()["Message-ID"] == second.message()["Message-ID"]


def test_socket_without_redis_is_tried_again(cast, monkeypatch):
    from backend import changes

    class Away:
        async def group_send(self, *_):
            raise OSError

    monkeypatch.setattr(changes, "get_channel_layer", Away)
    telling = Telling(UUID(int=7), cast.pia.id, "", "alert", UUID(int=8), UUID(int=9), "urgent")
    assert LiveSender().send(telling) is Outcome.FAILED


def test_device_says_that_it_has_shown_it(cast, channels):
    pia = cast.pia_patient
    found(pia, finding())
    deliver(pia.id, now=NOON)
    for who, seen in (("cleo", True), ("cleo", True), ("paul", False), ("carl", False)):
        user = getattr(cast, who)
        with acting_for(user.id):
            alert = displayed(person=user, alert_id=alert_of(pia).id, now=NOON + MINUTE)
        assert (alert is not None) is seen
    assert [row.displayed_at for row in deliveries(pia, recipient=cast.cleo, channel="live")] == [
        NOON + MINUTE
    ]
    assert steps(pia) == ["raised", "delivered", "displayed"]


def test_who_had_no_socket_is_told_what_came_meanwhile_until_it_was_shown(cast, channels, client_of):
    pia = cast.pia_patient
    found(pia, finding())
    deliver(pia.id, now=NOON)

    def missed(who: str, since: datetime) -> int:
        answer = client_of(who).get("/api/v1/alerts", {"told_since": since.isoformat()})
        return len(answer.json()["results"])

    assert [missed(who, NOON) for who in ("pia", "cleo", "dora", "paul", "carl")] == [1, 1, 1, 0, 0]
    assert missed("cleo", NOON + MINUTE) == 0
    client_of("cleo").post(f"/api/v1/alerts/{alert_of(pia).id}/displayed")
    assert [missed(who, NOON) for who in ("cleo", "pia")] == [0, 1]


def test_notice_comes_to_every_open_socket_once_and_the_device_answers(transactional_db):
    cast = make.make_cast()
    pia = cast.pia_patient
    with served() as address, socket_of(address, cast.cleo) as hers, socket_of(address, cast.paul) as his:
        found(pia, finding())
        deliver(pia.id, now=NOON)
        (row,) = deliveries(pia, recipient=cast.cleo, channel="live")
        telling = Telling(row.id, cast.cleo.id, "", "alert", row.alert_id, pia.id, "urgent")
        # As a worker does whose predecessor died before it could say that it had sent.
        LiveSender().send(telling)
        assert hers.hear() == {
            "type": "notice",
            "notice": "alert",
            "delivery": str(row.id),
            "alert": str(row.alert_id),
            "patient": str(pia.id),
            "severity": "urgent",
        }
        said = {"type": "displayed", "notice": "alert", "alert": str(row.alert_id)}
        assert hers.ask(**said, id=1)["ok"] is True
        assert his.ask(**said, id=1)["code"] == "not_found"
    (row,) = deliveries(pia, recipient=cast.cleo, channel="live")
    assert row.displayed_at is not None


def test_of_workers_at_once_one_tells_and_one_escalates(transactional_db, channels):
    cast = make.make_cast()
    pia = cast.pia_patient
    found(pia, finding())
    later = NOON + HOUR

    def work(_number: int) -> tuple[int, int]:
        try:
            return deliver(pia.id, now=NOON), escalate_due(now=later, limit=5)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        done = list(workers.map(work, range(4)))
    assert sum(told for told, _ in done) == 6
    assert sum(escalated for _, escalated in done) == 1
    assert len(channels["live"].tellings) == len(channels["email"].tellings) == 3
    assert steps(pia).count("escalated") == 1
