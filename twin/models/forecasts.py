"""What comes next: forecasts, where their models stand, and the chance of passing a limit."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backend.identifiers import new_id
from backend.models import Patient
from backend.rules import Topic
from backend.scope import PatientScoped
from twin.models.topics import TOPICS


class Forecast(PatientScoped):
    """What was forecast for the days after `through`. The current one of a kind has no `superseded_at`.

    One that was shown is kept when a newer one takes its place, to be held to account: of each `through` the
    last that was shown. One that nobody saw is replaced. The arrays have one entry a day, from the day after
    `through`. The back-test is how this very series went before: at `backtest_points` past days its error,
    that of repeating the last value, and the share of days that the 80 % band held.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="forecasts")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    through = models.DateField()
    made_at = models.DateTimeField()
    shown_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)
    model = models.CharField(max_length=40)
    version = models.CharField(max_length=40)
    reason = models.TextField(blank=True)
    last_value = models.FloatField()
    mean = ArrayField(models.FloatField())
    low80 = ArrayField(models.FloatField())
    high80 = ArrayField(models.FloatField())
    low95 = ArrayField(models.FloatField())
    high95 = ArrayField(models.FloatField())
    backtest_points = models.IntegerField(default=0)
    backtest_error = models.FloatField(null=True)
    backtest_error_of_last_value = models.FloatField(null=True)
    backtest_held80 = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "kind"],
                condition=Q(superseded_at__isnull=True),
                name="forecast_is_current_once_for_each_kind",
            ),
            models.UniqueConstraint(
                fields=["patient", "kind", "through"],
                condition=Q(superseded_at__isnull=False),
                name="forecast_is_kept_once_for_each_last_day",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True) | Q(shown_at__isnull=False),
                name="forecast_is_kept_only_when_it_was_shown",
            ),
            models.CheckConstraint(
                condition=Q(
                    mean__len__gt=0,
                    low80__len=F("mean__len"),
                    high80__len=F("mean__len"),
                    low95__len=F("mean__len"),
                    high95__len=F("mean__len"),
                ),
                name="forecast_arrays_are_of_one_length",
            ),
            models.CheckConstraint(
                condition=Q(
                    backtest_points=0,
                    backtest_error__isnull=True,
                    backtest_error_of_last_value__isnull=True,
                    backtest_held80__isnull=True,
                )
                | Q(
                    backtest_points__gt=0,
                    backtest_error__isnull=False,
                    backtest_error_of_last_value__isnull=False,
                    backtest_held80__isnull=False,
                ),
                name="forecast_errors_have_points",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="forecast_topic_is_known"),
        ]
        indexes = [models.Index(fields=["patient", "kind", "-through"], name="forecast_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind} after {self.through}"


class StaleForecast(PatientScoped):
    """A kind whose data has moved since its forecast; `due_at` is put off while data keeps coming."""

    pk = models.CompositePrimaryKey("patient", "kind")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="stale_forecasts")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    stale_since = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(due_at__gte=F("stale_since")), name="stale_forecast_is_due_later"
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="stale_forecast_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} stale"


class SeriesState(PatientScoped):
    """Where the fleet model stands with one series after the day `through`: a new day needs no old ones.

    `state` is readable to the `version` that wrote it alone. Derived: a series without one is estimated anew,
    as is one whose days up to `through` have changed since, which takes its state away.
    """

    pk = models.CompositePrimaryKey("patient", "kind")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="series_states")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    version = models.CharField(max_length=40)
    through = models.DateField()
    estimated_on = models.DateField()
    state = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(estimated_on__lte=F("through")), name="series_state_is_estimated_before_its_end"
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="series_state_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} through {self.through}"


class GlucoseForecast(PatientScoped):
    """What was forecast for glucose (mg/dL) some `minutes` after the reading at `at`.

    One for each reading at most; one that nobody saw is dropped when a newer one is made.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="glucose_forecasts")
    topic = models.CharField(max_length=20, default=Topic.GLUCOSE, editable=False)
    at = models.DateTimeField()
    made_at = models.DateTimeField()
    shown_at = models.DateTimeField(null=True)
    version = models.CharField(max_length=40)
    last_value = models.FloatField()
    minutes = ArrayField(models.SmallIntegerField())
    mean = ArrayField(models.FloatField())
    low80 = ArrayField(models.FloatField())
    high80 = ArrayField(models.FloatField())
    low95 = ArrayField(models.FloatField())
    high95 = ArrayField(models.FloatField())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "at"], name="glucose_forecast_is_one_for_each_reading"
            ),
            models.CheckConstraint(
                condition=Q(
                    minutes__len__gt=0,
                    mean__len=F("minutes__len"),
                    low80__len=F("minutes__len"),
                    high80__len=F("minutes__len"),
                    low95__len=F("minutes__len"),
                    high95__len=F("minutes__len"),
                ),
                name="glucose_forecast_arrays_are_of_one_length",
            ),
            models.CheckConstraint(condition=Q(made_at__gte=F("at")), name="glucose_forecast_is_made_later"),
            models.CheckConstraint(condition=Q(topic=Topic.GLUCOSE), name="glucose_forecast_is_of_glucose"),
        ]

    def __str__(self) -> str:
        return f"glucose after {self.at}"


class Basis(models.TextChoices):
    GOAL = "goal"
    THRESHOLD = "threshold"
    GUIDELINE = "guideline"


class Crossing(PatientScoped):
    """The chance that a kind passes a limit within the horizon of its current forecast.

    `rule` names the limit: the id of the goal or threshold, or the guideline's in the data file.
    `expected_on` is the day by which it is as likely as not, if there is one. A limit that is passed already
    stands with a probability of 1 and no such day.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="crossings")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    basis = models.CharField(max_length=10, choices=Basis.choices)
    rule = models.CharField(max_length=40)
    side = models.CharField(max_length=5, choices=[("above", "above"), ("below", "below")])
    limit = models.FloatField()
    probability = models.FloatField()
    expected_on = models.DateField(null=True)
    through = models.DateField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "kind", "rule", "side"], name="crossing_is_one_for_each_limit"
            ),
            models.CheckConstraint(condition=Q(basis__in=Basis.values), name="crossing_basis_is_known"),
            models.CheckConstraint(condition=Q(side__in=["above", "below"]), name="crossing_side_is_known"),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="crossing_probability_is_one"
            ),
            models.CheckConstraint(
                condition=Q(expected_on__isnull=True) | Q(expected_on__gt=F("through")),
                name="crossing_is_expected_after_the_data",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="crossing_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.side} {self.limit}"

    @property
    def is_passed(self) -> bool:
        """Whether it is passed already: what only may be has a day, once it is as likely as not."""
        return self.probability == 1 and self.expected_on is None
