"""Accounts as allauth gives them to us, by the app's API, the browser's API, and the pages."""

import json
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

import make
import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.core import mail
from django.core.cache import cache
from django.test import Client
from fido2 import cbor
from fido2.cose import ES256

from backend.models import User

PASSWORD = make.PASSWORD
AUTH = "/_allauth/{client}/v1/auth/"
ACCOUNT = "/_allauth/{client}/v1/account/"


class App:
    """A phone: it keeps its session token and sends it back."""

    def __init__(self, kind="app"):
        self.kind = kind
        self.client = Client(enforce_csrf_checks=kind == "browser")
        self.token = None

    def ask(self, method, path, sent=None):
        headers = {"X-Session-Token": self.token} if self.token else {}
        if self.kind == "browser":
            self.client.get("/accounts/login/")  # any page brings the CSRF cookie
            headers["X-CSRFToken"] = self.client.cookies["csrftoken"].value
        body = {} if sent is None else {"data": json.dumps(sent), "content_type": "application/json"}
        answer = getattr(self.client, method)(path.format(client=self.kind), **body, headers=headers)
        token = answer.json().get("meta", {}).get("session_token") if answer.content else None
        self.token = token or self.token
        return answer

    def auth(self, method, path, sent=None):
        return self.ask(method, AUTH + path, sent)

    def account(self, method, path, sent=None):
        return self.ask(method, ACCOUNT + path, sent)

    def log_in(self, email, password=PASSWORD):
        return self.auth("post", "login", {"email": email, "password": password})

    def confirm(self, password=PASSWORD):
        """Second factors are changed only by whoever has just given the password again."""
        return self.auth("post", "reauthenticate", {"password": password})

    def me(self):
        return self.ask("get", "/api/v1/me")


@pytest.fixture(autouse=True)
def fresh_rate_limits():
    cache.clear()


@pytest.fixture(params=["app", "browser"])
def app(request, db):
    return App(request.param)


@pytest.fixture
def pia(db):
    return make.make_user("pia", password=PASSWORD)


def mailed_code():
    """The code of the newest mail."""
    return re.search(r"^\s*([A-Z0-9]{3,}(?:-[A-Z0-9]{3,})?)\s*$", mail.outbox[-1].body, re.MULTILINE)[1]


def pending(answer):
    return [flow["id"] for flow in answer.json()["data"]["flows"] if flow.get("is_pending")]


def test_sign_up_with_name_is_verified_by_mailed_code(app):
    answer = app.auth(
        "post", "signup", {"email": "Nora@Pollux.Example", "password": PASSWORD, "name": " Nora N. "}
    )
    assert (answer.status_code, pending(answer)) == (401, ["verify_email"])
    assert app.me().status_code == 401
    wrong = app.auth("post", "email/verify", {"key": "000000"})
    assert wrong.status_code == 400
    assert app.auth("post", "email/verify", {"key": mailed_code()}).status_code == 200
    body = app.me().json()
    assert (body["user"]["email"], body["user"]["name"]) == ("nora@pollux.example", "Nora N.")
    assert (body["patient"], body["clinician"], body["looks_after"]) == (None, None, [])


def test_sign_up_of_a_known_address_reveals_nothing(app, pia):
    sent = {"password": PASSWORD, "name": "Eve"}
    known = app.auth("post", "signup", {"email": pia.email, **sent})
    unknown = App(app.kind).auth("post", "signup", {"email": "new@pollux.example", **sent})
    assert known.status_code == unknown.status_code == 401
    assert known.json()["data"] == unknown.json()["data"]
    assert "already" in mail.outbox[0].body
    assert User.objects.filter(email=pia.email).count() == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"name": ""}, "name"),
    ],
)
def test_sign_up_refuses_by_field(app, sent, field):
    answer = app.auth(
        "post", "signup", {"email": "n@pollux.example", "password": PASSWORD, "name": "N"} | sent
    )
    assert answer.status_code == 400
    assert {error["param"] for error in answer.json()["errors"]} == {field}


def test_login_takes_the_address_in_any_case(app, pia):
    assert app.log_in("PIA@Pollux.example").status_code == 200
    assert app.me().json()["user"]["id"] == str(pia.id)


def test_wrong_password_and_unknown_address_answer_alike(app, pia):
    wrong, unknown = app.log_in(pia.email, "not the password"), app.log_in("no@pollux.example")
    assert wrong.status_code == unknown.status_code == 400
    assert wrong.json() == unknown.json()
    assert app.me().status_code == 401


def test_deactivated_account_is_out_at_once(app, pia):
    app.log_in(pia.email)
    User.objects.update(is_active=False)
    assert app.me().status_code == 401
    assert App(app.kind).log_in(pia.email).status_code != 200


def test_login_by_mailed_code(app, pia):
    answer = app.auth("post", "code/request", {"email": pia.email})
    assert pending(answer) == ["login_by_code"]
    assert app.auth("post", "code/confirm", {"code": mailed_code()}).status_code == 200
    assert app.me().status_code == 200


def test_password_is_reset_by_mailed_code(app, pia):
    app.auth("post", "password/request", {"email": pia.email})
    new = "another sound passphrase"
    answer = app.auth("post", "password/reset", {"key": mailed_code(), "password": new})
    assert answer.status_code in {200, 401}
    assert App(app.kind).log_in(pia.email).status_code == 400
    assert App(app.kind).log_in(pia.email, new).status_code == 200


def test_code_request_for_an_unknown_address_reveals_nothing(app, pia):
    known, unknown = (
        App(app.kind).auth("post", "code/request", {"email": email})
        for email in (pia.email, "no@pollux.example")
    )
    assert known.status_code == unknown.status_code == 401
    assert known.json()["data"] == unknown.json()["data"]


def totp(secret):
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_totp_is_set_up_and_asked_for(app, pia):
    app.log_in(pia.email)
    assert app.account("get", "authenticators/totp").status_code == 404
    app.confirm()
    secret = app.account("get", "authenticators/totp").json()["meta"]["secret"]
    assert app.account("post", "authenticators/totp", {"code": "000000"}).status_code == 400
    assert app.account("post", "authenticators/totp", {"code": totp(secret)}).status_code == 200
    cache.clear()  # the same code may not be used twice within its half minute
    second = App(app.kind)
    answer = second.log_in(pia.email)
    assert (answer.status_code, pending(answer)) == (401, ["mfa_authenticate"])
    assert second.me().status_code == 401
    assert second.auth("post", "2fa/authenticate", {"code": totp(secret)}).status_code == 200
    assert second.me().status_code == 200


class Passkey:
    """A soft authenticator: what a phone's secure hardware does (WebAuthn level 2, no attestation)."""

    RP, ORIGIN = "testserver", "http://testserver"

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = b"passkey-of-the-tests"
        self.uses = 0

    def _client_data(self, kind, options):
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.ORIGIN}).encode()

    def _data(self, flags):
        self.uses += 1
        return sha256(self.RP.encode()).digest() + struct.pack(">BI", flags, self.uses)

    def _answer(self, response):
        coded = {name: encode(value) for name, value in response.items()}
        return {"id": encode(self.id), "rawId": encode(self.id), "type": "public-key", "response": coded} | {
            "clientExtensionResults": {"credProps": {"rk": True}}
        }

    def create(self, options):
        self.user = urlsafe_b64decode(options["user"]["id"] + "==")
        public = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": self._data(0x45) + credential})
        return self._answer(
            {
                "clientDataJSON": self._client_data("webauthn.create", options),
                "attestationObject": attestation,
            }
        )

    def get(self, options):
        data, client_data = self._data(0x05), self._client_data("webauthn.get", options)
        signature = self.key.sign(data + sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": client_data,
                "authenticatorData": data,
                "signature": signature,
                "userHandle": self.user,
            }
        )


def encode(value):
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def test_passkey_is_registered_and_logs_in_without_a_password(app, pia):
    app.log_in(pia.email)
    app.confirm()
    passkey = Passkey()
    options = app.account("get", "authenticators/webauthn?passwordless").json()["data"]["creation_options"]
    answer = app.account(
        "post",
        "authenticators/webauthn",
        {"name": "Phone", "credential": passkey.create(options["publicKey"])},
    )
    assert answer.status_code == 200, answer.json()
    second = App(app.kind)
    options = second.auth("get", "webauthn/login").json()["data"]["request_options"]
    answer = second.auth("post", "webauthn/login", {"credential": passkey.get(options["publicKey"])})
    assert answer.status_code == 200, answer.json()
    assert second.me().json()["user"]["id"] == str(pia.id)


def test_passkey_signed_by_another_key_is_refused(app, pia):
    app.log_in(pia.email)
    app.confirm()
    passkey = Passkey()
    options = app.account("get", "authenticators/webauthn?passwordless").json()["data"]["creation_options"]
    app.account(
        "post",
        "authenticators/webauthn",
        {"name": "Phone", "credential": passkey.create(options["publicKey"])},
    )
    passkey.key = ec.generate_private_key(ec.SECP256R1())
    second = App(app.kind)
    options = second.auth("get", "webauthn/login").json()["data"]["request_options"]
    assert (
        second.auth("post", "webauthn/login", {"credential": passkey.get(options["publicKey"])}).status_code
        == 400
    )
    assert second.me().status_code == 401


def test_sessions_are_listed_and_ended(app, pia):
    app.log_in(pia.email)
    other = App(app.kind)
    other.log_in(pia.email)
    assert other.me().status_code == 200
    sessions = app.ask("get", "/_allauth/{client}/v1/auth/sessions").json()["data"]
    assert [session["is_current"] for session in sessions].count(True) == 1
    foreign = next(session["id"] for session in sessions if not session["is_current"])
    assert app.auth("delete", "sessions", {"sessions": [foreign]}).status_code == 200
    assert other.me().status_code == 401
    assert app.me().status_code == 200


def test_logout_ends_the_token(pia):
    app = App()
    app.log_in(pia.email)
    assert app.auth("delete", "session").status_code == 401
    assert app.me().status_code == 401


def test_app_writes_by_its_token_alone_and_a_browser_needs_the_csrf_token(pia):
    app, browser = App(), App("browser")
    app.client = Client(enforce_csrf_checks=True)
    for one in (app, browser):
        one.log_in(pia.email)
        assert one.ask("post", "/api/v1/live/ticket", {}).status_code == 201
    assert browser.client.post("/api/v1/live/ticket", {}, content_type="application/json").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "login/", "signup/", "password/reset/", "login/code/", "email/", "password/change/", "sessions/",
        "2fa/", "2fa/webauthn/", "logout/", "reauthenticate/",
    ],
)  # fmt: skip
def test_account_pages_are_there(pia, path):
    client = Client()
    if path not in {"login/", "signup/", "password/reset/", "login/code/"}:
        client.post("/accounts/login/", {"login": pia.email, "password": PASSWORD})
    answer = client.get(f"/accounts/{path}")
    assert answer.status_code == 200
    assert b"Pollux" in answer.content


def test_browser_signs_up_on_the_page(db):
    client = Client()
    sent = {"name": "Nora", "email": "Nora@pollux.example", "password1": PASSWORD}
    answer = client.post("/accounts/signup/", sent, follow=True)
    assert b"code" in answer.content.lower()
    answer = client.post(answer.request["PATH_INFO"], {"code": mailed_code()}, follow=True)
    assert answer.request["PATH_INFO"] == "/app/"
    assert User.objects.get().name == "Nora"
