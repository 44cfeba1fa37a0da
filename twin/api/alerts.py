"""Alerts: a person's, a patient's, one with its course; and acknowledging, resolving and snoozing it."""

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.access import access_listed
from backend.api import PatientView, PersonView
from backend.rest import Pages, page_schema
from backend.rules import Need
from twin.queries.alerts import alerts_for, alerts_of, with_course
from twin.serializers.alerts import (
    AcknowledgeIn,
    AlertDetailOut,
    AlertOut,
    MyAlertsIn,
    PatientAlertsIn,
    ResolveIn,
    SnoozeIn,
    SnoozeOut,
)
from twin.services.alert_delivery import displayed
from twin.services.alerts import acknowledge, resolve, snooze
from twin.warnings.finding import Severity


class MyAlerts(PersonView):
    """The open alerts of everybody whom the person may see: what waits for her, first of all."""

    @extend_schema(parameters=[MyAlertsIn], operation_id="alerts_mine_list", responses=page_schema(AlertOut))
    def get(self, request: Request) -> Response:
        wanted = MyAlertsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        found = alerts_for(
            self.person,
            at_least=Severity(given["severity"]),
            waiting=given["waiting"],
            told_since=given["told_since"],
        )
        pages = Pages()
        page = pages.paginate_queryset(found, request, view=self) or []
        access_listed(
            self.person, list({row.patient_id: row.patient for row in page}.values()), what="list of alerts"
        )
        return pages.get_paginated_response(AlertOut(page, many=True).data)


class AlertDisplayed(PersonView):
    """A device has shown the alert to the person."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, alert: UUID) -> Response:  # noqa: ARG002 - DRF's signature
        if displayed(person=self.person, alert_id=alert, now=timezone.now()) is None:
            raise Http404
        return Response(status=204)


class Alerts(PatientView):
    """A patient's alerts, also those that are over."""

    needs = {"get": Need.READ}
    what = "alerts"

    @extend_schema(parameters=[PatientAlertsIn], operation_id="alerts_list", responses=page_schema(AlertOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = PatientAlertsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        found = alerts_of(
            self.access.patient,
            self.access.topics,
            at_least=Severity(given["severity"]),
            waiting=given["waiting"],
            open_only=given["open"],
        )
        return self.page_of(found, AlertOut)


class AlertDetail(PatientView):
    """One alert, what happened to it, and who was told."""

    needs = {"get": Need.READ}
    what = "alert"

    @extend_schema(responses=AlertDetailOut)
    def get(self, request: Request, patient: str, alert: UUID) -> Response:  # noqa: ARG002 - in the URL
        found = get_object_or_404(with_course(alerts_of(self.access.patient, self.access.topics)), id=alert)
        return Response(AlertDetailOut(found).data)


class AcknowledgeAlert(PatientView):
    """The person takes care of it."""

    needs = {"post": Need.READ}
    what = "acknowledging an alert"

    @extend_schema(request=AcknowledgeIn, responses=AlertOut)
    def post(self, request: Request, patient: str, alert: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = AcknowledgeIn(data=request.data)
        given.is_valid(raise_exception=True)
        answered = acknowledge(
            access=self.access, alert_id=alert, note=given.validated_data["note"], now=timezone.now()
        )
        return Response(AlertOut(answered).data)


class ResolveAlert(PatientView):
    """The person has done something about it."""

    needs = {"post": Need.ACT}
    what = "resolving an alert"

    @extend_schema(request=ResolveIn, responses=AlertOut)
    def post(self, request: Request, patient: str, alert: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = ResolveIn(data=request.data)
        given.is_valid(raise_exception=True)
        done = given.validated_data["done"]
        resolved = resolve(access=self.access, alert_id=alert, done=done, now=timezone.now())
        return Response(AlertOut(resolved).data)


class SnoozeAlert(PatientView):
    """The person wants to hear of it later."""

    needs = {"post": Need.READ}
    what = "snoozing an alert"

    @extend_schema(request=SnoozeIn, responses={201: SnoozeOut})
    def post(self, request: Request, patient: str, alert: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = SnoozeIn(data=request.data)
        given.is_valid(raise_exception=True)
        until = given.validated_data["until"]
        made = snooze(access=self.access, alert_id=alert, until=until, now=timezone.now())
        return Response(SnoozeOut(made).data, status=201)
