"""Background work of reminders: due or not, one service call each, safe to run twice."""

import time

from celery import shared_task
from django.utils import timezone

from reminders.channels import channels
from reminders.dispatch import dispatch
from reminders.services.doses import mark_missed
from reminders.services.planning import plan_on, plans_to_go_on

MANY = 200
MISSED_AT_ONCE = 1000
SWEEP_LASTS = 50
"""Seconds after which a sweep leaves the rest to the next one."""


@shared_task(name="reminders.dispatch")
def dispatch_due() -> None:
    """Tells what is due, batch after batch."""
    offered, since = channels(), time.monotonic()
    while dispatch(offered, now=timezone.now()) and time.monotonic() - since < SWEEP_LASTS:
        pass


@shared_task(name="reminders.mark_missed")
def mark_missed_doses() -> None:
    """Says of doses whose time is over that they were missed."""
    while mark_missed(now=timezone.now(), limit=MISSED_AT_ONCE):
        pass


@shared_task(name="reminders.plan_on")
def plan_due_plans() -> None:
    """Has every plan's doses stand far enough ahead."""
    for patient in plans_to_go_on(now=timezone.now(), limit=MANY):
        plan_on(patient, now=timezone.now())
