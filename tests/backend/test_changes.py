"""The log: no gaps, no number twice, a push only for what stands."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from backend import changes
from backend.actor import acting_for, acting_for_all
from backend.changes import (
    Entry,
    changes_after,
    group_of,
    last_seq,
    last_seqs,
    record_change,
    record_changes,
    record_changes_of_many,
)
from backend.identifiers import new_id
from backend.models import Change, ChangeOp
from backend.rules import ALL_TOPICS, Topic


@pytest.fixture
def pushed(cast, settings):
    """A function: the numbers that were pushed to pia's stream, by a channel layer in this process."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    layer = get_channel_layer()
    async_to_sync(layer.group_add)(group_of(cast.pia_patient.id), "listener")
    heard = []

    def numbers():
        queue = layer.channels.get("listener")
        while queue is not None and not queue.empty():
            heard.append(async_to_sync(layer.receive)("listener")["seq"])
        return heard

    return numbers


def change(patient, topic=Topic.VITALS, **kwargs):
    return record_change(patient.id, topic=topic, ref="series/sbp", **kwargs)


def test_streams_are_numbered_each_for_itself(cast):
    conversation = new_id()
    with acting_for_all():
        assert [change(cast.pia_patient) for _ in range(3)] == [1, 2, 3]
        assert change(cast.paul_patient) == 1
        assert change(cast.pia_patient, stream=conversation) == 1
        assert (last_seq(cast.pia_patient.id), last_seq(conversation), last_seq(new_id())) == (3, 1, 0)


def test_rolled_back_change_leaves_no_gap_and_pushes_nothing(transactional_db, cast, pushed):
    class Oops(Exception):
        pass

    with acting_for_all():
        change(cast.pia_patient)
    with pytest.raises(Oops), acting_for_all():  # noqa: PT012 - the change is what is rolled back
        change(cast.pia_patient)
        raise Oops
    with acting_for_all():
        change(cast.pia_patient)
        assert pushed() == [1]
    assert pushed() == [1, 2]


def test_writers_at_once_leave_neither_gap_nor_double(transactional_db, cast, pushed):
    barrier = threading.Barrier(4)

    def write(_):
        barrier.wait()
        try:
            for _ in range(10):
                with acting_for(cast.pia.id):
                    change(cast.pia_patient)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    with acting_for_all():
        assert list(Change.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 41))
    assert sorted(pushed()) == list(range(1, 41))


def test_number_becomes_visible_only_after_those_before_it(transactional_db, cast, pushed):
    """A second writer waits for the first: whoever reads number 2 can read number 1."""
    first_wrote, second_began = threading.Event(), threading.Event()
    seen = []

    def first():
        try:
            with acting_for(cast.pia.id):
                change(cast.pia_patient)
                first_wrote.set()
                second_began.wait(5)
                with acting_for(cast.pia.id):
                    seen.append(last_seq(cast.pia_patient.id))
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    first_wrote.wait(5)
    with transaction.atomic(), acting_for(cast.pia.id):
        assert last_seq(cast.pia_patient.id) == 0
        second_began.set()
        assert change(cast.pia_patient) == 2
    thread.join()
    assert seen == [1]


def test_reading_after_a_number_goes_by_topic_and_order(cast):
    with acting_for_all():
        for topic in (Topic.VITALS, Topic.GENES, Topic.VITALS):
            change(cast.pia_patient, topic)
        stream = cast.pia_patient.id
        assert [row.seq for row in changes_after(stream, 0, {Topic.VITALS})] == [1, 3]
        assert [row.seq for row in changes_after(stream, 1, ALL_TOPICS)] == [2, 3]


def test_many_changes_take_one_step_and_one_push(transactional_db, cast, pushed):
    entries = [Entry(Topic.VITALS, f"days/sbp/{day}/{day}") for day in range(1000)]
    with acting_for(cast.pia.id):
        assert change(cast.pia_patient) == 1
        assert record_changes(cast.pia_patient.id, entries) == 1001
        assert record_changes(cast.pia_patient.id, []) == 1001
        rows = list(Change.objects.order_by("seq").values_list("seq", "ref"))
    assert rows[1:] == [(2 + place, entry.ref) for place, entry in enumerate(entries)]
    assert pushed() == [1, 1001]


def test_stranger_cannot_write_into_a_stream(cast):
    with pytest.raises(Exception, match="row-level security"), acting_for(cast.paul.id):
        change(cast.pia_patient)


def test_request_works_while_redis_is_down(transactional_db, cast, monkeypatch, settings, caplog):
    class Down:
        async def group_send(self, *_):
            raise RedisConnectionError("down")

    monkeypatch.setattr(changes, "get_channel_layer", Down)
    client = Client()
    client.force_login(cast.pia, backend="allauth.account.auth_backends.AuthenticationBackend")
    absent = {"LOCATION": "unix:///nonexistent.sock?db=0"}
    settings.CACHES = {"default": settings.CACHES["default"] | absent}
    answer = client.put(
        "/api/v1/me/patient",
        {"name": "Pia", "birth_date": "1963-04-05", "sex": "female", "time_zone": "UTC"},
        content_type="application/json",
    )
    assert answer.status_code == 200
    assert [record.getMessage() for record in caplog.records if record.name == "backend.changes"] == [
        f"action=push_failed stream={cast.pia_patient.id} error=ConnectionError"
    ]


def test_changes_of_many_patients_go_on_where_each_stream_had_got_to_and_push_nothing(
    cast, pushed, django_assert_num_queries, django_capture_on_commit_callbacks
):
    pia, paul = cast.pia_patient.id, cast.paul_patient.id
    entries = {
        pia: [Entry(Topic.VITALS, "forecast/sbp"), Entry(Topic.GLUCOSE, "forecast/glucose", ChangeOp.DELETE)],
        paul: [Entry(Topic.VITALS, "forecast/weight")],
    }
    with acting_for_all(), django_capture_on_commit_callbacks(execute=True):
        change(cast.pia_patient)
        assert pushed() == []
        with django_assert_num_queries(1):
            record_changes_of_many(entries)
        record_changes_of_many({})
        record_changes_of_many({paul: entries[paul]})
        found = Change.objects.order_by("seq").values_list("stream", "seq", "topic", "ref", "op")
        assert [row[1:] for row in found if row[0] == pia] == [
            (1, "vitals", "series/sbp", "set"),
            (2, "vitals", "forecast/sbp", "set"),
            (3, "glucose", "forecast/glucose", "delete"),
        ]
        assert [row[1] for row in found if row[0] == paul] == [1, 2]
        assert last_seqs([pia, paul, new_id()]) == {pia: 3, paul: 2}
    assert pushed() == [1]
