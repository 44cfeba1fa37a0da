"""The catalogue of observation kinds."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PersonView
from twin.kinds import KINDS
from twin.serializers.kinds import KindOut


class Kinds(PersonView):
    """The catalogue of observation kinds."""

    @extend_schema(responses=KindOut(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(KindOut(list(KINDS.values()), many=True).data)
