"""Which suggestions a patient does not want to see."""

from django.db import models
from django.db.models import F, Q

from backend.identifiers import new_id
from backend.models import Patient, User
from backend.scope import PatientScoped
from twin.models.topics import TOPICS


class SuggestionDismissal(PatientScoped):
    """That a rule of suggestions.json is not to suggest anything before `until`; ever, where that is not set.

    Of one rule the last dismissal holds.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="suggestion_dismissals")
    topic = models.CharField(max_length=20)
    rule = models.CharField(max_length=40)
    until = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="suggestions_dismissed")
    dismissed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "rule"], name="suggestion_dismissal_is_one_for_each_rule"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("dismissed_at")),
                name="suggestion_dismissal_ends_after_it_begins",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="suggestion_dismissal_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} dismissed"
