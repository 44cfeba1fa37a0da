"""The twin's HTML edges: the console's list of patients, and the panels of a patient's page."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from backend.access import access_listed
from backend.models import Patient
from backend.pages import ConsolePage, PatientPage
from backend.rules import Need, Role
from backend.serializers import BreakGlassIn
from backend.services import open_emergency_access
from twin.intake.items import RecordType
from twin.kinds import KINDS
from twin.queries import (
    challenger_scores,
    kinds_with_data,
    listed_patients,
    records_of,
    repeats_of,
    snapshot_tiles,
    snapshots_of,
    sources_of,
    uploads_of,
)
from twin.serializers import DeviceOut
from twin.state.repeats import Repeat

PAGE = 50
RECORDS_SHOWN = 200
REPEATS_SHOWN = 10
LISTED_TILES = ("sbp", "dbp", "glucose_cgm", "glucose", "weight", "resting_heart_rate", "steps")
"""What a row of the list shows, in this order, of what the patient has and shares."""
MOST_LISTED = 4

RECORD_TITLES = {
    RecordType.CONDITION: "Conditions",
    RecordType.MEDICATION: "Medication",
    RecordType.ALLERGY: "Allergies",
    RecordType.IMMUNIZATION: "Immunisations",
    RecordType.PROCEDURE: "Procedures",
    RecordType.REPORT: "Reports",
    RecordType.OBSERVATION: "Findings",
    RecordType.ACTIVITY: "Activities",
    RecordType.TREATMENT: "Treatments",
    RecordType.VARIANT: "Gene variants",
}


class ConsolePatients(ConsolePage):
    """Everybody whom the clinician may see, and the way in without a grant."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Opens a chart in an emergency."""
        given = BreakGlassIn(data=request.POST)
        if not given.is_valid():
            return self._page(request, refusal="It needs the patient's address and a reason.", status=422)
        try:
            grant = open_emergency_access(actor=self.person, now=timezone.now(), **given.validated_data)
        except Http404:
            return self._page(request, refusal="Nobody of your clinic has this address.", status=422)
        return redirect("console:patient", patient=grant.patient_id)

    def _page(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        search = request.GET.get("q", "").replace("\0", "").strip()[:100]
        page = Paginator(listed_patients(self.person, search), PAGE).get_page(request.GET.get("page"))
        context = {
            "section": "patients",
            "page": page,
            "patients": self._rows(list(page)),
            "search": search,
            "refusal": refusal,
        }
        return render(request, "console/patients.html", context, status=status)

    def _rows(self, patients: list[Patient]) -> list[dict[str, Any]]:
        standings = access_listed(self.person, patients, what="list of patients")
        snapshots = snapshots_of([patient.id for patient in patients])
        now = timezone.now()
        rows = []
        for patient in patients:
            held = standings[patient.id]
            shared = [row for row in snapshots.get(patient.id, []) if row.topic in held.read]
            tiles = {tile["kind"]: tile for row in shared for tile in row.tiles}
            rows.append(
                {
                    "id": patient.id,
                    "name": patient.name,
                    "age": patient.age_at(now),
                    "sex": patient.get_sex_display(),
                    "role": held.role,
                    "emergency": held.role is Role.EMERGENCY,
                    "values": _listed_values(tiles),
                    "last_data_at": max(
                        (row.last_data_at for row in shared if row.last_data_at), default=None
                    ),
                }
            )
        return rows


class ForecastQuality(ConsolePage):
    """How the daily forecasts do beside their challenger; of no patient in particular."""

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = [_quality(score) for score in challenger_scores(timezone.now().date())]
        return render(request, "console/forecasts.html", {"section": "forecasts", "rows": rows})


def _quality(score: Mapping[str, Any]) -> dict[str, Any]:
    """A kind's scores as they are shown; where the errors look equal, neither model is called closer."""
    ours, prophet = (f"{score[f'mean_{name}']:.2f}" for name in ("error", "error_of_prophet"))
    return {
        "title": KINDS[score["kind"]].title,
        "error": ours,
        "error_of_prophet": prophet,
        "closer": "" if ours == prophet else ("ours" if float(ours) < float(prophet) else "prophet"),
        "held": round(100 * score["mean_held80"]),
        "held_of_prophet": round(100 * score["mean_held80_of_prophet"]),
        "matches": score["matches"],
    }


class TilesPanel(PatientPage):
    """The newest value of each kind."""

    needs = {"get": Need.READ}
    what = "snapshot"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        tiles, built_at = snapshot_tiles(self.access.patient, self.access.topics)
        context = {"patient": self.access.patient, "tiles": tiles, "built_at": built_at}
        return render(request, "console/panels/tiles.html", context)


class ChartPanel(PatientPage):
    """The kinds that can be drawn; the chart itself reads the public API."""

    needs = {"get": Need.READ}
    what = "chart"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        codes = set(kinds_with_data(self.access.patient, self.access.topics))
        kinds = [one for one in KINDS.values() if one.code in codes]
        context = {
            "patient": self.access.patient,
            "kinds": kinds,
            "act": sorted(self.access.standing.topics(Need.ACT)),
        }
        return render(request, "console/panels/chart.html", context)


class RecordsPanel(PatientPage):
    """Clinical facts, by type."""

    needs = {"get": Need.READ}
    what = "records"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        order = list(RECORD_TITLES)
        found = list(records_of(self.access.patient, self.access.topics)[: RECORDS_SHOWN + 1])
        shown = sorted(
            found[:RECORDS_SHOWN],
            key=lambda row: (
                order.index(RecordType(row.type)),
                -(row.starts_at.timestamp() if row.starts_at else 0),
            ),
        )
        groups = [
            {"type": type_, "title": RECORD_TITLES[RecordType(type_)], "records": list(rows)}
            for type_, rows in groupby(shown, key=lambda row: row.type)
        ]
        repeats = repeats_of(self.access.patient, self.access.topics, timezone.now())
        context = {
            "patient": self.access.patient,
            "groups": groups,
            "more": len(found) > RECORDS_SHOWN,
            "repeats": [_repeat_row(one) for one in repeats[:REPEATS_SHOWN]],
            "references": sorted(
                {(one.title, one.url) for each in repeats for one in each.interval.references}
            ),
        }
        return render(request, "console/panels/records.html", context)


class SourcesPanel(PatientPage):
    """The devices and apps, and which of them counts first."""

    needs = {"get": Need.READ}
    what = "sources"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        devices = sources_of(self.access.patient, self.access.topics, timezone.now().date())
        context = {"devices": DeviceOut(devices, many=True).data}
        return render(request, "console/panels/sources.html", context)


class UploadsPanel(PatientPage):
    """The newest uploads and what became of them."""

    needs = {"get": Need.READ}
    what = "uploads"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        uploads = list(uploads_of(self.person, self.access.patient)[:20])
        return render(
            request, "console/panels/uploads.html", {"patient": self.access.patient, "uploads": uploads}
        )


def _listed_values(tiles: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    """Of each value of a row its title and its tiles: two of them for blood pressure, else one."""
    codes = [code for code in LISTED_TILES if code in tiles][:MOST_LISTED]
    if codes[:2] == ["sbp", "dbp"]:
        pressure = [("Blood pressure", [tiles["sbp"], tiles["dbp"]])]
        return pressure + [(tiles[code]["title"], [tiles[code]]) for code in codes[2:]]
    return [(tiles[code]["title"], [tiles[code]]) for code in codes]


def _repeat_row(repeat: Repeat) -> dict[str, Any]:
    return {
        "title": repeat.interval.title,
        "tests": [test for test in repeat.tests if test != repeat.interval.title],
        "first": repeat.first,
        "second": repeat.second,
        "apart": _in_words(repeat.second - repeat.first),
        "usual": _in_words(repeat.interval.length),
        "same_result": repeat.same_result,
        "sources": repeat.sources,
    }


def _in_words(length: timedelta) -> str:
    """A length as people say it: the nearest number of days or hours from two on, of minutes below."""
    for unit, size in (("days", timedelta(days=1)), ("hours", timedelta(hours=1))):
        if length >= 2 * size:
            return f"{round(length / size)} {unit}"
    return f"{round(length / timedelta(minutes=1))} minutes"
