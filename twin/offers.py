"""What the twin offers the other rooms through the ports."""

from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone

from backend.models import User
from backend.ports import Panel, ports
from backend.rules import Need
from twin.models import Upload
from twin.serializers import UploadOut
from twin.services.demo import seed
from twin.services.rebuild import digest_all


def register() -> None:
    """Fills the ports; runs once, when the app is ready."""
    ports.panels += [
        Panel("tiles", "Now", "console:tiles", 10),
        Panel("chart", "Trends", "console:chart", 20),
        Panel("records", "Records", "console:records", 30),
        Panel("uploads", "Uploads", "console:uploads", 40),
    ]
    ports.live_views["upload"] = upload_view
    ports.seeders.append(seed)
    ports.zone_followers.append(follow_zone)


def follow_zone(patient: UUID) -> None:
    """The patient's days begin at other instants now."""
    digest_all(patient, now=timezone.now())


def upload_view(user: User, upload: UUID) -> Mapping[str, object] | None:
    """An upload as its owner's socket shows it while it is read."""
    row = Upload.objects.visible_to(user, Need.READ).filter(id=upload).first()
    return None if row is None else UploadOut(row).data
