"""Who gets what from every route and method: a row each, a column a person.

The socket's commands have theirs in backend/test_live.py.
"""

from datetime import timedelta

import make
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from reminding import make_reminder

from backend.actor import acting_for_all
from backend.checks import OWN_AUTHORISATION, views
from backend.models import CareGrant, DutyShift
from backend.rules import Level, Topic
from twin.intake.items import RecordType
from twin.models import Alert, Event, Export, ExportStatus, Goal, Record, Threshold, Upload
from twin.services.exports import file_of

CAST = ("pia", "paul", "dora", "cleo", "carl", "rita", "ada", "anon")
API = "api/v1/"
PIA = "patients/<patient:patient>/"
JSON = "application/json"
PROFILE = {"name": "New", "birth_date": "1990-01-01", "sex": "other", "time_zone": "UTC"}
LISBON = {"stays": [{"since": None, "time_zone": "Europe/Lisbon"}]}
UNRANKED = {"kind": "heart_rate", "sources": []}
PULSE = {"kind": "heart_rate", "value": 61, "unit": "/min"}
TAKEN_BACK = {"kind": "heart_rate", "start": "2026-01-01T08:00:00Z"}
ASTHMA = {"type": "condition", "text": "Asthma"}
SWIMMING = {"type": "activity", "text": "Swimming"}
EDITED = ASTHMA | {"version": 1, "edited_at": "2026-03-01T12:00:00Z"}
SUGAR = {"kind": "glucose", "value": 5.5, "unit": "mmol/L"}
GOAL = {"kind": "weight", "direction": "at_most", "target": 75}
SUGAR_GOAL = {"kind": "glucose", "direction": "at_most", "target": 120}
LIMITS = {"kind": "weight", "high": 82}
FLU = {"type": "illness", "starts_on": "2026-03-01", "text": "Influenza"}
HANDED_OVER = {"kind": "heart_rate", "unit": "/min", "source": "Watch", "start": [0], "value": [61]}
BATCH = {"batch_id": "1", "patient": "<patient:patient>", "series": [HANDED_OVER]}
MIXED_BATCH = BATCH | {"series": [HANDED_OVER, HANDED_OVER | {"kind": "glucose", "unit": "mg/dL"}]}
LATER = {"until": "2100-01-01T00:00:00Z"}
HAND_OVER = "teams/<uuid:team>/duty/<uuid:shift>/hand-over"
NIGHT = {"starts_at": "2100-01-01T20:00:00Z", "ends_at": "2100-01-02T06:00:00Z"}
ALWAYS_READ = {"emergency_text": "Call 112.", "reads_from": "00:00", "reads_until": "00:00"}
ON_AIR = {"answers": {"on_oxygen": False}}
SMOKES = {"answers": {"smoking": True}}
CALM = {"answers": [0, 1, 0, 0, 1, 0, 0, 0, 0]}
DAILY = {"code": "QD"}
IRON = {"medicine": "Iron", "starts_on": f"{timezone.now():%Y-%m-%d}", "timing": DAILY}
PAUSED = {"since": f"{timezone.now() + timedelta(days=2):%Y-%m-%d}"}
FETCHED = {"move": "fill", "amount": 30, "days": 30}
NOTHING_TAKEN = {
    "answers": [
        {"key": "00000000-0000-7000-8000-000000000001", "status": "taken", "said_at": "2026-03-01T12:00:00Z"}
    ]
}
EARLY_DAY = {"wake": "05:30", "breakfast": "06:00", "lunch": "12:00", "dinner": "18:00", "bed": "21:30"}
QUIET_NIGHTS = {
    "channels": ["live", "email"],
    "fallback_minutes": 10,
    "notice_minutes": 0,
    "quiet_from": "22:00",
    "quiet_until": "07:00",
    "time_zone": "",
    "shows_names": False,
}
EMERGENCY = {"patient_email": "pia@pollux.example", "reason": "Found unconscious."}

EVERYBODY = (200, 200, 200, 200, 200, 200, 200, 401)
OWNER_ONLY = (200, 404, 404, 404, 404, 404, 404, 401)
GRANTEES = (200, 404, 200, 200, 404, 404, 404, 401)
WHOLE_GRANTS = (200, 404, 404, 200, 404, 404, 404, 401)
CLINICIANS = (404, 404, 404, 201, 201, 201, 201, 401)
COLLEAGUES = (404, 404, 404, 200, 200, 200, 200, 401)
PANEL = (200, 404, 200, 200, 404, 404, 404, 302)

# (method, route as in the URLconf, query or body, pia, paul, dora, cleo, carl, rita, ada, anon)
ROWS = [
    ("get", "", None, 302, 302, 302, 302, 302, 302, 302, 200),
    ("get", "reminders/answer/<str:token>", None, 404, 404, 404, 404, 404, 404, 404, 404),
    ("get", "app/", None, 200, 200, 200, 200, 200, 200, 200, 302),
    ("get", "health", None, *[200] * 8),
    ("get", API + "schema/", None, *[200] * 8),
    ("get", API + "docs/", None, *[200] * 8),
    ("get", API + "me", None, *EVERYBODY),
    ("put", API + "me/patient", PROFILE, 200, 200, 201, 201, 201, 201, 201, 401),
    ("get", API + "patients/", None, *EVERYBODY),
    ("get", API + "teams", None, *EVERYBODY),
    ("get", API + "teams/<uuid:team>/duty", None, *COLLEAGUES),
    ("post", API + "teams/<uuid:team>/duty", NIGHT, 404, 404, 404, 201, 422, 422, 422, 401),
    ("post", API + HAND_OVER, None, 404, 404, 404, 200, 422, 422, 422, 401),
    ("put", API + "teams/<uuid:team>/lead", {"clinician": None}, 404, 404, 404, 422, 422, 422, 200, 401),
    ("get", API + "clinic", None, *COLLEAGUES),
    ("put", API + "clinic", ALWAYS_READ, 404, 404, 404, 422, 422, 422, 200, 401),
    ("get", API + "kinds", None, *EVERYBODY),
    ("post", API + "break-glass", EMERGENCY, *CLINICIANS),
    ("post", API + "live/ticket", None, 201, 201, 201, 201, 201, 201, 201, 401),
    ("get", API + PIA + "zones", None, *OWNER_ONLY),
    ("put", API + PIA + "zones", LISBON, *OWNER_ONLY),
    ("get", API + "sync", {"patient": "<patient:patient>"}, *GRANTEES),
    ("get", API + "sync", None, 200, 200, 404, 404, 404, 404, 404, 401),
    ("get", API + PIA + "grants", None, *OWNER_ONLY),
    (
        "post",
        API + PIA + "grants",
        {"to_email": "carl@pollux.example", "topics": {"vitals": "read"}},
        *(201, 404, 404, 404, 404, 404, 404, 401),
    ),
    ("post", API + PIA + "grants/<uuid:grant>/revoke", None, *OWNER_ONLY),
    ("get", API + PIA + "audit", None, *OWNER_ONLY),
    ("get", API + PIA + "series", {"kind": "heart_rate"}, *GRANTEES),
    ("get", API + PIA + "series", {"kind": "egfr"}, *WHOLE_GRANTS),
    ("get", API + PIA + "summary", {"kind": "heart_rate"}, *GRANTEES),
    ("get", API + PIA + "summary", {"kind": "egfr"}, *WHOLE_GRANTS),
    ("get", API + PIA + "snapshot", None, *GRANTEES),
    ("get", API + PIA + "snapshot", {"at": "2026-11-01T12:00:00Z"}, *GRANTEES),
    ("get", API + PIA + "forecasts", None, *GRANTEES),
    ("get", API + PIA + "forecasts/<str:kind>/explanation", None, *GRANTEES),
    ("get", API + PIA + "forecasts/<str:kind>/record", None, *GRANTEES),
    ("get", API + PIA + "glucose-forecast", None, *GRANTEES),
    ("get", API + PIA + "glucose-forecast/record", None, *GRANTEES),
    ("get", API + PIA + "glucose-profile", None, *GRANTEES),
    ("get", API + PIA + "gene-notices", None, *WHOLE_GRANTS),
    ("get", API + PIA + "sick-days", None, *WHOLE_GRANTS),
    ("get", API + PIA + "scores", None, *GRANTEES),
    ("get", API + PIA + "scores/<str:code>/history", None, *GRANTEES),
    ("get", API + PIA + "answers", None, *GRANTEES),
    ("put", API + PIA + "answers", ON_AIR, 200, 404, 200, 200, 404, 404, 404, 401),
    ("put", API + PIA + "answers", SMOKES, *OWNER_ONLY),
    ("get", API + "questionnaires", None, *EVERYBODY),
    ("get", API + "questionnaires/<str:questionnaire>", None, *EVERYBODY),
    ("get", API + PIA + "questionnaires/<str:questionnaire>", None, *WHOLE_GRANTS),
    (
        "post",
        API + PIA + "questionnaires/<str:questionnaire>",
        CALM,
        *(201, 404, 404, 404, 404, 404, 404, 401),
    ),
    ("get", API + PIA + "goals", None, *GRANTEES),
    ("post", API + PIA + "goals", GOAL, 201, 404, 201, 422, 404, 404, 404, 401),
    ("post", API + PIA + "goals", SUGAR_GOAL, 201, 404, 404, 404, 404, 404, 404, 401),
    ("post", API + PIA + "goals/<uuid:goal>/agree", None, 422, 404, 422, 200, 404, 404, 404, 401),
    ("get", API + PIA + "plans", None, *GRANTEES),
    ("post", API + PIA + "plans", IRON, 201, 404, 404, 404, 404, 404, 404, 401),
    ("post", API + PIA + "plans/preview", IRON, *OWNER_ONLY),
    ("post", API + PIA + "plans/check", {"medicine": "Iron"}, *WHOLE_GRANTS),
    ("get", API + PIA + "plans/<uuid:plan>", None, *WHOLE_GRANTS),
    ("put", API + PIA + "plans/<uuid:plan>", IRON | {"number": 1}, *OWNER_ONLY),
    ("post", API + PIA + "plans/<uuid:plan>/confirm", {}, *OWNER_ONLY),
    ("post", API + PIA + "plans/<uuid:plan>/end", {}, *OWNER_ONLY),
    ("post", API + PIA + "plans/<uuid:plan>/pause", PAUSED, *OWNER_ONLY),
    ("delete", API + PIA + "plans/<uuid:plan>/pause", None, *OWNER_ONLY),
    ("post", API + PIA + "plans/<uuid:plan>/stock", FETCHED, 201, 404, 404, 404, 404, 404, 404, 401),
    ("get", API + PIA + "doses", None, *WHOLE_GRANTS),
    ("get", API + PIA + "doses/<uuid:dose>", None, *WHOLE_GRANTS),
    ("post", API + PIA + "doses/answers", NOTHING_TAKEN, 422, 404, 404, 404, 404, 404, 404, 401),
    ("get", API + PIA + "adherence", None, *WHOLE_GRANTS),
    ("get", API + PIA + "reminders/unheard", None, *GRANTEES),
    ("get", API + PIA + "routine", None, *WHOLE_GRANTS),
    ("put", API + PIA + "routine", EARLY_DAY, *OWNER_ONLY),
    ("get", API + PIA + "caregivers-told", None, *OWNER_ONLY),
    ("put", API + PIA + "caregivers-told/<uuid:person>", None, *OWNER_ONLY),
    ("delete", API + PIA + "caregivers-told/<uuid:person>", None, *OWNER_ONLY),
    ("post", API + "reminders/<uuid:reminder>/displayed", None, 204, 404, 404, 204, 404, 404, 404, 401),
    ("post", API + "reminders/<uuid:reminder>/later", LATER, 404, 404, 404, 404, 404, 404, 404, 401),
    ("post", API + "reminders/<uuid:reminder>/take-care", None, 404, 404, 404, 404, 404, 404, 404, 401),
    ("get", API + "reminders/preferences", None, *EVERYBODY),
    ("put", API + "reminders/preferences", QUIET_NIGHTS, *EVERYBODY),
    ("post", API + PIA + "goals/<uuid:goal>/end", None, 200, 404, 200, 200, 404, 404, 404, 401),
    ("get", API + PIA + "suggestions", None, *GRANTEES),
    (
        "post",
        API + PIA + "suggestions/<str:rule>/dismiss",
        {"days": 7},
        200,
        404,
        200,
        200,
        404,
        404,
        404,
        401,
    ),
    ("get", API + PIA + "thresholds", None, *GRANTEES),
    ("post", API + PIA + "thresholds", LIMITS, 422, 404, 422, 201, 404, 404, 404, 401),
    ("post", API + PIA + "thresholds/<uuid:threshold>/end", None, 422, 404, 422, 200, 404, 404, 404, 401),
    ("get", API + PIA + "events", None, *GRANTEES),
    ("post", API + PIA + "events", FLU, 201, 404, 404, 404, 404, 404, 404, 401),
    ("put", API + PIA + "events/<uuid:event>", FLU, *OWNER_ONLY),
    ("delete", API + PIA + "events/<uuid:event>", None, 204, 404, 404, 404, 404, 404, 404, 401),
    ("get", API + PIA + "records", None, *GRANTEES),
    ("post", API + PIA + "records", ASTHMA, 201, 404, 404, 404, 404, 404, 404, 401),
    ("post", API + PIA + "records", SWIMMING, 201, 404, 201, 201, 404, 404, 404, 401),
    ("get", API + PIA + "records/<uuid:record>", None, *WHOLE_GRANTS),
    ("put", API + PIA + "records/<uuid:record>", EDITED, *OWNER_ONLY),
    ("delete", API + PIA + "records/<uuid:record>", {"version": 1}, 204, 404, 404, 404, 404, 404, 404, 401),
    ("get", API + PIA + "records/<uuid:record>/versions", None, *WHOLE_GRANTS),
    ("get", API + PIA + "sources", None, *GRANTEES),
    ("get", API + PIA + "sources", {"kind": "heart_rate"}, *GRANTEES),
    ("get", API + PIA + "sources", {"kind": "egfr"}, *WHOLE_GRANTS),
    ("put", API + PIA + "sources", UNRANKED, 200, 404, 200, 200, 404, 404, 404, 401),
    ("get", API + PIA + "repeats", None, *GRANTEES),
    ("get", API + PIA + "export", None, *OWNER_ONLY),
    ("post", API + PIA + "export", None, 202, 404, 404, 404, 404, 404, 404, 401),
    ("get", API + PIA + "export/file", None, *OWNER_ONLY),
    ("get", API + "alerts", None, *EVERYBODY),
    ("post", API + "alerts/<uuid:alert>/displayed", None, 204, 404, 204, 204, 404, 404, 404, 401),
    ("get", API + PIA + "alerts", None, *GRANTEES),
    ("get", API + PIA + "alerts/<uuid:alert>", None, *GRANTEES),
    ("post", API + PIA + "alerts/<uuid:alert>/acknowledge", None, *GRANTEES),
    ("post", API + PIA + "alerts/<uuid:alert>/resolve", {"done": "Called her."}, *GRANTEES),
    ("post", API + PIA + "alerts/<uuid:alert>/snooze", LATER, 201, 404, 201, 201, 404, 404, 404, 401),
    ("post", API + PIA + "observations", PULSE, 201, 404, 201, 201, 404, 404, 404, 401),
    ("post", API + PIA + "observations", SUGAR, 201, 404, 404, 404, 404, 404, 404, 401),
    ("delete", API + PIA + "observations", TAKEN_BACK, 204, 404, 204, 204, 404, 404, 404, 401),
    ("post", API + "samples", BATCH, 200, 404, 200, 200, 404, 404, 404, 401),
    ("post", API + "samples", MIXED_BATCH, 200, 404, 404, 404, 404, 404, 404, 401),
    ("get", API + "uploads", {"patient": "<patient:patient>"}, *WHOLE_GRANTS),
    ("post", API + "uploads", {"patient": "<patient:patient>"}, 202, 404, 404, 404, 404, 404, 404, 401),
    ("get", API + "uploads/<uuid:upload>", None, *WHOLE_GRANTS),
    ("get", "console/", None, 302, 302, 302, 200, 200, 200, 200, 302),
    ("post", "console/", EMERGENCY, *[302] * 8),
    ("get", "console/forecasts/", None, 302, 302, 302, 200, 200, 200, 200, 302),
    ("get", "console/" + PIA, None, 302, 302, 302, 200, 404, 404, 404, 302),
    ("get", "console/" + PIA + "panels/alerts", None, *PANEL),
    ("get", "console/" + PIA + "panels/systems", None, *PANEL),
    ("get", "console/" + PIA + "panels/scores", None, *PANEL),
    ("get", "console/" + PIA + "panels/tiles", None, *PANEL),
    ("get", "console/" + PIA + "panels/chart", None, *PANEL),
    ("get", "console/" + PIA + "panels/records", None, *PANEL),
    ("get", "console/" + PIA + "panels/medication", None, *PANEL),
    ("get", "console/" + PIA + "panels/sources", None, *PANEL),
    ("get", "console/" + PIA + "panels/uploads", None, *PANEL),
]


@pytest.fixture
def places(cast):
    """What the placeholders of routes stand for: all of them pia's."""
    with acting_for_all():
        upload = Upload.objects.create(
            patient=cast.pia_patient,
            uploaded_by=cast.pia,
            name="watch.zip",
            sha256="0" * 64,
            size=1,
            received_at=timezone.now(),
        )
        record = Record.objects.create(
            patient=cast.pia_patient,
            topic=Topic.RECORDS,
            type=RecordType.CONDITION,
            text="Hay fever",
            body={},
            updated_at=timezone.now(),
            edited_at=timezone.now(),
            edited_by=cast.pia,
        )
        export = Export.objects.create(
            patient=cast.pia_patient,
            requested_by=cast.pia,
            requested_at=timezone.now(),
            status=ExportStatus.READY,
            finished_at=timezone.now(),
            expires_at=timezone.now() + timedelta(days=1),
            size=3,
        )
        file_of(export).parent.mkdir(parents=True, exist_ok=True)
        file_of(export).write_bytes(b"zip")
        weight = {"patient": cast.pia_patient, "kind": "weight", "topic": "vitals", "set_at": timezone.now()}
        goal = Goal.objects.create(
            **weight, direction="at_most", target=80, starts_on="2026-03-01", set_by=cast.pia
        )
        threshold = Threshold.objects.create(**weight, high=90, set_by=cast.cleo)
        event = Event.objects.create(
            patient=cast.pia_patient,
            topic=Topic.RECORDS,
            type="travel",
            starts_on="2026-03-01",
            entered_by=cast.pia,
            entered_at=timezone.now(),
        )
        alert = Alert.objects.create(
            patient=cast.pia_patient,
            topic=Topic.VITALS,
            rule="bp_severe",
            severity="caution",
            direction="high",
            title="High blood pressure",
            data_at=timezone.now(),
            raised_at=timezone.now(),
            expires_at=timezone.now() + timedelta(days=14),
        )
        shift = DutyShift.objects.create(
            team=cast.team,
            clinician=cast.cleo.clinician,
            starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(hours=8),
            entered_by=cast.ada,
            entered_at=timezone.now(),
        )
        grant = CareGrant.objects.filter(patient=cast.pia_patient).order_by("id").first()
    reminder, helper = make_reminder(cast.pia_patient, timezone.now()), make.make_user("helper")
    make.make_grant(cast.pia_patient, person=helper, topics={Topic.MEDICATION: Level.READ})
    with acting_for_all():
        dose = reminder.doses.get()
    return {
        "<patient:patient>": str(cast.pia_patient.id),
        "<uuid:upload>": str(upload.id),
        "<uuid:grant>": str(grant.id),
        "<uuid:alert>": str(alert.id),
        "<uuid:team>": str(cast.team.id),
        "<uuid:shift>": str(shift.id),
        "<uuid:record>": str(record.id),
        "<uuid:goal>": str(goal.id),
        "<uuid:threshold>": str(threshold.id),
        "<uuid:event>": str(event.id),
        "<uuid:plan>": str(dose.plan_id),
        "<uuid:dose>": str(dose.id),
        "<uuid:reminder>": str(reminder.id),
        "<uuid:person>": str(helper.id),
        "<str:kind>": "heart_rate",
        "<str:rule>": "activity_daily",
        "<str:code>": "bmi",
        "<str:questionnaire>": "phq9",
    }


def ask(client, method, route, sent, places):
    for placeholder, value in places.items():
        route = route.replace(placeholder, value)
        sent = {
            key: places.get(word, word) if isinstance(word, str) else word
            for key, word in (sent or {}).items()
        }
    path = f"/{route}"
    if method in {"get", "delete"}:
        return getattr(client, method)(path, query_params=sent)
    if route.endswith("uploads"):
        return client.post(path, {**sent, "file": SimpleUploadedFile("a.csv", b"start,kind,value,unit\n")})
    if route.startswith("console/"):
        return client.post(path, sent)
    return getattr(client, method)(path, sent, content_type=JSON)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]} {row[2] or ''}")
def test_route_answers_each_of_the_cast(row, client_of, places):
    method, route, sent, *expected = row
    answers = {}
    for minute, who in enumerate(CAST):
        if method == "delete" and route.endswith("observations"):  # for each anew
            sent = {"kind": "heart_rate", "start": f"2026-01-01T08:{minute:02}:00Z"}
            ask(client_of("pia"), "post", route, PULSE | sent, places)
        answers[who] = ask(client_of(who), method, route, sent, places)
    assert {who: answer.status_code for who, answer in answers.items()} == dict(
        zip(CAST, expected, strict=True)
    )
    if route.startswith(API):
        problems = [answer for answer in answers.values() if answer.status_code >= 400]
        assert {answer["Content-Type"] for answer in problems} <= {"application/problem+json"}


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "<patient:patient>" in row[1]], ids=lambda row: f"{row[0]} {row[1]}"
)
def test_absent_patient_answers_as_a_foreign_one(row, client_of, places):
    method, route, sent, *_ = row
    absent = {**places, "<patient:patient>": "00000000-0000-7000-8000-000000000000"}
    client = client_of("rita")
    there, nowhere = ask(client, method, route, sent, places), ask(client, method, route, sent, absent)
    assert there.status_code == nowhere.status_code == 404
    if route.startswith(API):
        assert there.content == nowhere.content


def test_matrix_has_a_row_for_every_route_and_method():
    offered = {
        (method, route)
        for route, view in views()
        if not view.__module__.startswith(OWN_AUTHORISATION)
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view, method) or (not isinstance(view, type) and method == "get")
    }
    assert {row[:2] for row in ROWS} == offered


@pytest.mark.parametrize("route", ["patients/<patient:patient>/series", "patients/<patient:patient>/summary"])
@pytest.mark.parametrize(
    ("kind", "expected"), [("heart_rate", 200), ("glucose", 200), ("egfr", 404), ("creatinine", 404)]
)
def test_topics_narrow_what_a_grant_opens(client_of, places, route, kind, expected):
    assert ask(client_of("dora"), "get", API + route, {"kind": kind}, places).status_code == expected


def test_methods_that_no_view_has_are_refused(client_of, places):
    client = client_of("pia")
    for method, route in [("delete", "me"), ("put", "kinds"), ("patch", "me/patient"), ("options", "me")]:
        assert getattr(client, method)(f"/{API}{route}").status_code == 405
