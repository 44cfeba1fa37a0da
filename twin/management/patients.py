"""The patient whom a command is about, by e-mail address."""

from django.core.management.base import CommandError

from backend.actor import acting_for
from backend.models import Patient, User


def patient_user(email: str) -> User:
    """The patient's account; raises CommandError when nobody has this address, or it is no patient's."""
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        raise CommandError(f"Nobody has the address {email}.")
    with acting_for(user.id):
        if not Patient.objects.filter(user=user).exists():
            raise CommandError(f"{email} is not a patient.")
    return user
