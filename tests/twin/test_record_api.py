"""The track record at the API: what was shown, what came, and who may read it."""

from datetime import date, timedelta

import make
import pytest
from django.utils import timezone
from forecasts import make_days

from backend.actor import acting_for_all
from backend.rules import Level, Topic
from twin.kinds import KINDS
from twin.models import DaySummary, Forecast
from twin.queries.forecasts import shown_forecasts

RESTING = KINDS["resting_heart_rate"]


@pytest.fixture
def ask(client_of):
    """A function: who, path → (status, JSON)."""

    def asking(who, path):
        answer = client_of(who).get(f"/api/v1{path}")
        return answer.status_code, answer.json()

    return asking


def make_shown(
    patient, through: date, mean: float, *, hours: int = 0, shown: bool = True, current: bool = False
) -> Forecast:
    """A forecast of 28 days, made the day after `through`, and superseded since unless it is current."""
    made = (
        timezone.now() - timedelta(days=(timezone.now().date() - through).days - 1) + timedelta(hours=hours)
    )
    lines = {"mean": mean, "low80": mean - 2, "high80": mean + 2, "low95": mean - 4, "high95": mean + 4}
    with acting_for_all():
        return Forecast.objects.create(
            patient=patient,
            kind=RESTING.code,
            topic=RESTING.topic,
            through=through,
            made_at=made,
            shown_at=made if shown else None,
            superseded_at=made if shown and not current else None,
            model="kalman_mixture",
            version="1.1",
            last_value=mean + 3,
            **{line: [value] * 28 for line, value in lines.items()},
        )


def days_ago(count: int) -> date:
    return timezone.now().date() - timedelta(days=count)


def test_record_tells_how_shown_forecasts_went(cast, ask):
    make_days(cast.pia_patient, RESTING.code, 40, last=days_ago(1))
    for ago in range(1, 22):
        make_shown(cast.pia_patient, days_ago(ago), 108.0)
    make_shown(cast.pia_patient, days_ago(60), 300.0, shown=False)
    path = f"/patients/{cast.pia_patient.id}/forecasts/{RESTING.code}/record?days=28"
    status, body = ask("pia", path)
    assert (status, body["kind"], body["unit"], body["shown"]) == (200, RESTING.code, "/min", 21)
    assert body["points"] == sum(range(1, 21)) == body["overall"]["points"]
    assert [(one["from_day"], one["to_day"]) for one in body["horizons"]] == [
        (1, 3),
        (4, 7),
        (8, 14),
        (15, 28),
    ]
    assert isinstance(body["better_than_last_value"], bool)
    assert [one["through"] for one in body["past"]] == [
        days_ago(21).isoformat(),
        days_ago(14).isoformat(),
        days_ago(7).isoformat(),
    ]
    assert body["past"][0]["days"][0] == days_ago(20).isoformat()
    assert body["past"][0]["low80"] == [106.0] * 28
    assert body["truth"]["days"][-1] == days_ago(1).isoformat()
    truth = dict(zip(body["truth"]["days"], body["truth"]["values"], strict=True))
    errors = [abs(108 - truth[days_ago(ago).isoformat()]) for ago in range(1, 21) for _ in range(21 - ago)]
    assert round(body["overall"]["mae"], 6) == round(sum(errors) / len(errors), 6)
    assert ask("dora", path)[1] == body
    assert ask("carl", path)[0] == 404


def test_record_of_nothing_shown_is_empty(cast, ask):
    make_days(cast.pia_patient, RESTING.code, 20, last=days_ago(1))
    make_shown(cast.pia_patient, days_ago(9), 108.0, shown=False)
    body = ask("pia", f"/patients/me/forecasts/{RESTING.code}/record")[1]
    assert (body["shown"], body["points"], body["overall"], body["past"]) == (0, 0, None, [])
    assert body["better_than_last_value"] is None


def test_record_of_what_is_never_forecast_is_not_there(cast, ask):
    for code in ("height", "aura"):
        assert ask("pia", f"/patients/me/forecasts/{code}/record")[0] == 404
    assert ask("pia", f"/patients/me/forecasts/{RESTING.code}/record?days=9000")[0] == 400


def test_record_of_a_topic_that_is_not_shared_is_not_there(cast, ask):
    make.make_grant(cast.paul_patient, person=cast.dora, topics={Topic.VITALS: Level.READ})
    path = f"/patients/{cast.paul_patient.id}/forecasts/{{}}/record"
    assert [ask("dora", path.format(code))[0] for code in ("weight", "glucose")] == [200, 404]


def test_shown_forecasts_of_one_last_day_are_its_newest(cast):
    make_shown(cast.pia_patient, days_ago(9), 100.0)
    make_shown(cast.pia_patient, days_ago(9), 105.0, hours=5, current=True)
    make_shown(cast.pia_patient, days_ago(12), 90.0)
    with acting_for_all():
        found = shown_forecasts(cast.pia_patient, RESTING, days_ago(28))
    assert [(one.through, one.band.mean[0]) for one in found] == [(days_ago(12), 90.0), (days_ago(9), 105.0)]


def test_record_costs_the_same_however_much_was_shown(cast, client_of, django_assert_max_num_queries):
    client = client_of("cleo")
    path = f"/api/v1/patients/{cast.pia_patient.id}/forecasts/{RESTING.code}/record"
    make_days(cast.pia_patient, RESTING.code, 10, last=days_ago(1))
    client.get(path)
    counts = []
    for first in (1, 11):
        for ago in range(first, first + 10):
            make_shown(cast.pia_patient, days_ago(ago), 108.0)
        with django_assert_max_num_queries(12) as counted:
            assert client.get(path).status_code == 200
        counts.append(len(counted))
    assert counts[0] == counts[1]
    with acting_for_all():
        assert DaySummary.objects.filter(kind=RESTING.code).count() == 10
