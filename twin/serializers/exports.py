"""Wire shapes of everything of a patient in one file."""

from django.urls import reverse
from rest_framework import serializers

from twin.models import Export, ExportStatus


class ExportOut(serializers.ModelSerializer[Export]):
    """`file` is where a ready one is fetched until `expires_at`; all is null where none was asked for."""

    status = serializers.ChoiceField(choices=["none", *ExportStatus.values])
    file = serializers.SerializerMethodField(allow_null=True)

    class Meta:
        model = Export
        fields = ["id", "status", "requested_at", "finished_at", "expires_at", "size", "file"]

    def get_file(self, export: Export) -> str | None:
        ready = export.status == ExportStatus.READY
        return reverse("api:export-file", args=[export.patient_id]) if ready else None


NO_EXPORT = {**dict.fromkeys(ExportOut.Meta.fields), "status": "none"}
