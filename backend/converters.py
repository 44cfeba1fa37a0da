"""How URLs name a patient."""

from uuid import UUID

from django.urls import register_converter

from backend.access import ME


class PatientConverter:
    """A patient's id, or `me`."""

    regex = f"{ME}|[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}"

    def to_python(self, value: str) -> UUID | str:
        return ME if value == ME else UUID(value)

    def to_url(self, value: UUID | str) -> str:
        return str(value)


register_converter(PatientConverter, "patient")
