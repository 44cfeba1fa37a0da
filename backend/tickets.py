"""Single-use tickets that open the websocket, for clients that can send no header with it."""

import secrets

from django.core.cache import cache

from backend.models import User

TICKET_LASTS = 30
"""Seconds."""


def issue_ticket(user: User) -> str:
    """A ticket that opens one socket for this person within TICKET_LASTS seconds."""
    ticket = secrets.token_urlsafe(32)
    cache.set(f"live-ticket:{ticket}", str(user.id), TICKET_LASTS)
    return ticket


def redeem_ticket(ticket: str) -> User | None:
    """The ticket's person, once; None for a used, expired or invented one."""
    key = f"live-ticket:{ticket}"
    person = cache.get(key)
    # Of two that come at once, only one deletes the key.
    if person is None or not cache.delete(key):
        return None
    return User.objects.filter(id=person, is_active=True).first()
