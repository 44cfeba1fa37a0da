"""Who pushes: VAPID, RFC 8292. Only the owner of the key may push to what was subscribed with it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reminders.channels.subscription import unpadded

PERIOD = timedelta(hours=6)
"""A signature stands for one to two of these; services take up to a day."""
MOST_ORIGINS = 1024


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    """What a browser subscribes with, its `applicationServerKey`."""
    return unpadded(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def signer(key: ec.EllipticCurvePrivateKey, contact: str) -> Callable[[str, datetime], str]:
    """A function of a service's origin and the time: the Authorization header. It signs once a period.

    `contact` is a mailto: or https: address by which the service's people reach ours.
    """
    ours = public_key(key)

    @lru_cache(maxsize=MOST_ORIGINS)
    def signed(origin: str, period: int) -> str:
        until = datetime.fromtimestamp(0, UTC) + (period + 2) * PERIOD
        token = jwt.encode({"aud": origin, "exp": until, "sub": contact}, key, algorithm="ES256")
        return f"vapid t={token}, k={ours}"

    return lambda origin, now: signed(origin, int(now.timestamp() // PERIOD.total_seconds()))
