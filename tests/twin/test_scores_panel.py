"""The console's panel of scores, and what is to be asked about medicines on sick days."""

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.actor import acting_for_all
from twin.intake.items import RecordType
from twin.models import Record


@pytest.fixture
def listed(cast):
    """Pia takes metformin and ramipril, and has read her genes once."""
    now = timezone.now()
    with acting_for_all():
        for topic, type_, text, body in (
            ("medication", RecordType.MEDICATION, "Metformin 500 mg tablet", {}),
            ("medication", RecordType.MEDICATION, "Simvastatin 40 mg tablet", {}),
            ("genes", RecordType.VARIANT, "rs4149056", {"rsid": "rs4149056", "genotype": "CC"}),
        ):
            Record.objects.create(
                patient=cast.pia_patient,
                topic=topic,
                type=type_,
                identity=text,
                text=text,
                status="active" if type_ is RecordType.MEDICATION else "",
                starts_at=now - timedelta(days=90),
                body=body,
                updated_at=now,
            )


def panel(client_of, cast, who):
    answer = client_of(who).get(f"/console/patients/{cast.pia_patient.id}/panels/scores")
    return answer.content.decode()


@pytest.mark.usefixtures("listed")
def test_clinician_reads_scores_genes_and_sick_days(cast, client_of):
    page = panel(client_of, cast, "cleo")
    assert "scores wait for something" in page
    assert "Total cholesterol" in page
    assert "SLCO1B1 and Simvastatin" in page
    assert "CPIC level A" in page
    assert "Medicines on sick days" in page
    assert "Metformin 500 mg tablet" in page


@pytest.mark.usefixtures("listed")
def test_caregiver_reads_what_is_shared_and_nothing_of_genes_or_medicines(cast, client_of):
    page = panel(client_of, cast, "dora")
    assert "scores wait for something" in page
    assert "SLCO1B1" not in page
    assert "sick days" not in page


@pytest.mark.usefixtures("listed")
def test_sick_days_are_of_the_medicines_on_the_list(cast, client_of):
    path = f"/api/v1/patients/{cast.pia_patient.id}/sick-days"
    said = client_of("pia").get(path).json()
    assert [rule["medicines"] for rule in said["rules"]] == [["Metformin 500 mg tablet"]]
    assert said["when"]
    assert said["again"]
    with acting_for_all():
        Record.objects.filter(text__startswith="Metformin").update(ends_at=timezone.now())
    assert client_of("pia").get(path).json() == {"when": "", "rules": [], "again": ""}
