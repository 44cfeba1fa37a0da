"""Base classes of the JSON edges, and the edges of people and access.

A view that does not declare what it needs cannot be defined.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from backend import rota, services
from backend.access import access_clinic, access_listed, access_patient, access_team, audit_of
from backend.actor import become
from backend.declared import METHODS, AboutPatient
from backend.models import Patient, User
from backend.queries import grants_of, looks_after, on_duty, shifts_of, teams_to_grant, zone_history_of
from backend.rest import Pages, page_schema
from backend.rules import Need
from backend.scope import visible_patients
from backend.serializers import (
    AuditEventOut,
    BreakGlassIn,
    ClinicIn,
    ClinicOut,
    DutyIn,
    DutyOut,
    GrantIn,
    GrantOut,
    HandOverIn,
    LeadIn,
    LeadOut,
    MeOut,
    PatientIn,
    PatientOut,
    ReachablePatientOut,
    ShiftIn,
    ShiftOut,
    SyncIn,
    SyncOut,
    TeamOut,
    TicketOut,
    ZonesIn,
    ZonesOut,
)
from backend.sync import read_changes
from backend.tickets import TICKET_LASTS, issue_ticket


@method_decorator(never_cache, name="dispatch")
class PersonView(APIView):
    """An edge about the person who is logged in; patients' rows are seen as that person sees them."""

    permission_classes = [IsAuthenticated]
    http_method_names = [*METHODS, "head"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        become(self.person.id, kwargs.get("patient"))

    @property
    def person(self) -> User:
        """Who is logged in."""
        if not isinstance(self.request.user, User):
            raise NotAuthenticated
        return self.request.user

    def page_of(self, rows: QuerySet[Any], serializer: Callable[..., BaseSerializer[Any]]) -> Response:
        """One page of the rows, newest first."""
        pages = Pages()
        page = pages.paginate_queryset(rows, self.request, view=self)
        return pages.get_paginated_response(serializer(page, many=True).data)


class PatientView(AboutPatient, PersonView):
    """An API's edge about one patient."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.open(self.person, kwargs["patient"], request.method)


class Me(PersonView):
    """Who is logged in: as user, as patient, as clinician, as caregiver."""

    @extend_schema(responses=MeOut)
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        others = list(looks_after(self.person))
        standings = access_listed(self.person, others, what="list of patients")
        pairs = [(patient, standings[patient.id]) for patient in others]
        return Response(MeOut({"user": self.person, "looks_after": pairs}).data)


class MyPatient(PersonView):
    """One's own patient row."""

    @extend_schema(request=PatientIn, responses={200: PatientOut, 201: PatientOut})
    def put(self, request: Request) -> Response:
        given = PatientIn(Patient.objects.filter(user=self.person).first(), data=request.data)
        given.is_valid(raise_exception=True)
        patient, made = services.save_own_patient(
            actor=self.person, particulars=given.validated_data, now=timezone.now()
        )
        return Response(PatientOut(patient).data, status=201 if made else 200)


class Patients(PersonView):
    """Everybody whom the person may see."""

    @extend_schema(operation_id="patients_list", responses=page_schema(ReachablePatientOut))
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        pages = Pages()
        page = pages.paginate_queryset(visible_patients(self.person, Need.SEE), self.request, view=self) or []
        standings = access_listed(self.person, page, what="list of patients")
        pairs = [(patient, standings[patient.id]) for patient in page]
        return pages.get_paginated_response(ReachablePatientOut(pairs, many=True).data)


class Teams(PersonView):
    """The care teams to which a patient can grant."""

    @extend_schema(operation_id="teams_list", responses=page_schema(TeamOut))
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        return self.page_of(teams_to_grant(), TeamOut)


class Duty(PersonView):
    """A team's rota, for the clinicians of its clinic."""

    @extend_schema(parameters=[DutyIn], responses=DutyOut)
    def get(self, request: Request, team: UUID) -> Response:
        wanted = DutyIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        _, found = access_team(self.person, team)
        body = {
            "team": found.id,
            "members": found.members.select_related("user").order_by("user__name", "id"),
            "lead": found.lead,
            "on_duty": on_duty(found.id, timezone.now()),
            "shifts": shifts_of(found.id, **wanted.validated_data),
        }
        return Response(DutyOut(body).data)

    @extend_schema(request=ShiftIn, responses={201: ShiftOut})
    def post(self, request: Request, team: UUID) -> Response:
        given = ShiftIn(data=request.data)
        given.is_valid(raise_exception=True)
        clinician, found = access_team(self.person, team)
        shift = rota.take_shift(actor=clinician, team=found, now=timezone.now(), **given.validated_data)
        return Response(ShiftOut(shift).data, status=201)


class HandOver(PersonView):
    """Hands what is left of a shift to somebody else of the team, or takes it over."""

    @extend_schema(request=HandOverIn, responses=ShiftOut)
    def post(self, request: Request, team: UUID, shift: UUID) -> Response:
        given = HandOverIn(data=request.data)
        given.is_valid(raise_exception=True)
        clinician, found = access_team(self.person, team)
        taken = rota.hand_over(
            actor=clinician, team=found, shift_id=shift, to=given.validated_data["to"], now=timezone.now()
        )
        return Response(ShiftOut(taken).data)


class Lead(PersonView):
    """Who leads a team, and is asked when nobody on duty has answered."""

    @extend_schema(request=LeadIn, responses=LeadOut)
    def put(self, request: Request, team: UUID) -> Response:
        given = LeadIn(data=request.data)
        given.is_valid(raise_exception=True)
        clinician, found = access_team(self.person, team)
        rota.name_lead(actor=clinician, team=found, lead=given.validated_data["clinician"])
        return Response(LeadOut(found).data)


class OwnClinic(PersonView):
    """The clinician's own clinic: what it tells its patients about emergencies and when somebody reads."""

    @extend_schema(responses=ClinicOut)
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(ClinicOut(access_clinic(self.person).clinic).data)

    @extend_schema(request=ClinicIn, responses=ClinicOut)
    def put(self, request: Request) -> Response:
        given = ClinicIn(data=request.data)
        given.is_valid(raise_exception=True)
        clinic = rota.describe_clinic(actor=access_clinic(self.person), said=given.validated_data)
        return Response(ClinicOut(clinic).data)


class Zones(PatientView):
    """By whose clocks a patient has lived, and since when."""

    needs = {"get": Need.PROFILE, "put": Need.PROFILE}
    what = "time zones"

    @extend_schema(responses=ZonesOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        return Response(ZonesOut(zone_history_of(self.access.patient.id)).data)

    @extend_schema(request=ZonesIn, responses=ZonesOut)
    def put(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = ZonesIn(data=request.data)
        given.is_valid(raise_exception=True)
        stays = [(stay["since"], stay["time_zone"]) for stay in given.validated_data["stays"]]
        services.replace_zones(access=self.access, stays=stays, now=timezone.now())
        return Response(ZonesOut(zone_history_of(self.access.patient.id)).data)


class Grants(PatientView):
    """Who may see what of a patient."""

    needs = {"get": Need.SHARE, "post": Need.SHARE}
    what = "grants"

    @extend_schema(operation_id="grants_list", responses=page_schema(GrantOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        return self.page_of(grants_of(self.access.patient), GrantOut)

    @extend_schema(request=GrantIn, responses={201: GrantOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = GrantIn(data=request.data)
        given.is_valid(raise_exception=True)
        grant = services.create_grant(access=self.access, now=timezone.now(), **given.validated_data)
        return Response(GrantOut(grant).data, status=201)


class RevokeGrant(PatientView):
    """Takes a grant back."""

    needs = {"post": Need.SHARE}
    what = "grants"

    @extend_schema(request=None, responses=GrantOut)
    def post(self, request: Request, patient: str, grant: Any) -> Response:  # noqa: ARG002 - in the URL
        revoked = services.revoke_grant(access=self.access, grant_id=grant, now=timezone.now())
        return Response(GrantOut(revoked).data)


class Audit(PatientView):
    """Who looked, when, at what."""

    needs = {"get": Need.SHARE}
    what = "audit"

    @extend_schema(operation_id="audit_list", responses=page_schema(AuditEventOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        return self.page_of(audit_of(self.access.patient), AuditEventOut)


class BreakGlass(PersonView):
    """Emergency access to a patient of the clinician's own clinic."""

    @extend_schema(request=BreakGlassIn, responses={201: GrantOut})
    def post(self, request: Request) -> Response:
        given = BreakGlassIn(data=request.data)
        given.is_valid(raise_exception=True)
        grant = services.open_emergency_access(actor=self.person, now=timezone.now(), **given.validated_data)
        return Response(GrantOut(grant).data, status=201)


class Sync(PersonView):
    """What changed of a patient since a cursor, in the topics one may see, as it is now."""

    @extend_schema(parameters=[SyncIn], responses=SyncOut)
    def get(self, request: Request) -> Response:
        wanted = SyncIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        access = access_patient(self.person, wanted.validated_data["patient"], Need.READ, what="sync")
        page = read_changes(access, wanted.validated_data["cursor"])
        return Response(
            {"cursor": page.cursor, "more": page.more, "reset": page.reset, "changes": page.changes}
        )


class LiveTicket(PersonView):
    """A single-use ticket that opens the websocket within 30 seconds, for clients that can send no header."""

    @extend_schema(request=None, responses={201: TicketOut})
    def post(self, request: Request) -> Response:
        # The app's session came by header, the browser's by cookie.
        session = request.auth if isinstance(request.auth, SessionBase) else request.session
        ticket = issue_ticket(str(session.session_key))
        return Response({"ticket": ticket, "expires_in": TICKET_LASTS}, status=201)
