"""A row a sample."""

from typing import ClassVar

from django.db import models


class Sample(models.Model):
    """One sample as most would keep it."""

    patient = models.UUIDField()
    kind = models.CharField(max_length=40)
    source = models.CharField(max_length=200)
    unit = models.CharField(max_length=40)
    start = models.DateTimeField()
    end = models.DateTimeField()
    value = models.FloatField()

    class Meta:
        app_label = "row_a_sample"
        indexes: ClassVar = [models.Index(fields=["patient", "kind", "start"], name="sample_of_patient")]

    def __str__(self) -> str:
        return self.kind
