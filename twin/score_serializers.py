"""Wire shapes of scores, what they ask, questionnaires, gene notices and glucose profiles; no queries."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.rules import Topic
from twin.models import Answer, QuestionnaireResponse, ScoreResult
from twin.risk.questionnaires import CRISIS, Questionnaire
from twin.scores import cgm
from twin.scores.asked import Asked, questions
from twin.scores.gene_notices import Finding, Notice
from twin.scores.glucose_profile import PERCENTILES, Profile
from twin.warnings.actions import actions
from twin.warnings.sick_days import Act, SickDayRule


class NamedOut(serializers.Serializer[Any]):
    """A code and its words."""

    code = serializers.CharField()
    title = serializers.CharField()


class ScoreInputOut(serializers.Serializer[Any]):
    """What went into a score; `on` is the day on which it was measured or said, where that is known."""

    name = serializers.CharField()
    value = serializers.JSONField()
    unit = serializers.CharField()
    on = serializers.DateField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire


class ScoreRefusalOut(serializers.Serializer[Any]):
    """What was there and could not be used."""

    name = serializers.CharField()
    value = serializers.JSONField()
    why = serializers.CharField()


class ScoreLeverOut(serializers.Serializer[Any]):
    """What the value would be with one input elsewhere; `from` is where it is."""

    name = serializers.CharField()
    to = serializers.JSONField()
    value_then = serializers.FloatField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": serializers.JSONField()}


class ScoreFields(serializers.Serializer[Any]):
    """A score: its value or a range, what went in, what is missing or refused, and what stands behind it."""

    code = serializers.CharField()
    title = serializers.CharField()
    version = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    band = NamedOut(allow_null=True)
    inputs = ScoreInputOut(many=True)
    missing = serializers.ListField(child=serializers.CharField())
    refused = ScoreRefusalOut(many=True)
    levers = ScoreLeverOut(many=True)
    flags = NamedOut(many=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())


class ScoreOut(ScoreFields):
    """A score as it stands: the topics that it stands on, since when it says so, of which day its data is.

    `details`: of `news2` its parts and the calmest and worst level, of `egfr_slope` the stage and when the
    next one is expected, of a questionnaire the response.
    """

    topics = serializers.ListField(child=serializers.ChoiceField(choices=[topic.value for topic in Topic]))
    data_on = serializers.DateField(allow_null=True)
    data_at = serializers.DateTimeField(allow_null=True)
    made_at = serializers.DateTimeField()
    details = serializers.JSONField(allow_null=True)

    def to_representation(self, row: ScoreResult) -> dict[str, Any]:
        beside = ("topics", "data_on", "data_at", "made_at", "details")
        said = {name: getattr(row, name) for name in beside}
        shown = {
            name: None if value is None else self.fields[name].to_representation(value)
            for name, value in said.items()
        }
        return {**row.result, **shown}


class ScoresOut(serializers.Serializer[Any]):
    results = ScoreOut(many=True)


class ScoreThenOut(serializers.ModelSerializer[ScoreResult]):
    """What a score said from `made_at` until `superseded_at`, which is null for the current one."""

    class Meta:
        model = ScoreResult
        fields = ["value", "low", "high", "band", "data_on", "made_at", "superseded_at"]


class QuestionOut(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    loinc = serializers.CharField()
    text = serializers.CharField()


class PossibleAnswerOut(serializers.Serializer[Any]):
    points = serializers.IntegerField()
    text = serializers.CharField()
    loinc = serializers.CharField()


class QuestionnaireOut(serializers.Serializer[Questionnaire]):
    """A questionnaire as it is put before a patient."""

    code = serializers.CharField()
    title = serializers.CharField()
    loinc = serializers.CharField()
    asked = serializers.CharField()
    questions = QuestionOut(many=True)
    answers = PossibleAnswerOut(many=True)
    copyright = serializers.CharField()


class QuestionnairesOut(serializers.Serializer[Any]):
    results = QuestionnaireOut(many=True)


class ResponseIn(serializers.Serializer[Any]):
    """Points by question, null for one without an answer. `corrects` names a response that counts no more."""

    answers = serializers.ListField(
        child=serializers.IntegerField(allow_null=True, min_value=0, max_value=100), max_length=50
    )
    answered_at = serializers.DateTimeField(default=None, allow_null=True)
    id = serializers.UUIDField(default=None, allow_null=True)
    corrects = serializers.UUIDField(default=None, allow_null=True)


class ResponseOut(serializers.ModelSerializer[QuestionnaireResponse]):
    """A questionnaire as it was answered, with its total, where the context has its zone's score.

    `help` are the words to show at once where there are thoughts of death or self-harm.
    """

    answered_by = serializers.CharField()
    corrected_by = serializers.SerializerMethodField()
    score = serializers.SerializerMethodField()
    help = serializers.SerializerMethodField()

    class Meta:
        model = QuestionnaireResponse
        fields = [
            "id",
            "code",
            "answers",
            "word",
            "answered_by",
            "answered_at",
            "received_at",
            "corrects",
            "corrected_by",
            "score",
            "help",
        ]

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_corrected_by(self, row: QuestionnaireResponse) -> str | None:
        return str(row.corrected_by.id) if hasattr(row, "corrected_by") else None

    @extend_schema_field(ScoreFields())
    def get_score(self, row: QuestionnaireResponse) -> dict[str, Any]:
        score: dict[str, Any] = self.context["score_of"](row).as_json()
        return score

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_help(self, row: QuestionnaireResponse) -> str | None:
        return actions()["crisis"].text if CRISIS in self.context["score_of"](row).flags else None


class AskedOut(serializers.Serializer[Asked]):
    """A question with the answer that stands, if there is one. `counts`: whether it is not too old."""

    code = serializers.CharField()
    title = serializers.CharField(source="name")
    type = serializers.ChoiceField(choices=["yes_no", "choice"])
    choices = NamedOut(many=True)
    topic = serializers.CharField()
    clinicians_only = serializers.BooleanField()
    value = serializers.JSONField(allow_null=True)
    word = serializers.CharField(allow_null=True)
    answered_by = serializers.CharField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    counts = serializers.BooleanField()

    def to_representation(self, one: Asked) -> dict[str, Any]:
        row: Answer | None = self.context["answers"].get(one.code)
        return {
            "code": one.code,
            "title": one.name,
            "type": one.type,
            "choices": [{"code": choice.code, "title": choice.title} for choice in one.choices],
            "topic": one.topic.value,
            "clinicians_only": one.clinicians_only,
            **answer_out(row),
        }


class AnswersOut(serializers.Serializer[Any]):
    results = AskedOut(many=True)


class AnswersIn(serializers.Serializer[Any]):
    """By the code of a question true or false, or one of its choices; null takes an answer back."""

    answers = serializers.DictField(child=serializers.JSONField(allow_null=True), allow_empty=False)


class GeneNoticeOut(serializers.Serializer[Notice]):
    """One gene and one medicine; all but `written` and `for_patient` is null for who is no clinician."""

    written = serializers.CharField()
    for_patient = serializers.CharField()
    gene = serializers.CharField(allow_null=True)
    medicine = serializers.CharField(allow_null=True)
    finding = serializers.ChoiceField(choices=[finding.value for finding in Finding], allow_null=True)
    diplotype = serializers.CharField(allow_null=True)
    phenotype = serializers.CharField(allow_null=True)
    prompt = serializers.CharField(allow_null=True)
    level = serializers.CharField(allow_null=True)
    guideline = serializers.CharField(allow_null=True)
    limits = serializers.ListField(child=serializers.CharField(), allow_null=True)
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField(allow_null=True)


class GeneNoticesOut(serializers.Serializer[Any]):
    results = GeneNoticeOut(many=True)


class SickDayRuleOut(serializers.Serializer[SickDayRule]):
    """One group of medicines, `medicines` as the list has them. `act` says how pressing it is."""

    id = serializers.CharField()
    title = serializers.CharField()
    act = serializers.ChoiceField(choices=[act.value for act in Act])
    medicines = serializers.ListField(child=serializers.CharField())
    text = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()


class SickDaysOut(serializers.Serializer[Any]):
    """When the rules hold, the rules, the most pressing first, and when what was paused is taken again."""

    when = serializers.CharField()
    rules = SickDayRuleOut(many=True)
    again = serializers.CharField()


class GlucoseProfileIn(serializers.Serializer[Any]):
    """So many `days` back from now, in rows of `width` minutes; `group` is whom the targets are for."""

    days = serializers.IntegerField(default=14, min_value=1, max_value=90)
    width = serializers.ChoiceField(choices=[15, 30], default=30)
    group = serializers.ChoiceField(
        choices=[group.value for group in cgm.Group], default=cgm.Group.ADULT.value
    )


class GlucoseMetricsOut(serializers.Serializer[cgm.Metrics]):
    """Shares in percent of the readings, the mean and its spread in mg/dL."""

    count = serializers.IntegerField()
    days = serializers.IntegerField()
    interval_minutes = serializers.IntegerField(allow_null=True)
    coverage = serializers.FloatField(allow_null=True)
    is_sufficient = serializers.BooleanField()
    mean = serializers.FloatField()
    sd = serializers.FloatField(allow_null=True)
    cv = serializers.FloatField(allow_null=True)
    gmi = serializers.FloatField()
    gmi_mmol_mol = serializers.FloatField()
    gri = serializers.FloatField()
    tbr2 = serializers.FloatField()
    tbr1 = serializers.FloatField()
    tir = serializers.FloatField()
    tar1 = serializers.FloatField()
    tar2 = serializers.FloatField()
    titr = serializers.FloatField()
    tbr70 = serializers.FloatField()
    tar180 = serializers.FloatField()
    below63 = serializers.FloatField()
    from63to140 = serializers.FloatField()
    above140 = serializers.FloatField()


class GlucoseTargetOut(serializers.Serializer[cgm.Target]):
    metric = serializers.CharField()
    title = serializers.CharField()
    side = serializers.ChoiceField(choices=["above", "below", "at_most"])
    limit = serializers.FloatField()
    value = serializers.FloatField(allow_null=True)
    is_met = serializers.BooleanField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()


class DailyProfileOut(serializers.Serializer[Any]):
    """mg/dL by the time of day, in minutes from midnight on the patient's clock; null where nothing is."""

    minutes = serializers.ListField(child=serializers.IntegerField())
    percentiles = serializers.DictField(
        child=serializers.ListField(child=serializers.FloatField(allow_null=True))
    )
    days = serializers.ListField(child=serializers.IntegerField())
    counts = serializers.ListField(child=serializers.IntegerField())


class GlucoseProfileOut(serializers.Serializer[Any]):
    """What the sensor read from `start` to `end`; `metrics` and `profile` are null where that is nothing."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    unit = serializers.CharField()
    metrics = GlucoseMetricsOut(allow_null=True)
    targets = GlucoseTargetOut(many=True)
    profile = DailyProfileOut(allow_null=True)


def answer_out(row: Answer | None) -> dict[str, Any]:
    """What stands of a question, and nothing where nothing does."""
    if row is None:
        return {"value": None, "word": None, "answered_by": None, "answered_at": None, "counts": False}
    one = questions()[row.code]
    return {
        "value": row.value,
        "word": row.word,
        "answered_by": str(row.answered_by),
        "answered_at": serializers.DateTimeField().to_representation(row.answered_at),
        "counts": one.counts(row.value, row.answered_at, timezone.now()),
    }


def notice_out(notice: Notice, *, whole: bool) -> Mapping[str, Any]:
    """A notice as its reader may have it: the `whole` is for clinicians."""
    said = asdict(notice)
    if whole:
        return said
    return dict.fromkeys(said) | {"written": notice.written, "for_patient": notice.for_patient}


def profile_out(profile: Profile) -> Mapping[str, Any]:
    """A typical day as lists, to a tenth of a mg/dL."""
    return {
        "minutes": profile.minutes.tolist(),
        "percentiles": {
            str(percentile): [
                None if np.isnan(value) else round(value, 1)
                for value in profile.percentiles[:, place].tolist()
            ]
            for place, percentile in enumerate(PERCENTILES)
        },
        "days": profile.days.tolist(),
        "counts": profile.counts.tolist(),
    }
