"""The demo's team always has somebody on duty."""

from datetime import timedelta

from django.utils import timezone

from backend.models import CareTeam, Clinic, DutyShift
from backend.queries import on_duty
from twin.services import demo


def test_one_of_the_demos_team_is_on_duty_at_every_hour_of_two_weeks(db):
    now = timezone.now()
    demo._make_clinic()
    demo._fill_rota(now)
    count = DutyShift.objects.count()
    demo._fill_rota(now)
    assert DutyShift.objects.count() == count
    later = now + timedelta(days=5)
    demo._fill_rota(later)
    team = CareTeam.objects.get()
    assert team.lead is not None
    hours = range(0, 24 * (5 + demo.ROTA_DAYS - 2), 5)
    on = [list(on_duty(team.id, now + timedelta(hours=hour))) for hour in hours]
    assert {len(shifts) for shifts in on} == {1}
    assert {shift.clinician_id for (shift,) in on} == set(team.members.values_list("id", flat=True))
    assert Clinic.objects.get().reading_hours is not None
