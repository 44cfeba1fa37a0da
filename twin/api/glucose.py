"""Glucose: the next two hours, how such forecasts have gone, and the profile of a sensor's weeks."""

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.queries import zone_history_of
from backend.rest import one_of
from backend.rules import Need, Topic
from twin.forecast.glucose import NoGlucoseForecast
from twin.forecast.glucose_band import MINUTES
from twin.instants import milliseconds
from twin.queries.glucose import glucose_readings, glucose_record
from twin.scores import cgm
from twin.scores.glucose_profile import daily_profile
from twin.serializers.glucose import (
    GlucoseAheadOut,
    GlucoseProfileIn,
    GlucoseProfileOut,
    GlucoseRecordIn,
    GlucoseRecordOut,
    NoGlucoseAheadOut,
    profile_out,
)
from twin.services.glucose import show_glucose
from twin.state.clock import LocalClock

_MG_DL = "mg/dL"
GLUCOSE_AHEAD = one_of("GlucoseForecast", GlucoseAheadOut, NoGlucoseAheadOut)


class GlucoseAhead(PatientView):
    """Glucose in the next two hours, from the sensor's newest reading, or why nothing is said of it."""

    needs = {"get": Need.READ}
    what = "glucose forecast"

    @extend_schema(responses=GLUCOSE_AHEAD)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        self.access.topic(Topic.GLUCOSE)
        shown = show_glucose(self.access.patient, now=timezone.now())
        if isinstance(shown, NoGlucoseForecast):
            return Response(NoGlucoseAheadOut(shown).data)
        return Response(GlucoseAheadOut(shown).data)


class GlucoseRecord(PatientView):
    """How the glucose forecasts that were shown have gone."""

    needs = {"get": Need.READ}
    what = "record of glucose forecasts"

    @extend_schema(parameters=[GlucoseRecordIn], responses=GlucoseRecordOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        self.access.topic(Topic.GLUCOSE)
        wanted = GlucoseRecordIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        now = timezone.now()
        since = now - timedelta(days=wanted.validated_data["days"])
        horizons, shown = glucose_record(self.access.patient, since, now)
        lately = [row for row in shown if row.at > now - timedelta(days=1)]
        body = {"minutes": MINUTES, "horizons": horizons, "past": lately}
        return Response(GlucoseRecordOut(body).data)


class GlucoseProfile(PatientView):
    """What a glucose sensor's last weeks come to, and its typical day."""

    needs = {"get": Need.READ}
    what = "glucose profile"

    @extend_schema(parameters=[GlucoseProfileIn], responses=GlucoseProfileOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        self.access.topic(Topic.GLUCOSE)
        wanted = GlucoseProfileIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given, now = wanted.validated_data, timezone.now()
        since = now - timedelta(days=given["days"])
        start, end = (milliseconds(at) for at in (since, now))
        readings = glucose_readings(self.access.patient, start, end)
        body = {"start": since, "end": now, "unit": _MG_DL, "metrics": None, "targets": [], "profile": None}
        try:
            metrics = cgm.metrics(readings, start=start, end=end)
        except cgm.NoReadings:
            return Response(GlucoseProfileOut(body).data)
        clock = LocalClock.over(zone_history_of(self.access.patient.id), start, end)
        profile = daily_profile(readings, clock=clock, start=start, end=end, width=given["width"])
        body |= {
            "metrics": metrics,
            "targets": cgm.targets(metrics, cgm.Group(given["group"])),
            "profile": profile_out(profile),
        }
        return Response(GlucoseProfileOut(body).data)
