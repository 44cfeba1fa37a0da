"""What happened in a patient's life: reading, entering, editing and taking back."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rest import page_schema
from backend.rules import Need
from twin.queries.events import events_of
from twin.serializers.events import EventIn, EventOut
from twin.services.events import delete_event, edit_event, enter_event


class Events(PatientView):
    """What happened in a patient's life that measurements may show; entered, or lifted from records."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "events"

    @extend_schema(operation_id="events_list", responses=page_schema(EventOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = events_of(self.access.patient, self.access.topics)
        return self.page_of(found.select_related("entered_by"), EventOut)

    @extend_schema(request=EventIn, responses={201: EventOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = EventIn(data=request.data)
        given.is_valid(raise_exception=True)
        event = enter_event(access=self.access, entered=given.entered, now=timezone.now())
        return Response(EventOut(event).data, status=201)


class EventDetail(PatientView):
    """Editing and taking back what a person told of."""

    needs = {"put": Need.ACT, "delete": Need.ACT}
    what = "event"

    @extend_schema(request=EventIn, responses=EventOut)
    def put(self, request: Request, patient: str, event: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = EventIn(data=request.data)
        given.is_valid(raise_exception=True)
        edited = edit_event(access=self.access, event_id=event, entered=given.entered, now=timezone.now())
        return Response(EventOut(edited).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, patient: str, event: UUID) -> Response:  # noqa: ARG002 - in the URL
        delete_event(access=self.access, event_id=event, now=timezone.now())
        return Response(status=204)
