"""What a bench prints: a table to read, or JSON that any reader takes."""

import json

import numpy as np
from harness import at_least, at_most, at_rate, verdict, within


def test_verdict_as_json_is_plain_whatever_its_numbers_came_from(capsys):
    rows = [
        at_most(1, "of numpy", np.float64(0.5), np.float64(2), "times"),
        at_least(2, "a ratio", np.float64(1), np.float64(3)),
        at_rate(5, "a rate", np.float64(6), None, "series/s"),
        within((0.7, 0.9), "a share", np.float64(0.8)),
    ]
    assert verdict("one", rows, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bench"] == "one"
    assert [row["holds"] for row in told["rows"]] == [True] * 4
    assert [row["ours"] for row in told["rows"]] == [0.5, 1, 6, 80]


def test_verdict_of_what_could_not_be_measured_is_null_and_falls_short(capsys):
    assert verdict("one", [at_most(1, "of nothing", float("nan"), None, "times")], as_json=True) == 1
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["ours"], row["holds"]) == (None, False)
