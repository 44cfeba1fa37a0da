"""How a witness says that a fact and a finding are the same, or that Pollux keeps nothing of it."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from manifest import Comparison, Facts, Found

Comparisons = Iterator[Comparison]


def same(facts: Facts, **told: Any) -> Comparisons:
    """The facts of these names, where the manifest has them."""
    return (Comparison(name, facts[name], value) for name, value in told.items() if name in facts)


def held(fact: int, found: Found, name: str = "held") -> Comparison:
    return Comparison(name, fact, found.accounted_for)


def refused(code: str, found: Found) -> Comparison:
    return Comparison("refusal", code, found.refusal)


def unkept(facts: Facts, *names: str) -> Comparisons:
    """Facts of what Pollux does not keep of this file."""
    return (Comparison(name, facts[name], facts[name]) for name in names if name in facts)


def minutes(milliseconds: float) -> float:
    return milliseconds / 60_000


def body_of(found: Found, facts: Facts) -> tuple[Any, Comparisons]:
    body = json.loads(found.path.read_text(encoding="utf-8"))
    return body, same(facts, json=body if isinstance(facts.get("json"), dict | list) else facts.get("json"))


def plainly(found: Found, values: dict[str, list[float]], **problems: int) -> Comparisons:
    """Exactly these values, kind by kind, and exactly these problems."""
    told = {kind: sorted(round(value, 6) for value in series.values) for kind, series in found.series.items()}
    yield Comparison(
        "values",
        {kind: sorted(round(value, 6) for value in own) for kind, own in values.items() if own},
        told,
    )
    counts: Counter[str] = Counter()
    for problem in found.problems:
        counts[problem.code.value] += problem.count
    yield Comparison("problems", {code: count for code, count in problems.items() if count}, dict(counts))
    yield held(sum(map(len, values.values())) + sum(problems.values()), found)
