"""Reminders by mail and on open pages, the links that answer them, and which channels the settings offer."""

import asyncio
import re
import socket
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from channels.layers import get_channel_layer
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core import signing
from hypothesis import given
from hypothesis import strategies as st
from mail_sink import mail_sink

from backend.changes import group_of_person
from backend.env import ServiceAccount
from reminders.answer_links import PATH, SALT, Answer, ExpiredLink, ForgedLink, Link, address, read, token
from reminders.channels import channels
from reminders.channels.email import EmailChannel
from reminders.channels.live import LiveChannel
from reminders.tellings import Message, Outcome, Result

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=4)


def message(email: str = "pia@pollux.example", **given) -> Message:
    fields = {
        "id": uuid4(),
        "reminder": uuid4(),
        "person": uuid4(),
        "patient": uuid4(),
        "kind": "doses",
        "email": email,
        "title": "Time for your medication",
        "text": "Ramipril & Iron",
        "addresses": [],
        "until": UNTIL,
    }
    return Message(**fields | given)


@pytest.fixture
def server(settings):
    with mail_sink() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = False, 0.5
        settings.SITE_URL = "https://pollux.example"
        yield running


def test_mail_has_a_link_for_each_answer(server):
    sent = message()
    assert EmailChannel().send([sent], now=NOW) == [Outcome(Result.SENT)]
    (mail,) = server.mails
    body = mail.get_payload(decode=True).decode().replace("\r\n", "\n")
    assert (mail["Subject"], mail["To"]) == (sent.title, sent.email)
    assert "Ramipril & Iron" in body
    tokens = re.findall(rf"^https://pollux\.example/{PATH}(\S+)$", body, re.MULTILINE)
    assert [read(one, now=NOW) for one in tokens] == [
        Link(sent.id, Answer.TAKEN, UNTIL),
        Link(sent.id, Answer.SKIPPED, UNTIL),
    ]


def test_what_has_no_answer_in_one_word_has_no_links(server):
    EmailChannel().send([message(kind="screening")], now=NOW)
    assert PATH not in server.mails[0].get_payload(decode=True).decode()


def test_second_try_has_the_same_message_id(server):
    sent = message()
    for _ in range(2):
        EmailChannel().send([sent], now=NOW)
    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert str(sent.id) in first["Message-ID"]


def test_each_reply_has_its_outcome_and_a_batch_one_connection(server):
    names = ("pia", "550", "450", "paul")
    outcomes = EmailChannel().send([message(f"{name}@pollux.example") for name in names], now=NOW)
    assert [(one.result, one.because) for one in outcomes] == [
        (Result.SENT, ""),
        (Result.REFUSED, "address_refused"),
        (Result.LATER, "address_refused"),
        (Result.SENT, ""),
    ]
    assert (len(server.mails), server.connections) == (2, 1)


def test_server_that_hangs_has_the_rest_sent_later(server):
    names = ("pia", "hang", "paul")
    outcomes = EmailChannel().send([message(f"{name}@pollux.example") for name in names], now=NOW)
    away = Outcome(Result.LATER, "mail_server_away")
    assert outcomes == [Outcome(Result.SENT), away, away]


def test_server_that_is_not_there_has_all_sent_later(server, settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.EMAIL_PORT = taken.getsockname()[1]
    outcomes = EmailChannel().send([message(), message()], now=NOW)
    assert outcomes == [Outcome(Result.LATER, "mail_server_away")] * 2


def test_batch_that_takes_too_long_is_not_begun_any_more(server, monkeypatch):
    monkeypatch.setattr("reminders.channels.email.BEGIN_WITHIN", -1)
    outcomes = EmailChannel().send([message()], now=NOW)
    assert outcomes == [Outcome(Result.LATER, "out_of_time")]
    assert server.mails == []


def test_open_pages_get_ids_and_the_kind():
    sent = message()

    async def send_and_hear() -> tuple[list[Outcome], dict]:
        layer = get_channel_layer()
        name = await layer.new_channel()
        await layer.group_add(group_of_person(sent.person), name)
        outcomes = await asyncio.to_thread(LiveChannel().send, [sent], now=NOW)
        return outcomes, await asyncio.wait_for(layer.receive(name), 10)

    outcomes, heard = asyncio.run(send_and_hear())
    assert outcomes == [Outcome(Result.SENT)]
    assert heard == {
        "type": "notice.given",
        "notice": {
            "notice": "reminder",
            "delivery": str(sent.id),
            "reminder": str(sent.reminder),
            "patient": str(sent.patient),
            "kind": "doses",
        },
    }


ends = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


@given(st.uuids(), st.sampled_from(Answer), ends)
def test_link_is_read_as_it_was_made_until_its_end(delivery, answer, until):
    made = token(delivery, answer, until=until)
    assert read(made, now=until - timedelta(seconds=1)) == Link(delivery, answer, until)
    with pytest.raises(ExpiredLink):
        read(made, now=until)


@given(st.text(max_size=80))
def test_whatever_is_no_link_is_forged(text):
    with pytest.raises(ForgedLink):
        read(text, now=NOW)


@given(st.data())
def test_link_that_was_changed_in_one_letter_is_forged(data):
    made = token(UUID(int=7), Answer.SKIPPED, until=UNTIL)
    place = data.draw(st.integers(0, len(made) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_:"))
    changed = made[:place] + letter + made[place + 1 :]
    if changed == made:
        assert read(changed, now=NOW).answer is Answer.SKIPPED
    else:
        with pytest.raises(ForgedLink):
            read(changed, now=NOW)


def test_link_that_another_part_of_the_site_or_another_key_signed_is_forged(settings):
    content = [UUID(int=7).hex, "taken", int(UNTIL.timestamp())]
    with pytest.raises(ForgedLink):
        read(signing.dumps(content, salt="other"), now=NOW)
    made = signing.dumps(content, salt=SALT)
    assert read(made, now=NOW).answer is Answer.TAKEN
    settings.SECRET_KEY = "another key that is long enough for this test"
    with pytest.raises(ForgedLink):
        read(made, now=NOW)


def test_address_of_a_link_is_the_sites(settings):
    settings.SITE_URL = "https://pollux.example/"
    assert address(uuid4(), Answer.TAKEN, until=UNTIL).startswith(f"https://pollux.example/{PATH}")


@pytest.fixture
def fresh_channels():
    channels.cache_clear()
    yield
    channels.cache_clear()


def test_settings_offer_channels(settings, fresh_channels):
    settings.VAPID_PRIVATE_KEY = None
    assert set(channels()) == {"live", "email"}
    assert channels() is channels()
    channels.cache_clear()
    settings.VAPID_PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
    assert set(channels()) == {"live", "email", "web_push"}
    channels.cache_clear()
    key = rsa.generate_private_key(65537, 2048)
    settings.FCM_SERVICE_ACCOUNT = ServiceAccount("p", "a@b.example", "k", "https://token.example", key)
    assert set(channels()) == {"live", "email", "web_push", "push_gateway"}
