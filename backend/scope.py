"""Which patient-owned rows a person may see: the one place where that becomes a query."""

from typing import ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from backend.models import CareGrant, Patient, User
from backend.rules import TABLE, Need, Role

M_co = TypeVar("M_co", bound="PatientScoped", covariant=True)


def valid_grants(user: User) -> QuerySet[CareGrant]:
    """The grants that bear on this person at this moment, given to her or to a team of hers."""
    return CareGrant.objects.filter(
        Q(person=user) | Q(team__members__user=user),
        Q(ends_at__isnull=True) | Q(ends_at__gt=Now()),
        revoked_at__isnull=True,
        starts_at__lte=Now(),
    )


class PatientScopedQuerySet(QuerySet[M_co]):
    """Rows with a `patient_id`, and with a `topic` unless the model says that it has none."""

    def visible_to(self, user: User, need: Need) -> Self:
        """The rows of those patients and topics in which the person meets the need."""
        own = Patient.objects.filter(user=user).values("id")
        if TABLE[need] == {Role.SELF}:
            return self.filter(patient_id__in=own)
        grants = valid_grants(user).filter(patient_id=OuterRef("patient_id"))
        if need is Need.ACT:
            grants = grants.filter(emergency_reason="")
        if self.model.has_topic:
            reach = "act" if need is Need.ACT else "read"
            grants = grants.filter(**{f"{reach}__contains": [OuterRef("topic")]})
        return self.filter(Q(patient_id__in=own) | Exists(grants))


class PatientScoped(models.Model):
    """A row that belongs to one patient."""

    has_topic: ClassVar[bool] = True

    objects = PatientScopedQuerySet.as_manager()

    class Meta:
        abstract = True


def visible_patients(user: User, need: Need) -> QuerySet[Patient]:
    """The patients to whom the person is anything that meets the need."""
    own = Q(user=user)
    if TABLE[need] == {Role.SELF}:
        return Patient.objects.filter(own)
    return Patient.objects.filter(own | Exists(valid_grants(user).filter(patient_id=OuterRef("id"))))
