"""What FIT's numbers mean: messages, devices, sports, times. Pure; by the profile that fitdecode ships."""

from datetime import UTC, datetime
from typing import Any

from fitdecode import profile

from twin import instants

_MESSAGES = {message.name: message for message in profile.MESSAGE_TYPES.values()}

EPOCH = datetime(1989, 12, 31, tzinfo=UTC)
_EPOCH_SECONDS = int(EPOCH.timestamp())
# Smaller times count from when the device was switched on (profile: date_time, min).
_FIRST_DATE = 0x1000_0000

_MANUFACTURER, _PRODUCT, _PRODUCT_NAME = 1, 2, 8
_LONGEST_NAME = 80


def number_of(message: str) -> int:
    """A message's number by its name; raises KeyError."""
    number: int = _MESSAGES[message].mesg_num
    return number


def name_of(number: int) -> str:
    """A message's name, or its number in words where the profile does not know it."""
    message = profile.MESSAGE_TYPES.get(number)
    return str(message.name) if message else f"message {number}"


def field_of(message: int, number: int) -> Any:
    """What the profile says of a field: name, type, scale, offset; None when it does not know it."""
    known = profile.MESSAGE_TYPES.get(message)
    return known.fields.get(number) if known else None


def scaled(field: Any, raw: float) -> float:
    """A raw number in the field's own unit."""
    value = raw / field.scale if field.scale else raw
    return float(value - field.offset if field.offset else value)


def word(type_name: str, raw: Any) -> str | None:
    """The profile's name for one value of an enumeration, such as a sport."""
    found = profile.FIELD_TYPES[type_name].enum.get(raw) if isinstance(raw, int) else None
    return str(found) if found is not None else None


def instant(time: int | None) -> int | None:
    """Milliseconds since 1970 of a FIT time; None where it counts from when the device was switched on."""
    if time is None or time < _FIRST_DATE:
        return None
    return (_EPOCH_SECONDS + time) * 1000


def moment(time: int | None) -> datetime | None:
    """The same as a datetime."""
    at = instant(time)
    return None if at is None else instants.instant(at)


def device(file_id: dict[int, Any]) -> str:
    """One stable name for what wrote a file, of its maker and its product; empty when it names neither."""
    maker, product = file_id.get(_MANUFACTURER), file_id.get(_PRODUCT)
    name = word("manufacturer", maker)
    model = _model(maker, product) or file_id.get(_PRODUCT_NAME)
    if name is None and isinstance(maker, int):
        name = f"maker {maker}"
    if model is None and isinstance(product, int):
        model = f"product {product}"
    words = " ".join(str(part) for part in (name, model) if part).replace("_", " ")
    return (words[:1].upper() + words[1:])[:_LONGEST_NAME]


def _model(maker: Any, product: Any) -> str | None:
    for catalogue in _MESSAGES["file_id"].fields[_PRODUCT].subfields:
        if any(reference.raw_value == maker for reference in catalogue.ref_fields):
            found = catalogue.type.enum.get(product) if isinstance(product, int) else None
            return str(found) if found is not None else None
    return None
