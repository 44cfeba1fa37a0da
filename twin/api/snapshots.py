"""The twin at a glance, now or as it was known."""

from typing import cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.changes import last_seq
from backend.queries import zone_history_of
from backend.rules import Need
from backend.services import NotPossible
from twin.queries.snapshots import snapshot_as_known, snapshot_tiles, standing_facts
from twin.serializers.snapshots import SnapshotIn, SnapshotOut
from twin.services.snapshots import KEPT
from twin.state import Tile, systems


class SnapshotView(PatientView):
    """The twin at a glance, in the topics that are shared: now, or as it was known at an instant."""

    needs = {"get": Need.READ}
    what = "snapshot"

    @extend_schema(parameters=[SnapshotIn], responses=SnapshotOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = SnapshotIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        person, topics, at = self.access.patient, self.access.topics, wanted.validated_data["at"]
        now = timezone.now()
        if at is None:
            tiles, built_at = snapshot_tiles(person, topics)
            facts = standing_facts(person, topics)
        elif now - KEPT <= at <= now:
            tiles, facts, built_at = snapshot_as_known(person, topics, at)
        else:
            raise NotPossible("at", f"What was known is kept for {KEPT.days} days.")
        today = (at or now).astimezone(zone_history_of(person.id)).date()
        body = {
            "patient": {"id": str(person.id), "name": person.name},
            "at": at,
            "built_at": built_at,
            "seq": last_seq(person.id) if at is None else None,
            "tiles": tiles,
            "systems": systems(cast("list[Tile]", tiles), facts, today=today),
        }
        return Response(SnapshotOut(body).data)
