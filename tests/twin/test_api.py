"""The twin's JSON edges, as a phone or a page uses them."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import make
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from forecasts import make_days

from backend.actor import acting_for_all, acting_on
from backend.changes import record_change
from backend.models import Change
from backend.rules import Level, Topic
from twin.kinds import KINDS, BodySystem
from twin.models import Forecast, Record
from twin.series.columns import Flag
from twin.services.reading import read_upload

JSON = "application/json"
API = "/api/v1"
PULSE = b"start,kind,value,unit\n2026-03-01T08:00:00Z,heart_rate,61,count/min\n"


@pytest.fixture
def ask(client_of):
    """A function: who, method, path, body → (status, JSON)."""

    def asking(who, method, path, sent=None, **kwargs):
        body = {} if sent is None else {"data": sent, "content_type": JSON}
        answer = getattr(client_of(who), method)(API + path, **body, **kwargs)
        return answer.status_code, answer.json() if answer.content else None

    return asking


@pytest.fixture
def upload(client_of):
    """A function: who, the file's bytes, key, more fields → (status, JSON)."""

    def uploading(who, content, key=None, name="export.csv", **fields):
        headers = {"Idempotency-Key": key} if key else {}
        file = SimpleUploadedFile(name, content)
        answer = client_of(who).post(f"{API}/uploads", {"file": file, **fields}, headers=headers)
        return answer.status_code, answer.json()

    return uploading


def type_in(ask, *measurements):
    status, body = ask("pia", "post", "/patients/me/observations", list(measurements))
    assert status == 201, body
    return body


def pulse(start, value=60.0):
    return {"kind": "heart_rate", "value": value, "unit": "/min", "start": start}


# Measurements


def test_one_measurement_is_stored_and_told(cast, ask):
    body = type_in(
        ask, {"kind": "weight", "value": 179.5, "unit": "[lb_av]", "start": "2026-03-01T07:00:00+01:00"}
    )
    assert body["samples"]["weight"]["stored"] == 1
    status, series = ask("pia", "get", "/patients/me/series?kind=weight")
    assert status == 200
    start = datetime(2026, 3, 1, 6, tzinfo=UTC).timestamp() * 1000
    assert (series["unit"], series["start"], series["end"]) == ("kg", [start], [start])
    assert series["value"] == [pytest.approx(179.5 * 0.45359237)]
    assert (series["flags"], series["source"], [one["name"] for one in series["sources"]]) == (
        [2],
        [0],
        ["Typed in"],
    )
    with acting_for_all():
        assert list(Change.objects.order_by("seq").values_list("topic", "ref")) == [
            ("vitals", "days/weight/2026-03-01/2026-03-01"),
            ("vitals", "series/weight"),
        ]


def test_measurement_without_a_time_is_of_now(cast, ask):
    before = timezone.now().timestamp()
    status, _ = ask(
        "pia", "post", "/patients/me/observations", {"kind": "weight", "value": 81.35, "unit": "kg"}
    )
    (start,) = ask("pia", "get", "/patients/me/series?kind=weight")[1]["start"]
    assert status == 201
    assert before - 1 <= start / 1000 <= timezone.now().timestamp() + 1


def test_pressure_is_two_measurements_kept_together_or_not_at_all(cast, ask):
    at = "2026-03-01T07:00:00Z"
    upper = {"kind": "sbp", "value": 141, "unit": "mm[Hg]", "start": at}
    lower = {"kind": "dbp", "value": 8800, "unit": "mm[Hg]", "start": at}
    status, body = ask("pia", "post", "/patients/me/observations", [upper, lower])
    assert (status, body["errors"][0]["field"]) == (422, "1.value")
    assert ask("pia", "get", "/patients/me/series?kind=sbp")[1]["total"] == 0
    type_in(ask, upper, lower | {"value": 88})
    assert ask("pia", "get", "/patients/me/series?kind=sbp")[1]["value"] == [141]
    assert ask("pia", "get", "/patients/me/series?kind=dbp")[1]["value"] == [88]


def test_measurement_for_somebody_else_needs_the_topic(cast, ask):
    path = f"/patients/{cast.pia_patient.id}/observations"
    pair = [pulse("2026-03-01T07:00:00Z"), {"kind": "glucose", "value": 5.5, "unit": "mmol/L"}]
    assert ask("dora", "post", path, pair)[0] == 404
    assert ask("pia", "get", "/patients/me/series?kind=heart_rate")[1]["total"] == 0
    assert ask("dora", "post", path, pair[:1])[0] == 201


def test_fifty_measurements_are_the_most_at_once(cast, ask):
    many = [pulse(f"2026-03-01T07:{minute:02}:00Z") for minute in range(51)]
    assert ask("pia", "post", "/patients/me/observations", many)[0] == 400
    assert ask("pia", "post", "/patients/me/observations", many[:50])[0] == 201


def test_measurement_is_taken_back(cast, ask):
    type_in(ask, pulse("2026-03-01T07:00:00Z"), pulse("2026-03-01T08:00:00Z", 70))
    path = "/patients/me/observations?kind=heart_rate&start=2026-03-01T07:00:00Z"
    assert ask("pia", "delete", path) == (204, None)
    assert ask("pia", "get", "/patients/me/series?kind=heart_rate")[1]["value"] == [70]
    assert ask("pia", "delete", path)[0] == 422
    assert ask("pia", "delete", "/patients/me/observations?kind=heart_rate")[0] == 400


# Series, days, snapshot


def test_series_is_thinned_and_keeps_its_extremes(cast, ask):
    row = make.make_upload(cast.pia_patient, make.minutes_csv(3000))
    read_upload(row.id, now=timezone.now())
    status, body = ask("pia", "get", "/patients/me/series?kind=heart_rate&points=100")
    assert (status, body["total"], body["thinned"], body["shown"] <= 100) == (200, 3000, True, True)
    assert {len(body[column]) for column in ("start", "end", "value", "flags", "source")} == {body["shown"]}
    assert (min(body["value"]), max(body["value"])) == (60, 99)
    assert body["start"] == sorted(body["start"])
    whole = ask("pia", "get", "/patients/me/series?kind=heart_rate&points=20000")[1]
    assert (whole["shown"], whole["thinned"]) == (3000, False)


def test_series_between_two_instants(cast, ask):
    type_in(ask, *(pulse(f"2026-03-0{day}T07:00:00Z", 60 + day) for day in range(1, 6)))
    path = "/patients/me/series?kind=heart_rate"
    for edges, expected in [
        ("&from=2026-03-02T07:00:00Z&to=2026-03-04T07:00:00Z", [62, 63]),
        ("&from=2026-03-04T07:00:00Z", [64, 65]),
        ("&to=2026-03-02T00:00:00Z", [61]),
        ("&from=2026-03-04T08:00:00%2B01:00", [64, 65]),
        ("&from=2030-01-01T00:00:00Z", []),
    ]:
        assert ask("pia", "get", path + edges)[1]["value"] == expected


@pytest.mark.parametrize("edge", ["series", "summary"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "kind"),
        ("?kind=aura", "kind"),
        ("?kind=%00", "kind"),
        ("?kind=sbp&from=yesterday", "from"),
        ("?kind=sbp&to=2026-13-01", "to"),
        ("?kind=sbp&from=2026-03-02&to=2026-03-01", "to"),
    ],
)
def test_bad_range_is_refused_by_field(cast, ask, edge, query, field):
    if edge == "series":
        query = query.replace("2026-03-02", "2026-03-02T00:00:00Z").replace(
            "2026-03-01", "2026-03-01T00:00:00Z"
        )
    status, body = ask("pia", "get", f"/patients/me/{edge}{query}")
    assert (status, [error["field"] for error in body["errors"]]) == (400, [field])


@pytest.mark.parametrize("points", [3, 20_001, "many"])
def test_impossible_number_of_points_is_refused(cast, ask, points):
    assert ask("pia", "get", f"/patients/me/series?kind=sbp&points={points}")[0] == 400


def test_days_are_the_patients_own(cast, ask):
    type_in(
        ask,
        pulse("2026-03-01T22:30:00Z", 60),
        pulse("2026-03-01T23:30:00Z", 70),
        pulse("2026-03-02T06:00:00Z", 80),
    )
    status, body = ask("pia", "get", "/patients/me/summary?kind=heart_rate")
    assert (status, body["kind"], body["unit"]) == (200, "heart_rate", KINDS["heart_rate"].unit)
    assert body["days"] == [
        {
            "day": "2026-03-01",
            "value": 60,
            "min": 60,
            "max": 60,
            "count": 1,
            "source": "Typed in",
            "sources": 1,
            "flags": Flag.MANUAL,
        },
        {
            "day": "2026-03-02",
            "value": 75,
            "min": 70,
            "max": 80,
            "count": 2,
            "source": "Typed in",
            "sources": 1,
            "flags": Flag.MANUAL,
        },
    ]
    assert (
        ask("pia", "get", "/patients/me/summary?kind=heart_rate&from=2026-03-02&to=2026-03-02")[1]["days"]
        == body["days"][1:]
    )


def test_snapshot_shows_the_shared_topics_only(cast, ask):
    type_in(ask, pulse("2026-03-01T07:00:00Z"), {"kind": "creatinine", "value": 80, "unit": "umol/L"})
    path = f"/patients/{cast.pia_patient.id}/snapshot"
    status, whole = ask("pia", "get", path)
    assert (status, whole["patient"]) == (200, {"id": str(cast.pia_patient.id), "name": "Pia"})
    assert [tile["kind"] for tile in whole["tiles"]] == ["heart_rate", "creatinine"]
    assert (whole["seq"], bool(whole["built_at"])) == (4, True)
    shared = ask("dora", "get", path)[1]
    assert [tile["kind"] for tile in shared["tiles"]] == ["heart_rate"]
    assert set(shared["tiles"][0]) >= {
        "kind", "title", "unit", "decimals", "value", "at", "source", "flag", "day", "mean_28", "sparkline",
    }  # fmt: skip


def test_snapshot_of_an_empty_twin_is_empty(cast, ask):
    status, body = ask("pia", "get", "/patients/me/snapshot")
    assert (status, body["tiles"], body["built_at"], body["seq"]) == (200, [], None, 0)
    assert {one["state"] for one in body["systems"]} == {"not_enough_data"}


def test_snapshot_has_eight_systems_of_what_is_shared(cast, ask):
    now = timezone.now()
    type_in(ask, pulse(now.isoformat()), {"kind": "egfr", "value": 55, "unit": "mL/min/{1.73_m2}"})
    path = f"/patients/{cast.pia_patient.id}/snapshot"
    whole = {one["system"]: one for one in ask("pia", "get", path)[1]["systems"]}
    assert list(whole) == list(BodySystem)
    heart = whole["heart"]
    assert (heart["title"], heart["state"]) == ("Heart and vessels", "fine")
    assert heart["reasons"] == [{"state": "fine", "text": "Nothing stands out in Heart rate.", "kind": None}]
    assert [one["kind"] for one in heart["kinds"]] == ["heart_rate"]
    assert whole["kidneys"]["state"] == "fine"
    shared = {one["system"]: one["state"] for one in ask("dora", "get", path)[1]["systems"]}
    assert (shared["heart"], shared["kidneys"]) == ("fine", "not_enough_data")


def test_snapshot_at_an_instant_is_as_it_was_known_then(cast, ask):
    now = timezone.now()
    type_in(ask, pulse((now - timedelta(hours=1)).isoformat()))
    path = f"/patients/{cast.pia_patient.id}/snapshot"
    past = urlencode({"at": (now - timedelta(minutes=1)).isoformat()})
    status, before = ask("pia", "get", f"{path}?{past}")
    assert (status, before["tiles"], before["built_at"], before["seq"]) == (200, [], None, None)
    assert before["at"] is not None
    present = urlencode({"at": timezone.now().isoformat()})
    known = ask("pia", "get", f"{path}?{present}")[1]
    assert known["tiles"] == ask("pia", "get", path)[1]["tiles"] != []
    assert known["systems"][0]["state"] == "fine"


@pytest.mark.parametrize("off", [timedelta(minutes=5), -timedelta(days=732)])
def test_snapshot_of_what_is_to_come_or_no_longer_kept_is_refused(cast, ask, off):
    at = urlencode({"at": (timezone.now() + off).isoformat()})
    status, problem = ask("pia", "get", f"/patients/me/snapshot?{at}")
    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["at"])


# Forecasts and records


def make_forecast(patient, kind, through, value, points=0, **more):
    test = {"backtest_error": 1.5, "backtest_error_of_last_value": 2.5, "backtest_held80": 0.8}
    with acting_for_all():
        return Forecast.objects.create(
            patient=patient, kind=kind, topic=KINDS[kind].topic, through=through, made_at=timezone.now(),
            model="mean_of_28_days", version="1.1", reason="too short", last_value=value, mean=[value] * 2,
            low80=[value] * 2, high80=[value] * 2, low95=[value] * 2, high95=[value] * 2,
            backtest_points=points, **(test if points else {}), **more,
        )  # fmt: skip


def test_newest_forecast_of_each_shared_kind(cast, ask):
    seen = timezone.now()
    make_forecast(cast.pia_patient, "heart_rate", date(2026, 3, 1), 60, shown_at=seen, superseded_at=seen)
    make_forecast(cast.pia_patient, "heart_rate", date(2026, 3, 30), 62, points=40)
    make_forecast(cast.pia_patient, "creatinine", date(2026, 3, 1), 80)
    path = f"/patients/{cast.pia_patient.id}/forecasts"
    results = ask("pia", "get", path)[1]["results"]
    assert [(one["kind"], one["through"]) for one in results] == [
        ("creatinine", "2026-03-01"),
        ("heart_rate", "2026-03-30"),
    ]
    assert results[0]["backtest"] is None
    assert results[1]["backtest"] == {"points": 40, "mae": 1.5, "mae_last_value": 2.5, "held80": 0.8}
    assert [one["simpler"] for one in results] == [False, False]
    assert results[1]["days"] == ["2026-03-31", "2026-04-01"]
    told = (results[1]["title"], results[1]["model"], results[1]["version"], results[1]["mean"])
    assert told == (KINDS["heart_rate"].title, "mean_of_28_days", "1.1", [62, 62])
    assert results[1]["last_value"] == 62
    assert [one["kind"] for one in ask("dora", "get", path)[1]["results"]] == ["heart_rate"]
    assert ask("pia", "get", f"{path}?kind=creatinine")[1]["results"] == results[:1]
    assert ask("dora", "get", f"{path}?kind=creatinine")[1]["results"] == []
    assert ask("pia", "get", f"{path}?kind=aura")[0] == 400


def test_forecast_that_did_worse_than_the_last_value_says_so(cast, ask):
    worse = {"backtest_error": 2.5, "backtest_error_of_last_value": 1.5, "backtest_held80": 0.8}
    forecast = make_forecast(cast.pia_patient, "heart_rate", date(2026, 3, 30), 62)
    with acting_for_all():
        Forecast.objects.filter(id=forecast.id).update(backtest_points=60, **worse)
    assert [one["simpler"] for one in ask("pia", "get", "/patients/me/forecasts")[1]["results"]] == [True]


def test_forecasts_are_marked_as_shown_by_whoever_may_read_them_and_by_the_phones_copy(cast, ask):
    def shown():
        with acting_for_all():
            return list(Forecast.objects.filter(shown_at__isnull=False).values_list("kind", flat=True))

    path = f"/patients/{cast.pia_patient.id}/forecasts"
    for kind in ("heart_rate", "creatinine", "glucose"):
        make_forecast(cast.pia_patient, kind, date(2026, 3, 30), 62)
    assert [ask(name, "get", path)[0] for name in ("carl", "rita", "paul")] == [404, 404, 404]
    assert shown() == []
    assert ask("dora", "get", f"{path}?kind=heart_rate")[0] == 200
    assert shown() == ["heart_rate"]
    with acting_for_all():
        record_change(cast.pia_patient.id, topic=Topic.GLUCOSE, ref="forecast/glucose")
    ask("cleo", "get", f"/sync?patient={cast.pia_patient.id}")
    assert sorted(shown()) == ["glucose", "heart_rate"]


def test_kinds_without_a_forecast_say_what_they_wait_for(cast, ask):
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin")).date()
    for kind, count, ago in (("sbp", 3, 1), ("dbp", 9, 1), ("weight", 20, 40), ("steps", 7, 0)):
        make_days(cast.pia_patient, kind, count, last=today - timedelta(days=ago))
    make_days(cast.pia_patient, "spo2", 8, last=today - timedelta(days=400))
    make_days(cast.pia_patient, "height", 1, last=today)
    make_days(cast.pia_patient, "glucose", 2, last=today)
    make_days(cast.pia_patient, "heart_rate", 20, last=today)
    make_forecast(cast.pia_patient, "heart_rate", today, 62)
    path = f"/patients/{cast.pia_patient.id}/forecasts"
    waiting = ask("pia", "get", path)[1]["waiting"]
    # Today's steps are still growing; the devices of weight and oxygen have stopped.
    assert [(one["kind"], one["more_days"]) for one in waiting] == [
        ("dbp", 0),
        ("glucose", 5),
        ("sbp", 4),
        ("steps", 1),
        ("weight", 1),
    ]
    assert waiting[2]["title"] == KINDS["sbp"].title
    assert waiting[2]["reason"] == "3 days with data in the last 365: a forecast needs 7."
    assert waiting[0]["reason"] == "It is being made."
    assert "40 days old" in waiting[4]["reason"]
    assert [one["kind"] for one in ask("dora", "get", f"{path}?kind=sbp")[1]["waiting"]] == ["sbp"]


def make_record(patient, number, type_="condition", topic=Topic.RECORDS):
    with acting_for_all():
        return Record.objects.create(
            patient=patient, topic=topic, type=type_, identity=str(number), system="http://snomed.info/sct",
            code="44054006", text=f"Fact {number}", status="active", starts_at=timezone.now(), body={},
            updated_at=timezone.now(),
        )  # fmt: skip


def test_records_come_in_pages_by_type_and_shared_topic(cast, ask):
    for number in range(3):
        make_record(cast.pia_patient, number)
    make_record(cast.pia_patient, 3, "medication", Topic.GLUCOSE)
    path = f"/patients/{cast.pia_patient.id}/records"
    first = ask("pia", "get", f"{path}?page_size=3")[1]
    assert [row["text"] for row in first["results"]] == ["Fact 3", "Fact 2", "Fact 1"]
    assert set(first["results"][0]) == {
        "id", "type", "text", "code", "system", "status", "start", "end", "note", "source", "topic",
        "typed_in", "version", "edited_by", "edited_at", "conflicts",
    }  # fmt: skip
    rest = ask("pia", "get", first["next"].removeprefix(f"http://testserver{API}"))[1]
    assert ([row["text"] for row in rest["results"]], rest["next"]) == (["Fact 0"], None)
    assert [row["text"] for row in ask("pia", "get", f"{path}?type=medication")[1]["results"]] == ["Fact 3"]
    assert [row["text"] for row in ask("dora", "get", path)[1]["results"]] == ["Fact 3"]
    assert ask("pia", "get", f"{path}?type=dream")[0] == 400


# Uploads


def test_upload_is_received_and_its_report_grows(cast, ask, upload):
    status, body = upload("pia", PULSE)
    assert (status, body["status"], body["finished"], body["name"], body["size"]) == (
        202, "received", False, "export.csv", len(PULSE),
    )  # fmt: skip
    assert body["patient"] == str(cast.pia_patient.id)
    read_upload(body["id"], now=timezone.now())
    status, body = ask("pia", "get", f"/uploads/{body['id']}")
    assert (status, body["status"], body["finished"], body["format"]) == (200, "stored", True, "plain_csv")
    assert body["report"]["samples"]["heart_rate"]["stored"] == 1
    assert ask("pia", "get", "/uploads")[1]["results"] == [body]


def test_same_bytes_answer_with_the_first_upload(cast, upload):
    _, first = upload("pia", PULSE)
    assert upload("pia", PULSE, name="again.csv") == (200, first)
    status, other = upload("paul", PULSE)
    assert status == 202
    assert other["id"] != first["id"]
    assert other["patient"] == str(cast.paul_patient.id)


def test_idempotency_key_makes_a_retry_safe(cast, upload):
    _, first = upload("pia", PULSE, key="one")
    assert upload("pia", PULSE, key="one") == (200, first)
    status, body = upload("pia", PULSE + b"\n", key="one")
    assert (status, body["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert upload("paul", PULSE, key="one")[0] == 202
    assert upload("pia", PULSE, key="k" * 201)[0] == 422


def test_upload_for_somebody_else_needs_act_on_her_records(cast, upload, ask):
    patient = str(cast.pia_patient.id)
    assert upload("dora", PULSE, patient=patient)[0] == 404
    assert upload("dora", PULSE)[0] == 404
    make.make_grant(cast.pia_patient, person=cast.dora, topics={Topic.RECORDS: Level.ACT})
    status, body = upload("dora", PULSE, patient=patient)
    assert (status, body["patient"]) == (202, patient)
    assert ask("dora", "get", f"/uploads?patient={patient}")[1]["results"] == [body]
    assert ask("pia", "get", "/uploads?patient=me")[1]["results"] == [body]


def test_empty_file_is_taken_and_refused_with_a_reason(cast, upload, ask):
    status, body = upload("pia", b"", name="empty.zip")
    assert (status, body["size"]) == (202, 0)
    read_upload(body["id"], now=timezone.now())
    body = ask("pia", "get", f"/uploads/{body['id']}")[1]
    assert body["status"] == "refused"
    assert body["report"]["refusal"]["message"]


# The catalogue


def test_kinds_are_the_catalogue(cast, ask):
    status, kinds = ask("pia", "get", "/kinds")
    assert (status, len(kinds)) == (200, len(KINDS))
    weight = next(one for one in kinds if one["code"] == "weight")
    assert (weight["unit"], weight["units"][0], weight["topic"]) == ("kg", "kg", "vitals")
    assert "[lb_av]" in weight["units"]


# What they cost


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/patients/{pia}/snapshot", 14),
        ("/patients/{pia}/series?kind=heart_rate", 11),
        ("/patients/{pia}/summary?kind=heart_rate", 11),
        ("/patients/{pia}/forecasts", 12),
        ("/patients/{pia}/records", 10),
        ("/uploads?patient={pia}", 10),
    ],
)
def test_edge_costs_the_same_however_much_there_is(
    cast, client_of, path, most, django_assert_max_num_queries
):
    client = client_of("cleo")
    path = API + path.format(pia=cast.pia_patient.id)

    def grow(number):
        with acting_for_all():
            make_record(cast.pia_patient, number)
        if number == 0:
            make_forecast(cast.pia_patient, "heart_rate", date(2026, 1, 1), 60)
        make_days(cast.pia_patient, "sbp", 1, last=timezone.now().date() - timedelta(days=number))
        row = make.make_upload(
            cast.pia_patient, make.minutes_csv(10, start=f"2026-02-{1 + number:02}T08:00:00+00:00")
        )
        read_upload(row.id, now=timezone.now())

    counts = []
    for number in range(3):
        grow(number)
        client.get(path)
        if number in {0, 2}:
            with django_assert_max_num_queries(most) as counted:
                assert client.get(path).status_code == 200
            counts.append(len(counted))
    assert counts[0] == counts[1]


def test_reads_of_a_patient_never_write_into_her_stream(cast, ask):
    type_in(ask, pulse("2026-03-01T07:00:00Z"))
    before = ask("pia", "get", "/patients/me/snapshot")[1]["seq"]
    for path in ("snapshot", "series?kind=heart_rate", "summary?kind=heart_rate", "forecasts", "records"):
        ask("cleo", "get", f"/patients/{cast.pia_patient.id}/{path}")
    ask("cleo", "get", f"/sync?patient={cast.pia_patient.id}")
    with acting_on(cast.pia_patient.id):
        assert Change.objects.count() == before
