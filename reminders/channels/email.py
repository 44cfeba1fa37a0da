"""Reminders by mail."""

import smtplib
import time
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.mail import DNS_NAME, EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse

from reminders import answer_links
from reminders.answer_links import Answer
from reminders.tellings import Message, Outcome, Result

PERMANENT = 500
"""Replies from here on are a mail server's last word, RFC 5321."""
ANSWERABLE = frozenset({"doses"})
"""What a person can answer in one word."""
BEGIN_WITHIN = 15
"""Seconds after which no mail of a batch is begun any more."""


class EmailChannel:
    """Plain mail; what it says was chosen by its person. One connection takes a batch."""

    def send(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:  # noqa: ARG002 - a channel has it
        """A second try has the first one's Message-ID, by which mailboxes know it again."""
        outcomes: list[Outcome] = []
        until = time.monotonic() + BEGIN_WITHIN
        try:
            with get_connection() as connection:
                outcomes.extend(self._send(one, connection, until) for one in messages)
        except (OSError, smtplib.SMTPException):
            # Those before it are on their way; a mail that was cut off is tried again under the same id.
            outcomes += [Outcome(Result.LATER, "mail_server_away")] * (len(messages) - len(outcomes))
        return outcomes

    def _send(self, message: Message, connection: BaseEmailBackend, until: float) -> Outcome:
        if time.monotonic() > until:
            return Outcome(Result.LATER, "out_of_time")
        mail = EmailMessage(
            message.title,
            render_to_string("email/reminder.txt", context(message)),
            to=[message.email],
            headers={"Message-ID": f"<{message.id}@{DNS_NAME}>", "Auto-Submitted": "auto-generated"},
            connection=connection,
        )
        try:
            sent = mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            result = Result.REFUSED if min(codes) >= PERMANENT else Result.LATER
            return Outcome(result, "address_refused")
        except smtplib.SMTPResponseException as error:
            result = Result.REFUSED if error.smtp_code >= PERMANENT else Result.LATER
            return Outcome(result, f"smtp_{error.smtp_code}")
        return Outcome(Result.SENT) if sent else Outcome(Result.REFUSED, "not_sent")


def context(message: Message) -> dict[str, str]:
    """What the mail's text is filled with: the links by which it is answered, where it can be."""
    found = {"text": message.text, "address": settings.SITE_URL.rstrip("/") + reverse("home")}
    if message.kind in ANSWERABLE:
        for answer in Answer:
            found[answer.value] = answer_links.address(message.id, answer, until=message.until)
    return found
