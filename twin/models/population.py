"""Where each patient stands among all of them, for lists of thousands."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backend.models import Patient
from backend.scope import PatientScoped
from twin.models.topics import TOPICS


class Concern(PatientScoped):
    """How much one topic of a patient wants looking at: the higher the rank the sooner, 0 not at all.

    `systems` are the body systems in it that are not fine, `conditions` what is on file in it, in lower case;
    `early_signs` names what points to a chronic disease that is not on file. Derived.
    """

    pk = models.CompositePrimaryKey("patient", "topic")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="concerns")
    topic = models.CharField(max_length=20)
    rank = models.BigIntegerField()
    severity = models.CharField(max_length=12, blank=True)
    reasons = ArrayField(models.TextField(), default=list)
    systems = ArrayField(models.CharField(max_length=20), default=list)
    conditions = ArrayField(models.TextField(), default=list)
    early_signs = ArrayField(models.CharField(max_length=40), default=list)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rank__gte=0), name="concern_rank_is_not_negative"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="concern_topic_is_known"),
        ]
        indexes = [models.Index(fields=["-rank", "-patient", "topic"], name="concern_by_rank")]

    def __str__(self) -> str:
        return f"concern about {self.topic}"
