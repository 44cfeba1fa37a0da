"""The product's routes, and those that it is compared with."""

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PersonView
from backend.rest import BulkJSONParser
from backend.urls import urlpatterns as product
from row_a_sample.models import Sample


class SampleIn(serializers.ModelSerializer[Sample]):
    class Meta:
        model = Sample
        exclude = ["id"]


class RowASample(PersonView):
    """Samples as REST framework takes them: validated one by one, saved one by one, in one transaction."""

    def post(self, request: Request) -> Response:
        given = SampleIn(data=request.data, many=True)
        given.is_valid(raise_exception=True)
        given.save()
        return Response({"stored": len(given.validated_data)})


class ParseOnly(PersonView):
    """Logs in and parses the body that the product takes; does nothing with it."""

    parser_classes = [BulkJSONParser]

    def post(self, request: Request) -> Response:
        return Response({"series": len(request.data.read()["series"])})


urlpatterns = [
    *product,
    path("bench/row-a-sample", RowASample.as_view()),
    path("bench/parse-only", ParseOnly.as_view()),
]
