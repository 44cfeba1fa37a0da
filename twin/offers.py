"""What the twin offers the other rooms through the ports."""

from collections.abc import Mapping
from uuid import UUID

from backend.models import User
from backend.ports import Panel, ports
from backend.rules import Need
from twin.models import Upload
from twin.serializers import UploadOut
from twin.services.demo import seed


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


def upload_view(user: User, upload: UUID) -> Mapping[str, object] | None:
    """An upload as its owner's socket shows it while it is read."""
    row = Upload.objects.visible_to(user, Need.READ).filter(id=upload).first()
    return None if row is None else UploadOut(row).data
