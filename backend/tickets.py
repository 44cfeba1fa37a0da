"""Single-use tickets that open the websocket, for clients that can send no header with it."""

import secrets

from django.core.cache import cache

TICKET_LASTS = 30
"""Seconds."""


def issue_ticket(session_key: str, *, lasts: int = TICKET_LASTS) -> str:
    """A ticket that opens one socket for this login within so many seconds."""
    ticket = secrets.token_urlsafe(32)
    cache.set(f"live-ticket:{ticket}", session_key, lasts)
    return ticket


def redeem_ticket(ticket: str) -> str | None:
    """The session key of the ticket's login, once; None for a used, expired or invented one."""
    key = f"live-ticket:{ticket}"
    session_key: str | None = cache.get(key)
    # Of two that come at once, only one deletes the key.
    return session_key if session_key is not None and cache.delete(key) else None
