"""The ways in which people are reminded, one a module; none knows the database."""

from collections.abc import Mapping
from functools import cache

from django.conf import settings

from reminders.channels.email import EmailChannel
from reminders.channels.live import LiveChannel
from reminders.channels.push_gateway import PushGatewayChannel
from reminders.channels.web_push import WebPushChannel
from reminders.tellings import Channel


@cache
def channels() -> Mapping[str, Channel]:
    """Those that the settings offer, by the names that people's preferences have for them.

    The same ones in all of a process's life: they remember which service was silent.
    """
    found: dict[str, Channel] = {"live": LiveChannel(), "email": EmailChannel()}
    if settings.VAPID_PRIVATE_KEY is not None:
        found["web_push"] = WebPushChannel(
            settings.VAPID_PRIVATE_KEY,
            settings.VAPID_CONTACT,
            allow_local=settings.PUSH_ALLOW_LOCAL,
        )
    if settings.FCM_SERVICE_ACCOUNT is not None:
        found["push_gateway"] = PushGatewayChannel(settings.FCM_SERVICE_ACCOUNT)
    return found
