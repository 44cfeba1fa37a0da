"""The demo's people: repeatable, up to date, within the catalogue's ranges, and medically coherent."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parseaddr
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from backend.rules import Level, Topic
from twin.demo import story, volunteer
from twin.demo.cast import CAREGIVERS, CLINICIANS, DAUGHTER, MARIA, PATIENTS
from twin.demo.days import Days
from twin.demo.delivery import syncs
from twin.demo.glucose import estimated_average_glucose
from twin.demo.laboratory import LATEST_EGFR, creatinine_at, filtration_rate
from twin.demo.people import PEOPLE, TEAM
from twin.demo.pressure import EFFECT_DBP, EFFECT_SBP
from twin.forecast.glucose import GlucoseAhead, Readings, forecast_glucose
from twin.forecast.glucose_band import Bands
from twin.intake.acceptance import accept
from twin.intake.items import Item, Record, RecordType, Samples
from twin.kinds import KINDS, Verdict, judge
from twin.risk.questionnaires import questionnaire
from twin.series.columns import Columns

NOW = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
DAY_MS = 86_400_000


def series_of(items: list[Item]) -> dict[tuple[str, str], Columns]:
    """The batches of each kind and source put together."""
    parts = defaultdict(list)
    for item in items:
        if isinstance(item, Samples):
            parts[item.kind, item.source].append(item.columns)
    return {
        key: Columns(
            np.concatenate([part.start for part in its_parts]),
            np.concatenate([part.duration for part in its_parts]),
            np.concatenate([part.value for part in its_parts]),
        )
        for key, its_parts in parts.items()
    }


@pytest.fixture(scope="module")
def items_of() -> dict[str, list[Item]]:
    return {person.email: list(person.items(NOW)) for person in PATIENTS}


@pytest.fixture(scope="module")
def maria(items_of: dict[str, list[Item]]) -> dict[tuple[str, str], Columns]:
    return series_of(items_of[MARIA.email])


def of(series: dict[tuple[str, str], Columns], kind: str, device: str) -> Columns:
    return series[kind, story.source(device)]


EVERYBODY = pytest.mark.parametrize("person", PATIENTS, ids=lambda person: person.email.split("@")[0])


@EVERYBODY
def test_items_same_now_are_equal(person, items_of):
    again = list(person.items(NOW))
    assert len(again) == len(items_of[person.email])
    for one, other in zip(again, items_of[person.email], strict=True):
        if isinstance(one, Samples):
            assert (one.kind, one.source, one.unit) == (other.kind, other.source, other.unit)
            assert one.columns.start.tobytes() == other.columns.start.tobytes()
            assert one.columns.duration.tobytes() == other.columns.duration.tobytes()
            assert one.columns.value.tobytes() == other.columns.value.tobytes()
        else:
            assert one == other


@EVERYBODY
@pytest.mark.parametrize("later", [timedelta(), timedelta(days=3, hours=9), timedelta(days=127)])
def test_items_any_day_end_today_or_yesterday_and_never_later(person, later):
    now = NOW + later
    today = now.astimezone(ZoneInfo(person.time_zone)).date()
    ends = [
        int((item.columns.start + item.columns.duration).max())
        for item in person.items(now)
        if isinstance(item, Samples)
    ]
    last = datetime.fromtimestamp(max(ends) / 1000, ZoneInfo(person.time_zone))
    assert last <= now
    assert last.date() in (today, today - timedelta(days=1))


@EVERYBODY
def test_samples_stand_in_catalogue_unit_and_hard_range(person, items_of):
    verdicts = np.zeros(3)
    for item in items_of[person.email]:
        if isinstance(item, Samples):
            assert item.unit == KINDS[item.kind].unit
            assert len(item.columns) > 0
            verdicts += np.bincount(judge(KINDS[item.kind], item.columns.value), minlength=3)
    assert verdicts[Verdict.REJECT] == 0
    assert verdicts[Verdict.WARN] <= 0.02 * verdicts.sum()


@EVERYBODY
def test_samples_are_accepted_without_a_problem(person, items_of):
    for item in items_of[person.email]:
        if isinstance(item, Samples):
            accepted, problems = accept(item, now=NOW)
            assert problems == []
            assert len(accepted.columns) == len(item.columns)


@EVERYBODY
def test_samples_are_in_order_without_repeats(person, items_of):
    for columns in series_of(items_of[person.email]).values():
        assert np.all(np.diff(columns.start) > 0)
        assert np.all(columns.duration >= 0)


@EVERYBODY
def test_syncs_hand_over_every_sample_once_soon_after_it_is_over(person, items_of):
    handed: dict[tuple[str, str], list[int]] = defaultdict(list)
    before = 0
    for at, items in syncs(items_of[person.email], NOW):
        moment = round(at.timestamp() * 1000)
        for item in items:
            if isinstance(item, Samples):
                ends = item.columns.start + item.columns.duration
                assert before < ends.min()
                assert ends.max() <= moment
                handed[item.kind, item.source] += item.columns.start.tolist()
        before = moment
    assert at == NOW
    whole = series_of(items_of[person.email])
    assert {key: sorted(starts) for key, starts in handed.items()} == {
        key: columns.start.tolist() for key, columns in whole.items()
    }


@EVERYBODY
def test_samples_offset_is_the_zone_s(person, items_of):
    zone = person.zones(NOW) if person.zones else ZoneInfo(person.time_zone)
    for item in items_of[person.email]:
        if isinstance(item, Samples):
            for at in (0, len(item.columns) // 2, len(item.columns) * 9 // 10, -1):
                local = datetime.fromtimestamp(int(item.columns.start[at]) / 1000, zone)
                assert int(item.columns.offset[at]) == local.utcoffset() // timedelta(minutes=1)


def test_sources_of_generated_patient_say_that_nothing_was_measured(items_of):
    assert all("generated demo data" in item.source.lower() for item in items_of[MARIA.email])


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.email.split("@")[0])
def test_sources_of_real_series_name_the_data_set_and_its_credit(person, items_of):
    written = (Path(__file__).parents[2] / "docs" / "data-credits.md").read_text(encoding="utf-8")
    sources = {item.source for item in items_of[person.email]}
    assert len(sources) == 1
    assert f"| {sources.pop().removesuffix(' data set')} |" in written


@pytest.mark.parametrize("weeks", [1, 2, 30])
def test_real_series_move_by_whole_weeks(weeks):
    person = PEOPLE[0]
    then = series_of(list(person.items(NOW)))["steps", "LifeSnaps data set"]
    later = series_of(list(person.items(NOW + timedelta(weeks=weeks))))["steps", "LifeSnaps data set"]
    assert list(later.value) == list(then.value)
    zone = ZoneInfo(person.time_zone)
    for before, after in zip(then.start, later.start, strict=True):
        old, new = (datetime.fromtimestamp(at / 1000, zone).date() for at in (before, after))
        assert new - old == timedelta(weeks=weeks)


def test_shipped_files_are_small_and_each_is_used():
    files = sorted(volunteer.DATA.glob("*.csv.gz"))
    assert sum(file.stat().st_size for file in files) <= 3_000_000
    assert len(files) == len(PEOPLE)


@pytest.mark.parametrize(("creatinine", "age", "expected"), [(0.7, 40, 112.1), (1.0, 50, 68.6)])
def test_filtration_rate_of_women(creatinine, age, expected):
    assert round(float(filtration_rate(np.array([creatinine]), np.array([float(age)]))[0]), 1) == expected


def test_laboratory_egfr_agrees_with_creatinine_and_age(maria):
    creatinine = of(maria, "creatinine", "laboratory")
    drawn = [datetime.fromtimestamp(at / 1000, UTC).date() for at in creatinine.start]
    birth = story.BIRTH_DATE
    age = [day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)) for day in drawn]
    expected = np.rint(filtration_rate(creatinine.value, np.array(age, dtype=np.float64)))
    egfr = of(maria, "egfr", "laboratory").value
    assert list(egfr) == list(expected)
    assert egfr[-1] == LATEST_EGFR == 52
    assert egfr[0] > egfr[-1]
    # G3a all along.
    assert np.all((egfr >= 45) & (egfr < 60))


def test_creatinine_at_is_the_inverse():
    age = np.array([50.0, 63.0, 80.0])
    rate = np.array([75.0, 52.0, 31.0])
    assert np.allclose(filtration_rate(creatinine_at(rate, age), age), rate, rtol=1e-12)


def test_laboratory_is_quarterly_for_more_than_two_years(maria):
    drawn = of(maria, "hba1c", "laboratory").start
    assert len(drawn) == 10
    assert set(np.rint(np.diff(drawn) / DAY_MS)) == {91}
    assert of(maria, "hba1c", "laboratory").value[-1] == 7.4


def test_lipid_panel_adds_up(maria):
    total, ldl, hdl, triglycerides = (
        of(maria, kind, "laboratory").value for kind in ("total_cholesterol", "ldl", "hdl", "triglycerides")
    )
    assert np.all(np.abs(total - ldl - hdl - triglycerides / 5) <= 0.5)


@pytest.mark.parametrize(
    ("kind", "full", "lowest", "highest"),
    # A second drug at standard dose, 33 trials: -7.5 (-9.5 to -5.4), Salam A et al., J Hypertens 2019;
    # diastolic in proportion to the class means of Law MR et al., BMJ 2003;326:1427.
    [("sbp", EFFECT_SBP, 5.4, 9.5), ("dbp", EFFECT_DBP, 3.0, 6.0)],
)
@pytest.mark.parametrize("later", [0, 1, 100, 200])
def test_amlodipine_lowers_pressure_within_the_sourced_range(kind, full, lowest, highest, later):
    now = NOW + timedelta(days=later)
    home = of(series_of(list(MARIA.items(now))), kind, "blood pressure monitor")
    ago = (now.timestamp() * 1000 - home.start) / DAY_MS
    before = home.value[(ago >= story.AMLODIPINE_DAYS_AGO + 1) & (ago < 2 * story.AMLODIPINE_DAYS_AGO + 1)]
    after = home.value[ago < 21]
    assert lowest <= full <= highest
    assert lowest <= before.mean() - after.mean() <= highest


def test_medicine_record_starts_with_the_effect(items_of):
    (record,) = [
        item for item in items_of[MARIA.email] if isinstance(item, Record) and "Amlodipine" in item.text
    ]
    assert record.start is not None
    assert record.start.date() == date(2026, 11, 23) - timedelta(days=story.AMLODIPINE_DAYS_AGO)


def test_watch_and_phone_count_the_same_steps(maria):
    def by_day(columns: Columns) -> dict[int, float]:
        days = Days.until(date(2026, 11, 23), story.DAYS, ZoneInfo(story.TIME_ZONE))
        day, _ = days.moments(columns.start)
        return dict(zip(range(story.DAYS), np.bincount(day, columns.value, story.DAYS), strict=True))

    watch, phone = (by_day(of(maria, "steps", device)) for device in ("watch", "phone"))
    common = [day for day in watch if watch[day] > 500 and phone[day] > 500]
    assert len(common) > 250
    assert np.corrcoef([watch[day] for day in common], [phone[day] for day in common])[0, 1] > 0.8
    # Added up they would be half as many again at the least.
    assert sum(phone.values()) > 0.5 * sum(watch.values())


def test_sensor_agrees_with_hba1c(maria):
    sensor = of(maria, "glucose_cgm", "glucose sensor")
    expected = estimated_average_glucose(np.array([7.4]))[0]
    assert abs(sensor.value.mean() - expected) < 8
    assert len(sensor) > 0.9 * 27 * 288


def test_sensor_is_forecast_from(maria):
    sensor = of(maria, "glucose_cgm", "glucose sensor")
    none = np.zeros(len(sensor), np.bool_)
    readings = Readings(sensor.start, sensor.value, none, none)
    now = round(NOW.timestamp() * 1000)
    made = forecast_glucose(
        readings, Bands.of_anybody(), now=now, minutes_of_day=lambda at: at // 60_000 % 1440.0
    )
    assert isinstance(made, GlucoseAhead)


def test_heart_is_slower_asleep_than_awake(maria):
    heart = of(maria, "heart_rate", "watch")
    days = Days.until(date(2026, 11, 23), story.DAYS, ZoneInfo(story.TIME_ZONE))
    _, hour = days.moments(heart.start)
    night = heart.value[(hour > 1) & (hour < 5)].mean()
    noon = heart.value[(hour > 10) & (hour < 19)].mean()
    assert 10 < noon - night < 25
    assert len(heart) > 0.9 * story.DAYS * 1440


def test_sleep_stages_fill_the_night(maria):
    slept = of(maria, "sleep_duration", "watch")
    staged = sum(of(maria, f"sleep_stage_{stage}", "watch").value.sum() for stage in ("deep", "rem", "light"))
    assert abs(staged / 60 - slept.value.sum()) < 0.01 * slept.value.sum()


def test_records_of_maria_cover_what_a_chart_needs(items_of):
    records = [item for item in items_of[MARIA.email] if isinstance(item, Record)]
    assert {record.type for record in records} == {
        RecordType.CONDITION,
        RecordType.MEDICATION,
        RecordType.ALLERGY,
        RecordType.IMMUNIZATION,
        RecordType.PROCEDURE,
    }
    assert len({record.identity for record in records}) == len(records)
    for record in records:
        assert record.body["resourceType"] == record.identity.split("/")[0]
        assert record.body["meta"]["tag"][0]["code"] == "HTEST"
        assert record.start is not None
        assert record.start <= NOW


def test_cast_uses_a_reserved_domain_and_distinct_addresses():
    everybody = [*PATIENTS, *CAREGIVERS, *CLINICIANS]
    addresses = [parseaddr(person.email)[1] for person in everybody]
    assert all(address.endswith("@pollux.example") and address == address.lower() for address in addresses)
    assert len(set(addresses)) == len(everybody)
    assert len(PEOPLE) == 12


def test_cast_grants_go_to_one_known_person_or_team():
    known = {person.email for person in (*PATIENTS, *CAREGIVERS, *CLINICIANS)}
    for person in PATIENTS:
        for grant in person.grants:
            assert (grant.to_team == TEAM) != (grant.to_email in known)
    daughter = next(grant for grant in MARIA.grants if grant.to_email == DAUGHTER.email)
    assert daughter.topics == {
        Topic.VITALS: Level.ACT,
        Topic.GLUCOSE: Level.READ,
        Topic.MEDICATION: Level.READ,
    }


def test_journey_of_one_person_lies_in_her_days(items_of):
    (person,) = (one for one in PEOPLE if one.zones)
    zones = person.zones(NOW)
    (left, abroad), (returned, home) = zones.moves
    assert (zones.first, home, zones.key_at(NOW)) == (person.time_zone,) * 3
    assert left < returned < NOW
    steps = series_of(items_of[person.email])["steps", "LifeSnaps data set"]
    midnights = [datetime.fromtimestamp(start / 1000, zones) for start in steps.start.tolist()]
    assert {at.time() for at in midnights} == {time()}
    assert {zones.key_at(at) for at in midnights} == {home, abroad}


def test_nobody_answers_in_a_way_that_calls_for_help():
    for person in PATIENTS:
        for one in person.answered:
            asks = questionnaire(one.code)
            assert len(one.points) == len(asks.questions)
            assert one.code != "phq9" or one.points[8] == 0
