"""Wire shapes of what to ask about medicines on a sick day."""

from typing import Any

from rest_framework import serializers

from twin.warnings.sick_days import Act, SickDayRule


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
