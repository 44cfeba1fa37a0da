"""Typed readers of environment variables. A bad value stops the boot and names its variable."""

import base64
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


class BadEnvironment(Exception):
    """An environment variable is missing or cannot be used; the message begins with its name."""


def text(name: str, default: str | None = None) -> str:
    """The variable's text; without a default, an absent or empty one is refused."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise BadEnvironment(f"{name} is not set")
    return value


def boolean(name: str, default: bool) -> bool:
    """One of 1/true/yes/on or 0/false/no/off, in any case."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadEnvironment(f"{name} must be true or false, not {value!r}")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise BadEnvironment(f"{name} must be a whole number, not {value!r}") from None
    if not low <= number <= high:
        raise BadEnvironment(f"{name} must be from {low} to {high}, not {number}")
    return number


def words(name: str, default: tuple[str, ...]) -> list[str]:
    """Words separated by commas."""
    value = os.environ.get(name, "").strip()
    return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)


def folder(name: str, default: Path) -> Path:
    """An absolute folder; it need not exist yet."""
    path = Path(text(name, str(default)))
    if not path.is_absolute():
        raise BadEnvironment(f"{name} must be an absolute path, not {str(path)!r}")
    return path


def file(name: str) -> Path | None:
    """The absolute path of a file that can be read; None when the variable is absent or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        return None
    path = Path(value)
    if not path.is_absolute():
        raise BadEnvironment(f"{name} must be an absolute path, not {value!r}")
    _content(name, path)
    return path


def secret(name: str, *, length: int = 32) -> str:
    """The variable, or the content of the file that NAME_FILE names; of at least `length` characters."""
    value = _value_or_file(name)
    if not value:
        raise BadEnvironment(f"{name} is not set")
    if len(value) < length:
        raise BadEnvironment(f"{name} must have at least {length} characters")
    return value


def signing_key(name: str) -> ec.EllipticCurvePrivateKey | None:
    """A private key on P-256, its 32 bytes in base64url, of the variable or the file that NAME_FILE names.

    None without either.
    """
    value = _value_or_file(name)
    if not value:
        return None
    try:
        number = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise BadEnvironment(f"{name} is not base64url") from None
    if len(number) != 32:
        raise BadEnvironment(f"{name} must have 32 bytes, not {len(number)}")
    try:
        return ec.derive_private_key(int.from_bytes(number, "big"), ec.SECP256R1())
    except ValueError:
        raise BadEnvironment(f"{name} is no key on the curve P-256") from None


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """As whom a service of Google's is asked."""

    project: str
    email: str
    key_id: str
    token_url: str
    key: rsa.RSAPrivateKey = field(repr=False)


def service_account(name: str) -> ServiceAccount | None:
    """The JSON key of a Google service account, of the variable or the file that NAME_FILE names.

    None without either.
    """
    value = _value_or_file(name)
    if not value:
        return None
    try:
        given = json.loads(value)
    except ValueError:
        raise BadEnvironment(f"{name} is not JSON") from None
    wanted = ("project_id", "client_email", "private_key_id", "token_uri", "private_key")
    for part in wanted:
        if not isinstance(given, dict) or not isinstance(given.get(part), str) or not given[part]:
            raise BadEnvironment(f"{name} has no {part}")
    project, email, key_id, token_url, pem = (given[part] for part in wanted)
    if not token_url.startswith("https://"):
        raise BadEnvironment(f"{name} has a token_uri that is not https")
    if not re.fullmatch(r"[a-z0-9.:-]+", project):
        raise BadEnvironment(f"{name} has a project_id that is none")
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadEnvironment(f"{name} has a private_key that cannot be read") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise BadEnvironment(f"{name} has a private_key that is not of RSA")
    return ServiceAccount(project, email, key_id, token_url, key)


def _value_or_file(name: str) -> str:
    file_name = os.environ.get(f"{name}_FILE", "").strip()
    return _content(f"{name}_FILE", Path(file_name)) if file_name else os.environ.get(name, "").strip()


def _content(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise BadEnvironment(f"{name} names a file that is not text") from None
    except OSError as error:
        raise BadEnvironment(f"{name} cannot be read: {error.strerror}") from None


def database(name: str) -> dict[str, Any]:
    """A PostgreSQL URL as an entry of Django's DATABASES; the host may be a socket's folder (?host=/path)."""
    url = text(name)
    if not url.startswith(("postgres://", "postgresql://")):
        raise BadEnvironment(f"{name} must be a postgresql:// URL")
    try:
        parts: Mapping[str, Any] = conninfo_to_dict(url)
    except ProgrammingError:
        raise BadEnvironment(f"{name} cannot be read as a postgresql:// URL") from None
    for part in ("dbname", "user"):
        if not parts.get(part):
            raise BadEnvironment(f"{name} names no {part}")
    known = {"dbname", "user", "password", "host", "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts["dbname"],
        "USER": parts["user"],
        "PASSWORD": parts.get("password") or "",
        "HOST": parts.get("host") or "",
        "PORT": str(parts.get("port") or ""),
        "OPTIONS": {key: value for key, value in parts.items() if key not in known},
    }


@dataclass(frozen=True, slots=True)
class Redis:
    """One Redis server under the spellings that its users want."""

    url: str
    celery: str
    channels: str


def redis(name: str) -> Redis:
    """A redis://, rediss:// or unix:// URL, as given and as Celery and Channels spell it."""
    url = text(name)
    parts = urlsplit(url)
    if parts.scheme in {"redis", "rediss"}:
        if not parts.hostname:
            raise BadEnvironment(f"{name} names no host")
        return Redis(url=url, celery=url, channels=url)
    if parts.scheme != "unix":
        raise BadEnvironment(f"{name} must be a redis://, rediss:// or unix:// URL")
    if not parts.path.startswith("/"):
        raise BadEnvironment(f"{name} must name an absolute socket path")
    number = parse_qs(parts.query).get("db", ["0"])[0]
    if not number.isdigit():
        raise BadEnvironment(f"{name} has a db that is not a number")
    return Redis(
        url=url,
        celery=f"redis+socket://{parts.path}?virtual_host={number}",
        channels=f"unix://{parts.path}?db={number}",
    )


@dataclass(frozen=True, slots=True)
class Broker:
    """One MQTT broker, and as whom to log in there: an empty `user` is nobody."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = field(default="", repr=False)


def broker(name: str) -> Broker | None:
    """An mqtt:// or mqtts:// URL, of the variable or the file that NAME_FILE names; None without either."""
    url = _value_or_file(name)
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadEnvironment(f"{name} cannot be read as a URL") from None
    if parts.scheme not in {"mqtt", "mqtts"}:
        raise BadEnvironment(f"{name} must be an mqtt:// or mqtts:// URL")
    if not parts.hostname:
        raise BadEnvironment(f"{name} names no host")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise BadEnvironment(f"{name} names more than user, password, host and port")
    tls = parts.scheme == "mqtts"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Broker(parts.hostname, port or (8883 if tls else 1883), tls, user, password)
