"""Web Push: what is encrypted and to whom it goes, each outcome, and addresses that nobody may be sent to."""

import base64
import os
import socket
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from push_sink import Browser, answer, sink, subscribe

from reminders.channels.encryption import LONGEST, encrypted
from reminders.channels.outcomes import of_all, retry_at
from reminders.channels.posting import AT_ONCE, Letter, Patience, Post
from reminders.channels.subscription import SubscriptionError, is_public, subscription
from reminders.channels.vapid import public_key, signer
from reminders.channels.web_push import WebPushChannel
from reminders.tellings import Address, Message, Outcome, Result

NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)
KEY = ec.derive_private_key(7, ec.SECP256R1())
CONTACT = "mailto:people@pollux.example"
HASTY = Patience(connect=1, request=1, begin=3, silent=2)


@pytest.fixture
def service():
    with sink() as running:
        yield running


def channel(patience: Patience | None = None, *, allow_local: bool = True) -> WebPushChannel:
    post = Post(allow_local=allow_local, patience=patience)
    return WebPushChannel(KEY, CONTACT, allow_local=allow_local, post=post)


def message(*browsers: Browser, text: str = "Open Pollux to answer.", **given) -> Message:
    fields = {
        "id": uuid4(),
        "reminder": uuid4(),
        "person": uuid4(),
        "patient": uuid4(),
        "kind": "doses",
        "email": "pia@pollux.example",
        "title": "Time for your medication",
        "text": text,
        "addresses": [Address(uuid4(), one.endpoint, one.keys) for one in browsers],
        "until": NOW + timedelta(hours=4),
    }
    return Message(**fields | given)


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_encryption_gives_the_example_of_rfc_8291():
    # Appendix A, whose message is not filled up.
    browser = subscription(
        {
            "endpoint": "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
            "keys": {
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
                "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            },
        }
    )
    sender = ec.derive_private_key(
        int.from_bytes(unpadded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    body = encrypted(
        b"When I grow up, I want to be a watermelon",
        browser,
        salt=unpadded("DGv6ra1nlYgDCS1FRnbzlw"),
        sender=sender,
        step=1,
    )
    assert body == unpadded(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(st.binary(min_size=1, max_size=LONGEST))
def test_browser_reads_what_was_encrypted_for_it_and_learns_no_length(content):
    import http_ece

    browser = subscribe("https://push.example")
    to = subscription({"endpoint": browser.endpoint, "keys": browser.keys})
    body = encrypted(content, to)
    assert len(body) <= 4096
    assert (len(body) - 16 - 4 - 1 - 65 - 16) % 256 == 0
    read = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.secret, version="aes128gcm")
    assert read == content
    other = subscribe("https://push.example")
    with pytest.raises(Exception, match=r".*"):
        http_ece.decrypt(body, private_key=other.key, auth_secret=other.secret, version="aes128gcm")


def test_message_that_is_too_long_is_refused_and_the_others_go(service):
    one, two = service.subscribe(), service.subscribe()
    outcomes = channel().send([message(one, text="x" * LONGEST), message(two)], now=NOW)
    assert outcomes == [Outcome(Result.REFUSED, "too_long"), Outcome(Result.SENT)]
    with pytest.raises(ValueError, match="more than"):
        encrypted(bytes(LONGEST + 1), subscription({"endpoint": "https://a.example/", "keys": one.keys}))


def test_browser_gets_the_notice_and_nothing_else(service):
    browser = service.subscribe()
    sent = message(browser)
    assert channel().send([sent], now=NOW) == [Outcome(Result.SENT)]
    (got,) = service.of(browser)
    assert browser.read(got.body) == {
        "delivery": str(sent.id),
        "reminder": str(sent.reminder),
        "kind": "doses",
        "title": "Time for your medication",
        "text": "Open Pollux to answer.",
    }
    assert (got.headers["ttl"], got.headers["urgency"]) == ("14400", "high")
    assert got.headers["content-encoding"] == "aes128gcm"
    assert unpadded(got.headers["topic"]) == sent.id.bytes
    scheme, token, key = got.headers["authorization"].replace(",", "").split(" ")
    assert (scheme, key) == ("vapid", f"k={public_key(KEY)}")
    claims = jwt.decode(
        token.removeprefix("t="),
        KEY.public_key(),
        algorithms=["ES256"],
        audience=service.origin,
        options={"verify_exp": False},
    )
    assert claims["sub"] == CONTACT
    assert timedelta(hours=6) <= datetime.fromtimestamp(claims["exp"], UTC) - NOW <= timedelta(hours=12)


def test_message_that_is_of_no_use_any_more_is_not_kept_by_the_service(service):
    browser = service.subscribe()
    channel().send([message(browser, until=NOW - timedelta(hours=1), kind="screening")], now=NOW)
    channel().send([message(browser, until=NOW + timedelta(days=400))], now=NOW)
    headers = [one.headers for one in service.of(browser)]
    assert [one["ttl"] for one in headers] == ["0", str(28 * 86_400)]
    assert headers[0]["urgency"] == "normal"


def test_second_try_replaces_the_first_under_a_fresh_key(service):
    browser = service.subscribe()
    sent = message(browser)
    channel().send([sent], now=NOW)
    channel().send([sent], now=NOW)
    first, second = service.of(browser)
    assert first.headers["topic"] == second.headers["topic"]
    assert first.body[:86] != second.body[:86]
    assert browser.read(first.body) == browser.read(second.body)


def test_signature_is_made_once_for_an_origin_and_a_period():
    signed = signer(KEY, CONTACT)
    at = datetime(2026, 3, 2, 6, tzinfo=UTC)
    first = signed("https://a.example", at)
    assert signed("https://a.example", at + timedelta(hours=5, minutes=59)) is first
    assert signed("https://a.example", at + timedelta(hours=6)) != first
    assert signed("https://b.example", at) != first


def test_batch_keeps_its_connections(service):
    browsers = [service.subscribe() for _ in range(300)]
    messages = [message(one) for one in browsers]
    assert channel().send(messages, now=NOW) == [Outcome(Result.SENT)] * 300
    assert service.connections <= AT_ONCE
    read = [one.read(service.of(one)[0].body)["delivery"] for one in browsers]
    assert read == [str(one.id) for one in messages]


@pytest.mark.parametrize(
    ("mode", "result", "because"),
    [
        *((mode, Result.SENT, "") for mode in ("200", "201", "202", "slow")),
        *((mode, Result.REFUSED, "gone") for mode in ("404", "410")),
        *((mode, Result.LATER, f"http_{mode}") for mode in ("408", "429", "500", "502", "503")),
        *((mode, Result.REFUSED, f"http_{mode}") for mode in ("400", "401", "403", "413")),
        ("away", Result.REFUSED, "http_307"),
        ("endless", Result.REFUSED, "http_400"),
        ("hang", Result.LATER, "timeout"),
    ],
)
def test_each_answer_has_its_outcome(service, mode, result, because):
    sent = message(service.subscribe(mode))
    (outcome,) = channel(HASTY if mode == "hang" else None).send([sent], now=NOW)
    assert (outcome.result, outcome.because) == (result, because)
    assert list(outcome.gone) == ([sent.addresses[0].id] if because == "gone" else [])
    assert len(service.received) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_service_says_when_to_come_again(service, status):
    browser = service.subscribe()
    path = browser.endpoint.removeprefix(service.origin)
    service.answers[path] = answer(status, headers={"Retry-After": "120"})
    (outcome,) = channel().send([message(browser)], now=NOW)
    assert outcome == Outcome(Result.LATER, f"http_{status}", NOW + timedelta(seconds=120))


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("0", 0),
        (" 90 ", 90),
        ("9" * 50, 86_400),
        ("Mon, 02 Mar 2026 07:05:00 GMT", 300),
        ("Mon, 02 Mar 2026 06:00:00 GMT", 0),
        ("Mon, 02 Mar 2099 06:00:00 GMT", 86_400),
        ("", None),
        ("soon", None),
        ("Mon, 02 Mar 99999 06:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("Mon, 01 Jan 0001 00:00:00 +9999", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
    ],
)
def test_retry_after(header, after):
    assert retry_at(header, now=NOW) == (None if after is None else NOW + timedelta(seconds=after))


@given(st.text(max_size=60))
def test_retry_after_of_any_text_is_within_a_day(header):
    at = retry_at(header, now=NOW)
    assert at is None or NOW <= at <= NOW + timedelta(days=1)


SENT, GONE = Outcome(Result.SENT), Outcome(Result.REFUSED, "gone", gone=(uuid4(),))
BUSY, DOWN = Outcome(Result.LATER, "http_429", NOW), Outcome(Result.LATER, "http_500")
LATE = Outcome(Result.LATER, "http_503", NOW + timedelta(hours=1))
NO = Outcome(Result.REFUSED, "http_403")


@pytest.mark.parametrize(
    ("outcomes", "together"),
    [
        ([], Outcome(Result.REFUSED, "no_address")),
        ([SENT, GONE], Outcome(Result.SENT, gone=GONE.gone)),
        ([BUSY, SENT], Outcome(Result.SENT)),
        ([GONE], GONE),
        ([GONE, NO], Outcome(Result.REFUSED, "http_403", gone=GONE.gone)),
        ([NO, BUSY, GONE], Outcome(Result.LATER, "http_429", NOW, GONE.gone)),
        ([LATE, BUSY], Outcome(Result.LATER, "http_503", NOW)),
        ([LATE, DOWN], Outcome(Result.LATER, "http_503")),
    ],
)
def test_several_addresses_are_one_outcome(outcomes, together):
    found = of_all(outcomes)
    assert (found.result, found.because, found.retry_at) == (
        together.result,
        together.because,
        together.retry_at,
    )
    assert list(found.gone) == list(together.gone)


def test_message_goes_to_every_browser_of_its_person(service):
    laptop, phone, old = service.subscribe(), service.subscribe("500"), service.subscribe("410")
    sent = message(laptop, phone, old)
    (outcome,) = channel().send([sent], now=NOW)
    assert (outcome.result, list(outcome.gone)) == (Result.SENT, [sent.addresses[2].id])
    assert [len(service.of(one)) for one in (laptop, phone, old)] == [1, 1, 1]


def test_endpoint_that_hangs_keeps_nobody_else_waiting(service):
    with sink() as other:
        hanging = [other.subscribe("hang") for _ in range(AT_ONCE + 8)]
        well = [service.subscribe() for _ in range(50)]
        beside = service.subscribe("hang")
        sender = channel(HASTY)
        began = time.monotonic()
        outcomes = sender.send([message(one) for one in (*hanging, beside, *well)], now=NOW)
        took = time.monotonic() - began
        reasons = [one.because for one in outcomes[: len(hanging) + 1]]
        assert reasons == ["timeout"] * AT_ONCE + ["service_silent"] * 8 + ["timeout"]
        assert outcomes[len(hanging) + 1 :] == [Outcome(Result.SENT)] * 50
        assert took < 2 * HASTY.request
        # A service that was silent is left alone for a while; one that answers others is not.
        asked = len(other.received)
        outcomes = sender.send([message(other.subscribe()), message(well[0])], now=NOW)
        assert [one.because for one in outcomes] == ["service_silent", ""]
        assert len(other.received) == asked
        time.sleep(HASTY.silent)
        assert sender.send([message(other.subscribe())], now=NOW) == [Outcome(Result.SENT)]


def test_service_that_is_slow_is_not_begun_with_when_the_time_is_over(service):
    browsers = [service.subscribe("slow") for _ in range(AT_ONCE * 2)]
    patience = Patience(begin=0.2)
    outcomes = channel(patience).send([message(one) for one in browsers], now=NOW)
    assert {one.because for one in outcomes[:AT_ONCE]} == {""}
    assert {(one.result, one.because) for one in outcomes[AT_ONCE:]} == {(Result.LATER, "out_of_time")}


def test_service_that_is_not_there_is_asked_again_later():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        origin = f"http://127.0.0.1:{taken.getsockname()[1]}"
    (outcome,) = channel().send([message(subscribe(origin))], now=NOW)
    assert (outcome.result, outcome.because) == (Result.LATER, "unreachable")


def test_service_with_a_certificate_of_its_own_making_is_not_trusted(tmp_path, service):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "push.example")])
    made = x509.CertificateBuilder(name, name, KEY.public_key(), 7)
    now = datetime.now(UTC)
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    form = serialization.PrivateFormat.PKCS8
    key = KEY.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    file = tmp_path / "service.pem"
    certificate = made.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    file.write_bytes(key + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with sink(context) as untrusted:
        messages = [message(untrusted.subscribe()), message(service.subscribe())]
        outcomes = channel().send(messages, now=NOW)
        assert untrusted.received == []
    assert outcomes == [Outcome(Result.LATER, "bad_certificate"), Outcome(Result.SENT)]


@pytest.mark.parametrize(
    "url", ["https://a..example/", f"https://{'a' * 64}.example/", "https:///", "https://["]
)
def test_address_that_nobody_can_look_up_hinders_nobody(service, url):
    good = service.subscribe()
    letters = [Letter("https://odd.example", url, {}, b""), Letter(service.origin, good.endpoint, {}, b"")]
    answers = Post(allow_local=True).send(letters)
    assert [one.status for one in answers] == [None, 201]


def test_names_that_nobody_answers_for_keep_nobody_else_waiting(service):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        dns = {"nameservers": ["127.0.0.1"], "udp_port": silent.getsockname()[1]}
        post = Post(allow_local=True, patience=HASTY, dns=dns)
        push = WebPushChannel(KEY, CONTACT, allow_local=True, post=post)
        hanging = [subscribe(f"https://{number}.push.example") for number in range(100)]
        well = [service.subscribe() for _ in range(20)]
        localhost = subscribe(service.origin.replace("127.0.0.1", "localhost"))
        began = time.monotonic()
        outcomes = push.send([message(one) for one in (*hanging, *well, localhost)], now=NOW)
        assert time.monotonic() - began < 5 * HASTY.request
        assert silent.recv(512)
    assert outcomes == [Outcome(Result.LATER, "timeout")] * 100 + [Outcome(Result.SENT)] * 21


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_leads_to_this_machine_is_refused_before_it_is_connected(service, host):
    # Only what a name leads to counts, whoever's it is; so the endpoint itself is let through here.
    browser = subscribe(service.origin.replace("127.0.0.1", host))
    outcomes = WebPushChannel(KEY, CONTACT, allow_local=True, post=Post()).send([message(browser)], now=NOW)
    assert outcomes == [Outcome(Result.REFUSED, "not_public")]
    assert service.connections == 0


def test_subscription_that_was_kept_but_is_none_is_refused(service):
    local = service.subscribe()
    outcomes = channel(allow_local=False).send([message(local), message()], now=NOW)
    assert [one.because for one in outcomes] == ["bad_subscription", "no_address"]
    assert service.connections == 0


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2a00:1450:4001:800::200e", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::8.8.8.8", True),
        ("2002:808:808::1", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::10.0.0.1", False),
        ("2002:7f00:1::1", False),
        ("push.example", False),
        ("", False),
    ],
)
def test_public_addresses(address, public):
    assert is_public(address) is public


def body(**changes) -> dict:
    browser = subscribe("https://push.example")
    return {"endpoint": browser.endpoint, "expirationTime": None, "keys": browser.keys} | changes


def test_subscription_is_read_as_browsers_give_it():
    given = body()
    read = subscription(given)
    assert (read.endpoint, read.origin) == (given["endpoint"], "https://push.example")
    assert read.keys == given["keys"]
    padded = {name: key + "=" * (-len(key) % 4) for name, key in given["keys"].items()}
    assert subscription(given | {"keys": padded}) == read
    assert subscription(body(endpoint="https://Push.Example:443/a")).origin == "https://push.example"
    assert subscription(body(endpoint="https://[2a00:1450::1]:99/a")).origin == "https://[2a00:1450::1]:99"
    assert (
        subscription(body(endpoint="http://127.0.0.1:9/a"), allow_local=True).origin == "http://127.0.0.1:9"
    )


@pytest.mark.parametrize(
    "endpoint",
    [
        None,
        "",
        7,
        "http://push.example/a",
        "ftp://push.example/a",
        "//push.example/a",
        "push.example",
        "https://",
        "https:///a",
        "https://push.example:port/a",
        "https://push.example:70000/a",
        "https://[::1/a",
        "https://user:secret@push.example/a",
        "https://push.example/a#b",
        "https://push.example/a b",
        "https://push.example/\na",
        "https://push..example/a",
        "https://.push.example/a",
        "https://push%2eexample/a",
        f"https://{'a' * 64}.example/a",
        f"https://{'a.' * 130}example/a",
        "https://pu\N{LATIN SMALL LETTER S WITH CARON}h.example/a",
        "https://push.example/" + "a" * 2000,
        "https://localhost/a",
        "https://db.internal/a",
        "https://printer.local./a",
        "https://db/a",
        "https://127.0.0.1/a",
        "https://127.1/a",
        "https://2130706433/a",
        "https://169.254.169.254/latest",
        "https://[::1]/a",
        "https://[::ffff:10.0.0.1]/a",
    ],
)
def test_endpoint_that_cannot_be_is_refused(endpoint):
    with pytest.raises(SubscriptionError) as refused:
        subscription(body(endpoint=endpoint))
    assert refused.value.field == "endpoint"
    assert refused.value.reason.endswith(".")


def key_of(size: int) -> str:
    return base64.urlsafe_b64encode(os.urandom(size)).decode()


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        (None, "keys"),
        ({}, "keys.p256dh"),
        ({"p256dh": ""}, "keys.p256dh"),
        ({"p256dh": key_of(64)}, "keys.p256dh"),
        ({"p256dh": "!" * 87}, "keys.p256dh"),
        ({"p256dh": "A" * 201}, "keys.p256dh"),
        ({"p256dh": base64.urlsafe_b64encode(b"\x04" + bytes(64)).decode()}, "keys.p256dh"),
        (subscribe("").keys | {"auth": None}, "keys.auth"),
        (subscribe("").keys | {"auth": key_of(15)}, "keys.auth"),
        (subscribe("").keys | {"auth": key_of(17)}, "keys.auth"),
        (subscribe("").keys | {"auth": ["a"]}, "keys.auth"),
    ],
)
def test_keys_that_cannot_be_are_refused(keys, field):
    with pytest.raises(SubscriptionError) as refused:
        subscription(body(keys=keys))
    assert refused.value.field == field


@pytest.mark.parametrize("given", [None, [], "text", 7])
def test_subscription_is_an_object(given):
    with pytest.raises(SubscriptionError):
        subscription(given)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["endpoint", "keys", "more"]), json_values),
    st.text(max_size=60).map("https://".__add__) | st.none(),
)
def test_whatever_comes_is_read_or_refused(given, endpoint):
    if endpoint is not None:
        given = body() | {"endpoint": endpoint}
    with suppress(SubscriptionError):
        assert subscription(given).endpoint == endpoint
