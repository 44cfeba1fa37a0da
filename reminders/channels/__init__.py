"""The ways in which people are reminded, one a module; none knows the database."""

from collections.abc import Mapping

from reminders.channels.email import EmailChannel
from reminders.channels.live import LiveChannel
from reminders.tellings import Channel


def channels() -> Mapping[str, Channel]:
    """Those that there are, by the names that people's preferences have for them."""
    return {"live": LiveChannel(), "email": EmailChannel()}
