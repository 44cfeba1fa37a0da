"""Likely repeats out of what the store and the records hold, as a clinician sees them."""

import json
from datetime import datetime, timedelta

import make
import pytest
from django.utils import timezone

from backend.models import Patient
from twin.services.reading import read_upload

TODAY = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=3)


def at(days: float) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def observation(number: int, code: str, when: str, value: float, **more) -> dict:
    return {
        "resourceType": "Observation",
        "id": str(number),
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "effectiveDateTime": when,
        "valueQuantity": {"value": value, "unit": "ng/mL"},
        "meta": {"source": "Harbour laboratory"},
        **more,
    }


def bring(patient: Patient, *contents: bytes) -> None:
    for content in contents:
        read_upload(make.make_upload(patient, content).id, now=timezone.now())


@pytest.fixture
def pia(cast) -> Patient:
    rows = [
        f"{at(-10)},hba1c,6.1,%,Clinic",
        f"{at(0)},hba1c,6.0,%,Clinic",
        f"{at(0.1)},hba1c,6.0,%,Laboratory",
        f"{at(-900)},crp,3,mg/L,Clinic",
        f"{at(-899.5)},crp,3,mg/L,Clinic",
        f"{at(0)},weight,80,kg,Scale",
        f"{at(0.1)},weight,80,kg,Scale",
    ]
    ferritin = [observation(1, "2276-4", at(-4), 90), observation(2, "2276-4", at(-1), 80)]
    report = [
        {
            "resourceType": "DiagnosticReport",
            "id": str(number),
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "58410-2"}]},
            "effectiveDateTime": at(number / 4),
        }
        for number in (1, 2)
    ]
    foreign = observation(3, "2276-4", at(-0.5), 80)
    foreign["code"]["coding"][0]["system"] = "urn:a-hospital's-own"
    lines = [json.dumps(one).encode() for one in (*ferritin, *report, foreign)]
    bring(cast.pia_patient, "\n".join(["start,kind,value,unit,source", *rows]).encode(), b"\n".join(lines))
    return cast.pia_patient


def test_repeats_are_found_in_series_and_records(pia, client_of):
    found = client_of("cleo").get(f"/api/v1/patients/{pia.id}/repeats").json()["results"]
    assert [(one["group"], one["tests"], one["sources"], one["same_result"]) for one in found] == [
        ("blood_count", ["Blood count panel"], [], False),
        ("hba1c", ["HbA1c"], ["Clinic", "Laboratory"], True),
        ("hba1c", ["HbA1c"], ["Clinic"], False),
        ("ferritin", ["Ferritin"], ["Harbour laboratory"], False),
    ]
    ferritin = found[-1]
    first, second = (datetime.fromisoformat(ferritin[edge]) for edge in ("first", "second"))
    assert (first, second) == (TODAY - timedelta(days=4), TODAY - timedelta(days=1))
    assert ferritin["interval_hours"] == 21 * 24
    assert [one["said"] for one in ferritin["references"]] == ["28 days", "21 days"]


def test_repeats_are_shown_in_the_topics_that_are_shared_only(pia, client_of):
    found = client_of("dora").get(f"/api/v1/patients/{pia.id}/repeats").json()["results"]
    assert {one["group"] for one in found} == {"hba1c"}  # glucose is shared with her, records are not
    page = client_of("dora").get(f"/console/patients/{pia.id}/panels/records").content.decode()
    assert "HbA1c" in page
    assert "Ferritin" not in page


def test_panel_says_what_was_repeated_and_by_whose_interval(pia, client_of):
    page = client_of("cleo").get(f"/console/patients/{pia.id}/panels/records").content.decode()
    assert "Likely repeats" in page
    assert "10 days apart. Usually not within 40 days." in page
    assert "Same result from two sources" in page
    assert "Leeds Teaching Hospitals" in page


def test_repeats_of_many_results_cost_no_more_queries(pia, client_of, django_assert_max_num_queries):
    client = client_of("cleo")
    client.get(f"/api/v1/patients/{pia.id}/repeats")
    with django_assert_max_num_queries(25):
        client.get(f"/api/v1/patients/{pia.id}/repeats")
