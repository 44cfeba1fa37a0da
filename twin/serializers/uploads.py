"""Wire shapes of files that were handed over, and of their reports."""

from typing import Any

from rest_framework import serializers

from backend.serializers import PatientRef
from twin.models import FINISHED, Upload


class UploadIn(serializers.Serializer[Any]):
    """A file, for oneself or for somebody in whose records one may act."""

    file = serializers.FileField(allow_empty_file=True)
    patient = PatientRef()


class UploadsIn(serializers.Serializer[Any]):
    """Whose uploads are wanted."""

    patient = PatientRef()


class UploadOut(serializers.ModelSerializer[Upload]):
    finished = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = [
            "id",
            "patient",
            "name",
            "size",
            "format",
            "status",
            "finished",
            "received_at",
            "finished_at",
            "report",
        ]

    def get_finished(self, upload: Upload) -> bool:
        return upload.status in FINISHED
