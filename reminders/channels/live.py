"""Reminders on the open pages of a person."""

from collections.abc import Sequence
from datetime import datetime

from backend.changes import notify
from reminders.tellings import Message, Outcome, Result


class LiveChannel:
    """Every open socket of the person. Ids and the kind only: what it is about the page asks for itself."""

    def send(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:  # noqa: ARG002 - a channel has it
        """Handed over once the channel layer has taken it."""
        return [self._send(one) for one in messages]

    def _send(self, message: Message) -> Outcome:
        notice = {
            "notice": "reminder",
            "delivery": str(message.id),
            "reminder": str(message.reminder),
            "patient": str(message.patient),
            "kind": message.kind,
        }
        sent = notify(message.person, notice)
        return Outcome(Result.SENT) if sent else Outcome(Result.LATER, "channel_layer_away")
