"""The console's list of patients: whom to look at first, and why."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from backend.access import access_listed
from backend.actor import narrow
from backend.models import Patient
from backend.pages import ConsolePage
from backend.rules import Role, Topic
from backend.serializers import BreakGlassIn
from backend.services import open_emergency_access
from twin.population import ANY_SIGN, Place, Standing, Wanted, standings_in, triage_page
from twin.queries.snapshots import snapshots_of
from twin.state.systems import TITLES

PAGE = 50
AGES = {"-39": (None, 39), "40-64": (40, 64), "65-79": (65, 79), "80-": (80, None)}
"""Completed years, the first and the last that count."""
AGE_TITLES = {"-39": "under 40", "40-64": "40 to 64", "65-79": "65 to 79", "80-": "80 and over"}
LISTED_TILES = ("sbp", "dbp", "glucose_cgm", "glucose", "weight", "resting_heart_rate", "steps")
"""What a row of the list shows, in this order, of what the patient has and shares."""
MOST_LISTED = 4
MOST_REASONS = 3
UNKNOWN = Standing(None, (), (), ())


class ConsolePatients(ConsolePage):
    """Everybody who shares something with the clinician, and the way in without a grant."""

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
        asked = {name: _text(request, name) for name in ("q", "system", "condition", "sign", "age")}
        after = _place(_text(request, "after"))
        places = triage_page(_wanted(asked, timezone.now().date()), after, PAGE + 1)
        shown = places[:PAGE]
        given = {name: text for name, text in asked.items() if text}
        following = None
        if len(places) > PAGE:
            last = shown[-1]
            following = urlencode({**given, "after": f"{last.rank}.{last.patient}"})
        context = {
            "section": "patients",
            "patients": self._rows([place.patient for place in shown]),
            "asked": asked,
            "is_filtered": any(asked.values()),
            "is_first": after is None,
            "first": urlencode(given),
            "following": following,
            "systems": [(system.value, title) for system, title in TITLES.items()],
            "ages": AGE_TITLES.items(),
            "any_sign": ANY_SIGN,
            "refusal": refusal,
        }
        return render(request, "console/patients.html", context, status=status)

    def _rows(self, ids: list[UUID]) -> list[dict[str, Any]]:
        narrow(ids)
        found = Patient.objects.in_bulk(ids)
        patients = [found[one] for one in ids if one in found]
        held = access_listed(self.person, patients, what="list of patients")
        snapshots, standings = snapshots_of(ids), standings_in(ids)
        now = timezone.now()
        rows = []
        for patient in patients:
            shared = [row for row in snapshots.get(patient.id, []) if row.topic in held[patient.id].read]
            standing = standings.get(patient.id, UNKNOWN)
            rows.append(
                {
                    "id": patient.id,
                    "name": patient.name,
                    "age": patient.age_at(now),
                    "sex": patient.get_sex_display(),
                    "emergency": held[patient.id].role is Role.EMERGENCY,
                    "severity": standing.severity,
                    "reasons": standing.reasons[:MOST_REASONS],
                    # That a diagnosis is not on file is for who may read what is.
                    "early_signs": Topic.RECORDS in held[patient.id].read and standing.early_signs,
                    "values": _listed_values({tile["kind"]: tile for row in shared for tile in row.tiles}),
                    "last_data_at": max(
                        (row.last_data_at for row in shared if row.last_data_at), default=None
                    ),
                }
            )
        return rows


def _text(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "").strip()[:100]


def _wanted(asked: Mapping[str, str], today: date) -> Wanted:
    youngest, oldest = AGES.get(asked["age"], (None, None))
    return Wanted(
        search=asked["q"],
        system=asked["system"] if asked["system"] in TITLES else "",
        condition=asked["condition"],
        early_sign=asked["sign"],
        born_after=None if oldest is None else _years_before(today, oldest + 1),
        born_until=None if youngest is None else _years_before(today, youngest),
    )


def _years_before(today: date, years: int) -> date:
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        # Who was born on 29 February is a year older on 1 March of a common year.
        return date(today.year - years, 2, 28)


def _place(text: str) -> Place | None:
    """Where the page before ended; None for the first page, and for what no page ever said."""
    rank, _, patient = text.partition(".")
    try:
        place = Place(int(rank), UUID(patient))
    except ValueError:
        return None
    return place if -1 <= place.rank < 1 << 63 else None


def _listed_values(tiles: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    """Of each value of a row its title and its tiles: two of them for blood pressure, else one."""
    codes = [code for code in LISTED_TILES if code in tiles][:MOST_LISTED]
    if codes[:2] == ["sbp", "dbp"]:
        pressure = [("Blood pressure", [tiles["sbp"], tiles["dbp"]])]
        return pressure + [(tiles[code]["title"], [tiles[code]]) for code in codes[2:]]
    return [(tiles[code]["title"], [tiles[code]]) for code in codes]
