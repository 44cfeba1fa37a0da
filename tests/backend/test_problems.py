"""Errors below /api/ have one shape, say nothing clinical, and show no traceback."""

import logging
import os
import resource

import make
import psycopg
import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from backend import api
from backend.problems import CONTENT_TYPE

JSON = "application/json"
API = "/api/v1"


@pytest.fixture
def pia(client_of):
    return client_of("pia")


def shape(answer):
    assert answer["Content-Type"] == CONTENT_TYPE
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    assert set(body) <= {"type", "title", "status", "detail", "errors"}
    return answer.status_code


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (404, lambda c: c.get(f"{API}/nowhere")),
        (404, lambda c: c.get(f"{API}/patients/not-an-id/series")),
        (404, lambda c: c.get(f"{API}/uploads/00000000-0000-7000-8000-000000000000")),
        (404, lambda c: c.get(f"{API}/teams?cursor=nonsense")),
        (404, lambda c: c.get(f"{API}/teams?cursor=cD1mb28=")),
        (400, lambda c: c.get(f"{API}/me", headers={"Host": "evil.example"})),
        (405, lambda c: c.delete(f"{API}/me")),
        (400, lambda c: c.put(f"{API}/me/patient", "{", content_type=JSON)),
        (400, lambda c: c.put(f"{API}/me/patient", "[" * 100_000, content_type=JSON)),
        (400, lambda c: c.put(f"{API}/me/patient", b"\xff", content_type=JSON)),
        (400, lambda c: c.put(f"{API}/me/patient", [], content_type=JSON)),
        (400, lambda c: c.post(f"{API}/patients/me/observations", "{}", content_type=JSON)),
        (400, lambda c: c.post(f"{API}/patients/me/observations", "[]", content_type=JSON)),
        (400, lambda c: c.post(f"{API}/patients/me/observations", "[1]", content_type=JSON)),
        (400, lambda c: c.post(f"{API}/uploads", {})),
        (400, lambda c: c.post(f"{API}/uploads", "x", content_type="multipart/form-data")),
        (400, lambda c: c.get(f"{API}/uploads?patient=nobody")),
        (400, lambda c: c.get(f"{API}/patients/me/forecasts?kind=%00")),
        (400, lambda c: c.get(f"{API}/patients/me/records?type=%00")),
        (415, lambda c: c.post(f"{API}/uploads", "{}", content_type=JSON)),
        (415, lambda c: c.put(f"{API}/me/patient", "<a/>", content_type="text/xml")),
        (401, lambda _: Client().get(f"{API}/me")),
        (401, lambda _: Client().get(f"{API}/me", headers={"X-Session-Token": "invented-token"})),
    ],
)
def test_error_is_a_problem(pia, status, ask):
    assert shape(ask(pia)) == status


def test_file_for_which_the_disk_has_no_room_is_a_problem_of_ours_to_send_again(pia, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
    file = SimpleUploadedFile("export.csv", b"start,kind,value,unit\n" * 20_000)
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, most[1]))
    try:
        refused = pia.post(f"{API}/uploads", {"file": file})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert (shape(refused), refused["Retry-After"]) == (507, "60")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    file.seek(0)
    assert pia.post(f"{API}/uploads", {"file": file}).status_code == 202


FULL = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$;
"""
AT_ONCE = "CREATE TRIGGER full_disk BEFORE INSERT ON twin_samplebatch EXECUTE FUNCTION full_disk();"
AT_COMMIT = """
    CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT ON twin_samplebatch DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION full_disk();
"""


@pytest.mark.parametrize("when", [AT_ONCE, AT_COMMIT])
def test_batch_for_which_the_database_has_no_room_is_the_same_and_nothing_of_it_is_kept(
    transactional_db, when
):
    patient = make.make_patient()
    client = Client(raise_request_exception=False)
    client.force_login(patient.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    series = {"kind": "weight", "unit": "kg", "source": "Scale", "start": [0], "value": [80]}
    body = {"batch_id": "a", "series": [series]}
    owner = os.environ["DATABASE_URL"].replace("//pollux_app@", "//pollux_owner@")
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute(FULL + when)
        try:
            refused = client.post(f"{API}/samples", body, content_type=JSON)
        finally:
            server.execute("DROP FUNCTION full_disk CASCADE")
    assert (shape(refused), refused["Retry-After"]) == (507, "60")
    answer = client.post(f"{API}/samples", body, content_type=JSON).json()
    assert (answer["repeated"], answer["series"][0]["stored"]) == (False, 1)


def test_nobody_logged_in_is_asked_for_a_token(db):
    assert Client().get(f"{API}/me")["WWW-Authenticate"] == "X-Session-Token"


def test_browser_write_without_csrf_token_is_refused(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.pia, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert shape(client.post(f"{API}/live/ticket")) == 403


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({}, {"name", "birth_date", "sex"}),
        ({"birth_date": "2999-01-01"}, {"birth_date"}),
        ({"birth_date": "1879-12-31"}, {"birth_date"}),
        ({"sex": "x"}, {"sex"}),
        ({"time_zone": "Mars/Base"}, {"time_zone"}),
        ({"time_zone": "../../etc/passwd"}, {"time_zone"}),
        ({"locale": "no such"}, {"locale"}),
        ({"name": "a\x00b"}, {"name"}),
        ({"name": "x" * 201}, {"name"}),
        ({"units": {"\ud800": "kg"}}, {"units"}),
        ({"units": {"weight": ["kg"]}}, {"units.weight"}),
    ],
)
def test_refused_fields_are_named(pia, sent, fields):
    good = {"name": "Pia", "birth_date": "1963-04-05", "sex": "female", "time_zone": "UTC"}
    answer = pia.put(f"{API}/me/patient", good | sent if sent else {}, content_type=JSON)
    assert shape(answer) == 400
    assert {error["field"] for error in answer.json()["errors"]} == fields


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"value": 400}, "0.value"),
        ({"unit": "furlong"}, "0.unit"),
        ({"kind": "aura"}, "0.kind"),
        ({"start": "2999-01-01T00:00:00Z"}, "0.start"),
        ({"start": "0001-01-01T00:00:00Z"}, "0.start"),
    ],
)
def test_impossible_measurement_is_understood_and_refused(pia, sent, field):
    good = {"kind": "heart_rate", "value": 60, "unit": "/min"}
    answer = pia.post(f"{API}/patients/me/observations", good | sent, content_type=JSON)
    assert shape(answer) == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_failure_of_ours_shows_nothing_of_the_request(cast, monkeypatch, caplog):
    def fail(self, request):
        raise RuntimeError("hba1c 9.1")

    monkeypatch.setattr(api.Me, "get", fail)
    client = Client(raise_request_exception=False)
    client.force_login(cast.pia, backend="allauth.account.auth_backends.AuthenticationBackend")
    with caplog.at_level(logging.CRITICAL):
        answer = client.get(f"{API}/me")
    assert shape(answer) == 500
    assert b"9.1" not in answer.content
    assert b"Traceback" not in answer.content


def test_lost_redis_is_said_to_be_lost(pia, monkeypatch):
    def lost(*_):
        raise RedisConnectionError("down")

    monkeypatch.setattr(api, "issue_ticket", lost)
    answer = pia.post(f"{API}/live/ticket")
    assert shape(answer) == 503
    assert answer["Retry-After"] == "5"


@pytest.mark.parametrize("raised", [PermissionDenied, SuspiciousOperation])
def test_refusal_below_the_views_is_a_problem_too(cast, monkeypatch, raised):
    def refuse(*_):
        raise raised

    monkeypatch.setattr("backend.api.PersonView.dispatch", refuse)
    client = Client()
    client.force_login(cast.pia, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert shape(client.get(f"{API}/me")) == (403 if raised is PermissionDenied else 400)


def test_pages_answer_with_pages(client_of):
    client = client_of("cleo")
    for path in ("/nowhere", "/console/patients/00000000-0000-7000-8000-000000000000/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert b"There is nothing here" in answer.content


def test_refused_upload_is_not_kept(pia, settings):
    settings.UPLOAD_MAX_BYTES = 3
    answer = pia.post(f"{API}/uploads", {"file": SimpleUploadedFile("a.csv", b"long")})
    assert shape(answer) == 422
    assert pia.get(f"{API}/uploads").json()["results"] == []
