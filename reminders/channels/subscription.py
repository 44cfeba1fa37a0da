"""What a browser says of where it can be pushed to: read, or refused by its field and the reason. Pure."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

LONGEST_ENDPOINT = 2_000
LONGEST_KEY = 200
POINT = 65
SECRET = 16
CURVE = ec.SECP256R1()
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?=.{1,254}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class SubscriptionError(ValueError):
    """What of a subscription cannot be, in a sentence for people; `field` is its path in the body."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser takes notices, and what they are encrypted with, RFC 8291."""

    endpoint: str
    origin: str
    public_key: bytes
    secret: bytes

    @property
    def keys(self) -> dict[str, str]:
        """Its keys as a browser spells them."""
        return {"p256dh": unpadded(self.public_key), "auth": unpadded(self.secret)}


class Target(NamedTuple):
    """Where a URL leads: the origin as RFC 6454 spells it, and its host."""

    origin: str
    host: str


def subscription(body: object, *, allow_local: bool = False) -> Subscription:
    """Reads what `PushSubscription.toJSON()` gives; raises SubscriptionError.

    With `allow_local` the endpoint may be plain http and an address of this machine or its network.
    """
    if not isinstance(body, Mapping):
        raise SubscriptionError("", "A subscription is an object.")
    endpoint = _text(body.get("endpoint"), "endpoint", LONGEST_ENDPOINT)
    origin, host = target(endpoint, allow_local=allow_local)
    if not allow_local and not _may_be_public(host):
        raise SubscriptionError("endpoint", "It leads to no public address.")
    keys = body.get("keys")
    if not isinstance(keys, Mapping):
        raise SubscriptionError("keys", "It has no keys.")
    public_key = _bytes(keys.get("p256dh"), "keys.p256dh", POINT)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public_key)
    except ValueError as wrong:
        raise SubscriptionError("keys.p256dh", "It is no point of the curve P-256.") from wrong
    return Subscription(endpoint, origin, public_key, _bytes(keys.get("auth"), "keys.auth", SECRET))


def target(url: str, *, allow_local: bool = False) -> Target:
    """Where a URL leads, https only unless `allow_local`; raises SubscriptionError of `endpoint`."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise SubscriptionError("endpoint", "It has characters that no URL has.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise SubscriptionError("endpoint", "It is no URL.") from wrong
    _refuse_scheme(parts, allow_local=allow_local)
    if not parts.hostname or not (":" in parts.hostname or _NAME.fullmatch(parts.hostname)):
        raise SubscriptionError("endpoint", "It names no host.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise SubscriptionError("endpoint", "It has no user, password or fragment.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = port is None or port == _PORTS[parts.scheme]
    return Target(f"{parts.scheme}://{host}" + ("" if usual else f":{port}"), parts.hostname)


def is_public(address: str) -> bool:
    """Whether an IP address is somebody's on the internet, also where IPv6 wraps one of IPv4."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        whole = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else found.ipv4_mapped
        if whole is not None:
            return is_public(str(whole))
        tunnels = [found.sixtofour, *(found.teredo or ())]
        if any(one is not None and not is_public(str(one)) for one in tunnels):
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def unpadded(content: bytes) -> str:
    """The bytes in base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _refuse_scheme(parts: SplitResult, *, allow_local: bool) -> None:
    allowed = ("https", "http") if allow_local else ("https",)
    if parts.scheme not in allowed:
        raise SubscriptionError("endpoint", f"It has to be an {allowed[0]} address.")


def _may_be_public(host: str) -> bool:
    """A number has to be a public one; of a name only the connection knows, but a local one is none.

    A host whose last label is a number is read by many as an address in another spelling, so it is none.
    """
    if ":" in host or host.rstrip(".").rpartition(".")[2].isdigit():
        return is_public(host)
    name = host.rstrip(".")
    return "." in name and not name.endswith((".localhost", ".local", ".internal"))


def _text(given: object, field: str, longest: int) -> str:
    if not isinstance(given, str) or not given:
        raise SubscriptionError(field, "It is missing.")
    if len(given) > longest:
        raise SubscriptionError(field, f"At most {longest} characters.")
    return given


def _bytes(given: object, field: str, size: int) -> bytes:
    text = _text(given, field, LONGEST_KEY).rstrip("=")
    try:
        # Some browsers gave base64's usual alphabet.
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise SubscriptionError(field, "It is no base64url.") from wrong
    if len(content) != size:
        raise SubscriptionError(field, f"It has {len(content)} bytes and needs {size}.")
    return content
