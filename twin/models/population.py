"""Where each patient stands among all of them, for lists of thousands."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value

from backend.models import Patient
from backend.scope import PatientScoped
from twin.models.topics import TOPICS


class Concern(PatientScoped):
    """How much one topic of a patient wants looking at: the higher the rank the sooner, 0 not at all.

    What scores say that stand on several topics has a row of its own: `topics` are all that a row stands on,
    and who may not read every one of them may not read it; `topic` is the one that is shared least, `part`
    names them all. `systems` are the body systems in it that are not fine, `conditions` what is on file in
    it, in lower case; `early_signs` names what points to a chronic disease that is not on file. Derived.
    """

    pk = models.CompositePrimaryKey("patient", "part")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="concerns")
    part = models.CharField(max_length=100)
    topic = models.CharField(max_length=20)
    topics = ArrayField(models.CharField(max_length=20))
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
            models.CheckConstraint(condition=Q(topics__contained_by=TOPICS), name="concern_topics_are_known"),
            models.CheckConstraint(
                condition=Q(topics__contains=[F("topic")]), name="concern_topic_is_one_of_its_topics"
            ),
            models.CheckConstraint(
                condition=Q(part=Func(F("topics"), Value("+"), function="array_to_string")),
                name="concern_part_names_its_topics",
            ),
        ]
        indexes = [models.Index(fields=["-rank", "-patient", "part"], name="concern_by_rank")]

    def __str__(self) -> str:
        return f"concern about {self.part}"
