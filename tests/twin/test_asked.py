"""What people are asked: answers, questionnaires, and the alert that thoughts of self-harm raise at once."""

from datetime import timedelta
from uuid import uuid4

import make
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from readings import hand_over

from backend.actor import acting_for_all, acting_on
from backend.models import Change
from backend.rules import Level, Topic
from twin.models import Alert, Answer, QuestionnaireResponse, Record, StaleWarnings
from twin.services.safety_score import safety_score
from twin.services.warnings import check_patient
from twin.warnings.facts import Score

JSON = "application/json"
CALM, BLUE = [1, 1, 1, 1, 0, 0, 1, 0, 0], [0] * 8 + [1]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ask(cast, client_of):
    """A function: who, method, path below pia, body → (status, JSON)."""

    def asking(who, method, path, sent=None):
        body = {} if sent is None else {"data": sent, "content_type": JSON}
        answer = getattr(client_of(who), method)(f"/api/v1/patients/{cast.pia_patient.id}/{path}", **body)
        return answer.status_code, answer.json() if answer.content else None

    return asking


def refs(patient) -> list[str]:
    with acting_on(patient.id):
        return list(Change.objects.order_by("seq").values_list("ref", flat=True))


def alerts(patient) -> list[tuple[str, str, str]]:
    with acting_for_all():
        rows = Alert.objects.filter(patient=patient).order_by("id")
        return list(rows.values_list("rule", "severity", "status"))


def answer_to(listed, code):
    return next(one for one in listed["results"] if one["code"] == code)


def score_of(listed, code):
    return next(one for one in listed["results"] if one["code"] == code)


def test_answer_bears_whose_word_it_is_and_moves_the_scores(cast, ask):
    status, listed = ask("pia", "put", "answers", {"answers": {"smoking": False, "on_oxygen": False}})
    assert status == 200
    smoking = answer_to(listed, "smoking")
    assert (smoking["value"], smoking["word"], smoking["counts"]) == (False, "self", True)
    assert (answer_to(listed, "statin")["value"], answer_to(listed, "statin")["counts"]) == (None, False)
    assert refs(cast.pia_patient)[:2] == ["answer/smoking", "answer/on_oxygen"]
    inputs = score_of(ask("pia", "get", "scores")[1], "score2")["inputs"]
    assert [one["source"] for one in inputs if one["name"] == "Smoking now"] == ["said by the patient"]
    status, listed = ask("cleo", "put", "answers", {"answers": {"on_oxygen": True}})
    assert (status, answer_to(listed, "on_oxygen")["word"]) == (200, "clinician")
    with acting_for_all():
        kept = list(Answer.objects.filter(code="on_oxygen").order_by("answered_at"))
    assert [(row.value, row.ended_at is None) for row in kept] == [(False, False), (True, True)]


def test_answer_that_is_taken_back_is_kept_and_counts_no_more(cast, ask):
    ask("pia", "put", "answers", {"answers": {"smoking": True}})
    listed = ask("pia", "put", "answers", {"answers": {"smoking": None}})[1]
    assert answer_to(listed, "smoking")["value"] is None
    assert refs(cast.pia_patient) == ["answer/smoking"] * 2
    assert ask("pia", "put", "answers", {"answers": {"smoking": None}})[0] == 200
    assert refs(cast.pia_patient) == ["answer/smoking"] * 2
    with acting_for_all():
        assert Answer.objects.get().ended_at is not None


@pytest.mark.parametrize(
    ("who", "sent", "field"),
    [
        ("pia", {"luck": True}, "luck"),
        ("pia", {"smoking": "now and then"}, "smoking"),
        ("pia", {"family_diabetes": True}, "family_diabetes"),
        ("pia", {"consciousness": "a"}, "consciousness"),
        ("pia", {"spo2_target": "88_to_92"}, "spo2_target"),
        ("pia", {"smoking": True, "spo2_target": "usual"}, "spo2_target"),
    ],
)
def test_answer_that_cannot_be_is_refused_and_nothing_is_kept(cast, ask, who, sent, field):
    status, problem = ask(who, "put", "answers", {"answers": sent})
    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])
    with acting_for_all():
        assert not Answer.objects.exists()


def test_scale_of_saturation_is_a_clinicians_to_set(ask):
    assert ask("cleo", "put", "answers", {"answers": {"spo2_target": "88_to_92"}})[0] == 200
    notes = score_of(ask("pia", "get", "scores")[1], "news2")["notes"]
    assert any("scale 2" in note for note in notes)


def test_questions_are_asked_in_the_topics_that_one_may_read(ask):
    topics = {one["topic"] for one in ask("dora", "get", "answers")[1]["results"]}
    assert topics == {"vitals"}
    assert ask("dora", "put", "answers", {"answers": {"smoking": True}})[0] == 404


def test_questionnaires_are_offered_with_their_questions(client_of):
    offered = client_of("carl").get("/api/v1/questionnaires").json()["results"]
    assert [(one["code"], len(one["questions"])) for one in offered] == [("phq9", 9), ("gad7", 7)]
    assert client_of("carl").get("/api/v1/questionnaires/phq9").json() == offered[0]
    assert client_of("carl").get("/api/v1/questionnaires/cat_copd").status_code == 404


def test_questionnaire_is_scored_and_kept(cast, ask):
    status, made = ask("pia", "post", "questionnaires/phq9", {"answers": CALM})
    assert status == 201
    assert (made["score"]["value"], made["score"]["band"]["code"]) == (5, "mild")
    assert (made["word"], made["answered_by"], made["help"]) == ("self", "Pia", None)
    assert alerts(cast.pia_patient) == []
    assert refs(cast.pia_patient) == [f"questionnaire/{made['id']}"]
    score = score_of(ask("cleo", "get", "scores")[1], "phq9")
    assert (score["value"], score["topics"]) == (5, ["mental_health"])
    assert score["details"] == {"response": made["id"]}


def test_thoughts_of_self_harm_raise_an_alert_in_the_same_transaction(cast, ask):
    status, made = ask("pia", "post", "questionnaires/phq9", {"answers": BLUE})
    assert (status, made["score"]["value"]) == (201, 1)
    assert [flag["code"] for flag in made["score"]["flags"]] == ["crisis_help"]
    assert "crisis line" in made["help"]
    assert alerts(cast.pia_patient) == [("phq9_item9", "urgent", "raised")]
    ask("pia", "post", "questionnaires/phq9", {"answers": BLUE})
    assert len(alerts(cast.pia_patient)) == 1


def test_thoughts_of_self_harm_that_were_answered_offline_are_raised_as_of_now(cast, ask):
    days_ago = (timezone.now() - timedelta(days=20)).isoformat()
    ask("pia", "post", "questionnaires/phq9", {"answers": BLUE, "answered_at": days_ago})
    assert alerts(cast.pia_patient) == [("phq9_item9", "urgent", "raised")]
    with acting_for_all():
        assert not Alert.objects.get().is_late


def test_look_at_the_rules_keeps_the_alert_of_a_questionnaire(cast, ask):
    pia = cast.pia_patient
    ask("pia", "post", "questionnaires/phq9", {"answers": BLUE})
    with acting_on(pia.id):
        StaleWarnings.objects.update_or_create(patient=pia, defaults={"due_at": timezone.now()})
    assert check_patient(pia.id, now=timezone.now() + MINUTE)
    assert [status for *_, status in alerts(pia)] == ["raised"]
    ask("pia", "post", "questionnaires/phq9", {"answers": [0] * 9})
    assert [status for *_, status in alerts(pia)] == ["resolved"]


def test_question_without_an_answer_is_neither_yes_nor_no(cast, ask):
    ask("pia", "post", "questionnaires/phq9", {"answers": [0] * 8 + [None]})
    with acting_on(cast.pia_patient.id):
        (score,) = safety_score(cast.pia_patient.id).values()
    assert (score.low, score.high) == (0, 3)
    assert isinstance(score, Score)


def test_correction_counts_in_the_place_of_what_it_corrects(cast, ask):
    wrong = ask("pia", "post", "questionnaires/gad7", {"answers": [3] * 7})[1]
    sent = {"answers": [1] * 7, "corrects": wrong["id"]}
    status, right = ask("pia", "post", "questionnaires/gad7", sent)
    assert (status, right["answered_at"]) == (201, wrong["answered_at"])
    listed = ask("cleo", "get", "questionnaires/gad7")[1]["results"]
    assert [(one["id"], one["corrects"], one["corrected_by"]) for one in listed] == [
        (right["id"], wrong["id"], None),
        (wrong["id"], None, right["id"]),
    ]
    assert score_of(ask("pia", "get", "scores")[1], "gad7")["value"] == 7
    status, problem = ask("pia", "post", "questionnaires/gad7", sent)
    assert (status, problem["errors"][0]["field"]) == (422, "corrects")
    sent = {"answers": [1] * 7, "corrects": str(uuid4())}
    assert ask("pia", "post", "questionnaires/gad7", sent)[0] == 404


def test_same_response_sent_again_is_kept_once(ask):
    sent = {"answers": CALM, "id": str(uuid4())}
    first, second = (ask("pia", "post", "questionnaires/phq9", sent) for _ in range(2))
    assert (first[0], second[0]) == (201, 200)
    assert first[1]["id"] == second[1]["id"] == sent["id"]
    assert ask("pia", "post", "questionnaires/phq9", sent | {"answers": BLUE})[0] == 422
    assert len(ask("pia", "get", "questionnaires/phq9")[1]["results"]) == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"answers": [0] * 8}, "answers"),
        ({"answers": [0] * 8 + [4]}, "answers"),
        ({"answers": [None] * 9}, "answers"),
        ({"answers": [0] * 9, "answered_at": "2199-01-01T00:00:00Z"}, "answered_at"),
    ],
)
def test_response_that_cannot_be_is_refused(ask, sent, field):
    status, problem = ask("pia", "post", "questionnaires/phq9", sent)
    assert (status, problem["errors"][0]["field"]) == (422, field)


def test_questionnaires_are_of_mental_health_alone(ask):
    ask("pia", "post", "questionnaires/phq9", {"answers": CALM})
    assert ask("dora", "get", "questionnaires/phq9")[0] == 404
    assert ask("cleo", "post", "questionnaires/phq9", {"answers": CALM})[0] == 404
    assert "phq9" not in [one["code"] for one in ask("dora", "get", "scores")[1]["results"]]


def test_what_was_asked_is_synced_in_its_topics(cast, ask, client_of):
    ask("pia", "put", "answers", {"answers": {"on_oxygen": False, "smoking": True}})
    made = ask("pia", "post", "questionnaires/phq9", {"answers": CALM})[1]
    ask("pia", "get", "scores")

    def copy_of(who):
        bodies, cursor, more = {}, "", True
        while more:
            page = client_of(who).get(f"/api/v1/sync?patient={cast.pia_patient.id}&cursor={cursor}").json()
            bodies |= {one["ref"]: one["body"] for one in page["changes"]}
            cursor, more = page["cursor"], page["more"]
        return {ref: body for ref, body in bodies.items() if body is not None}

    whole, narrow = copy_of("pia"), copy_of("dora")
    assert whole["answer/smoking"]["value"] is True
    assert whole["score/phq9"]["value"] == whole[f"questionnaire/{made['id']}"]["score"]["value"] == 5
    kept = {ref for ref in narrow if ref.split("/")[0] in ("answer", "score", "questionnaire")}
    assert kept == {"answer/on_oxygen", "score/bmi", "score/news2"}


def test_gene_notice_is_whole_for_clinicians_and_one_sentence_for_the_patient(cast, ask):
    with acting_for_all():
        for rsid, letters in (("rs4244285", "AA"), ("rs4986893", "GG"), ("rs12248560", "CC")):
            Record.objects.create(
                patient=cast.pia_patient, topic="genes", type="variant", identity=rsid, code=rsid,
                body={"rsid": rsid, "genotype": letters, "build": 37}, updated_at=timezone.now(),
            )  # fmt: skip
        for text, status in (("Clopidogrel 75 mg", "active"), ("Codeine", "stopped")):
            Record.objects.create(
                patient=cast.pia_patient, topic="medication", type="medication", identity=text, text=text,
                status=status, body={}, updated_at=timezone.now(),
            )  # fmt: skip
    (whole,) = ask("cleo", "get", "gene-notices")[1]["results"]
    assert (whole["gene"], whole["finding"], whole["phenotype"]) == (
        "CYP2C19",
        "prompt",
        "Poor Metabolizer",
    )
    assert whole["level"] == "CPIC level A, final"
    (said,) = ask("pia", "get", "gene-notices")[1]["results"]
    assert {name for name, value in said.items() if value is not None} == {"written", "for_patient"}
    make.make_grant(cast.pia_patient, person=cast.carl, topics={Topic.GENES: Level.READ})
    assert ask("carl", "get", "gene-notices")[0] == 404


def test_glucose_profile_of_nothing_says_so(ask):
    status, said = ask("dora", "get", "glucose-profile")
    assert (status, said["metrics"], said["targets"], said["profile"]) == (200, None, [], None)


def test_glucose_profile_has_metrics_targets_and_a_typical_day(cast, ask):
    now = timezone.now()
    values = {now - number * 15 * MINUTE: 100.0 + number % 70 for number in range(1, 15 * 96)}
    hand_over(cast.pia_patient, "glucose_cgm", values, now=now, source="Sensor")
    status, said = ask("dora", "get", "glucose-profile?width=15")
    assert status == 200
    assert (said["metrics"]["tir"], said["metrics"]["is_sufficient"]) == (100, True)
    assert all(target["is_met"] for target in said["targets"])
    assert len(said["profile"]["minutes"]) == len(said["profile"]["percentiles"]["50"]) == 96
    assert ask("dora", "get", "glucose-profile?days=91")[0] == 400


@pytest.mark.parametrize(
    ("model", "wrong", "name"),
    [
        (Answer, {"word": "emergency"}, "answer_is_the_word_of_somebody"),
        (Answer, {"topic": "luck"}, "answer_topic_is_known"),
        (Answer, {"ended_at": make.at("2000-01-01")}, "answer_ends_after_it_was_given"),
        (QuestionnaireResponse, {"topic": "vitals"}, "questionnaire_is_of_mental_health"),
        (QuestionnaireResponse, {"answers": [0]}, "questionnaire_has_an_answer_for_each_question"),
        (QuestionnaireResponse, {"code": "luck"}, "questionnaire_has_an_answer_for_each_question"),
        (QuestionnaireResponse, {"word": ""}, "questionnaire_is_the_word_of_somebody"),
    ],
)
def test_row_that_cannot_be_is_refused(cast, model, wrong, name):
    now = timezone.now()
    given = {"patient": cast.pia_patient, "word": "self", "answered_by": cast.pia, "answered_at": now}
    given |= (
        {"code": "smoking", "topic": "records", "value": True}
        if model is Answer
        else {"code": "phq9", "answers": CALM, "received_at": now}
    )
    with acting_for_all(), pytest.raises(IntegrityError, match=name), transaction.atomic():
        model.objects.create(**given | wrong)
