"""How an id from outside becomes a row, and what is written down about it."""

from datetime import timedelta

import make
import pytest
from django.http import Http404
from django.utils import timezone

from backend.access import access_listed, access_patient, access_row, recheck_patient, standings_of
from backend.actor import acting_for, acting_for_all
from backend.models import AuditEvent
from backend.rules import ALL_TOPICS, Level, Need, Role, Topic
from twin.models import Upload

HOUR = timedelta(hours=1)


def audited():
    with acting_for_all():
        return [
            (event.actor.name, event.role, event.action, event.what, tuple(event.topics))
            for event in AuditEvent.objects.select_related("actor").order_by("id")
        ]


def enter(user, patient, need, **kwargs):
    with acting_for(user.id):
        return access_patient(user, patient, need, **kwargs)


def test_own_patient_is_reached_by_id_and_as_me_without_an_audit_row(cast):
    for name in (cast.pia_patient.id, "me"):
        access = enter(cast.pia, name, Need.SHARE, what="grants")
        assert (access.patient, access.standing.role) == (cast.pia_patient, Role.SELF)
    assert audited() == []


@pytest.mark.parametrize(
    ("who", "role", "need", "action", "topics"),
    [
        ("dora", "caregiver", Need.READ, "read", ("glucose", "vitals")),
        ("dora", "caregiver", Need.ACT, "act", ("vitals",)),
        ("dora", "caregiver", Need.SEE, "read", ("glucose", "vitals")),
        ("cleo", "clinician", Need.READ, "read", tuple(sorted(ALL_TOPICS))),
    ],
)
def test_every_foreign_access_leaves_an_audit_row(cast, who, role, need, action, topics):
    user = getattr(cast, who)
    enter(user, cast.pia_patient.id, need, what="chart")
    enter(user, cast.pia_patient.id, need, what="chart")
    assert audited() == [(user.name, role, action, "chart", topics)] * 2


@pytest.mark.parametrize("who", ["paul", "carl", "rita", "ada"])
@pytest.mark.parametrize("need", list(Need))
def test_stranger_finds_nothing_and_leaves_no_row(cast, who, need):
    with pytest.raises(Http404):
        enter(getattr(cast, who), cast.pia_patient.id, need, what="chart")
    assert audited() == []


def test_me_of_somebody_without_a_patient_is_nowhere(cast):
    with pytest.raises(Http404):
        enter(cast.dora, "me", Need.READ, what="chart")


def test_recheck_leaves_no_row(cast):
    with acting_for(cast.cleo.id):
        assert recheck_patient(cast.cleo, cast.pia_patient.id, Need.READ).standing.role is Role.CLINICIAN
    assert audited() == []


def test_topic_out_of_reach_is_nowhere(cast):
    access = enter(cast.dora, cast.pia_patient.id, Need.ACT, what="measurement")
    access.topic("vitals")
    for topic in ("glucose", "records", "nonsense"):
        with pytest.raises(Http404):
            access.topic(topic)


@pytest.mark.parametrize(
    ("fields", "stands"),
    [
        ({}, True),
        ({"ends_at": timezone.now() + HOUR}, True),
        ({"starts_at": timezone.now() - HOUR, "ends_at": timezone.now() - HOUR / 60}, False),
        ({"starts_at": timezone.now() + HOUR}, False),
    ],
)
def test_grant_stands_from_its_start_until_its_end(cast, fields, stands):
    make.make_grant(cast.paul_patient, person=cast.dora, **fields)
    with acting_for(cast.dora.id):
        patients = [cast.paul_patient]
        assert standings_of(cast.dora, patients)[cast.paul_patient.id].may(Need.READ) is stands


def test_member_who_leaves_a_team_loses_what_was_granted_to_it(cast):
    enter(cast.cleo, cast.pia_patient.id, Need.READ, what="chart")
    cast.team.members.clear()
    with pytest.raises(Http404):
        enter(cast.cleo, cast.pia_patient.id, Need.READ, what="chart")


def test_grants_to_a_person_and_to_her_teams_add_up(cast):
    make.make_grant(cast.paul_patient, person=cast.cleo, topics={Topic.GENES: Level.READ})
    make.make_grant(cast.paul_patient, team=cast.team, topics={Topic.VITALS: Level.ACT})
    make.make_grant(cast.paul_patient, person=cast.cleo, topics={Topic.VITALS: Level.READ})
    with acting_for(cast.cleo.id):
        held = standings_of(cast.cleo, [cast.paul_patient])[cast.paul_patient.id]
    assert (held.role, held.read, held.act) == (
        Role.CLINICIAN, {Topic.GENES, Topic.VITALS}, {Topic.VITALS},
    )  # fmt: skip


def test_standings_of_many_patients_take_one_query(cast, django_assert_num_queries):
    others = [make.make_patient() for _ in range(5)]
    for patient in others:
        make.make_grant(patient, person=cast.dora)
    with acting_for(cast.dora.id), django_assert_num_queries(1):
        held = standings_of(cast.dora, [cast.pia_patient, cast.paul_patient, *others])
    assert [held[patient.id].role for patient in (cast.pia_patient, cast.paul_patient, others[0])] == [
        Role.CAREGIVER, None, Role.CAREGIVER,
    ]  # fmt: skip


def test_list_leaves_one_row_an_hour_for_each_patient_of_others(cast):
    make.make_grant(cast.paul_patient, person=cast.pia)
    for _ in range(2):
        with acting_for(cast.pia.id):
            access_listed(cast.pia, [cast.pia_patient, cast.paul_patient], what="list")
    assert audited() == [("Pia", "caregiver", "read", "list", tuple(sorted(ALL_TOPICS)))]
    with acting_for_all():
        assert AuditEvent.objects.get().patient == cast.paul_patient


def test_row_is_reached_where_the_need_is_met_in_its_topic(cast):
    with acting_for_all():
        upload = Upload.objects.create(
            patient=cast.pia_patient, uploaded_by=cast.pia, name="a", sha256="0" * 64, size=1,
            received_at=timezone.now(),
        )  # fmt: skip
    with acting_for_all():  # The wall is down: what is tested here stands by itself.
        assert access_row(Upload.objects.all(), cast.cleo, Need.READ, id=upload.id) == upload
        for user, need in [(cast.cleo, Need.ACT), (cast.dora, Need.READ), (cast.paul, Need.READ)]:
            with pytest.raises(Http404):
                access_row(Upload.objects.all(), user, need, id=upload.id)
