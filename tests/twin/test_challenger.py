"""The night's comparison in the database: scored once, on a sample, and shown without anybody's name."""

from datetime import date, timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import timezone
from forecasts import NOW

from backend.actor import acting_for_all
from twin.kinds import KINDS
from twin.models import ChallengerScore, DaySummary, Forecast, Source
from twin.queries.forecasts import challenger_scores
from twin.services.challenger import challenge
from twin.tasks import challenge_forecasts

NIGHT = date(2026, 6, 30)


def make_series(patient, kind, *, night=NIGHT, seed=1):
    """A wandering series through the day before the night, and the forecast by which it is drawn."""
    figures = {"patient": patient, "kind": kind, "topic": KINDS[kind].topic}
    draws = np.random.default_rng(seed)
    values = (70 + draws.normal(0, 0.2, 120).cumsum() + draws.normal(0, 0.5, 120)).tolist()
    with acting_for_all():
        source, _ = Source.objects.get_or_create(patient=patient, name="Scale")
        DaySummary.objects.bulk_create(
            DaySummary(
                **figures,
                day=night - timedelta(days=back),
                value=value,
                minimum=value,
                maximum=value,
                count=1,
                sources=1,
                source_id=source.id,
            )
            for back, value in enumerate(reversed(values), 1)
        )
        bands = {name: [70.0] for name in ("mean", "low80", "high80", "low95", "high95")}
        Forecast.objects.create(
            **figures, **bands, through=night, made_at=NOW, model="m", version="1", last_value=70
        )


def test_challenge_scores_each_kind_once_however_often_it_runs(cast):
    for kind in ("weight", "resting_heart_rate"):
        make_series(cast.pia_patient, kind)
        make_series(cast.paul_patient, kind, seed=2)
    assert challenge(day=NIGHT) == 2
    before = list(ChallengerScore.objects.order_by("kind").values())
    assert challenge(day=NIGHT) == 0
    assert list(ChallengerScore.objects.order_by("kind").values()) == before
    assert [(row["kind"], row["series"], row["points"]) for row in before] == [
        ("resting_heart_rate", 2, 28),
        ("weight", 2, 28),
    ]
    assert all(0 < row["error"] < 5 and 0 < row["error_of_prophet"] < 5 for row in before)


def test_challenge_goes_on_with_the_kinds_that_a_killed_worker_left(cast):
    for kind in ("weight", "resting_heart_rate"):
        make_series(cast.pia_patient, kind)
    make_score(NIGHT, "weight")
    assert challenge(day=NIGHT) == 1


def test_challenge_takes_a_sample_of_a_kind(cast):
    make_series(cast.pia_patient, "weight")
    make_series(cast.paul_patient, "weight", seed=2)
    assert challenge(day=NIGHT, sample=1) == 1
    assert ChallengerScore.objects.get().series == 1


def test_challenge_of_nobody_leaves_no_score(cast):
    assert challenge(day=NIGHT) == 0
    assert not ChallengerScore.objects.exists()


def test_challenge_of_a_series_that_does_not_bear_it_leaves_no_score(cast):
    make_series(cast.pia_patient, "weight", night=NIGHT - timedelta(days=30))
    assert challenge(day=NIGHT) == 0


def test_challenge_forecasts_is_tonights(cast):
    tonight = timezone.now().date()
    make_series(cast.pia_patient, "weight", night=tonight)
    challenge_forecasts()
    assert ChallengerScore.objects.get().day == tonight


def make_score(day, kind, series=10, **fields):
    figures = {"error": 0.8, "error_of_prophet": 1.0, "held80": 0.8, "held80_of_prophet": 0.6} | fields
    return ChallengerScore.objects.create(day=day, kind=kind, series=series, points=series * 14, **figures)


def test_challenger_scores_weigh_nights_by_their_series_and_end_after_four_weeks(cast):
    make_score(NIGHT, "weight", series=30, error=0.9)
    make_score(NIGHT - timedelta(days=1), "weight", series=10, error=0.5)
    make_score(NIGHT - timedelta(days=28), "weight", series=40, error=9.0)
    make_score(NIGHT, "heart_rate")
    heart, weight = challenger_scores(NIGHT)
    assert (heart["kind"], weight["kind"], weight["nights"], weight["matches"]) == (
        "heart_rate",
        "weight",
        2,
        40,
    )
    assert weight["mean_error"] == pytest.approx(0.8)


def test_challenger_command_prints_the_kinds_side_by_side(cast):
    make_score(timezone.now().date(), "weight")
    out = StringIO()
    call_command("challenger", stdout=out)
    header, row = out.getvalue().splitlines()
    assert header.split()[:2] == ["kind", "nights"]
    assert row.split() == ["Weight", "1", "10", "0.80", "1.00", "80%", "60%"]


def test_forecasts_page_shows_both_and_names_nobody(client_of, cast):
    assert b"Nothing has been compared yet" in client_of("cleo").get("/console/forecasts/").content
    make_score(timezone.now().date(), "weight")
    page = client_of("cleo").get("/console/forecasts/").content.decode()
    assert "<strong>0.80</strong>" in page
    assert "80&nbsp;%" in page
    assert "Pia" not in page
