"""One look at one patient: what holds, and which open alerts' causes are gone. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from twin.instants import milliseconds
from twin.warnings.conditions import LOOKERS, Situation
from twin.warnings.facts import Facts
from twin.warnings.finding import Clearing, Evaluation, Finding, Open
from twin.warnings.looks import clearing, finding
from twin.warnings.rules import Condition, Pace, Rule, RuleFile


def next_look(rules: RuleFile, evaluation: Evaluation, open_: Sequence[Open]) -> datetime | None:
    """When time alone will change something: by then the data of an alert is too old. None without one."""
    over = {(one.rule, one.key) for one, _ in evaluation.cleared}
    newest = {(one.rule, one.key): one.at for one in open_ if (one.rule, one.key) not in over}
    newest |= {(one.rule, one.key): one.at for one in evaluation.holds}
    named = {rule.id: rule for rule in rules.rules}
    due = [
        at + timedelta(milliseconds=_pace(rules, named[rule], key).old + 1)
        for (rule, key), at in newest.items()
        if rule in named
    ]
    return min(due, default=None)


def _pace(rules: RuleFile, rule: Rule, key: str) -> Pace:
    """That by which the alerts of a rule and key grow old."""
    kind = key.partition("/")[0]
    if rule.condition is Condition.THRESHOLD:
        return rules.paces.get(kind, rules.paces[""])
    return rule.paces.get(kind, rule.pace)


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
