"""Wire shapes of what genes say of medicines."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from twin.scores.gene_notices import Finding, Notice


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


def notice_out(notice: Notice, *, whole: bool) -> Mapping[str, Any]:
    """A notice as its reader may have it: the `whole` is for clinicians."""
    said = asdict(notice)
    if whole:
        return said
    return dict.fromkeys(said) | {"written": notice.written, "for_patient": notice.for_patient}
