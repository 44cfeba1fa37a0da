"""One look at one patient: what holds, and which open alerts' causes are gone. Pure."""

from collections.abc import Sequence
from datetime import datetime

from twin.warnings.conditions import LOOKERS, Situation
from twin.warnings.facts import Facts
from twin.warnings.finding import Clearing, Evaluation, Finding, Open
from twin.warnings.looks import clearing, finding, milliseconds
from twin.warnings.rules import RuleFile


def evaluate(rules: RuleFile, facts: Facts, *, now: datetime, open_: Sequence[Open]) -> Evaluation:
    """What the rules find in the facts, and what that means for the alerts that are open.

    It follows from the values in the order in which they were measured, not in which they came. What is open
    is looked at only to tell what is news, and why a cause is gone; a rule or a limit that is no more, or is
    no longer meant for this person, is retired.
    """
    at = milliseconds(now)
    situation = Situation(rules, facts, at, open_)
    known = {(one.rule, one.key): one for one in open_}
    holds: list[Finding] = []
    cleared: list[tuple[Open, Clearing]] = []
    for rule in rules.rules:
        if not situation.applies(rule):
            continue
        for look in LOOKERS[rule.condition](rule, situation):
            before = known.pop((rule.id, look.key), None)
            found = finding(look, facts, before, at)
            if found is not None:
                holds.append(found)
            elif before is not None and (why := clearing(look, before, at)) is not None:
                cleared.append((before, why))
    cleared += [(before, Clearing.RETIRED) for before in known.values()]
    return Evaluation(holds, cleared)
