"""Each reader of the environment: what it takes, and how it refuses by name."""

import json
import sys
from pathlib import Path

import pytest
from celery import Celery
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from redis import Redis

from backend import env


@pytest.fixture
def given(monkeypatch):
    """A function that sets the variable VALUE, or takes it away."""

    def give(value: str | None) -> None:
        if value is None:
            monkeypatch.delenv("VALUE", raising=False)
        else:
            monkeypatch.setenv("VALUE", value)

    return give


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        ("a", lambda: env.text("VALUE"), "a"),
        ("  a ", lambda: env.text("VALUE"), "a"),
        (None, lambda: env.text("VALUE", "b"), "b"),
        ("", lambda: env.text("VALUE", "b"), "b"),
        (None, lambda: env.text("VALUE", ""), ""),
        ("Yes", lambda: env.boolean("VALUE", default=False), True),
        ("off", lambda: env.boolean("VALUE", default=True), False),
        ("", lambda: env.boolean("VALUE", default=True), True),
        ("7", lambda: env.integer("VALUE", 1, low=0, high=9), 7),
        (None, lambda: env.integer("VALUE", 1, low=0, high=9), 1),
        ("a, b,,c", lambda: env.words("VALUE", ()), ["a", "b", "c"]),
        (None, lambda: env.words("VALUE", ("d",)), ["d"]),
        ("/data", lambda: env.folder("VALUE", Path("/x")), Path("/data")),
        (None, lambda: env.folder("VALUE", Path("/x")), Path("/x")),
        ("k" * 32, lambda: env.secret("VALUE"), "k" * 32),
        (str(Path(__file__)), lambda: env.file("VALUE"), Path(__file__)),
        ("", lambda: env.file("VALUE"), None),
        ("mqtt://h", lambda: env.broker("VALUE"), env.Broker("h", 1883, tls=False)),
        ("mqtts://h/", lambda: env.broker("VALUE"), env.Broker("h", 8883, tls=True)),
        ("mqtt://[::1]:99", lambda: env.broker("VALUE"), env.Broker("::1", 99, tls=False)),
        ("mqtts://a%40b:p%2Fw@h:1", lambda: env.broker("VALUE"), env.Broker("h", 1, True, "a@b", "p/w")),
        (None, lambda: env.broker("VALUE"), None),
        (None, lambda: env.signing_key("VALUE"), None),
        (None, lambda: env.service_account("VALUE"), None),
    ],
)
def test_reader_answers_a_good_value(given, value, read, expected):
    given(value)
    assert read() == expected


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, lambda: env.text("VALUE")),
        (" ", lambda: env.text("VALUE")),
        ("maybe", lambda: env.boolean("VALUE", default=False)),
        ("7.5", lambda: env.integer("VALUE", 1, low=0, high=9)),
        ("10", lambda: env.integer("VALUE", 1, low=0, high=9)),
        ("-1", lambda: env.integer("VALUE", 1, low=0, high=9)),
        ("data", lambda: env.folder("VALUE", Path("/x"))),
        (None, lambda: env.secret("VALUE")),
        ("short", lambda: env.secret("VALUE")),
        (None, lambda: env.database("VALUE")),
        ("mysql://u@h/d", lambda: env.database("VALUE")),
        ("postgresql://u@h", lambda: env.database("VALUE")),
        ("postgresql://h/d", lambda: env.database("VALUE")),
        ("postgresql://u@h/d?nonsense=1", lambda: env.database("VALUE")),
        (None, lambda: env.redis("VALUE")),
        ("http://h", lambda: env.redis("VALUE")),
        ("redis:///0", lambda: env.redis("VALUE")),
        ("unix://socket", lambda: env.redis("VALUE")),
        ("unix:///a.sock?db=x", lambda: env.redis("VALUE")),
        ("ca.pem", lambda: env.file("VALUE")),
        ("/no/such/ca.pem", lambda: env.file("VALUE")),
        (sys.executable, lambda: env.file("VALUE")),
        ("A" * 42, lambda: env.signing_key("VALUE")),
        ("A" * 43, lambda: env.signing_key("VALUE")),
        ("_" * 43, lambda: env.signing_key("VALUE")),
        ("A" * 44, lambda: env.signing_key("VALUE")),
        ("!" * 43, lambda: env.signing_key("VALUE")),
        ("http://h", lambda: env.broker("VALUE")),
        ("broker.example:1883", lambda: env.broker("VALUE")),
        ("mqtt://", lambda: env.broker("VALUE")),
        ("mqtt://u:p@", lambda: env.broker("VALUE")),
        ("mqtt://h:port", lambda: env.broker("VALUE")),
        ("mqtt://h:70000", lambda: env.broker("VALUE")),
        ("mqtt://[h", lambda: env.broker("VALUE")),
        ("mqtt://h/topic", lambda: env.broker("VALUE")),
        ("mqtt://h?tls=no", lambda: env.broker("VALUE")),
    ],
)
def test_reader_refuses_a_bad_value_by_name(given, value, read):
    given(value)
    with pytest.raises(env.BadEnvironment, match=r"^VALUE\b"):
        read()


def test_secret_can_lie_in_a_file(given, monkeypatch, tmp_path):
    given(None)
    file = tmp_path / "key"
    file.write_text("k" * 40 + "\n")
    monkeypatch.setenv("VALUE_FILE", str(file))
    assert env.secret("VALUE") == "k" * 40
    monkeypatch.setenv("VALUE_FILE", str(tmp_path / "absent"))
    with pytest.raises(env.BadEnvironment, match=r"^VALUE_FILE cannot be read"):
        env.secret("VALUE")


def test_broker_can_lie_in_a_file(given, monkeypatch, tmp_path):
    given(None)
    file = tmp_path / "url"
    file.write_text("mqtt://me:pw@h\n")
    monkeypatch.setenv("VALUE_FILE", str(file))
    assert env.broker("VALUE") == env.Broker("h", 1883, tls=False, user="me", password="pw")
    assert "pw" not in repr(env.broker("VALUE"))


def test_refusal_never_repeats_a_secret(given):
    for value, read in [
        ("mqtt://u:hunter2@h:port", env.broker),
        ("http://u:hunter2@h", env.broker),
        ("mqtt://u:hunter2@h/hunter2", env.broker),
        ("hunter2", env.secret),
        ("mysql://u:hunter2@h/d", env.database),
        ("hunter2", env.redis),
    ]:
        given(value)
        with pytest.raises(env.BadEnvironment) as refusal:
            read("VALUE")
        assert "hunter2" not in str(refusal.value)


def test_database_url_becomes_djangos_entries(given):
    given("postgresql://me:pw%40@db.example:6432/pollux?sslmode=require")
    assert env.database("VALUE") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "pollux",
        "USER": "me",
        "PASSWORD": "pw@",
        "HOST": "db.example",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "require"},
    }
    given("postgresql://me@/pollux?host=/run/postgres")
    assert env.database("VALUE")["HOST"] == "/run/postgres"


@pytest.mark.parametrize(
    ("url", "celery", "channels"),
    [
        ("redis://h:6379/2", "redis://h:6379/2", "redis://h:6379/2"),
        ("rediss://:pw@h/0", "rediss://:pw@h/0", "rediss://:pw@h/0"),
        ("unix:///r.sock", "redis+socket:///r.sock?virtual_host=0", "unix:///r.sock?db=0"),
        ("unix:///r.sock?db=3", "redis+socket:///r.sock?virtual_host=3", "unix:///r.sock?db=3"),
    ],
)
def test_redis_url_is_spelt_for_each_of_its_users(given, url, celery, channels):
    given(url)
    assert env.redis("VALUE") == env.Redis(url=url, celery=celery, channels=channels)


def test_spellings_of_a_socket_reach_the_same_server(settings):
    urls = env.redis("REDIS_URL")
    with Redis.from_url(urls.url) as one, Redis.from_url(urls.channels) as other:
        one.set("spelt", "here", ex=5)
        assert other.get("spelt") == b"here"
    with Celery(broker=urls.celery).connection_for_write() as broker:
        broker.ensure_connection(max_retries=1)
        assert broker.default_channel.client.get("spelt") == b"here"


def test_signing_key_is_of_the_number_in_the_variable_or_the_file(given, monkeypatch, tmp_path):
    given("A" * 42 + "c")
    assert env.signing_key("VALUE").private_numbers().private_value == 7
    given(None)
    file = tmp_path / "key"
    file.write_text("A" * 42 + "c=\n")
    monkeypatch.setenv("VALUE_FILE", str(file))
    assert env.signing_key("VALUE").private_numbers().private_value == 7


def pem(key) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


RSA_KEY = rsa.generate_private_key(65537, 2048)
ACCOUNT = {
    "type": "service_account",
    "project_id": "pollux-1",
    "client_email": "push@pollux-1.iam.gserviceaccount.example",
    "private_key_id": "abc",
    "private_key": pem(RSA_KEY),
    "token_uri": "https://oauth2.googleapis.example/token",
}


def test_service_account_is_read_as_google_gives_it(given):
    given(json.dumps(ACCOUNT))
    read = env.service_account("VALUE")
    assert (read.project, read.email, read.key_id) == ("pollux-1", ACCOUNT["client_email"], "abc")
    assert read.token_url == ACCOUNT["token_uri"]
    assert read.key.private_numbers() == RSA_KEY.private_numbers()
    assert "key=" not in repr(read)


@pytest.mark.parametrize(
    "value",
    [
        "{",
        "[]",
        "7",
        *(json.dumps(ACCOUNT | {part: None}) for part in ACCOUNT if part != "type"),
        json.dumps(ACCOUNT | {"token_uri": "http://oauth2.googleapis.example/token"}),
        json.dumps(ACCOUNT | {"project_id": "../other"}),
        json.dumps(ACCOUNT | {"private_key": "no key"}),
        json.dumps(ACCOUNT | {"private_key": pem(ec.derive_private_key(7, ec.SECP256R1()))}),
    ],
)
def test_service_account_that_is_not_whole_is_refused_by_name(given, value):
    given(value)
    with pytest.raises(env.BadEnvironment, match=r"^VALUE\b"):
        env.service_account("VALUE")
