"""What a phone reads back: everything that changed, as it is now, and nothing twice or never."""

import re
import threading
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path

import make
import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone

import backend
import reminders
import twin
from backend import sync
from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.changes import record_change
from backend.models import AuditEvent, Change, ChangeStream
from backend.ports import ports
from backend.rules import Level, Need, Topic
from backend.services import create_grant, save_own_patient
from backend.sync import Cursor
from twin.models import DaySummary, Record, Upload
from twin.services.digest import LONGEST_RANGE, WIDEST_GAP, ranges
from twin.services.observations import Measurement, delete_measurement, record_measurements
from twin.services.reading import read_upload
from twin.services.rebuild import rebuild

SYNC = "/api/v1/sync"
AT = datetime(2026, 3, 1, 7, tzinfo=UTC)


@pytest.fixture
def ask(client_of):
    """A function: who, cursor, whose → (status, JSON)."""

    def asking(who, cursor="", patient="me"):
        answer = client_of(who).get(SYNC, {"cursor": cursor, "patient": patient})
        return answer.status_code, answer.json()

    return asking


@pytest.fixture
def follow(ask):
    """A function: every page from a cursor on → (changes, the last cursor)."""

    def following(who, cursor="", patient="me"):
        changes, more = [], True
        while more:
            status, page = ask(who, cursor, patient)
            assert (status, page["reset"]) == (200, False)
            changes += page["changes"]
            cursor, more = page["cursor"], page["more"]
        return changes, cursor

    return following


def type_in(patient, value, at=AT, kind="weight", unit="kg"):
    with acting_for(patient.user_id):
        access = access_patient(patient.user, "me", Need.ACT, what="measurement")
        record_measurements(
            access=access, measurements=[Measurement(kind, value, unit, at)], now=timezone.now()
        )


def take_in(patient, content, name="export.csv"):
    upload = make.make_upload(patient, content, name)
    read_upload(upload.id, now=timezone.now())
    return upload


def note(patient, ref="series/weight", topic=Topic.VITALS):
    return record_change(patient.id, topic=topic, ref=ref)


def refs(changes):
    return [change["ref"] for change in changes]


# What is answered


def test_everything_comes_from_an_empty_cursor_and_then_only_what_is_new(cast, client_of, follow):
    upload = take_in(cast.pia_patient, make.minutes_csv(10))
    changes, cursor = follow("pia")
    assert refs(changes) == [
        "days/heart_rate/2026-03-01/2026-03-01",
        "series/heart_rate",
        f"upload/{upload.id}",
    ]
    days, tile, report = (change["body"] for change in changes)
    assert {change["op"] for change in changes} == {"set"}
    assert [change["type"] for change in changes] == ["days", "series", "upload"]
    assert [change["topic"] for change in changes] == ["vitals", "vitals", "records"]
    summary = client_of("pia").get("/api/v1/patients/me/summary", {"kind": "heart_rate"}).json()
    assert days == summary | {"first": "2026-03-01", "last": "2026-03-01"}
    assert [(day["day"], day["value"], day["count"]) for day in days["days"]] == [("2026-03-01", 64.5, 10)]
    assert (tile["kind"], tile["value"]) == ("heart_rate", 69)
    assert (report["status"], report["name"]) == ("stored", "export.csv")
    assert follow("pia", cursor) == ([], cursor)
    type_in(cast.pia_patient, 80)
    assert refs(follow("pia", cursor)[0]) == ["days/weight/2026-03-01/2026-03-01", "series/weight"]


def test_nothing_is_answered_for_an_empty_twin(cast, ask):
    assert ask("pia") == (200, {"cursor": "", "more": False, "reset": False, "changes": []})


def test_what_is_gone_comes_as_a_tombstone(cast, follow):
    type_in(cast.pia_patient, 80)
    _, cursor = follow("pia")
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.ACT, what="measurement")
        delete_measurement(access=access, kind_code="weight", at=AT, now=timezone.now())
    days, tile = follow("pia", cursor)[0]
    assert (days["op"], days["body"]["days"]) == ("set", [])
    assert (tile["ref"], tile["op"], tile["body"]) == ("series/weight", "delete", None)


def test_ref_that_changed_often_is_answered_once_as_it_is_now(cast, follow):
    for value in range(80, 90):
        type_in(cast.pia_patient, value, AT + timedelta(minutes=value))
    changes, _ = follow("pia")
    assert [(change["seq"], change["ref"]) for change in changes] == [
        (19, "days/weight/2026-03-01/2026-03-01"),
        (20, "series/weight"),
    ]
    assert changes[0]["body"]["days"][0]["count"] == 10


def test_grants_and_particulars_come_to_their_owner(cast, follow):
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.SHARE, what="grants")
        topics = {Topic.RECORDS: Level.READ}
        grant = create_grant(access=access, topics=topics, now=timezone.now(), to_email="paul@pollux.example")
        save_own_patient(actor=cast.pia, particulars={"name": "Pia Anew"}, now=timezone.now())
    changes, _ = follow("pia")
    assert refs(changes) == [f"grant/{grant.id}", "patient"]
    assert changes[0]["body"]["topics"] == {"records": "read"}
    assert changes[1]["body"]["name"] == "Pia Anew"
    # Whom else she lets in is not a reader's business, though he reads the topic of its entry.
    assert refs(follow("paul", patient=cast.pia_patient.id)[0]) == ["patient"]


def test_each_type_of_ref_in_the_code_has_its_resolver():
    """What is written into the log as `type/...` can be read back from it."""
    rooms = [Path(room.__file__).parent for room in (backend, twin, reminders)]
    code = "".join(path.read_text() for room in rooms for path in room.rglob("services*/**/*.py"))
    code += (rooms[0] / "services.py").read_text()
    written = set(re.findall(r'(?:ref=|Entry\([^"\n]*)f?"(\w+)[/"]', code))
    assert written == ports.synced.keys()


# Pages


def test_pages_are_bounded_and_hold_everything_once(cast, ask, follow, monkeypatch):
    with acting_for(cast.pia.id):
        for number in range(25):
            note(cast.pia_patient, f"series/invented{number}")
    monkeypatch.setattr(sync, "PAGE", 10)
    first = ask("pia")[1]
    assert (len(first["changes"]), first["more"]) == (10, True)
    changes, _ = follow("pia")
    assert [change["seq"] for change in changes] == list(range(1, 26))


def test_what_changes_all_day_is_answered_once_a_window(cast, ask, follow, monkeypatch):
    with acting_for(cast.pia.id):
        for number in range(60):
            note(cast.pia_patient, f"series/invented{number % 3 if number < 50 else number}")
    monkeypatch.setattr(sync, "WINDOW", 20)
    pages, cursor, more = [], "", True
    while more:
        page = ask("pia", cursor)[1]
        pages.append([change["seq"] for change in page["changes"]])
        cursor, more = page["cursor"], page["more"]
    assert pages == [[18, 19, 20], [38, 39, 40], [*range(48, 61)], []]
    monkeypatch.setattr(sync, "PAGE", 5)
    changes, _ = follow("pia")
    seen = [change["ref"] for change in changes]
    assert set(seen) == {f"series/invented{number}" for number in (0, 1, 2, *range(50, 60))}


def test_pages_are_bounded_by_bytes_too(cast, ask, follow, monkeypatch):
    lines = [f"{AT + timedelta(days=day):%Y-%m-%dT%H:%M}Z,weight,80,kg,Scale" for day in range(-2000, 0)]
    take_in(cast.pia_patient, "\n".join(["start,kind,value,unit,source", *lines]).encode())
    monkeypatch.setattr(sync, "MOST_BYTES", 40_000)
    pages, cursor, more = [], "", True
    while more:
        page = ask("pia", cursor)[1]
        pages.append(page["changes"])
        cursor, more = page["cursor"], page["more"]
    assert max(len(str(page)) for page in pages) < 50_000
    assert len(pages) > 4
    days = [
        day["day"] for page in pages for one in page if one["type"] == "days" for day in one["body"]["days"]
    ]
    assert (len(days), len(set(days)), days == sorted(days)) == (2000, 2000, True)


def test_single_change_larger_than_a_page_comes_alone(cast, follow, monkeypatch):
    type_in(cast.pia_patient, 80)
    monkeypatch.setattr(sync, "MOST_BYTES", 10)
    assert len(follow("pia")[0]) == 2


def test_page_takes_as_many_queries_for_much_as_for_little(cast, ask, django_assert_max_num_queries):
    kinds = ["weight,80,kg", "heart_rate,60,/min", "glucose,90,mg/dL", "sbp,120,mm[Hg]"]
    lines = [f"{AT + timedelta(days=day):%Y-%m-%dT%H:%M}Z,{kind}" for day in range(-400, 0) for kind in kinds]
    take_in(cast.pia_patient, "\n".join(["start,kind,value,unit", *lines]).encode())
    with acting_on(cast.pia_patient.id):
        for number in range(20):
            make_record(cast.pia_patient, number)
    with django_assert_max_num_queries(25):
        assert len(ask("pia")[1]["changes"]) > 40


def make_record(patient, number, topic=Topic.RECORDS):
    row = Record.objects.create(
        patient=patient, topic=topic, type="condition", identity=str(number), text=f"Fact {number}",
        body={}, updated_at=timezone.now(),
    )  # fmt: skip
    record_change(patient.id, topic=topic, ref=f"record/{row.id}")
    return row


# Cursors


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "0",
        "AAAA",
        "!" * 50,
        "ä" * 50,
        "A" * 50,
        "/" * 50,
        "_" * 50,
        "-1",
        "null",
        "\u0660",
        "=" * 3,
    ],
)
def test_cursor_that_we_never_made_is_refused(cast, ask, cursor):
    type_in(cast.pia_patient, 80)
    status, body = ask("pia", cursor)
    assert (status, [error["field"] for error in body["errors"]]) == (422, ["cursor"])


def test_cursor_of_another_patient_is_refused(cast, ask, follow):
    type_in(cast.pia_patient, 80)
    _, cursor = follow("pia")
    assert ask("paul", cursor)[0] == 422
    assert ask("pia", cursor + "A")[0] == 422
    assert ask("pia", "A" * 2000)[0] == 422


def test_cursor_text_is_one_to_one(cast):
    cursor = Cursor(cast.pia_patient.id, 7, 2**40, datetime(2026, 3, 1, 7, 0, 0, 123456, tzinfo=UTC))
    assert Cursor.parse(str(cursor)) == cursor
    with pytest.raises(ValueError, match="no cursor"):
        Cursor.parse(str(cursor) + "=")


def test_cursor_beyond_a_restored_backup_says_begin_anew(cast, ask, follow):
    type_in(cast.pia_patient, 80)
    type_in(cast.pia_patient, 81, AT + timedelta(days=1))
    _, cursor = follow("pia")
    with acting_for_all():
        Change.objects.filter(seq__gt=2).delete()
        ChangeStream.objects.update(last_seq=2)
    reset = {"cursor": "", "more": True, "reset": True, "changes": []}
    assert ask("pia", cursor) == (200, reset)
    # The numbers that were lost are given out again, to something else.
    for day in range(2, 6):
        type_in(cast.pia_patient, 82, AT + timedelta(days=day))
    assert ask("pia", cursor) == (200, reset)
    changes, cursor = follow("pia")
    assert len(changes) == 6
    assert ask("pia", cursor)[1]["reset"] is False


def test_other_topics_than_before_say_begin_anew(cast, ask, follow):
    type_in(cast.pia_patient, 5.5, kind="glucose", unit="mmol/L")
    type_in(cast.pia_patient, 80)
    patient = cast.pia_patient.id
    changes, cursor = follow("dora", patient=patient)
    assert {change["topic"] for change in changes} == {"glucose", "vitals"}
    grant = make.make_grant(cast.pia_patient, person=cast.dora, topics={Topic.RECORDS: Level.READ})
    assert ask("dora", cursor, patient)[1]["reset"] is True
    with acting_for_all():
        grant.delete()
    assert ask("dora", cursor, patient)[1]["reset"] is False


# Who sees what


def test_caregiver_reads_the_shared_topics_only_and_is_written_down(cast, follow, ask):
    take_in(cast.pia_patient, make.minutes_csv(10))
    with acting_on(cast.pia_patient.id):
        make_record(cast.pia_patient, 1)
        seen = make_record(cast.pia_patient, 2, Topic.GLUCOSE)
    changes, _ = follow("dora", patient=cast.pia_patient.id)
    assert {change["topic"] for change in changes} == {"vitals", "glucose"}
    assert refs(changes)[-1] == f"record/{seen.id}"
    assert [ask(who, "", cast.pia_patient.id)[0] for who in ("paul", "carl", "rita")] == [404, 404, 404]
    with acting_for_all():
        event = AuditEvent.objects.filter(what="sync").first()
    assert (event.actor, event.action, event.topics) == (cast.dora, "read", ["glucose", "vitals"])


def test_record_that_moves_to_another_topic_goes_from_who_saw_the_former(cast, follow):
    with acting_on(cast.pia_patient.id):
        row = make_record(cast.pia_patient, 1, Topic.GLUCOSE)
    cursor = follow("dora", patient=cast.pia_patient.id)[1]
    with acting_on(cast.pia_patient.id):
        Record.objects.update(topic=Topic.RECORDS)
        for topic in (Topic.GLUCOSE, Topic.RECORDS):
            record_change(cast.pia_patient.id, topic=topic, ref=f"record/{row.id}")
    (gone,), _ = follow("dora", cursor, cast.pia_patient.id)
    assert (gone["op"], gone["body"]) == ("delete", None)
    (here,), _ = follow("pia")
    assert (here["op"], here["topic"]) == ("set", "records")


# Late commits


def test_change_that_commits_late_is_never_skipped(transactional_db, cast, follow):
    """The first to begin is the last to commit: who read in between still gets it."""
    began, may_write = threading.Event(), threading.Event()

    def first():
        try:
            with acting_for(cast.pia.id):
                assert Change.objects.count() == 0  # its snapshot of the log
                began.set()
                may_write.wait(20)
                note(cast.pia_patient, "series/sbp")
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert began.wait(20)
    with acting_for(cast.pia.id):
        note(cast.pia_patient, "series/weight")
    changes, cursor = follow("pia")
    assert refs(changes) == ["series/weight"]
    may_write.set()
    thread.join()
    changes, cursor = follow("pia", cursor)
    assert refs(changes) == ["series/sbp"]
    assert follow("pia", cursor)[0] == []


def test_change_waits_for_one_that_has_its_number_and_is_not_committed(transactional_db, cast, follow):
    """Number 2 cannot be seen while number 1 is open: its transaction waits, and a reader gets neither."""
    numbered, may_commit, second_done = threading.Event(), threading.Event(), threading.Event()

    def write(ref, before_commit):
        try:
            with acting_for(cast.pia.id):
                note(cast.pia_patient, ref)
                before_commit()
        finally:
            connection.close()

    def hold():
        numbered.set()
        may_commit.wait(20)

    first = threading.Thread(target=write, args=("series/sbp", hold))
    first.start()
    assert numbered.wait(20)
    second = threading.Thread(target=lambda: (write("series/weight", lambda: None), second_done.set()))
    second.start()
    assert not second_done.wait(0.3)
    changes, cursor = follow("pia")
    assert (changes, cursor) == ([], "")
    may_commit.set()
    first.join()
    second.join()
    assert [(change["seq"], change["ref"]) for change in follow("pia", cursor)[0]] == [
        (1, "series/sbp"),
        (2, "series/weight"),
    ]


# Days in the log


def day(number):
    return date(2026, 1, 1) + timedelta(days=number)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], []),
        ([5], [(5, 5)]),
        ([1, 2, 3], [(1, 3)]),
        ([1, 20, 40], [(1, 40)]),
        ([1, 1 + WIDEST_GAP.days], [(1, 1 + WIDEST_GAP.days)]),
        ([1, 2 + WIDEST_GAP.days], [(1, 1), (2 + WIDEST_GAP.days,) * 2]),
        (range(LONGEST_RANGE.days), [(0, LONGEST_RANGE.days - 1)]),
        (
            range(LONGEST_RANGE.days + 1),
            [(0, LONGEST_RANGE.days - 1), (LONGEST_RANGE.days,) * 2],
        ),
    ],
)
def test_days_are_told_in_few_ranges_of_bounded_length(numbers, expected):
    assert ranges(map(day, numbers)) == [(day(first), day(last)) for first, last in expected]


def days_told(patient):
    with acting_on(patient.id):
        found = Change.objects.filter(ref__startswith="days/").order_by("seq")
        return [ref.removeprefix("days/") for ref in found.values_list("ref", flat=True)]


def test_digest_tells_only_of_days_that_came_out_otherwise(cast):
    take_in(cast.pia_patient, make.minutes_csv(10))
    take_in(cast.pia_patient, make.minutes_csv(10) + b"\n", "again.csv")
    assert days_told(cast.pia_patient) == ["heart_rate/2026-03-01/2026-03-01"]
    rebuild(cast.pia_patient.id, now=timezone.now())
    assert len(days_told(cast.pia_patient)) == 1
    take_in(cast.pia_patient, make.minutes_csv(5, start="2026-03-02T08:00:00+00:00"))
    assert days_told(cast.pia_patient)[1:] == ["heart_rate/2026-03-02/2026-03-02"]


def test_rebuild_tells_of_days_on_which_nothing_stands_any_more(cast):
    take_in(cast.pia_patient, make.minutes_csv(10))
    with acting_on(cast.pia_patient.id):
        row = DaySummary.objects.get()
        row.day, row.kind = date(2020, 2, 2), "weight"
        row.save(force_insert=True)
    rebuild(cast.pia_patient.id, now=timezone.now())
    assert days_told(cast.pia_patient)[1:] == ["weight/2020-02-02/2020-02-02"]
    with acting_on(cast.pia_patient.id):
        assert DaySummary.objects.count() == 1


def days_in(changes):
    return [day for change in changes if change["type"] == "days" for day in change["body"]["days"]]


def test_what_is_older_than_its_entries_in_the_log_is_told_by_the_migration(cast, follow):
    lines = [f"{AT + timedelta(days=day):%Y-%m-%dT%H:%M}Z,weight,80,kg" for day in range(-400, 0)]
    take_in(cast.pia_patient, "\n".join(["start,kind,value,unit", *lines]).encode())
    with acting_on(cast.pia_patient.id):
        row = make_record(cast.pia_patient, 1)
        make_record(cast.pia_patient, 2)
    before = [one for one in follow("pia")[0] if one["type"] in ("days", "record")]
    with acting_for_all(), connection.cursor() as cursor:
        Change.objects.filter(Q(ref__startswith="days/") | Q(ref__startswith="record/")).delete()
        last = ChangeStream.objects.get().last_seq
        cursor.execute(import_module("twin.migrations.0004_every_way_in").TELL)
    after = [one for one in follow("pia")[0] if one["type"] in ("days", "record")]
    assert [one["seq"] for one in after] == list(range(last + 1, last + 1 + len(after)))
    assert days_in(after) == days_in(before)
    assert f"record/{row.id}" in refs(after)
    with acting_for(cast.pia.id):
        assert note(cast.pia_patient) == last + len(after) + 1


def test_progress_of_an_upload_is_answered_as_it_is_when_asked(cast, follow):
    upload = make.make_upload(cast.pia_patient, make.minutes_csv(3))
    (change,), cursor = follow("pia")
    assert (change["ref"], change["body"]["status"]) == (f"upload/{upload.id}", "received")
    read_upload(upload.id, now=timezone.now())
    assert follow("pia", cursor)[0][-1]["body"]["status"] == "stored"
    with acting_on(cast.pia_patient.id):
        assert Upload.objects.count() == 1
