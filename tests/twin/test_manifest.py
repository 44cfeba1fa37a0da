"""Every file of a manifest, from upload to twin: its facts are there, and all that it held is accounted for.

The samples that ship with the tests; and, where POLLUX_SAMPLES names a folder with a MANIFEST.json of the
same shape, those of that folder too.
"""

import hashlib
import os
from collections import Counter
from pathlib import Path

import make
import pytest
from django.utils import timezone
from facts import DRESS, WITNESSES
from manifest import Entry, Found, entries

from backend.actor import acting_on
from twin.kinds import KINDS
from twin.models import DaySummary, Record, Source, Upload
from twin.series import store
from twin.services.reading import read_upload

SAMPLES = Path(__file__).parents[1] / "samples"
# Of the samples' own: facts, and what tests of other things are made of.
NOT_IN_THE_MANIFEST = {"MANIFEST.json", "lifesnaps.csv"}
FOLDERS = [SAMPLES, *(Path(folder) for folder in [os.environ.get("POLLUX_SAMPLES")] if folder)]
ENTRIES = [pytest.param(entry, id=entry.file) for folder in FOLDERS for entry in entries(folder)]


def test_every_sample_is_in_the_manifest():
    files = {str(path.relative_to(SAMPLES)) for path in SAMPLES.glob("*/*")}
    named = {entry.file for entry in entries(SAMPLES)}
    assert {file for file in files if Path(file).name not in NOT_IN_THE_MANIFEST} == named


@pytest.mark.parametrize("entry", ENTRIES)
def test_file_of_the_manifest_is_taken_in_with_its_facts(db, entry: Entry):
    content = entry.path.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (entry.bytes, entry.sha256)
    assert entry.format in WITNESSES, f"no witness knows the format {entry.format!r}"

    found = Found.by_uploading(entry.path)
    comparisons = list(WITNESSES[entry.format](found, entry.facts))

    assert [one for one in comparisons if not one.holds] == []
    named = {one.name for one in comparisons}
    assert sorted(entry.facts.keys() - named - DRESS) == []
    if not named & {"refusal", "refused"}:
        assert found.refusal is None
    assert_ledger_holds(found)
    assert_known_again(found)


def assert_known_again(found: Found) -> None:
    """The same items in other bytes: nothing is stored twice, and all of it is known."""
    patient = found.patient
    with acting_on(patient.id):
        # The row forgets whose bytes it had, so that they come as new.
        Upload.objects.filter(id=found.upload.id).update(sha256="0" * 64)
    upload = make.make_upload(patient, found.path.read_bytes(), found.path.name)
    assert upload.id != found.upload.id
    read_upload(upload.id, now=timezone.now())
    with acting_on(patient.id):
        report = Upload.objects.get(id=upload.id).report
    first = found.upload.report
    for what in ("samples", "records"):
        assert report[what].keys() == first[what].keys()
        for name, tally in report[what].items():
            before = first[what][name]
            assert (tally["stored"], tally.get("refused")) == (0, before.get("refused"))
            # Of two values for one time the later replaces the earlier, each time anew.
            assert tally["replaced"] <= 2 * before["replaced"]
            given = sum(tally[count] for count in ("known", "replaced"))
            assert given == sum(before[count] for count in ("stored", "known", "replaced"))
    assert report["problems"] == first["problems"]


def assert_ledger_holds(found: Found) -> None:
    """What the items say is what the report says and what is stored; nothing is lost between them."""
    report = found.upload.report
    patient = found.patient.id
    with acting_on(patient):
        names = dict(Source.objects.values_list("id", "name"))
        records = Counter(Record.objects.values_list("type", flat=True))
        summed_up = set(DaySummary.objects.values_list("kind", flat=True))
        stored = {
            kind: store.read(patient, kind, store.EARLIEST_MS, store.LATEST_MS) for kind in sorted(summed_up)
        }
    for kind, series in found.series.items():
        tally = report["samples"][kind]
        expected: dict[tuple[str, int, int], float] = {}
        columns = series.columns.take(series.kept)
        sources = [source for source, kept in zip(series.sources, series.kept, strict=True) if kept]
        rows = zip(
            sources, columns.start.tolist(), columns.duration.tolist(), columns.value.tolist(), strict=True
        )
        for source, start, duration, value in rows:
            expected[source or "Unnamed source", start, duration] = value
        given = sum(tally[name] for name in ("stored", "known", "replaced", "suppressed"))
        assert (given, tally["refused"]) == (len(columns), len(series) - len(columns))
        assert tally["stored"] == len(expected)
        if not expected:
            continue
        reading = stored[kind]
        kept = reading.columns
        assert {
            (names[reading.sources[place]], start, duration): value
            for place, start, duration, value in zip(
                reading.source.tolist(),
                kept.start.tolist(),
                kept.duration.tolist(),
                kept.value.tolist(),
                strict=True,
            )
        } == expected
        low, high = KINDS[kind].hard
        assert low <= min(expected.values()) <= max(expected.values()) <= high
    assert set(report["samples"]) == set(found.series)
    assert {type_: sum(tally.values()) for type_, tally in report["records"].items()} == found.record_types
    assert {type_: tally["stored"] for type_, tally in report["records"].items()} == records
    beside = sum(problem["count"] for problem in report["problems"])
    refused = sum(tally["refused"] for tally in report["samples"].values())
    assert beside - refused == sum(problem.count for problem in found.problems)
