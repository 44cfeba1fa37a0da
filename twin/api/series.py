"""A kind's samples, thinned out for drawing."""

import numpy as np
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rules import Need
from twin.kinds import kind
from twin.models import Source
from twin.queries.series import samples_between
from twin.serializers.series import SeriesIn, SeriesOut
from twin.series import store
from twin.series.columns import Flag
from twin.series.thin import thin

ALL_TIME = (store.EARLIEST_MS, store.LATEST_MS)
DRAWN_APART = np.uint8(sum(Flag) - Flag.SOFT_RANGE)
"""The marks that a sample may bear without being its neighbourhood's lowest or highest."""


class Series(PatientView):
    """A kind's samples between two instants, thinned out to a number of points that keeps the extremes."""

    needs = {"get": Need.READ}
    what = "series"

    @extend_schema(parameters=[SeriesIn], responses=SeriesOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = SeriesIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        one = kind(wanted.validated_data["kind"])
        self.access.topic(one.topic)
        edges = [wanted.validated_data.get(edge) for edge in ("from", "to")]
        start, end = (
            round(given.timestamp() * 1000) if given else limit
            for given, limit in zip(edges, ALL_TIME, strict=True)
        )
        found, counts = samples_between(self.access.patient, one, start, end)
        marked = None if found.columns.flags is None else found.columns.flags & DRAWN_APART > 0
        kept = thin(found.columns.start, found.columns.value, wanted.validated_data["points"], marked)
        columns = found.columns.take(kept)
        flags = np.zeros(len(columns), np.uint8) if columns.flags is None else columns.flags
        names = dict(Source.objects.filter(patient=self.access.patient).values_list("id", "name"))
        return Response(
            {
                "kind": one.code,
                "unit": one.unit,
                "total": len(found.columns),
                "shown": len(columns),
                "thinned": len(columns) < len(found.columns),
                "start": columns.start.tolist(),
                "end": (columns.start + columns.duration).tolist(),
                "value": columns.value.tolist(),
                "flags": flags.tolist(),
                "counts": counts[kept].tolist(),
                "source": found.source[kept].tolist(),
                "sources": [{"id": str(source), "name": names[source]} for source in found.sources],
            }
        )
