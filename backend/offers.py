"""What the ground floor offers the rooms through the ports."""

from collections.abc import Collection, Mapping

from backend.models import Patient
from backend.ports import Synced, ports
from backend.queries import grants_of
from backend.rules import Need, Topic
from backend.senders import LiveSender, MailSender
from backend.serializers import GrantOut, PatientOut


def register() -> None:
    """Fills the ports; runs once, when the app is ready."""
    ports.synced["patient"] = Synced(patient_now)
    ports.synced["grant"] = Synced(grants_now, need=Need.SHARE)
    ports.senders |= {sender.name: sender for sender in (LiveSender(), MailSender())}


def patient_now(
    patient: Patient,
    refs: Collection[str],
    topics: Collection[Topic],  # noqa: ARG001 - a resolver's signature
) -> Mapping[str, object]:
    """The person's own particulars."""
    return dict.fromkeys(refs, PatientOut(patient).data)


def grants_now(
    patient: Patient,
    refs: Collection[str],
    topics: Collection[Topic],  # noqa: ARG001 - a resolver's signature
) -> Mapping[str, object]:
    """Grants, those that have ended included."""
    wanted = [ref.partition("/")[2] for ref in refs]
    return {f"grant/{grant.id}": GrantOut(grant).data for grant in grants_of(patient).filter(id__in=wanted)}
