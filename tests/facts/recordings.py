"""Recordings of bedside monitors, in WFDB and as a table; and pulse waves, which are no vital signs."""

from manifest import Comparison, Facts, Found

from facts.comparing import Comparisons, held, refused, same, unkept

MONITOR_COLUMNS = {
    "heart_rate": {"ECG": "HR (bpm)", "Pulse oximeter": "PULSE (bpm)"},
    "sbp": {"Arterial line": "ABPSys (mmHg)", "Cuff": "NBPSys (mmHg)"},
    "dbp": {"Arterial line": "ABPDias (mmHg)", "Cuff": "NBPDias (mmHg)"},
    "resp_rate": {"ECG": "RESP (pm)"},
    "spo2": {"Pulse oximeter": "SpO2 (%)"},
}
UNKNOWN_COLUMNS = ("ABPMean (mmHg)", "NBPMean (mmHg)")


def by_kind(counts: dict[str, int]) -> dict[str, int]:
    """Counts of columns as counts of the kinds that the columns are of."""
    return {kind: sum(counts[name] for name in names.values()) for kind, names in MONITOR_COLUMNS.items()}


def monitor_table(found: Found, facts: Facts) -> Comparisons:
    zeros, values = by_kind(facts["zeros"]), by_kind(facts["non_null"])
    yield refused("nothing_usable", found)
    yield Comparison("zeros", zeros, {kind: found.counted("not_measured", kind) for kind in zeros})
    # Seconds from an unnamed start.
    undated = {kind: found.counted("bad_time", kind) for kind in values}
    yield Comparison("non_null", {kind: count - zeros[kind] for kind, count in values.items()}, undated)
    yield from unkept(facts, "hours", "mean", "rows")
    yield held(sum(facts["non_null"].values()), found)


def recording(found: Found, facts: Facts) -> Comparisons:
    # Its dates were moved into a year to come, so that nothing of it may be stored.
    yield refused("nothing_usable", found)
    refusals = {one["kind"]: one["count"] for one in found.upload.report["problems"] if _is_of_year(one)}
    yield Comparison("implausible", {kind: len(one) for kind, one in found.series.items()}, refusals)
    rows, zeros, values = facts["rows"], by_kind(facts["zeros"]), by_kind(facts["non_null"])
    empty = {kind: rows * len(names) - values[kind] for kind, names in MONITOR_COLUMNS.items()}
    absent = {kind: zeros[kind] + empty[kind] for kind in zeros}
    yield Comparison("zeros", absent, {kind: found.counted("not_measured", kind) for kind in zeros})
    measured = {kind: values[kind] - zeros[kind] for kind in zeros}
    yield Comparison("non_null", measured, {kind: found.count(kind) for kind in zeros})
    for kind, names in MONITOR_COLUMNS.items():
        series = found.of(kind)
        for source, name in names.items():
            own = zip(series.values, series.sources, strict=True)
            total = sum(value for value, whose in own if whose == source)
            # The fact's mean counts the zeros too.
            yield Comparison("mean", facts["mean"][name], total / facts["non_null"][name])
    unknown = found.examples("unknown_kind")
    for name in UNKNOWN_COLUMNS:
        yield Comparison(name, facts["non_null"][name], unknown[name.split()[0]])
    yield from same(
        facts,
        first_local=min(series.first for series in found.series.values()),
        last_local=max(series.last for series in found.series.values()),
    )
    yield Comparison("rows", rows * len(facts["non_null"]), found.accounted_for)


def _is_of_year(problem: dict[str, str]) -> bool:
    return problem["code"] == "implausible_time"


def part_of_a_recording(found: Found, facts: Facts) -> Comparisons:
    """A header without its signals, or signals without their header."""
    yield refused("incomplete", found)
    yield from unkept(facts, *facts)
    yield held(0, found)


def no_format(found: Found, facts: Facts) -> Comparisons:
    yield refused("unknown_format", found)
    yield from unkept(facts, *facts)
    yield held(0, found)
