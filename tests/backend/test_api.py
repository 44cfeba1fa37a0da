"""The JSON edges of people and access, as a client uses them."""

from datetime import timedelta

import make
import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from backend.actor import acting_for_all
from backend.models import CareGrant, Change
from backend.rules import Level, Topic

JSON = "application/json"
API = "/api/v1"
NOBODY = "00000000-0000-7000-8000-000000000000"
PROFILE = {
    "name": "Nora",
    "birth_date": "1990-02-03",
    "sex": "female",
    "time_zone": "Asia/Tokyo",
    "locale": "de-CH",
    "units": {"glucose": "mg/dL"},
}


@pytest.fixture
def ask(client_of):
    """A function: who, method, path, body → (status, JSON)."""

    def asking(who, method, path, sent=None, **kwargs):
        body = {} if sent is None else {"data": sent, "content_type": JSON}
        answer = getattr(client_of(who), method)(API + path, **body, **kwargs)
        return answer.status_code, answer.json()

    return asking


@pytest.fixture
def pages(ask):
    """A function: the results of every page of a list, a few rows at a time."""

    def reading(who, path, page_size=2):
        rows, url = [], f"{path}?page_size={page_size}"
        while url:
            status, body = ask(who, "get", url)
            assert status == 200
            assert set(body) == {"next", "previous", "results"}
            rows += body["results"]
            url = body["next"] and body["next"].removeprefix(f"http://testserver{API}")
        return rows

    return reading


# Oneself


def test_me_is_user_patient_clinician_and_caregiver(cast, ask):
    assert ask("pia", "get", "/me")[1] == {
        "user": {"id": str(cast.pia.id), "email": "pia@pollux.example", "name": "Pia"},
        "patient": {
            "id": str(cast.pia_patient.id),
            "name": "Pia",
            "birth_date": "1963-04-05",
            "sex": "female",
            "time_zone": "Europe/Berlin",
            "locale": "en",
            "units": {},
        },
        "clinician": None,
        "looks_after": [],
    }
    dora = ask("dora", "get", "/me")[1]
    assert (dora["patient"], dora["clinician"]) == (None, None)
    assert [(one["name"], one["role"], one["topics"]) for one in dora["looks_after"]] == [
        ("Pia", "caregiver", {"glucose": "read", "vitals": "act"})
    ]
    cleo = ask("cleo", "get", "/me")[1]
    assert cleo["clinician"] == {
        "id": str(cast.cleo.clinician.id),
        "name": "Cleo",
        "profession": "physician",
        "clinic": {"id": str(cast.clinic.id), "name": "Harbour Clinic"},
    }


def test_patient_row_is_made_then_edited(cast, ask):
    assert ask("dora", "put", "/me/patient", PROFILE)[0] == 201
    status, body = ask("dora", "put", "/me/patient", PROFILE | {"name": "Dora D."})
    assert status == 200
    assert body == PROFILE | {"name": "Dora D.", "id": body["id"]}
    assert ask("dora", "get", "/me")[1]["patient"] == body
    with acting_for_all():
        assert list(Change.objects.filter(stream=body["id"]).values_list("seq", "ref")) == [
            (1, "patient"),
            (2, "patient"),
        ]


def test_patients_come_in_pages_with_what_is_shared(cast, ask, pages):
    for _ in range(4):
        make.make_grant(make.make_patient(), person=cast.dora, topics={Topic.GENES: Level.READ})
    rows = pages("dora", "/patients/")
    assert len({row["id"] for row in rows}) == 5
    assert rows[-1] == {
        "id": str(cast.pia_patient.id),
        "name": "Pia",
        "birth_date": "1963-04-05",
        "sex": "female",
        "role": "caregiver",
        "topics": {"glucose": "read", "vitals": "act"},
    }
    assert [row["role"] for row in pages("pia", "/patients/")] == ["self"]
    assert pages("carl", "/patients/") == []


# Sharing


def test_grant_to_a_person_opens_and_its_end_closes(cast, ask):
    until = (timezone.now() + timedelta(days=1)).isoformat()
    sent = {"to_email": "Carl@Pollux.example", "topics": {"vitals": "act", "genes": "read"}, "until": until}
    status, grant = ask("pia", "post", "/patients/me/grants", sent)
    assert status == 201
    assert grant["to"] == {"kind": "person", "id": str(cast.carl.id), "name": "Carl"}
    assert grant["topics"] == {"vitals": "act", "genes": "read"}
    assert (grant["revoked_at"], grant["emergency"], grant["granted_by"]) == (None, False, "Pia")
    path = f"/patients/{cast.pia_patient.id}/snapshot"
    assert ask("carl", "get", path)[0] == 200
    with acting_for_all():
        CareGrant.objects.filter(id=grant["id"]).update(
            starts_at=timezone.now() - timedelta(days=2), ends_at=timezone.now() - timedelta(days=1)
        )
    assert ask("carl", "get", path)[0] == 404


def test_grant_to_a_team_opens_for_its_members(cast, ask):
    sent = {"team": str(cast.team.id), "topics": {"vitals": "read"}}
    status, grant = ask("paul", "post", "/patients/me/grants", sent)
    assert (status, grant["to"]["kind"], grant["to"]["name"]) == (201, "team", "Heart team, Harbour Clinic")
    assert ask("cleo", "get", f"/patients/{cast.paul_patient.id}/snapshot")[0] == 200
    assert ask("carl", "get", f"/patients/{cast.paul_patient.id}/snapshot")[0] == 404


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"to_email": "nobody@pollux.example"}, 422, "to_email"),
        ({"to_email": "pia@pollux.example"}, 422, "to_email"),
        ({"to_email": "not an address"}, 400, "to_email"),
        ({}, 400, "to_email"),
        ({"team": NOBODY}, 422, "team"),
        ({"team": "x"}, 400, "team"),
        ({"to_email": "carl@pollux.example", "team": NOBODY}, 400, "to_email"),
        ({"to_email": "carl@pollux.example", "topics": {"dreams": "read"}}, 400, "topics"),
        ({"to_email": "carl@pollux.example", "topics": {"vitals": "own"}}, 400, "topics.vitals"),
        ({"to_email": "carl@pollux.example", "topics": {}}, 400, "topics"),
        ({"to_email": "carl@pollux.example", "topics": ["vitals"]}, 400, "topics"),
        ({"to_email": "carl@pollux.example", "until": "2020-01-01T00:00:00Z"}, 422, "until"),
        ({"to_email": "carl@pollux.example", "until": "tomorrow"}, 400, "until"),
    ],
)
def test_impossible_grant_is_refused_by_field(cast, ask, sent, status, field):
    answered, body = ask("pia", "post", "/patients/me/grants", {"topics": {"vitals": "read"}} | sent)
    assert (answered, [error["field"] for error in body["errors"]]) == (status, [field])
    with acting_for_all():
        assert CareGrant.objects.count() == 3


def test_grant_is_revoked_once_and_for_all(cast, ask):
    with acting_for_all():
        grant = cast.pia_patient.grants.get(person=cast.dora)
    path = f"/patients/me/grants/{grant.id}/revoke"
    status, first = ask("pia", "post", path)
    assert status == 200
    assert first["revoked_at"]
    assert ask("pia", "post", path) == (200, first)
    assert ask("dora", "get", f"/patients/{cast.pia_patient.id}/snapshot")[0] == 404
    assert ask("paul", "post", path)[0] == 404
    assert ask("pia", "post", f"/patients/me/grants/{NOBODY}/revoke")[0] == 404


def test_grants_list_shows_past_ones_too(cast, ask, pages):
    rows = pages("pia", "/patients/me/grants", page_size=1)
    assert sorted((row["to"]["name"], bool(row["revoked_at"])) for row in rows) == [
        ("Dora", False), ("Heart team, Harbour Clinic", False), ("Rita", True),
    ]  # fmt: skip


def test_teams_are_listed(cast, pages):
    assert pages("pia", "/teams") == [
        {"id": str(cast.team.id), "name": "Heart team", "clinic": "Harbour Clinic"}
    ]


# Who looked


def test_audit_shows_the_patient_who_looked_at_what(cast, ask, pages):
    ask("dora", "get", f"/patients/{cast.pia_patient.id}/snapshot")
    ask("cleo", "get", f"/patients/{cast.pia_patient.id}/series?kind=sbp")
    ask("pia", "get", "/patients/me/series?kind=sbp")
    ask(
        "pia", "post", "/patients/me/grants", {"to_email": "carl@pollux.example", "topics": {"genes": "read"}}
    )
    rows = pages("pia", "/patients/me/audit")
    assert [(row["who"], row["role"], row["action"], row["emergency"]) for row in rows] == [
        ("Pia", "self", "grant", False),
        ("Cleo", "clinician", "read", False),
        ("Dora", "caregiver", "read", False),
    ]  # fmt: skip
    assert [row["what"] for row in rows[1:]] == ["series", "snapshot"]
    assert rows[2]["topics"] == ["glucose", "vitals"]


def test_lookup_of_the_patient_list_is_in_the_audit(cast, ask, pages):
    for _ in range(3):
        ask("dora", "get", "/patients/")
        ask("dora", "get", "/me")
    assert [row["what"] for row in pages("pia", "/patients/me/audit")] == ["list of patients"]


# Emergencies


def test_emergency_opens_everything_for_reading_and_is_told_to_the_patient(
    cast, ask, pages, django_capture_on_commit_callbacks
):
    path = f"/patients/{cast.pia_patient.id}"
    assert ask("carl", "get", f"{path}/snapshot")[0] == 404
    sent = {"patient_email": "Pia@pollux.example ", "reason": " Found unconscious. "}
    with django_capture_on_commit_callbacks(execute=True):
        status, grant = ask("carl", "post", "/break-glass", sent)
    assert (status, grant["emergency"], grant["reason"]) == (201, True, "Found unconscious.")
    assert set(grant["topics"]) == set(Topic)
    assert set(grant["topics"].values()) == {"read"}
    for place in ("snapshot", "series?kind=egfr", "records", "forecasts"):
        assert ask("carl", "get", f"{path}/{place}")[0] == 200
    for method, place in (("post", "observations"), ("get", "grants"), ("get", "audit")):
        assert ask("carl", method, f"{path}/{place}", {} if method == "post" else None)[0] == 404
    assert [row["role"] for row in pages("carl", "/patients/")] == ["emergency"]

    (letter,) = mail.outbox
    assert letter.to == ["pia@pollux.example"]
    assert "unconscious" not in letter.body
    loud = pages("pia", "/patients/me/audit")
    assert {row["emergency"] for row in loud} == {True}
    assert (loud[-1]["who"], loud[-1]["action"], loud[-1]["reason"]) == (
        "Carl",
        "emergency",
        "Found unconscious.",
    )
    with acting_for_all():
        assert Change.objects.get(patient=cast.pia_patient).ref == f"grant/{grant['id']}"


def test_emergency_ends_after_an_hour(cast, ask):
    ask("carl", "post", "/break-glass", {"patient_email": "pia@pollux.example", "reason": "A reason."})
    with acting_for_all():
        grant = CareGrant.objects.get(person=cast.carl)
        assert grant.ends_at - grant.starts_at == timedelta(hours=1)
        hour_ago = timedelta(hours=1, seconds=1)
        CareGrant.objects.filter(id=grant.id).update(
            starts_at=grant.starts_at - hour_ago, ends_at=grant.ends_at - hour_ago
        )
    assert ask("carl", "get", f"/patients/{cast.pia_patient.id}/snapshot")[0] == 404


@pytest.mark.parametrize("reason", ["", "   "])
def test_emergency_without_a_reason_opens_nothing(cast, ask, reason):
    assert (
        ask("carl", "post", "/break-glass", {"patient_email": "pia@pollux.example", "reason": reason})[0]
        == 400
    )
    with acting_for_all():
        assert not CareGrant.objects.filter(person=cast.carl).exists()


@pytest.mark.parametrize("email", ["paul@pollux.example", "nobody@pollux.example", "carl@pollux.example"])
def test_emergency_reaches_only_patients_of_the_own_clinic(cast, ask, email):
    status, body = ask("carl", "post", "/break-glass", {"patient_email": email, "reason": "A reason."})
    assert (status, body["detail"]) == (404, "There is nothing here.")


def test_emergency_of_another_clinic_finds_nobody(cast, ask):
    other = make.make_user("otto")
    make.make_clinician(other, make.make_clinic())
    client = Client()
    client.force_login(other, backend="allauth.account.auth_backends.AuthenticationBackend")
    sent = {"patient_email": "pia@pollux.example", "reason": "A reason."}
    assert client.post(f"{API}/break-glass", sent, content_type=JSON).status_code == 404


def test_patient_can_end_an_emergency(cast, ask):
    _, grant = ask(
        "carl", "post", "/break-glass", {"patient_email": "pia@pollux.example", "reason": "A reason."}
    )
    assert ask("pia", "post", f"/patients/me/grants/{grant['id']}/revoke")[0] == 200
    assert ask("carl", "get", f"/patients/{cast.pia_patient.id}/snapshot")[0] == 404


# What lists cost


@pytest.mark.parametrize(
    ("who", "path", "more"),
    [
        (
            "pia",
            "/patients/me/grants",
            lambda cast: make.make_grant(cast.pia_patient, person=make.make_user()),
        ),
        ("dora", "/patients/", lambda cast: make.make_grant(make.make_patient(), person=cast.dora)),
        ("dora", "/me", lambda cast: make.make_grant(make.make_patient(), person=cast.dora)),
        ("pia", "/teams", lambda cast: cast.clinic.teams.create(name=str(make.make_user()))),
    ],
)
def test_list_costs_the_same_however_long(cast, client_of, who, path, more, django_assert_max_num_queries):
    client = client_of(who)
    counts = []
    for _ in range(2):
        client.get(API + path)
        with django_assert_max_num_queries(16) as counted:
            client.get(API + path)
        counts.append(len(counted))
        for _ in range(2):
            more(cast)
    assert counts[0] == counts[1]
