"""What is asked of people, what questionnaires said, and the scores that follow."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backend.identifiers import new_id
from backend.models import Patient, User
from backend.rules import Role, Topic
from backend.scope import PatientScoped
from twin.models.topics import TOPICS

WORDS = [Role.SELF.value, Role.CAREGIVER.value, Role.CLINICIAN.value]
"""Whose word an answer can be."""


class ScoreResult(PatientScoped):
    """One score as it stood from `made_at` on. The current one of a code has no `superseded_at`.

    `topics` are all that it stands on, and who may not read every one of them may not read it; `topic` is the
    one of them that is shared least. `result` is the score as JSON, `details` what some scores say beside it.
    `data_on` is the patient's day of its newest input, `data_at` the instant where there is one. Derived;
    what stood before is kept, of one day and band the last.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="scores")
    code = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    topics = ArrayField(models.CharField(max_length=20))
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    band = models.CharField(max_length=40, blank=True)
    result = models.JSONField()
    details = models.JSONField(null=True)
    data_on = models.DateField(null=True)
    data_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "code"],
                condition=Q(superseded_at__isnull=True),
                name="score_is_current_once_for_each_code",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="score_topic_is_known"),
            models.CheckConstraint(condition=Q(topics__contained_by=TOPICS), name="score_topics_are_known"),
            models.CheckConstraint(
                condition=Q(topics__contains=[F("topic")]), name="score_topic_is_one_of_its_topics"
            ),
            models.CheckConstraint(
                condition=Q(band="") | Q(value__isnull=False), name="score_with_a_band_has_a_value"
            ),
            models.CheckConstraint(
                condition=Q(low__isnull=True, high__isnull=True)
                | Q(low__isnull=False, high__isnull=False, low__lte=F("high")),
                name="score_range_has_both_ends_in_order",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True) | Q(superseded_at__gte=F("made_at")),
                name="score_is_superseded_after_it_was_made",
            ),
        ]
        indexes = [models.Index(fields=["patient", "code", "-made_at"], name="score_of_patient")]

    def __str__(self) -> str:
        return f"{self.code} since {self.made_at}"


class StaleScores(PatientScoped):
    """That a patient's scores are to be worked out anew, from `due_at` on."""

    has_topic: ClassVar[bool] = False

    patient = models.OneToOneField(
        Patient, on_delete=models.CASCADE, primary_key=True, related_name="stale_scores"
    )
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"scores due at {self.due_at}"


class Answer(PatientScoped):
    """What somebody said when asked for what a score wants; one that has ended is kept.

    `code` is that of the question, `word` whose answer it is: the patient's, a caregiver's or a clinician's.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="answers")
    topic = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    value = models.JSONField()
    word = models.CharField(max_length=10)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="answers")
    answered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "code"],
                condition=Q(ended_at__isnull=True),
                name="answer_stands_once_for_each_question",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="answer_topic_is_known"),
            models.CheckConstraint(condition=Q(word__in=WORDS), name="answer_is_the_word_of_somebody"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("answered_at")),
                name="answer_ends_after_it_was_given",
            ),
        ]
        indexes = [models.Index(fields=["patient", "code", "-answered_at"], name="answer_of_patient")]

    def __str__(self) -> str:
        return f"answer to {self.code}"


class QuestionnaireResponse(PatientScoped):
    """A questionnaire as somebody answered it: points by question, NULL for one without an answer.

    One that another `corrects` is kept and counts no more.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="questionnaires")
    topic = models.CharField(max_length=20, default=Topic.MENTAL_HEALTH, editable=False)
    code = models.CharField(max_length=40)
    answers = ArrayField(models.SmallIntegerField(null=True))
    word = models.CharField(max_length=10)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="questionnaires")
    answered_at = models.DateTimeField()
    received_at = models.DateTimeField()
    corrects = models.OneToOneField("self", on_delete=models.CASCADE, null=True, related_name="corrected_by")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(topic=Topic.MENTAL_HEALTH), name="questionnaire_is_of_mental_health"
            ),
            models.CheckConstraint(
                condition=Q(code="phq9", answers__len=9) | Q(code="gad7", answers__len=7),
                name="questionnaire_has_an_answer_for_each_question",
            ),
            models.CheckConstraint(condition=Q(word__in=WORDS), name="questionnaire_is_the_word_of_somebody"),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | ~Q(corrects=F("id")),
                name="questionnaire_corrects_another_one",
            ),
        ]
        indexes = [models.Index(fields=["patient", "code", "-answered_at"], name="questionnaire_of_patient")]

    def __str__(self) -> str:
        return f"{self.code} of {self.answered_at}"
