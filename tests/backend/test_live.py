"""The socket as a client meets it: a real server, a real Redis, real connections."""

import time
from collections.abc import Iterator

import make
import pytest
from django.test import Client
from django.utils import timezone
from served import logged_in, served, socket, socket_of

from backend import live, services, tickets
from backend.access import access_patient
from backend.actor import acting_for, acting_for_all
from backend.changes import push, record_change
from backend.clock import Clock
from backend.models import AuditEvent, Change, ChangeOp, ChangeStream
from backend.rules import Need, Topic
from twin.models import Upload

BEAT = 0.4

# What each of the cast gets from each command, about pia's stream.
CAST = ("pia", "paul", "dora", "cleo", "carl", "rita", "ada")
COMMANDS = {
    "ping": ("reply",) * 7,
    "subscribe": ("reply", "not_found", "reply", "reply", "not_found", "not_found", "not_found"),
    "unsubscribe": ("reply",) * 7,
    "displayed": ("not_found",) * 7,  # of no notice; of an alert, see tests/twin/test_alert_delivery.py
}
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def address(request, transactional_db) -> Iterator[str]:
    """Where a real server listens, its heart beating fast; a test may give it other limits."""
    with served(getattr(request, "param", live.Limits(heartbeat=BEAT))) as where:
        yield where


def change(patient, ref="series/heart_rate", topic=Topic.VITALS):
    with acting_for_all():
        return record_change(patient.id, topic=topic, ref=ref)


def items(message):
    return [(item["seq"], item["ref"]) for item in message["items"]]


# Who may open it


def test_app_token_opens_and_is_greeted(address, cast):
    with socket(address, X_Session_Token=logged_in(cast.pia)) as opened:
        hello = opened.hear()
    assert hello.pop("clock") in set(Clock)
    assert hello == {"type": "hello", "person": str(cast.pia.id), "heartbeat": BEAT}


@pytest.mark.parametrize("origin", ["http://{address}", "http://127.0.0.1:8000"])
def test_cookie_opens_from_our_own_pages(address, cast, origin):
    cookie = f"sessionid={logged_in(cast.pia)}"
    with socket(address, Cookie=cookie, Origin=origin.format(address=address)) as opened:
        assert opened.hear()["person"] == str(cast.pia.id)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9", "null", ""])
def test_cookie_from_a_foreign_page_is_refused(address, cast, origin):
    headers = {"Origin": origin} if origin else {}
    with socket(address, Cookie=f"sessionid={logged_in(cast.pia)}", **headers) as opened:
        assert opened.close_code() == live.NOT_AUTHENTICATED


@pytest.mark.parametrize(
    "headers", [{}, {"X_Session_Token": "invented-token"}, {"Cookie": "sessionid=invented"}]
)
def test_stranger_is_refused(address, headers):
    with socket(address, Origin=f"http://{address}", **headers) as opened:
        assert opened.close_code() == live.NOT_AUTHENTICATED


def test_ticket_opens_once(address, cast):
    client = Client()
    client.force_login(cast.pia, backend="allauth.account.auth_backends.AuthenticationBackend")
    body = client.post("/api/v1/live/ticket").json()
    assert body["expires_in"] == 30
    with socket(address, query=f"?ticket={body['ticket']}") as opened:
        assert opened.hear()["person"] == str(cast.pia.id)
    with socket(address, query=f"?ticket={body['ticket']}") as again:
        assert again.close_code() == live.NOT_AUTHENTICATED


def test_app_gets_a_ticket_of_its_own_login(address, cast):
    token = logged_in(cast.pia)
    ticket = Client().post("/api/v1/live/ticket", headers={"X-Session-Token": token}).json()["ticket"]
    assert tickets.redeem_ticket(ticket) == token


def test_ticket_expires(address, cast):
    ticket = tickets.issue_ticket(logged_in(cast.pia), lasts=1)
    time.sleep(1.1)
    with socket(address, query=f"?ticket={ticket}") as opened:
        assert opened.close_code() == live.NOT_AUTHENTICATED


# Following a stream


@pytest.mark.parametrize("command", COMMANDS)
def test_command_answers_each_of_the_cast(address, cast, command):
    answers = {}
    for who in CAST:
        with socket_of(address, getattr(cast, who)) as opened:
            answer = opened.ask(type=command, id=7, stream=str(cast.pia_patient.id))
            assert answer["id"] == 7
            answers[who] = answer.get("code", answer["type"])
    assert answers == dict(zip(CAST, COMMANDS[command], strict=True))
    with acting_for_all():
        audited = sorted(
            (event.actor.name, event.what) for event in AuditEvent.objects.select_related("actor")
        )
    assert audited == ([("Cleo", "live"), ("Dora", "live")] if command == "subscribe" else [])


def test_matrix_has_a_row_for_every_command():
    assert set(COMMANDS) == set(live.COMMANDS)


def test_catch_up_brings_exactly_what_is_missing_in_order(address, cast):
    for number in range(1, 6):
        change(cast.pia_patient, ref=f"series/{number}")
    with socket_of(address, cast.pia) as opened:
        stream = str(cast.pia_patient.id)
        assert opened.ask(type="subscribe", id=1, stream=stream, after=2) == {
            "type": "reply",
            "id": 1,
            "ok": True,
            "stream": stream,
            "seq": 5,
        }
        assert opened.hear() == {
            "type": "changes",
            "stream": stream,
            "from": 2,
            "through": 5,
            "items": [
                {"seq": number, "topic": "vitals", "ref": f"series/{number}", "op": "set"}
                for number in (3, 4, 5)
            ],
        }
        change(cast.pia_patient, ref="series/6")
        assert items(opened.hear()) == [(6, "series/6")]


def test_number_beyond_the_newest_means_from_now_on(address, cast):
    change(cast.pia_patient)
    with socket_of(address, cast.pia) as opened:
        assert opened.ask(type="subscribe", id=1, stream=str(cast.pia_patient.id), after=2**53)["seq"] == 1
        change(cast.pia_patient, ref="new")
        assert items(opened.hear()) == [(2, "new")]


@pytest.mark.parametrize("address", [live.Limits(batch=4)], indirect=True)
def test_long_catch_up_comes_in_batches(address, cast):
    for number in range(10):
        change(cast.pia_patient, ref=str(number))
    with socket_of(address, cast.pia) as opened:
        opened.ask(type="subscribe", id=1, stream=str(cast.pia_patient.id))
        batches = [opened.hear() for _ in range(3)]
    assert [(batch["from"], batch["through"], len(batch["items"])) for batch in batches] == [
        (0, 4, 4),
        (4, 8, 4),
        (8, 10, 2),
    ]


def test_change_that_commits_while_reading_comes_once(address, cast, monkeypatch):
    """The newest number is read first; a change may commit before the entries are."""
    for number in (1, 2):
        change(cast.pia_patient, ref=str(number))
    with monkeypatch.context() as meanwhile, socket_of(address, cast.pia) as opened:
        meanwhile.setattr(live, "last_seq", lambda _stream: 1)
        opened.ask(type="subscribe", id=1, stream=str(cast.pia_patient.id))
        assert items(opened.hear()) == [(1, "1")]
        meanwhile.undo()
        assert items(opened.hear()) == [(2, "2")]


def test_change_of_a_hidden_topic_only_moves_the_number(address, cast):
    change(cast.pia_patient, topic=Topic.GENES, ref="secret")
    with socket_of(address, cast.dora) as opened:
        opened.ask(type="subscribe", id=1, stream=str(cast.pia_patient.id))
        assert opened.hear() | {"stream": ""} == {
            "type": "changes",
            "stream": "",
            "from": 0,
            "through": 1,
            "items": [],
        }
        change(cast.pia_patient, topic=Topic.MENTAL_HEALTH, ref="secret")
        change(cast.pia_patient, ref="series/sbp")
        heard = opened.hear()
        while heard["through"] < 3:
            assert heard["items"] == []
            heard = opened.hear()
        assert items(heard) == [(3, "series/sbp")]


def test_revoked_grant_ends_the_stream(address, cast):
    with socket_of(address, cast.dora) as opened:
        opened.ask(type="subscribe", id=1, stream=str(cast.pia_patient.id))
        with acting_for(cast.pia.id):
            access = access_patient(cast.pia, "me", Need.SHARE, what="grants")
            grant = cast.pia_patient.grants.get(person=cast.dora)
            services.revoke_grant(access=access, grant_id=grant.id, now=timezone.now())
        assert opened.hear() == {"type": "ended", "stream": str(cast.pia_patient.id)}
        change(cast.pia_patient)
        assert opened.ask(type="ping", id=2)["ok"]


def test_expired_grant_ends_the_stream_at_the_heartbeat(address, cast):
    make.make_grant(
        cast.paul_patient, person=cast.dora, ends_at=timezone.now() + timezone.timedelta(seconds=1)
    )
    with socket_of(address, cast.dora) as opened:
        opened.ask(type="subscribe", id=1, stream=str(cast.paul_patient.id))
        assert opened.hear() == {"type": "ended", "stream": str(cast.paul_patient.id)}


def test_heartbeat_brings_what_no_push_announced(address, cast):
    with socket_of(address, cast.pia) as opened:
        opened.ask(type="subscribe", id=1, stream=str(cast.pia_patient.id))
        with acting_for_all():
            # As record_change does it, but for the hint.
            ChangeStream.objects.create(stream=cast.pia_patient.id, patient=cast.pia_patient, last_seq=1)
            Change.objects.create(
                stream=cast.pia_patient.id,
                seq=1,
                patient=cast.pia_patient,
                topic=Topic.VITALS,
                ref="unheard",
                op=ChangeOp.SET,
            )
        assert items(opened.hear("changes")) == [(1, "unheard")]
        assert opened.hear("heartbeat")["streams"] == {str(cast.pia_patient.id): 1}


def test_unsubscribe_ends_the_news(address, cast):
    with socket_of(address, cast.pia) as opened:
        stream = str(cast.pia_patient.id)
        opened.ask(type="subscribe", id=1, stream=stream)
        opened.ask(type="unsubscribe", id=2, stream=stream)
        change(cast.pia_patient)
        assert opened.hear("heartbeat", "changes")["streams"] == {}


def test_progress_of_an_upload_reaches_only_those_who_may_see_it(address, cast):
    with acting_for_all():
        upload = Upload.objects.create(
            patient=cast.pia_patient,
            uploaded_by=cast.pia,
            name="a.zip",
            sha256="0" * 64,
            size=1,
            received_at=timezone.now(),
        )
    stream = cast.pia_patient.id
    with socket_of(address, cast.pia) as pia, socket_of(address, cast.dora) as dora:
        for one in (pia, dora):
            one.ask(type="subscribe", id=1, stream=str(stream))
        push(stream, {"type": "view.moved", "view": "upload", "ref": str(upload.id)})
        heard = pia.hear("progress")
        change(cast.pia_patient, ref="after")
        assert items(dora.hear()) == [(1, "after")]
    assert (heard["upload"], heard["status"], heard["name"]) == (str(upload.id), "received", "a.zip")


# What goes wrong


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", "not_json"),
        ("[" * 50_000, "not_json"),
        (b"\x00\x01", "not_json"),
        ("x" * (live.LIMITS.longest_command + 1), "too_large"),
        ("[]", "unknown_command"),
        ("null", "unknown_command"),
        ('{"type": []}', "unknown_command"),
        ('{"type": "invented", "id": 3}', "unknown_command"),
        ('{"type": "subscribe", "id": 3}', "not_found"),
        ('{"type": "subscribe", "id": 3, "stream": {}}', "not_found"),
        ('{"type": "subscribe", "id": 3, "stream": "\\u0000"}', "not_found"),
        ('{"type": "subscribe", "id": 3, "stream": "NOBODY"}', "not_found"),
        ('{"type": "subscribe", "id": 3, "stream": "NOBODY", "after": -1}', "bad_number"),
        ('{"type": "subscribe", "id": 3, "stream": "NOBODY", "after": 1.5}', "bad_number"),
    ],
)  # fmt: skip
def test_bad_frame_is_answered_and_the_socket_lives_on(address, cast, frame, code):
    with socket_of(address, cast.pia) as opened:
        opened.connection.send(frame.replace("NOBODY", NOBODY) if isinstance(frame, str) else frame)
        answer = opened.hear()
        assert (answer["type"], answer["code"]) == ("error", code)
        assert opened.ask(type="ping", id="again") == {"type": "reply", "id": "again", "ok": True}


@pytest.mark.parametrize("address", [live.Limits(most_streams=1)], indirect=True)
def test_streams_of_one_socket_are_limited(address, cast):
    with socket_of(address, cast.cleo) as opened:
        make.make_grant(cast.paul_patient, person=cast.cleo)
        stream = str(cast.pia_patient.id)
        assert opened.ask(type="subscribe", id=1, stream=stream)["type"] == "reply"
        assert opened.ask(type="subscribe", id=2, stream=stream)["type"] == "reply"
        refused = opened.ask(type="subscribe", id=3, stream=str(cast.paul_patient.id))
        assert refused == {"type": "error", "id": 3, "code": "too_many_streams"}


def log_out(cast, token):
    Client().delete("/_allauth/app/v1/auth/session", headers={"X-Session-Token": token})


def change_password(cast, token):
    cast.pia.set_password("another sound passphrase")
    cast.pia.save(update_fields=["password"])


def deactivate(cast, token):
    cast.pia.is_active = False
    cast.pia.save(update_fields=["is_active"])


@pytest.mark.parametrize("end", [log_out, change_password, deactivate])
def test_socket_closes_when_its_login_ends(address, cast, end):
    token = logged_in(cast.pia)
    with socket(address, X_Session_Token=token) as opened:
        opened.hear()
        end(cast, token)
        assert opened.close_code() == live.SESSION_ENDED


def test_socket_opened_by_ticket_closes_when_the_login_ends(address, cast):
    token = logged_in(cast.pia)
    with socket(address, query=f"?ticket={tickets.issue_ticket(token)}") as opened:
        opened.hear()
        log_out(cast, token)
        assert opened.close_code() == live.SESSION_ENDED


def test_body_larger_than_its_edge_takes_is_refused_while_it_arrives(address, settings):
    import httpx

    def endless():
        while True:
            yield b"x" * 65536

    for content in (b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1), endless()):
        answer = httpx.post(f"http://{address}/api/v1/break-glass", content=content)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
