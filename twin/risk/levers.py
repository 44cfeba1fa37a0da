"""What a risk would be if one thing were otherwise, by the equation's own arithmetic. Pure.

The points of comparison lie in handling.json with their sources. They are no targets, and what an equation
says of two people who differ is no promise to one who changes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from twin.risk.data import load
from twin.risk.given import Checked, named
from twin.risk.result import Lever, Value

NOTE = (
    "What would change it most is the equation's arithmetic with one input at a point to compare with and "
    "all else the same; it is no target and no promise."
)


def levers(checked: Checked, risk: Callable[[Mapping[str, Value]], float]) -> tuple[Lever, ...]:
    """Every comparison that would lower the risk, the one that lowers it most first.

    `risk` is worked out of values by input code. What stands at its point or beyond it has no lever.
    """
    now = risk(checked.values)
    found = [
        Lever(named(code), checked.values[code], to, then)
        for code, to in _points(checked.values)
        if (then := risk({**checked.values, code: to})) < now
    ]
    return tuple(sorted(found, key=lambda lever: lever.value_then))


def _points(values: Mapping[str, Value]) -> list[tuple[str, Value]]:
    points: list[tuple[str, Value]] = []
    for point in load("handling")["comparisons"]["points"]:
        code, to = _of_total(values, point) if point["input"] == "non_hdl" else (point["input"], point["to"])
        if code in values and float(values[code]) > float(to):
            points.append((code, to))
    return points


def _of_total(values: Mapping[str, Value], point: Mapping[str, Any]) -> tuple[str, float]:
    """The total cholesterol at which what is not HDL would be at the point."""
    return "total_cholesterol", float(values.get("hdl", 0.0)) + float(point["to"])
