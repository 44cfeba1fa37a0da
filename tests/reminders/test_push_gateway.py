"""The push gateway: what it is asked, how one logs in, and what its answers mean."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from uuid import uuid4

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from push_sink import Sink, answer, sink

from backend.env import ServiceAccount
from reminders.channels.posting import Post
from reminders.channels.push_gateway import PushGatewayChannel
from reminders.tellings import Address, Message, Outcome, Result

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
KEY = rsa.generate_private_key(65537, 2048)
SEND = "/v1/projects/pollux-1/messages:send"
LOGIN = "/token"


@pytest.fixture
def google():
    with sink() as running:
        login(running, "first")
        says(running, 200, {"name": "projects/pollux-1/messages/1"})
        yield running


def login(google: Sink, token: str, lasts: int = 3599) -> None:
    body = {"access_token": token, "expires_in": lasts, "token_type": "Bearer"}
    google.answers[LOGIN] = answer(200, orjson.dumps(body))


def says(google: Sink, status: int, body: object = None, **headers: str) -> None:
    google.answers[SEND] = answer(status, orjson.dumps(body), headers)


def error(code: str) -> dict:
    kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
    return {"error": {"code": 0, "details": [{"@type": kind, "errorCode": code}]}}


def channel(google: Sink) -> PushGatewayChannel:
    account = ServiceAccount("pollux-1", "push@pollux-1.example", "abc", google.origin + LOGIN, KEY)
    return PushGatewayChannel(account, url=google.origin, post=Post(allow_local=True))


def message(*phones: str, **given) -> Message:
    fields = {
        "id": uuid4(),
        "reminder": uuid4(),
        "person": uuid4(),
        "patient": uuid4(),
        "kind": "doses",
        "email": "pia@pollux.example",
        "title": "Time for your medication",
        "text": "Open Pollux to answer.",
        "addresses": [Address(uuid4(), one, {}) for one in phones or ("phone",)],
        "until": NOW + timedelta(hours=4),
    }
    return Message(**fields | given)


def asked(google: Sink, path: str) -> list:
    return [one for one in google.received if one.path == path]


def test_gateway_is_asked_as_its_reference_says(google):
    sent = message()
    assert channel(google).send([sent], now=NOW) == [Outcome(Result.SENT)]
    (got,) = asked(google, SEND)
    assert (got.headers["authorization"], got.headers["content-type"]) == ("Bearer first", "application/json")
    name = got.json["message"]["android"]["collapse_key"]
    assert got.json == {
        "message": {
            "token": "phone",
            "notification": {"title": "Time for your medication", "body": "Open Pollux to answer."},
            "data": {"delivery": str(sent.id), "reminder": str(sent.reminder), "kind": "doses"},
            "android": {
                "priority": "HIGH",
                "ttl": "14400s",
                "collapse_key": name,
                "notification": {"tag": name},
            },
            "apns": {
                "headers": {
                    "apns-priority": "10",
                    "apns-expiration": str(int(sent.until.timestamp())),
                    "apns-collapse-id": name,
                }
            },
        }
    }
    again = message(id=sent.id, until=NOW - timedelta(hours=1), kind="screening")
    channel(google).send([again], now=NOW)
    android = asked(google, SEND)[1].json["message"]["android"]
    assert (android["collapse_key"], android["ttl"], android["priority"]) == (name, "0s", "NORMAL")


def test_login_is_a_signed_claim_that_is_kept_until_it_ends(google):
    sender = channel(google)
    for minutes in (0, 30, 58):
        sender.send([message()], now=NOW + timedelta(minutes=minutes))
    (got,) = asked(google, LOGIN)
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    form = parse_qs(got.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    (assertion,) = form["assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": "RS256", "kid": "abc", "typ": "JWT"}
    claims = jwt.decode(
        assertion,
        KEY.public_key(),
        algorithms=["RS256"],
        audience=google.origin + LOGIN,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims == {
        "iss": "push@pollux-1.example",
        "scope": "https://www.googleapis.com/auth/firebase.messaging",
        "aud": google.origin + LOGIN,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 3600,
    }
    login(google, "second")
    sender.send([message()], now=NOW + timedelta(minutes=59))
    assert [one.headers["authorization"] for one in asked(google, SEND)] == [
        *["Bearer first"] * 3,
        "Bearer second",
    ]


@pytest.mark.parametrize(
    ("reply", "because"),
    [
        (answer(400, b'{"error": "invalid_grant"}'), "login_400"),
        (answer(503), "login_503"),
        (answer(200, b"no json"), "login_200"),
        (answer(200, b'{"access_token": 7, "expires_in": 5}'), "login_200"),
        (b"nonsense\r\n\r\n", "login_unreachable"),
    ],
)
def test_without_a_login_all_is_sent_later(google, reply, because):
    google.answers[LOGIN] = reply
    outcomes = channel(google).send([message(), message()], now=NOW)
    assert outcomes == [Outcome(Result.LATER, because)] * 2
    assert asked(google, SEND) == []


def test_login_that_is_not_good_any_more_is_renewed_at_the_next_try(google):
    sender = channel(google)
    says(google, 401, {"error": {"status": "UNAUTHENTICATED"}})
    assert sender.send([message()], now=NOW) == [Outcome(Result.LATER, "http_401")]
    login(google, "second")
    says(google, 200)
    assert sender.send([message()], now=NOW) == [Outcome(Result.SENT)]
    assert asked(google, SEND)[-1].headers["authorization"] == "Bearer second"


@pytest.mark.parametrize(
    ("status", "body", "result", "because", "gone"),
    [
        (404, error("UNREGISTERED"), Result.REFUSED, "gone", True),
        (404, {"error": {"status": "NOT_FOUND"}}, Result.REFUSED, "http_404", False),
        (404, {"error": {"details": ["odd", {}]}}, Result.REFUSED, "http_404", False),
        (400, error("INVALID_ARGUMENT"), Result.REFUSED, "http_400", False),
        (403, error("SENDER_ID_MISMATCH"), Result.REFUSED, "http_403", False),
        (429, error("QUOTA_EXCEEDED"), Result.LATER, "http_429", False),
        (500, error("INTERNAL"), Result.LATER, "http_500", False),
        (503, error("UNAVAILABLE"), Result.LATER, "http_503", False),
    ],
)
def test_each_answer_has_its_outcome(google, status, body, result, because, gone):
    says(google, status, body)
    sent = message()
    (outcome,) = channel(google).send([sent], now=NOW)
    assert (outcome.result, outcome.because) == (result, because)
    assert list(outcome.gone) == ([sent.addresses[0].id] if gone else [])


def test_gateway_says_when_to_come_again(google):
    says(google, 503, None, **{"Retry-After": "40"})
    (outcome,) = channel(google).send([message()], now=NOW)
    assert outcome == Outcome(Result.LATER, "http_503", NOW + timedelta(seconds=40))


def test_every_phone_of_a_person_is_told(google):
    outcomes = channel(google).send([message("one", "two"), message("three")], now=NOW)
    assert outcomes == [Outcome(Result.SENT)] * 2
    assert sorted(one.json["message"]["token"] for one in asked(google, SEND)) == ["one", "three", "two"]
