"""Scores as they are kept: what they are made of, what moves them, who may read them."""

from datetime import date, timedelta

import make
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from readings import NOON, hand_over

from backend.actor import acting_for, acting_for_all, acting_on
from backend.models import Change
from backend.rules import Level, Topic
from twin.models import Answer, Record, ScoreResult, StaleScores
from twin.risk import catalogue
from twin.risk.data import load
from twin.risk.given import Given, named
from twin.risk.result import Input
from twin.scores.topics import CGM, inputs_of, topics_of
from twin.services.scores import GLUCOSE_EVERY, refresh_scores
from twin.services.stale_scores import SETTLE, mark_scores_stale
from twin.services.warning_facts import read_facts
from twin.warnings.rule_file import current_rules

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
LABORATORY = {"total_cholesterol": 200.0, "hdl": 45.0, "creatinine": 0.9}
JSON = "application/json"


def refresh(patient, now=NOON) -> dict[str, ScoreResult]:
    """As if something had come and has settled."""
    with acting_on(patient.id):
        mark_scores_stale(patient.id, now=now)
    assert refresh_scores(patient.id, now=now + SETTLE)
    return standing(patient)


def standing(patient) -> dict[str, ScoreResult]:
    with acting_on(patient.id):
        return {row.code: row for row in ScoreResult.objects.filter(superseded_at=None)}


def say(patient, code, value, *, word="self", at=NOON, topic="records"):
    with acting_for_all():
        Answer.objects.create(
            patient=patient, topic=topic, code=code, value=value, word=word, answered_by=patient.user,
            answered_at=at,
        )  # fmt: skip


def write(patient, type_, text, *, topic="records", **fields):
    with acting_for_all():
        Record.objects.create(
            patient=patient, topic=topic, type=type_, text=text, identity=text, body={}, updated_at=NOON,
            **fields,
        )  # fmt: skip


def refs(patient) -> list[str]:
    with acting_for_all():
        found = Change.objects.filter(stream=patient.id, ref__startswith="score/").order_by("seq")
        return list(found.values_list("ref", flat=True))


def test_scores_of_somebody_unknown_say_what_is_missing(cast):
    rows = refresh(cast.pia_patient)
    assert rows.keys() == topics_of().keys() - {*CGM, "phq9", "gad7"}
    assert {row.value for row in rows.values()} == {None}
    assert rows["bmi"].result["missing"] == ["Weight", "Height"]
    assert rows["score2"].result["missing"][0] == "Risk region of the country"
    assert (rows["news2"].low, rows["news2"].high) == (0, 20)


def test_scores_are_made_of_readings_records_and_answers(cast):
    pia = cast.pia_patient
    for code, value in LABORATORY.items():
        hand_over(pia, code, {NOON - 30 * DAY: value}, source="Laboratory")
    hand_over(pia, "sbp", {NOON - number * DAY: 120.0 + number for number in range(9)}, source="Cuff")
    write(pia, "condition", "Hay fever", starts_at=NOON - 900 * DAY)
    write(pia, "medication", "Atorvastatin 20 mg", topic="medication", starts_at=NOON - 90 * DAY)
    say(pia, "smoking", False)
    say(pia, "region", "moderate", word="clinician")
    rows = refresh(pia)
    inputs = {one["name"]: one for one in rows["score2"].result["inputs"]}
    assert (inputs["Systolic blood pressure"]["value"], inputs["Systolic blood pressure"]["source"]) == (
        123.0,
        "mean of 7 days: Cuff",
    )
    assert inputs["Smoking now"]["source"] == "said by the patient"
    assert inputs["Risk region of the country"]["source"] == "said by a clinician"
    assert inputs["Diabetes"]["source"] == "the records do not name it"
    assert rows["score2"].value > 0
    assert rows["score2"].band == rows["score2"].result["band"]["code"]
    assert rows["score2"].data_on == date(2026, 3, 2)
    assert rows["prevent_10y_total_cvd"].value > 0
    assert rows["ckd_epi_2021"].value > 60


def test_score_stands_on_every_topic_of_what_it_says(cast):
    names = {named(code): code for code in load("handling")["inputs"]}
    everything = Given(
        {code: Input(named(code), 1.0, "", NOON.date(), "") for code in load("handling")["inputs"]}
    )
    for score in catalogue.scores(everything):
        said = {names[one.name] for one in (*score.inputs, *score.refused) if one.name in names}
        beyond = {
            topic
            for code in said - inputs_of()[score.code]
            for other, wants in inputs_of().items()
            if wants == {code}
            for topic in topics_of()[other]
        }
        assert beyond <= topics_of()[score.code]


def test_score_of_a_record_that_was_put_elsewhere_stands_on_that_topic_too(cast):
    pia = cast.pia_patient
    write(pia, "condition", "Atrial fibrillation", topic="mental_health", starts_at=NOON - DAY)
    rows = refresh(pia)
    assert rows["cha2ds2_vasc"].topics == ["mental_health", "records"]
    assert rows["cha2ds2_vasc"].topic == "mental_health"
    assert rows["fib4"].topics == ["records"]


def test_same_again_changes_nothing_and_a_new_day_tells_nothing(cast):
    pia = cast.pia_patient
    hand_over(pia, "weight", {NOON - DAY: 80.0})
    hand_over(pia, "height", {NOON - DAY: 180.0})
    first = refresh(pia)["bmi"]
    before = refs(pia)
    assert len(before) == len(set(before))
    assert refresh(pia, NOON + MINUTE)["bmi"].made_at == first.made_at
    assert refresh(pia, NOON + 2 * DAY)["bmi"].made_at == first.made_at
    assert refs(pia) == before


def test_score_that_moves_keeps_the_last_of_each_day_and_every_band(cast):
    pia = cast.pia_patient
    hand_over(pia, "height", {NOON - DAY: 180.0})
    steps = [(0, 80.0), (1, 80.5), (2, 82.0), (26, 82.5), (27, 76.0)]
    for hours, weight in steps:
        hand_over(pia, "weight", {NOON + hours * HOUR: weight}, now=NOON + hours * HOUR)
        refresh(pia, NOON + hours * HOUR)
    with acting_on(pia.id):
        rows = list(ScoreResult.objects.filter(code="bmi").order_by("made_at"))
    assert [(round(row.value, 1), row.band) for row in rows] == [
        (24.8, "normal"),
        (25.3, "overweight"),
        (25.5, "overweight"),
        (23.5, "normal"),
    ]
    assert [row.superseded_at for row in rows[:-1]] == [row.made_at for row in rows[1:]]
    assert rows[-1].superseded_at is None


def test_vital_score_is_a_range_until_it_is_whole_and_ages(cast):
    pia = cast.pia_patient
    for code, value in (("resp_rate", 25.0), ("spo2", 97.0), ("sbp", 118.0), ("temperature", 37.0)):
        hand_over(pia, code, {NOON - 30 * MINUTE: value})
    hand_over(pia, "heart_rate", {NOON - 20 * MINUTE: 72.0})
    row = refresh(pia)["news2"]
    assert (row.value, row.low, row.high) == (None, 3, 8)
    assert row.data_at == NOON - 20 * MINUTE
    say(pia, "on_oxygen", False, topic="vitals")
    say(pia, "consciousness", "A", topic="vitals")
    row = refresh(pia)["news2"]
    assert (row.value, row.band, row.details["least"]["code"]) == (3, "low_medium", "low_medium")
    with acting_on(pia.id):
        due_at = StaleScores.objects.get().due_at
    assert due_at == NOON + 100 * MINUTE  # a pulse counts for two hours
    assert refresh_scores(pia.id, now=due_at + MINUTE)
    assert standing(pia)["news2"].result["missing"] == ["Pulse"]


def test_vital_score_leaves_out_what_was_counted_in_a_run(cast):
    pia = cast.pia_patient
    hand_over(pia, "heart_rate", {NOON - 50 * MINUTE: 72.0, NOON - 20 * MINUTE: 145.0})
    hand_over(pia, "steps", {NOON - 25 * MINUTE: 900.0}, lasts=600)
    parts = {part["parameter"]: part for part in refresh(pia)["news2"].details["parts"]}
    assert (parts["pulse"]["standing"], parts["pulse"]["low"]) == ("known", 0)


def test_kept_score_and_warnings_go_by_the_same_measurements(cast):
    pia = cast.pia_patient
    hand_over(pia, "heart_rate", {NOON - 50 * MINUTE: 72.0, NOON - 10 * MINUTE: 145.0})
    hand_over(pia, "resp_rate", {NOON - 180 * MINUTE: 26.0}, lasts=7_200)
    hand_over(pia, "spo2", {NOON - 5 * MINUTE: 90.0})
    ride = {"starts_at": NOON - 30 * MINUTE, "ends_at": NOON - 12 * MINUTE}
    write(pia, "activity", "Ride", topic="vitals", **ride)
    kept = refresh(pia)["news2"]
    with acting_on(pia.id):
        warned = read_facts(pia.id, current_rules(), arrived={}, now=NOON).scores["news2"]
    parts = {part["parameter"]: part["standing"] for part in kept.details["parts"]}
    assert (parts["pulse"], parts["resp_rate"], parts["spo2"]) == ("known", "missing", "known")
    assert (kept.low, kept.high) == (warned.low, warned.high)
    assert kept.low == 3


def test_pregnancy_is_said_only_to_who_may_read_records(cast):
    pia = cast.pia_patient
    say(pia, "pregnant", True)
    row = refresh(pia)["news2"]
    assert [one["name"] for one in row.result["refused"]] == ["Pregnancy"]
    assert row.topics == ["records", "vitals"]


def test_glucose_scores_come_of_two_weeks_and_hourly_and_go_with_the_sensor(cast):
    pia = cast.pia_patient
    values = {NOON - number * 5 * MINUTE: 120.0 + number % 50 for number in range(1, 14 * 288)}
    hand_over(pia, "glucose_cgm", values, source="Sensor")
    rows = refresh(pia)
    assert [rows[code].value is not None for code in CGM] == [True] * 4
    assert rows["cgm_tir"].value == 100
    made_at = rows["cgm_gmi"].made_at
    hand_over(pia, "glucose_cgm", {NOON + MINUTE: 300.0}, source="Sensor")
    assert refresh(pia, NOON + 5 * MINUTE)["cgm_gmi"].made_at == made_at
    later = refresh(pia, NOON + GLUCOSE_EVERY + MINUTE)
    assert later["cgm_tir"].value < 100
    assert not set(CGM) & refresh(pia, NOON + 20 * DAY).keys()
    assert refs(pia)[-4:] == [f"score/{code}" for code in sorted(CGM)]


def test_scores_are_worked_out_when_they_are_due_alone(cast):
    pia = cast.pia_patient
    assert not refresh_scores(pia.id, now=NOON)
    hand_over(pia, "weight", {NOON - HOUR: 80.0})
    assert not refresh_scores(pia.id, now=NOON)
    assert refresh_scores(pia.id, now=NOON + SETTLE)
    assert not refresh_scores(pia.id, now=NOON + 2 * SETTLE)
    with acting_on(pia.id):
        assert StaleScores.objects.get().due_at == make.at("2026-03-02T23:00")  # midnight in Berlin


def test_scores_are_read_by_who_may_read_all_of_their_topics(cast, client_of):
    def codes(who):
        answer = client_of(who).get(f"/api/v1/patients/{cast.pia_patient.id}/scores")
        return [one["code"] for one in answer.json()["results"]]

    hand_over(cast.pia_patient, "glucose_cgm", {timezone.now() - HOUR: 120.0}, now=timezone.now())
    make.make_grant(
        cast.pia_patient, person=cast.carl, topics={Topic.RECORDS: Level.READ, Topic.GLUCOSE: Level.READ}
    )
    assert codes("dora") == ["bmi", "news2", *CGM]
    assert codes("carl") == ["cha2ds2_vasc", "cha2ds2_va", "fib4", "ckd_epi_2021", "egfr_slope", *CGM]
    assert codes("pia") == codes("cleo") == [code for code in topics_of() if code not in ("phq9", "gad7")]
    with acting_for(cast.carl.id):
        assert "score2" not in set(ScoreResult.objects.values_list("code", flat=True))
        assert "fib4" in set(ScoreResult.objects.values_list("code", flat=True))
    with acting_for(cast.paul.id):
        assert not ScoreResult.objects.exists()


def test_history_of_a_score_comes_newest_first(cast, client_of):
    pia, now = cast.pia_patient, timezone.now()
    hand_over(pia, "height", {now - DAY: 180.0}, now=now)
    for number, weight in enumerate((80.0, 82.0)):
        hand_over(pia, "weight", {now - (9 - number) * MINUTE: weight}, now=now)
        refresh(pia, now + number * DAY)
    path = f"/api/v1/patients/{pia.id}/scores/bmi/history"
    found = client_of("dora").get(path).json()["results"]
    assert (found[0]["band"], found[0]["superseded_at"]) == ("overweight", None)
    assert client_of("dora").get(path.replace("bmi", "score2")).status_code == 404
    assert client_of("pia").get(path.replace("bmi", "luck")).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"topics": []}, "score_topic_is_one_of_its_topics"),
        ({"topics": ["vitals", "luck"]}, "score_topics_are_known"),
        ({"topics": ["records"]}, "score_topic_is_one_of_its_topics"),
        ({"band": "high"}, "score_with_a_band_has_a_value"),
        ({"low": 1.0}, "score_range_has_both_ends_in_order"),
        ({"low": 2.0, "high": 1.0}, "score_range_has_both_ends_in_order"),
        ({"superseded_at": NOON - DAY}, "score_is_superseded_after_it_was_made"),
    ],
)
def test_row_that_cannot_be_is_refused(cast, wrong, name):
    given = {"code": "bmi", "topic": "vitals", "topics": ["vitals"], "result": {}, "made_at": NOON} | wrong
    with acting_for_all(), pytest.raises(IntegrityError, match=name), transaction.atomic():
        ScoreResult.objects.create(patient=cast.pia_patient, **given)


def test_score_is_current_once_for_each_code(cast):
    given = {"code": "bmi", "topic": "vitals", "topics": ["vitals"], "result": {}, "made_at": NOON}
    with acting_for_all():
        ScoreResult.objects.create(patient=cast.pia_patient, **given)
        with pytest.raises(IntegrityError, match="score_is_current_once"), transaction.atomic():
            ScoreResult.objects.create(patient=cast.pia_patient, **given)
