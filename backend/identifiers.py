"""Ids that are safe to make offline and sort by the time they were made. Pure."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): unique everywhere, in the order of creation."""
    return uuid7()
