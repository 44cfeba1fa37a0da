from datetime import date, timedelta
from uuid import UUID

import make
import pytest
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on, narrow
from backend.rules import Level, Need, Topic
from twin.intake.items import RecordType
from twin.models import Alert, Concern, ScoreResult
from twin.population import ANY_SIGN, Place, Wanted, looked_after, standings_in, triage_page
from twin.scores.topics import narrowest
from twin.services.alerts import acknowledge, settle
from twin.services.population import place_scores, place_topics
from twin.services.questionnaires import answer_questionnaire
from twin.services.records import Written, add_record, delete_record
from twin.services.scores import refresh_scores
from twin.warnings.finding import Evaluation, Evidence, Finding, Severity

WALKED, GATHERED = 0, 10**9


def concern(patient, topics: Topic | list[Topic], rank: int, **said):
    several = [topics] if isinstance(topics, Topic) else topics
    with acting_for_all():
        return Concern.objects.create(
            patient=patient,
            part="+".join(several),
            topic=several[0],
            topics=several,
            rank=rank,
            made_at=timezone.now(),
            **said,
        )


@pytest.fixture
def panel(cast):
    """Seven patients of the team, with what is known of them; who sees only some topics of some."""
    several = [make.make_patient(make.make_user(f"bo{number}")) for number in range(7)]
    for number, patient in enumerate(several):
        patient.birth_date = date(1930 + 10 * number, 6, 1)
        with acting_for_all():
            patient.save(update_fields=["birth_date"])
    for patient in several:
        make.make_grant(patient, team=cast.team)
    concern(several[0], Topic.VITALS, 50, severity=Severity.URGENT, reasons=["High pulse"], systems=["heart"])
    concern(several[0], Topic.GLUCOSE, 70, reasons=["Low glucose"], systems=["metabolism"])
    concern(several[0], Topic.RECORDS, 0, conditions=["heart failure", "gout"])
    concern(several[1], Topic.VITALS, 90, severity=Severity.CRITICAL, reasons=["Very low oxygen"])
    concern(several[2], Topic.VITALS, 50, early_signs=["blood_pressure"], systems=["heart"])
    concern(several[3], Topic.VITALS, 0)
    concern(several[4], Topic.VITALS, 60)
    concern(several[4], Topic.GLUCOSE, 60)
    concern(several[4], [Topic.RECORDS, Topic.VITALS], 80, systems=["kidneys"])
    concern(cast.pia_patient, Topic.VITALS, 100)
    concern(cast.pia_patient, [Topic.RECORDS, Topic.VITALS], 200)
    concern(cast.paul_patient, Topic.VITALS, 1000)
    return several


def ranked(user, wanted: Wanted | None = None, *, few: int, page: int = 50) -> list[tuple[UUID, int]]:
    """All pages, one after the other."""
    found: list[tuple[UUID, int]] = []
    after = None
    with acting_for(user.id):
        while places := triage_page(wanted or Wanted(), after, page, few=few):
            found += [(place.patient, place.rank) for place in places]
            after = places[-1]
    return found


def reckoned(user) -> list[tuple[UUID, int]]:
    """The same from what the walls show, in Python."""
    with acting_for(user.id):
        ranks = {patient.id: -1 for patient in looked_after(user)}
        for row in Concern.objects.exclude(patient__user=user):
            ranks[row.patient_id] = max(ranks[row.patient_id], row.rank)
    return sorted(ranks.items(), key=lambda item: (item[1], item[0]), reverse=True)


@pytest.mark.parametrize("few", [WALKED, GATHERED])
@pytest.mark.parametrize("page", [1, 2, 50])
@pytest.mark.parametrize("who", ["cleo", "dora", "carl", "rita", "ada", "pia"])
def test_pages_hold_whom_the_walls_show_each_where_the_worst_visible_topic_stands(
    cast, panel, who, page, few
):
    user = getattr(cast, who)
    assert ranked(user, few=few, page=page) == reckoned(user)


@pytest.mark.parametrize("few", [WALKED, GATHERED])
def test_topics_that_are_not_shared_do_not_count(cast, panel, few):
    make.make_grant(panel[0], person=cast.carl, topics={Topic.VITALS: Level.READ})
    make.make_grant(panel[1], person=cast.carl, topics={Topic.RECORDS: Level.READ})
    make.make_grant(panel[2], person=cast.carl, topics={Topic.VITALS: Level.READ}, ends_at=timezone.now())
    make.make_grant(
        panel[4],
        person=cast.carl,
        topics={Topic.VITALS: Level.READ},
        starts_at=timezone.now() + timedelta(hours=1),
    )
    assert ranked(cast.carl, few=few) == [(panel[0].id, 50), (panel[1].id, -1)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(search="BO4"), [4]),
        (Wanted(search="bo5"), [5]),
        (Wanted(search="%"), []),
        (Wanted(system="heart"), [0, 2]),
        (Wanted(system="kidneys"), [4]),
        (Wanted(condition="Failure"), [0]),
        (Wanted(early_sign="blood_pressure"), [2]),
        (Wanted(early_sign="kidneys"), []),
        (Wanted(early_sign=ANY_SIGN), [2]),
        (Wanted(born_after=date(1970, 6, 1)), [6, 5]),
        (Wanted(born_after=date(1965, 6, 1), born_until=date(1970, 6, 1)), [4]),
        (Wanted(system="heart", condition="gout"), [0]),
    ],
)
def test_filters_leave_the_rest_out(cast, panel, wanted, expected):
    found = {patient for patient, _ in ranked(cast.cleo, wanted, few=WALKED)}
    assert found == {panel[number].id for number in expected}


@pytest.mark.parametrize("few", [WALKED, GATHERED])
def test_what_several_topics_say_together_counts_for_who_may_read_them_all(cast, panel, few):
    make.make_grant(panel[4], person=cast.carl, topics={Topic.VITALS: Level.READ})
    assert ranked(cast.carl, few=few) == [(panel[4].id, 60)] == reckoned(cast.carl)
    make.make_grant(panel[4], person=cast.carl, topics={Topic.RECORDS: Level.READ})
    assert ranked(cast.carl, few=few) == [(panel[4].id, 80)] == reckoned(cast.carl)


def test_early_signs_are_for_who_may_read_what_is_on_file(cast, panel):
    make.make_grant(panel[2], person=cast.carl, topics={Topic.VITALS: Level.READ})
    sign = Wanted(early_sign=ANY_SIGN)
    assert ranked(cast.carl, sign, few=WALKED) == []
    make.make_grant(panel[2], person=cast.carl, topics={Topic.RECORDS: Level.READ})
    assert ranked(cast.carl, sign, few=WALKED) == [(panel[2].id, 50)]


def test_standing_tells_of_what_the_reader_may_read(cast, panel):
    make.make_grant(panel[0], person=cast.carl, topics={Topic.VITALS: Level.READ})
    found = {}
    for who in (cast.cleo, cast.carl):
        with acting_for(who.id):
            narrow([panel[0].id])
            found[who.name] = standings_in([panel[0].id])[panel[0].id]
    assert found["Cleo"].reasons == ("Low glucose", "High pulse")
    assert found["Cleo"].systems == ("metabolism", "heart")
    assert found["Carl"].reasons == ("High pulse",)
    assert found["Carl"].severity == Severity.URGENT


def test_page_ends_where_the_next_begins(cast, panel):
    with acting_for(cast.cleo.id):
        first = triage_page(Wanted(), None, 3)
        assert triage_page(Wanted(), Place(first[1].rank, first[1].patient), 1) == first[2:]


# What stands in the rows


def place_of(patient, topic: Topic) -> Concern | None:
    with acting_for_all():
        return Concern.objects.filter(patient=patient, part=topic).first()


def finding(severity: Severity) -> Finding:
    reading = Evidence("heart_rate", 140, "/min", timezone.now())
    return Finding(
        "pulse",
        "",
        severity,
        Topic.VITALS,
        "high",
        "Fast pulse",
        "It is fast.",
        reading.at,
        False,
        (reading,),
        "A",
        "b",
    )


def test_raised_alert_puts_its_patient_first_and_one_seen_to_behind_others(cast):
    patient = cast.pia_patient.id
    places = []
    for severity in (Severity.CAUTION, Severity.URGENT):
        with acting_on(patient):
            settle(patient, Evaluation([finding(severity)], []), now=timezone.now())
        places.append(place_of(patient, Topic.VITALS))
    with acting_for(cast.cleo.id):
        access = access_patient(cast.cleo, patient, Need.READ, what="test")
        (alert,) = Alert.objects.all()
        acknowledge(access=access, alert_id=alert.id, note="", now=timezone.now())
    places.append(place_of(patient, Topic.VITALS))
    assert places[0].rank < places[2].rank < places[1].rank
    assert [one.severity for one in places] == ["caution", "urgent", "urgent"]
    assert places[1].reasons == ["Fast pulse"]
    assert places[2].reasons == ["Fast pulse, seen to"]
    assert places[1].systems == ["heart"]


def test_condition_is_found_by_its_name_until_it_is_deleted(cast):
    written = Written(type=RecordType.CONDITION, text="Heart failure", code="84114007")
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.ACT, what="test")
        record, _ = add_record(access=access, written=written, edited_at=timezone.now(), now=timezone.now())
    assert place_of(cast.pia_patient, Topic.RECORDS).conditions == ["heart failure 84114007"]
    assert ranked(cast.cleo, Wanted(condition="84114007"), few=WALKED) == [(cast.pia_patient.id, 0)]
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.ACT, what="test")
        delete_record(access=access, record_id=record, version=1, now=timezone.now())
    assert place_of(cast.pia_patient, Topic.RECORDS) is None


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        ({"value": 5, "low": None, "high": None, "topics": ["vitals"]}, ["NEWS2 at least 5"]),
        ({"value": None, "low": 3, "high": 12, "topics": ["vitals"]}, ["NEWS2 at least 3"]),
        ({"value": None, "low": None, "high": None, "topics": ["vitals"]}, []),
        ({"value": 5, "low": None, "high": None, "topics": ["records", "vitals"]}, ["NEWS2 at least 5"]),
    ],
)
def test_early_warning_score_counts_in_the_row_of_what_it_stands_on(cast, said, reasons):
    patient, now = cast.pia_patient, timezone.now()
    with acting_for_all():
        ScoreResult.objects.create(
            patient=patient, code="news2", topic="vitals", result={}, made_at=now, **said
        )
    with acting_on(patient.id):
        place_topics(patient.id, {Topic.VITALS}, now=now)
        place_scores(patient.id, now=now)
        found = {row.part: row.reasons for row in Concern.objects.filter(patient=patient)}
    assert found == ({"+".join(said["topics"]): reasons} if reasons else {})


def risk(patient, code: str, band: str, value: float, topics: list[Topic], *, on: date | None = None):
    """A score as it is kept, of `on` or else today."""
    now = timezone.now()
    titles = {"high": "High", "G3a": "G3a", "moderate": "Moderate"}
    with acting_for_all():
        return ScoreResult.objects.create(
            patient=patient,
            code=code,
            topic=narrowest(topics),
            topics=topics,
            value=value,
            band=band,
            result={
                "title": code.upper(),
                "unit": "%" if code == "score2" else "",
                "band": {"code": band, "title": titles[band]},
            },
            data_on=on or now.date(),
            made_at=now,
        )


def test_risks_are_ranked_by_their_chance_and_told_of_in_words(cast):
    patient, now = cast.pia_patient, timezone.now()
    risk(patient, "score2", "high", 12.4, [Topic.RECORDS, Topic.VITALS])
    risk(patient, "ckd_epi_2021", "G3a", 51, [Topic.VITALS])
    risk(patient, "phq9", "moderate", 12, [Topic.MENTAL_HEALTH], on=now.date() - timedelta(days=91))
    with acting_on(patient.id):
        place_topics(patient.id, set(Topic), now=now)
        place_scores(patient.id, now=now)
        found = {row.part: (row.rank, row.reasons, row.systems) for row in Concern.objects.all()}
    assert found == {
        "records+vitals": (12, ["SCORE2: High, 12 %"], ["heart"]),
        "vitals": (1, ["CKD_EPI_2021: G3a"], ["kidneys"]),
    }


def test_scores_that_no_longer_stand_leave_the_list(cast):
    patient, now = cast.pia_patient, timezone.now()
    row = risk(patient, "score2", "high", 12.4, [Topic.RECORDS, Topic.VITALS])
    with acting_on(patient.id):
        place_scores(patient.id, now=now)
        assert Concern.objects.count() == 1
        ScoreResult.objects.filter(id=row.id).update(superseded_at=timezone.now())
        place_scores(patient.id, now=now)
        assert Concern.objects.count() == 0


def test_score_that_says_nothing_of_now_any_more_leaves_the_list_by_time_alone(cast):
    patient, now = cast.pia_patient, timezone.now()
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.ACT, what="questionnaire")
        answer_questionnaire(access=access, code="phq9", answers=[2] * 8 + [0], answered_at=None, now=now)
    mind = {}
    for later in (0, 89, 92):
        at = now + timedelta(days=later, minutes=1)
        assert refresh_scores(patient.id, now=at)
        place = place_of(patient, Topic.MENTAL_HEALTH)
        mind[later] = place.systems if place else None
    assert mind == {0: ["mind"], 89: ["mind"], 92: None}


def test_systems_hear_of_the_scores_that_the_reader_may_read_as_they_stood(cast, client_of):
    risk(cast.pia_patient, "score2", "high", 12.4, [Topic.RECORDS, Topic.VITALS])
    make.make_grant(cast.pia_patient, person=cast.carl, topics={Topic.VITALS: Level.READ})

    def heart(who: str, query: str = "") -> tuple[str, list[str]]:
        systems = (
            client_of(who).get(f"/api/v1/patients/{cast.pia_patient.id}/snapshot{query}").json()["systems"]
        )
        (found,) = (one for one in systems if one["system"] == "heart")
        return found["state"], [score["code"] for score in found["scores"]]

    assert heart("pia") == ("watch", ["score2"])
    assert heart("carl") == ("not_enough_data", [])
    with acting_for_all():
        long_ago = timezone.now() - timedelta(days=9)
        ScoreResult.objects.update(made_at=long_ago, superseded_at=long_ago + timedelta(days=4))
    assert heart("pia") == ("not_enough_data", [])
    then = (long_ago + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert heart("pia", f"?at={then}") == ("watch", ["score2"])
