"""The twin's HTML edges: how forecasts do, and the panels of a patient's page."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from backend.pages import ConsolePage, PatientPage
from backend.rules import Need
from twin.intake.items import RecordType
from twin.kinds import KINDS
from twin.queries.days import kinds_with_data
from twin.queries.forecasts import challenger_scores
from twin.queries.records import records_of
from twin.queries.repeats import repeats_of
from twin.queries.snapshots import snapshot_tiles, systems_now
from twin.queries.sources import sources_of
from twin.queries.uploads import uploads_of
from twin.serializers.sources import DeviceOut
from twin.state.repeats import Repeat
from twin.state.systems import State, System

RECORDS_SHOWN = 200
REPEATS_SHOWN = 10
REASONS_SHOWN = 4
STANDINGS = {
    State.ACT: "Act",
    State.WATCH: "Watch",
    State.NOT_ENOUGH_DATA: "Not enough data",
    State.FINE: "Fine",
}
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


class SystemsPanel(PatientPage):
    """Eight body systems, each in one state with its reasons, the worst first."""

    needs = {"get": Need.READ}
    what = "body systems"

    def get(self, request: HttpRequest, patient: Any) -> HttpResponse:  # noqa: ARG002 - in the URL
        found = systems_now(self.access.patient, self.access.topics, timezone.now())
        rows = [_system_row(one) for one in found]
        calls = {State.ACT, State.WATCH}
        context = {
            "telling": [row for row in rows if row["state"] in calls],
            "calm": [row for row in rows if row["state"] not in calls],
        }
        return render(request, "console/panels/systems.html", context)


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


def _system_row(system: System) -> dict[str, Any]:
    """A system as it is shown: what made its state before what else there is to say of it."""
    why = [reason.text for reason in system.reasons if reason.state is system.state]
    return {
        "system": system.system,
        "title": system.title,
        "state": system.state,
        "standing": STANDINGS[system.state],
        "reasons": why[:REASONS_SHOWN],
        "others": [
            *why[REASONS_SHOWN:],
            *(one.text for one in system.reasons if one.state is not system.state),
        ],
        "scores": system.scores,
        "trends": [(KINDS[one.kind].title, one.direction) for one in system.trends if one.matters],
    }


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
