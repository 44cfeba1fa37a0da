"""Every sample, whole and damaged: it ends soon, in items or a refusal, and nothing impossible is kept.

All damages go through the readers and what judges their items; some of them down the whole road. The folder
of POLLUX_SAMPLES, where there is one, is damaged too, and more of it.
"""

import os
import random
import re
import time
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from zlib import crc32

import make
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from manifest import Entry, Found, entries

from twin.intake.acceptance import EARLIEST, examine
from twin.intake.items import Refused, Samples
from twin.intake.opening import open_upload
from twin.kinds import KINDS

SAMPLES = Path(__file__).parents[1] / "samples"
OTHERS = os.environ.get("POLLUX_SAMPLES")
ENTRIES = [*entries(SAMPLES), *(entries(Path(OTHERS)) if OTHERS else [])]
LARGEST = 2_000_000 if OTHERS else 120_000
"""Bytes of a file that is damaged whole; of a larger one, its beginning is."""
LONGEST = 5.0
"""Seconds of work for a small file; those that others take from this machine do not count."""

NUMBER = re.compile(rb"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
YEAR = re.compile(rb"(?:19|20)\d\d")


def numbers_as(word: bytes) -> Callable[[bytes, random.Random], bytes]:
    """One number in four is another."""
    return lambda raw, chance: NUMBER.sub(lambda n: word if chance.random() < 0.25 else n[0], raw)


def cut(sixteenth: int) -> Callable[[bytes, random.Random], bytes]:
    return lambda raw, _: raw[: len(raw) * sixteenth // 16]


def flipped(raw: bytes, chance: random.Random) -> bytes:
    bytes_ = bytearray(raw)
    for _ in range(1 + len(raw) // 2000):
        bytes_[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return bytes(bytes_)


def doubled(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    return b"".join(line * (2 if chance.random() < 0.5 else 1) for line in lines)


def with_nul(raw: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(raw))
    return raw[:place] + b"\0" + raw[place:]


DAMAGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "whole": lambda raw, _: raw,
    **{f"cut {sixteenth}": cut(sixteenth) for sixteenth in range(16)},
    "flipped": flipped,
    "doubled": doubled,
    "nul": with_nul,
    "utf-16": lambda raw, _: raw.decode("utf-8", "replace").encode("utf-16"),
    "latin-1": lambda raw, _: raw.decode("utf-8", "replace").replace("a", "ä").encode("latin-1", "replace"),
    "bom": lambda raw, _: b"\xef\xbb\xbf" + raw,
    "crlf": lambda raw, _: raw.replace(b"\n", b"\r\n"),
    "1970": lambda raw, _: YEAR.sub(b"1970", raw),
    "2085": lambda raw, _: YEAR.sub(b"2085", raw),
    "nan": numbers_as(b"NaN"),
    "infinity": numbers_as(b"Infinity"),
    "1e308": numbers_as(b"1e308"),
    "negative": lambda raw, chance: NUMBER.sub(
        lambda n: b"-" + n[0] if chance.random() < 0.25 else n[0], raw
    ),
}
# Of those that go down the whole road, each file takes one, so that all of them are taken.
ON_THE_ROAD = [name for name in DAMAGES if not name.startswith("cut ")] + ["cut 3", "cut 9", "cut 14"]


def damaged(entry: Entry, damage: str) -> bytes:
    raw = entry.path.read_bytes()[:LARGEST]
    return DAMAGES[damage](raw, random.Random(crc32(f"{entry.file} {damage}".encode())))


def outcome(path: Path, name: str) -> list[object]:
    """What the readers give, in a form that can be compared; a refusal is the last of it."""
    given: list[object] = []
    try:
        for item in open_upload(path, zone=UTC, name=name).items:
            if isinstance(item, Samples):
                assert_kept_is_possible(item)
                columns = item.columns
                parts = (columns.start, columns.duration, columns.value, columns.offset, columns.flags)
                arrays = tuple(None if part is None else part.tobytes() for part in parts)
                given.append((item.kind, item.source, item.unit, *arrays))
            else:
                given.append(repr(item))
    except Refused as refused:
        given.append((refused.code, refused.message))
    return given


def assert_kept_is_possible(samples: Samples) -> None:
    """What may be stored lies inside hard ranges and in times that were; each sample is judged once."""
    now = timezone.now()
    examined = examine(samples, now=now)
    refused = sum(int(which.sum()) for _, which in examined.refused)
    assert int(examined.kept.sum()) + refused == len(samples.columns)
    kept = examined.accepted
    if not len(kept):
        return
    low, high = KINDS[samples.kind].hard
    assert np.isfinite(kept.value).all()
    assert low <= kept.value.min() <= kept.value.max() <= high
    assert kept.start.min() >= EARLIEST
    assert (kept.start + kept.duration).max() <= now.timestamp() * 1000 + 86_400_000
    assert kept.duration.min() >= 0


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.file) for entry in ENTRIES])
def test_damaged_file_ends_soon_and_twice_alike(tmp_path: Path, entry: Entry) -> None:
    path = tmp_path / "upload"
    for damage in DAMAGES:
        path.write_bytes(damaged(entry, damage))
        begun = time.process_time()
        first = outcome(path, entry.path.name)
        assert (damage, time.process_time() - begun < LONGEST) == (damage, True)
        assert (damage, outcome(path, entry.path.name)) == (damage, first)


@pytest.mark.parametrize(
    ("entry", "damage"),
    [
        pytest.param(entry, ON_THE_ROAD[place % len(ON_THE_ROAD)], id=entry.file)
        for place, entry in enumerate(ENTRIES)
    ],
)
def test_damaged_file_on_the_whole_road_is_accounted_for(db, tmp_path: Path, entry: Entry, damage: str):
    path = tmp_path / entry.path.name
    path.write_bytes(damaged(entry, damage))
    found = Found.by_uploading(path)
    report = found.upload.report
    assert found.upload.status in {"stored", "partial", "refused"}
    assert report["refusal"] is None or report["refusal"]["code"] != "reading_failed"
    tallies = [*report["samples"].values(), *report["records"].values()]
    names = ("stored", "known", "replaced", "suppressed")
    taken = sum(tally.get(name, 0) for tally in tallies for name in names)
    problems = sum(problem["count"] for problem in report["problems"])
    assert taken + problems == found.accounted_for


BODIES = {
    "utf-16": lambda raw, _: raw.decode().encode("utf-16"),
    **{
        name: DAMAGES[name]
        for name in ("flipped", "nul", "nan", "infinity", "1e308", "negative", "2085", "cut 9")
    },
}
BATCH = (
    b'{"batch_id": "fuzz-1", "series": [{"kind": "heart_rate", "unit": "count/min", "source": "Phone",'
    b' "start": [1772352000000, 1772352060000], "end": [1772352000000, 1772352060000], "value": [61, 62.5]}]}'
)


@pytest.mark.parametrize("damage", BODIES)
@pytest.mark.parametrize("seed", range(8))
def test_damaged_body_is_answered_by_a_refusal_at_worst(client_of, damage: str, seed: int) -> None:
    client = client_of("pia")
    body = BODIES[damage](BATCH, random.Random(seed))
    answer = client.post("/api/v1/samples", body, content_type="application/json")
    assert 200 <= answer.status_code < 500
    file = SimpleUploadedFile("export.csv", BODIES[damage](make.minutes_csv(20), random.Random(seed)))
    assert 200 <= client.post("/api/v1/uploads", {"file": file}).status_code < 500
    parted = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nx\r\n--b--\r\n'
    raw = BODIES[damage](parted, random.Random(seed))
    answer = client.post("/api/v1/uploads", raw, content_type="multipart/form-data; boundary=b")
    assert 200 <= answer.status_code < 500
