"""Records that Pollux itself wrote out as FHIR, and how they come back as they were. Pure.

Such a resource ends its extensions with one that holds the record as JSON: what FHIR has no place for (the
source, the identity, the topic), and what reading it anew might understand otherwise.
"""

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from backend.rules import Topic
from twin.intake.items import Record, RecordType
from twin.intake.json_values import Broken, Root, values

RECORD = "urn:x-pollux:record"
"""The URL of the extension, and the system of the identifier."""

_WORDS = ("identity", "system", "code", "text", "status", "source")


def signed(resource: dict[str, Any], record: Record) -> dict[str, Any]:
    """The resource with the record in an extension; without its body where the resource is that body."""
    said: dict[str, Any] = {
        "type": record.type.value,
        "topic": record.topic,
        "start": _iso(record.start),
        "end": _iso(record.end),
    }
    said |= {word: getattr(record, word) for word in _WORDS}
    if resource is not record.body:
        said["body"] = record.body
    mark = {"url": RECORD, "valueString": json.dumps(said, ensure_ascii=False, separators=(",", ":"))}
    # The type comes first: by it a file is recognised, and a narrative may be long.
    kind = {"resourceType": resource["resourceType"]}
    return kind | resource | {"extension": [*resource.get("extension", ()), mark]}


def can_sign(body: dict[str, Any]) -> bool:
    """Whether a body can carry the extension and be found again without it: an empty list could not."""
    return "extension" not in body or (isinstance(body["extension"], list) and bool(body["extension"]))


def is_signed(resource: dict[str, Any]) -> bool:
    """Whether a resource carries a record of ours."""
    return _mark(resource) is not None


def restored(resource: dict[str, Any]) -> Record:
    """The record that a signed resource was made of; raises ValueError where it is not as we write it."""
    said = _said(resource)
    body = said.get("body", _unsigned(resource))
    if not isinstance(body, dict):
        raise ValueError("the record's body is no JSON object")  # noqa: TRY004 - of the file, not the caller
    return Record(
        type=RecordType(_word(said, "type")),
        topic=Topic(_word(said, "topic")).value,
        start=_instant(said.get("start")),
        end=_instant(said.get("end")),
        body=body,
        **{name: _word(said, name) for name in _WORDS},
    )


def _mark(resource: dict[str, Any]) -> Any:
    extensions = resource.get("extension")
    last = extensions[-1] if isinstance(extensions, list) and extensions else None
    return last if isinstance(last, dict) and last.get("url") == RECORD else None


def _said(resource: dict[str, Any]) -> dict[str, Any]:
    text = (_mark(resource) or {}).get("valueString")
    if not isinstance(text, str):
        raise ValueError("the record is missing")  # noqa: TRY004 - likewise
    try:
        # Within the bounds that hold for any JSON of a file.
        found = [
            one.value for one in values(BytesIO(text.encode("utf-8", "replace"))) if isinstance(one, Root)
        ]
    except Broken as broken:
        raise ValueError(broken.message) from None
    if len(found) != 1 or not isinstance(found[0], dict):
        raise ValueError("the record is no JSON object")
    return found[0]


def _unsigned(resource: dict[str, Any]) -> dict[str, Any]:
    left = resource["extension"][:-1]
    rest = {key: value for key, value in resource.items() if key != "extension"}
    return rest | {"extension": left} if left else rest


def _word(said: dict[str, Any], name: str) -> str:
    word = said.get(name)
    if not isinstance(word, str):
        raise ValueError(f"the record's {name} is missing")  # noqa: TRY004 - likewise
    return word


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _instant(text: Any) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text) if isinstance(text, str) else None
    if at is None or at.utcoffset() is None:
        raise ValueError("a time is no instant")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time lies outside all years") from None
