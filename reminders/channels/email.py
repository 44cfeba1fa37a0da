"""Reminders by mail."""

import smtplib
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.mail import DNS_NAME, EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse

from reminders.tellings import Message, Outcome, Result

PERMANENT = 500
"""Replies from here on are a mail server's last word, RFC 5321."""


class EmailChannel:
    """Plain mail; what it says was chosen by its person. One connection takes a batch."""

    def send(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:  # noqa: ARG002 - a channel has it
        """A second try has the first one's Message-ID, by which mailboxes know it again."""
        outcomes: list[Outcome] = []
        try:
            with get_connection() as connection:
                outcomes.extend(self._send(one, connection) for one in messages)
        except (OSError, smtplib.SMTPException):
            # Those before it are on their way; a mail that was cut off is tried again under the same id.
            outcomes += [Outcome(Result.LATER, "mail_server_away")] * (len(messages) - len(outcomes))
        return outcomes

    def _send(self, message: Message, connection: BaseEmailBackend) -> Outcome:
        address = settings.SITE_URL.rstrip("/") + reverse("home")
        mail = EmailMessage(
            message.title,
            render_to_string("email/reminder.txt", {"text": message.text, "address": address}),
            to=[message.email],
            headers={"Message-ID": f"<{message.id}@{DNS_NAME}>", "Auto-Submitted": "auto-generated"},
            connection=connection,
        )
        try:
            sent = mail.send()
        except smtplib.SMTPRecipientsRefused:
            return Outcome(Result.REFUSED, "address_refused")
        except smtplib.SMTPResponseException as error:
            return Outcome(
                Result.LATER if error.smtp_code < 500 else Result.REFUSED, f"smtp_{error.smtp_code}"
            )
        return Outcome(Result.SENT) if sent else Outcome(Result.REFUSED, "not_sent")
