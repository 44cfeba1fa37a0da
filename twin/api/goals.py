"""Goals: setting one, agreeing to it, ending it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.access import Access
from backend.api import PatientView
from backend.rest import Pages, page_schema
from backend.rules import Need
from twin.models import Direction, Goal
from twin.queries.goals import goals_of
from twin.serializers.goals import GoalIn, GoalOut
from twin.services.goals import agree_to_goal, end_goal, progress_of, set_goal


class Goals(PatientView):
    """What a patient wants kinds to come to, and how far they have; a new one ends the kind's last."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "goals"

    @extend_schema(operation_id="goals_list", responses=page_schema(GoalOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        pages = Pages()
        found = goals_of(self.access.patient, self.access.topics)
        page = pages.paginate_queryset(found, self.request, view=self) or []
        return pages.get_paginated_response(_goals_out(self.access, page))

    @extend_schema(request=GoalIn, responses={201: GoalOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = GoalIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        goal = set_goal(
            access=self.access,
            kind_code=wanted["kind"],
            direction=Direction(wanted["direction"]),
            target=wanted["target"],
            unit=wanted["unit"],
            by_day=wanted["by_day"],
            now=timezone.now(),
        )
        return Response(_goals_out(self.access, [goal])[0], status=201)


class AgreeToGoal(PatientView):
    """A clinician agrees to a goal."""

    needs = {"post": Need.ACT}
    what = "goals"

    @extend_schema(request=None, responses=GoalOut)
    def post(self, request: Request, patient: str, goal: UUID) -> Response:  # noqa: ARG002 - in the URL
        agreed = agree_to_goal(access=self.access, goal_id=goal, now=timezone.now())
        return Response(_goals_out(self.access, [agreed])[0])


class EndGoal(PatientView):
    """Ends a goal, which stays on record."""

    needs = {"post": Need.ACT}
    what = "goals"

    @extend_schema(request=None, responses=GoalOut)
    def post(self, request: Request, patient: str, goal: UUID) -> Response:  # noqa: ARG002 - in the URL
        ended = end_goal(access=self.access, goal_id=goal, now=timezone.now())
        return Response(_goals_out(self.access, [ended])[0])


def _goals_out(access: Access, goals: Sequence[Goal]) -> list[dict[str, Any]]:
    progress = progress_of(access.patient, goals, now=timezone.now())
    return list(GoalOut(goals, many=True, context={"progress": progress}).data)
