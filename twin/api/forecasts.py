"""Forecasts by the day, and how those that were shown have gone."""

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.queries import zone_history_of
from backend.rules import Need
from twin.kinds import KINDS
from twin.queries.forecasts import crossings_of, forecast_record, kinds_waiting, newest_forecasts
from twin.serializers.forecasts import ForecastRecordIn, ForecastRecordOut, ForecastsIn, ForecastsOut
from twin.services.forecasts import show_forecasts


class Forecasts(PatientView):
    """The newest forecast of each kind, and what the kinds wait for that have none."""

    needs = {"get": Need.READ}
    what = "forecasts"

    @extend_schema(parameters=[ForecastsIn], responses=ForecastsOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = ForecastsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        now, code = timezone.now(), wanted.validated_data["kind"]
        person, topics = self.access.patient, self.access.topics
        shown = show_forecasts(person, newest_forecasts(person, topics, code), now=now)
        today = now.astimezone(zone_history_of(person.id)).date()
        forecast = [one.kind for one in shown]
        waiting = kinds_waiting(person, topics, today, forecast, code)
        crossings = crossings_of(person, topics, forecast)
        body = {"results": shown, "waiting": waiting}
        return Response(ForecastsOut(body, context={"crossings": crossings}).data)


class ForecastRecord(PatientView):
    """How a kind's forecasts went that were shown: their errors, their bands, and a few of them to draw."""

    needs = {"get": Need.READ}
    what = "record of forecasts"

    @extend_schema(parameters=[ForecastRecordIn], responses=ForecastRecordOut)
    def get(self, request: Request, patient: str, kind: str) -> Response:  # noqa: ARG002 - in the URL
        one = KINDS.get(kind)
        if one is None or not one.forecast:
            raise Http404
        self.access.topic(one.topic)
        wanted = ForecastRecordIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        person = self.access.patient
        today = timezone.now().astimezone(zone_history_of(person.id)).date()
        record, past = forecast_record(person, one, today=today, days_back=wanted.validated_data["days"])
        body = {"kind": one.code, "unit": one.unit, "record": record, "past": past}
        return Response(ForecastRecordOut(body).data)
