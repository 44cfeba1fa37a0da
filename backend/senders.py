"""The ways in which people are told that something needs them: their open sockets, and mail."""

from django.conf import settings
from django.core.mail import DNS_NAME, EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from backend.changes import notify
from backend.ports import Outcome, Telling

SUBJECT = "Something in Pollux needs you"


class LiveSender:
    """Every open socket of the person; who has none is told by the other channels, and by the list."""

    name = "live"

    def send(self, telling: Telling) -> Outcome:
        """Handed over once the channel layer has taken it. Ids and a severity only."""
        notice = {
            "notice": telling.notice,
            "delivery": str(telling.id),
            telling.notice: str(telling.ref),
            "patient": str(telling.patient),
            "severity": telling.severity,
        }
        return Outcome.SENT if notify(telling.person, notice) else Outcome.FAILED


class MailSender:
    """Plain mail that says nothing but to log in. Handed over once the mail server has taken it."""

    name = "email"

    def send(self, telling: Telling) -> Outcome:
        """A second try has the first one's Message-ID, by which mailboxes know it again."""
        address = settings.SITE_URL.rstrip("/") + reverse("home")
        mail = EmailMessage(
            SUBJECT,
            render_to_string("email/notice.txt", {"address": address}),
            to=[telling.email],
            headers={"Message-ID": f"<{telling.id}@{DNS_NAME}>", "Auto-Submitted": "auto-generated"},
        )
        return Outcome.SENT if mail.send() else Outcome.UNREACHABLE
