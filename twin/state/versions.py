"""What a snapshot said, packed for keeping: small, since there may be hundreds of each. Pure."""

import json
import zlib
from typing import Any

from twin.kinds import KINDS


def pack(said: dict[str, Any]) -> bytes:
    """Tiles and facts as bytes; lines of past days lose what is behind one more decimal than is shown."""
    tiles = [{**tile, "sparkline": _rounded(tile)} for tile in said["tiles"]]
    return zlib.compress(json.dumps({**said, "tiles": tiles}, separators=(",", ":")).encode())


def unpack(packed: bytes) -> dict[str, Any]:
    """What pack() was given."""
    said: dict[str, Any] = json.loads(zlib.decompress(packed))
    return said


def _rounded(tile: dict[str, Any]) -> list[list[Any]]:
    digits = KINDS[tile["kind"]].decimals + 1
    return [[day, round(value, digits)] for day, value in tile["sparkline"]]
