"""Text from outside as PostgreSQL can hold it. Pure."""

from hashlib import sha256


def storable(text: str) -> str:
    """The text without NUL and halves of characters, which no column can hold."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def shortened(identity: str, most: int) -> str:
    """The identity itself, or where it is longer than `most` a hash of it: two long ones never become one."""
    return identity if len(identity) <= most else sha256(identity.encode()).hexdigest()
