"""Who is due for which screening or vaccination, by a dated file of rules that can be replaced. Pure."""

from reminders.screening.gather import done_in, kinds_of, person_of
from reminders.screening.person import Choice, Decision, Done, Person
from reminders.screening.rule_file import parse_rules, shipped_rules
from reminders.screening.rules import Code, Proof, Rule, RuleKind, RuleSet
from reminders.screening.state import Screening, State, Status, next_change, screenings, state, states

__all__ = [
    "Choice",
    "Code",
    "Decision",
    "Done",
    "Person",
    "Proof",
    "Rule",
    "RuleKind",
    "RuleSet",
    "Screening",
    "State",
    "Status",
    "done_in",
    "kinds_of",
    "next_change",
    "parse_rules",
    "person_of",
    "screenings",
    "shipped_rules",
    "state",
    "states",
]
