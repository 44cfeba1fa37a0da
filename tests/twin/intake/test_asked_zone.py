"""Whose clocks a file was read by is told to its owner, and only where it mattered."""

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.zones import ZoneHistory
from twin.intake.asked_zone import AskedZone
from twin.intake.items import Item, Remark, RemarkCode, Samples
from twin.intake.opening import open_upload
from twin.intake.parsing import parse_instants

BERLIN = ZoneInfo("Europe/Berlin")
MOVED = datetime(2026, 3, 2, 12, tzinfo=UTC)
JOURNEY = ZoneHistory(
    "Europe/Berlin", (MOVED, "America/New_York"), (MOVED + timedelta(days=9), "Europe/Berlin")
)
SAMPLES = Path(__file__).parents[2] / "samples"


def told(*texts: str, zone: tzinfo = JOURNEY) -> list[str]:
    asked = AskedZone(zone)
    for text in texts:
        parse_instants([text], asked)
    return [remark.text for remark in asked.remarks()]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2026-03-01T08:00:00Z", "2026-03-01 08:00:00 +0100", "2026-03-05T08:00:00-05:00", "never"], []),
        (["2026-03-01T08:00:00"], ["Europe/Berlin"]),
        (["2026-03-01T08:00:00", "2026-03-05T08:00:00Z", "2026-03-20T08:00:00"], ["Europe/Berlin"]),
        (["2026-03-05T08:00:00"], ["America/New_York"]),
        (["2026-03-05T08:00:00", "2026-03-01T08:00:00"], ["Europe/Berlin, then America/New_York"]),
        (["2026-03-20T08:00:00", "2026-03-05T08:00:00"], ["America/New_York, then Europe/Berlin"]),
    ],
)
def test_remark_names_the_zones_that_were_asked_for(texts, expected):
    assert told(*texts) == expected


def test_remark_names_a_single_zone_too():
    assert told("2026-03-05T08:00:00", zone=BERLIN) == ["Europe/Berlin"]
    assert told("2026-03-05T08:00:00", zone=UTC) == ["UTC"]


def test_looking_at_an_instant_by_the_zone_is_asking():
    asked = AskedZone(JOURNEY)
    assert MOVED.astimezone(asked).hour == 7
    assert list(asked.remarks()) == [Remark(RemarkCode.ZONE_ASSUMED, "America/New_York")]


@given(
    zone=st.sampled_from([JOURNEY, BERLIN]),
    at=st.datetimes(datetime.fromisoformat("2026-02-25"), datetime.fromisoformat("2026-11-01")),
    fold=st.sampled_from([0, 1]),
)
def test_answers_are_those_of_the_zone(zone, at, fold):
    ours, theirs = (at.replace(tzinfo=each, fold=fold) for each in (AskedZone(zone), zone))
    assert (ours.utcoffset(), ours.dst(), ours.tzname()) == (
        theirs.utcoffset(),
        theirs.dst(),
        theirs.tzname(),
    )
    ours, theirs = (at.replace(tzinfo=UTC).astimezone(each) for each in (AskedZone(zone), zone))
    assert (ours.replace(tzinfo=None), ours.fold) == (theirs.replace(tzinfo=None), theirs.fold)


def items_of(path: Path, zone: tzinfo = BERLIN) -> list[Item]:
    return list(open_upload(path, zone=zone, name=path.name).items)


@pytest.mark.parametrize(
    "name",
    [
        "apple_health/tdda_iphone6s.xml",
        "apple_health/lifesnaps_p51.zip",
        "fhir_r4/synthea_clemente_kreiger.json",
        "fhir_r4/us_core_Procedure-R4-defib-implant.json",
        "nightscout/entries.json",
    ],
)
def test_file_whose_times_have_offsets_or_are_instants_assumes_no_zone(name):
    assert [item for item in items_of(SAMPLES / name) if isinstance(item, Remark)] == []


def test_takeout_in_utc_assumes_no_zone(tmp_path):
    path = tmp_path / "heart_rate-2024-03-01.json"
    path.write_text('[{"dateTime": "03/01/24 08:00:00", "value": {"bpm": 61, "confidence": 3}}]')
    (samples,) = items_of(path)
    assert isinstance(samples, Samples)


@pytest.mark.parametrize(
    "name",
    [
        "fitbit/minutes.csv",
        "fitbit/web_api_sleep.json",
        "fitbit/takeout_resting_heart_rate-2024-03-01.json",
        "fhir_r4/us_core_observation-serum-bun.json",  # a day is a day of the zone
    ],
)
def test_file_of_wall_times_or_days_says_last_by_which_zone_it_was_read(name):
    *_, last = items = items_of(SAMPLES / name)
    assert [item for item in items if isinstance(item, Remark)] == [last]
    assert last == Remark(RemarkCode.ZONE_ASSUMED, "Europe/Berlin")


def test_items_of_a_reader_that_goes_on_after_some_are_the_same(tmp_path):
    path = tmp_path / "several.csv"
    rows = ["2026-03-01T08:00:00,weight,80,kg", "2026-03-05T08:00:00,sbp,130,mmHg", "never,sbp,130,mmHg"]
    path.write_text("\n".join(["start,kind,value,unit", *rows]))
    whole = items_of(path, JOURNEY)
    assert whole[-1] == Remark(RemarkCode.ZONE_ASSUMED, "Europe/Berlin, then America/New_York")
    for done in range(len(whole)):
        again = open_upload(path, zone=JOURNEY).items
        assert len(list(islice(again, done))) == done
        assert list(again)[-1] == whole[-1]


def test_naive_rows_of_a_journey_are_read_by_the_clock_there(tmp_path):
    path = tmp_path / "scale.csv"
    days = ("2026-03-01", "2026-03-05", "2026-03-20")
    rows = (f"{day}T08:00:00,weight,80,kg" for day in days)
    path.write_text("\n".join(["start,kind,value,unit", *rows]))
    *samples, remark = items_of(path, JOURNEY)
    assert isinstance(remark, Remark)
    found = [
        (int(start), int(east))
        for item in samples
        if isinstance(item, Samples)
        for start, east in zip(item.columns.start, item.columns.offset, strict=True)
    ]
    offsets = {"2026-03-01": 1, "2026-03-05": -5, "2026-03-20": 1}
    assert found == [
        (round(datetime.fromisoformat(f"{day}T08:00:00{hours:+03}:00").timestamp() * 1000), hours * 60)
        for day, hours in offsets.items()
    ]
