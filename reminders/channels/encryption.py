"""A push message encrypted for one browser: RFC 8291 in the aes128gcm coding of RFC 8188."""

import hmac
import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reminders.channels.subscription import CURVE, Subscription

RECORD = 4096
"""What every push service takes (RFC 8291, 4): one record, header included."""
STEP = 256
"""Messages are filled up to a multiple of it, for a length may tell which medicine is meant."""
_HEADER = 16 + 4 + 1 + 65
_TAG = 16
LONGEST = (RECORD - _HEADER - _TAG) // STEP * STEP - 1


def encrypted(
    content: bytes,
    to: Subscription,
    *,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
    step: int = STEP,
) -> bytes:
    """The body of the request: a fresh key and a fresh salt for each, unless a test gives its own.

    Raises ValueError for more than LONGEST bytes.
    """
    if len(content) > LONGEST:
        raise ValueError(f"{len(content)} bytes are more than {LONGEST}")
    salt = os.urandom(16) if salt is None else salt
    sender = ec.generate_private_key(CURVE) if sender is None else sender
    ours = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to.public_key)
    shared = sender.exchange(ec.ECDH(), theirs)
    # HKDF with SHA-256, RFC 5869: each of these is one block long at most.
    seed = _hmac(_hmac(to.secret, shared), b"WebPush: info\0" + to.public_key + ours + b"\x01")
    key = _hmac(salt, seed)
    content_key = _hmac(key, b"Content-Encoding: aes128gcm\0\x01")[:16]
    nonce = _hmac(key, b"Content-Encoding: nonce\0\x01")[:12]
    filled = content + b"\x02" + bytes(-(len(content) + 1) % step)
    head = salt + RECORD.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return head + AESGCM(content_key).encrypt(nonce, filled, None)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
