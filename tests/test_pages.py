"""The shells and panels: who lands where, and what they cost."""

import re
from datetime import date, timedelta

import make
import numpy as np
import pytest
from alerts import finding, found
from django.test import Client
from django.utils import timezone

from backend.actor import acting_for_all, acting_on
from backend.models import CareGrant
from backend.ports import ports
from twin.intake.items import Samples
from twin.models import Record
from twin.report import Report
from twin.series.columns import Columns, Flag
from twin.services.digest import digest
from twin.services.intake import Touched, take_in
from twin.services.reading import read_upload

# The two savepoints around a request stand in the tests for its transaction.
TRANSACTION = 2
PANELS = ("alerts", "systems", "tiles", "chart", "records", "uploads", "scores", "sources")
POLICY = "Content-Security-Policy"


def fill(patient, number):
    """Another day of heart rate, another record, another alert."""
    found(patient, finding(rule=f"rule_{number}"))
    with acting_for_all():
        Record.objects.create(
            patient=patient, topic="records", type="condition", identity=str(number),
            text=f"Condition {number}", starts_at=timezone.now(), body={}, updated_at=timezone.now(),
        )  # fmt: skip
    day = date(2026, 2, 1) + timedelta(days=number)
    row = make.make_upload(
        patient, make.minutes_csv(10, start=f"{day}T08:00:00+00:00"), name=f"day-{number}.csv"
    )
    read_upload(row.id, now=timezone.now())


@pytest.mark.parametrize(("who", "place"), [("pia", "/app/"), ("dora", "/app/"), ("cleo", "/console/")])
def test_home_leads_each_to_her_own_place(client_of, who, place):
    answer = client_of(who).get("/", follow=True)
    assert (answer.status_code, answer.request["PATH_INFO"]) == (200, place)


def test_stranger_is_led_to_the_login_and_back(client_of, cast):
    answer = client_of("anon").get(f"/console/patients/{cast.pia_patient.id}/")
    assert answer["Location"] == f"/accounts/login/?next=/console/patients/{cast.pia_patient.id}/"


def test_shell_names_every_panel(client_of, cast):
    page = client_of("cleo").get(f"/console/patients/{cast.pia_patient.id}/").content.decode()
    assert "Pia" in page
    for panel in ports.panels:
        assert f"/console/patients/{cast.pia_patient.id}/panels/{panel.slug}" in page
    assert "Your visit is recorded" in page


# The records are looked through for repeats too, in series and by days; systems stand on tiles, limits,
# forecasts, alerts, scores and the patient's own day; scores have genes and medicines beside them.
COSTS = {
    "panels/alerts": 7,
    "panels/records": 10,
    "panels/scores": 15,
    "panels/sources": 7,
    "panels/systems": 11,
}


@pytest.mark.parametrize("path", ["", *(f"panels/{panel}" for panel in PANELS)])
def test_patient_page_costs_the_same_however_much_there_is(
    client_of, cast, path, django_assert_max_num_queries
):
    client = client_of("cleo")
    url = f"/console/patients/{cast.pia_patient.id}/{path}"
    counts = []
    for number in range(3):
        fill(cast.pia_patient, number)
        client.get(url)
        if number in {0, 2}:
            with django_assert_max_num_queries(COSTS.get(path, 6) + TRANSACTION) as counted:
                assert client.get(url).status_code == 200
            counts.append(len(counted))
    assert counts[0] == counts[1]


def test_list_costs_the_same_however_many_patients(client_of, cast, django_assert_max_num_queries):
    client = client_of("cleo")
    counts = []
    for number in range(2):
        client.get("/console/")
        with django_assert_max_num_queries(12 + TRANSACTION) as counted:
            client.get("/console/")
        counts.append(len(counted))
        for _ in range(2):
            patient = make.make_patient()
            make.make_grant(patient, person=cast.cleo)
            fill(patient, number)
    assert counts[0] == counts[1]


def test_list_says_which_of_two_pressures_is_a_device_s_limit(client_of, cast):
    now, touched = timezone.now(), Touched()
    start = np.array([round(now.timestamp() * 1000)])
    with acting_on(cast.pia_patient.id):
        pressures = [
            Samples(kind, "Monitor", "mm[Hg]", Columns(start, start * 0, np.array([value]), flags=flags))
            for kind, value, flags in (
                ("sbp", 118.0, None),
                ("dbp", 40.0, np.array([Flag.CENSORED_LOW], np.uint8)),
            )
        ]
        take_in(cast.pia_patient.id, pressures, report=Report(), touched=touched, now=now)
        digest(cast.pia_patient.id, touched, now=now)
    page = client_of("cleo").get("/console/").content.decode()
    assert 'Blood pressure</span> <strong class="num">118/&lt; 40</strong>' in page


def test_panels_show_what_is_shared_and_no_more(client_of, cast):
    fill(cast.pia_patient, 0)
    shown = {
        who: {
            panel: client_of(who)
            .get(f"/console/patients/{cast.pia_patient.id}/panels/{panel}")
            .content.decode()
            for panel in PANELS
        }
        for who in ("cleo", "dora")
    }
    assert "Condition 0" in shown["cleo"]["records"]
    assert "Condition 0" not in shown["dora"]["records"]
    assert "day-0.csv" in shown["cleo"]["uploads"]
    assert "day-0.csv" not in shown["dora"]["uploads"]
    for who in ("cleo", "dora"):
        assert "heart_rate" in shown[who]["tiles"]
        assert "heart_rate" in shown[who]["chart"]


def test_alert_shows_what_it_stands_on_who_was_told_and_what_may_be_done(client_of, cast):
    found(cast.pia_patient, finding())
    path = f"/console/patients/{cast.pia_patient.id}/panels/alerts"
    shown = client_of("cleo").get(path).content.decode()
    for words in (
        "Severely high blood pressure",
        '<strong class="num">191</strong>',
        "Cuff",
        "Source: American Heart Association (named by two sources)",
        "Nobody has answered yet",
        "Raised",
        "<strong>Dora</strong>",
        "On screen: ",
        "/acknowledge",
        "What was done",
        "4 hours",
    ):
        assert words in shown
    assert "1 day<" not in shown
    client = client_of("carl")
    client.post("/console/", {"patient_email": "pia@pollux.example", "reason": "A reason."})
    loud = client.get(path).content.decode()
    assert "Severely high blood pressure" in loud
    assert "data-answer" not in loud


def test_list_finds_by_name_and_shows_values(client_of, cast):
    fill(cast.pia_patient, 0)
    client = client_of("cleo")
    assert "Pia" in client.get("/console/?q=pi").content.decode()
    assert "Pia" not in client.get("/console/?q=zzz").content.decode()
    for strange in ("page=900&q=%25_", "q=%00", "page=%00"):
        assert client.get(f"/console/?{strange}").status_code == 200


def test_emergency_form_opens_the_chart_with_a_banner(client_of, cast):
    client = client_of("carl")
    answer = client.post(
        "/console/", {"patient_email": "PIA@pollux.example", "reason": "A reason."}, follow=True
    )
    assert answer.request["PATH_INFO"] == f"/console/patients/{cast.pia_patient.id}/"
    assert "Emergency access" in answer.content.decode()
    for panel in PANELS:
        assert client.get(f"/console/patients/{cast.pia_patient.id}/panels/{panel}").status_code == 200


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"patient_email": "pia@pollux.example", "reason": " "}, "and a reason"),
        ({"patient_email": "a\0@pollux.example", "reason": "x"}, "and a reason"),
        ({"patient_email": "pia@pollux.example", "reason": "x\0"}, "and a reason"),
        ({}, "and a reason"),
        ({"patient_email": "paul@pollux.example", "reason": "A reason."}, "Nobody of your clinic"),
    ],
)
def test_emergency_form_says_what_is_wrong(client_of, cast, sent, said):
    answer = client_of("carl").post("/console/", sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    with acting_for_all():
        assert not CareGrant.objects.filter(person=cast.carl).exists()


def test_form_without_csrf_token_is_refused(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.carl, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post("/console/", {"patient_email": "pia@pollux.example", "reason": "x"}).status_code == 403


def test_pages_run_no_inline_script_and_load_nothing_foreign(client_of, cast):
    client = client_of("cleo")
    for url in ("/console/", f"/console/patients/{cast.pia_patient.id}/", "/app/"):
        answer = client.get(url)
        assert "'unsafe-inline'" not in answer[POLICY]
        page = answer.content.decode()
        assert re.findall(r"<script(?![^>]*(?:src=|application/json))", page) == []
        assert re.findall(r"""(?:src|href)="(?:https?:)?//""", page) == []


def test_health_data_is_never_cached_by_others(client_of, cast):
    client = client_of("cleo")
    for url in ("/console/", f"/console/patients/{cast.pia_patient.id}/panels/tiles", "/api/v1/me"):
        assert client.get(url)["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


def test_description_of_the_api_is_whole_and_its_page_renders(db):
    client = Client()
    described = client.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    assert described["openapi"].startswith("3.1")
    for operations in described["paths"].values():
        for operation in operations.values():
            assert "default" in operation["responses"]
    page = client.get("/api/v1/docs/")
    assert "style-src 'self' 'unsafe-inline'" in page[POLICY]
    assert "script-src" not in page[POLICY]
    for script in re.findall(r'<script src="([^"]+)"', page.content.decode()):
        answer = client.get(script)
        assert answer.status_code == 200
        assert answer["Content-Type"].split(";")[0] in {"text/javascript", "application/javascript"}
        b"".join(answer) if answer.streaming else answer.content
        answer.close()
