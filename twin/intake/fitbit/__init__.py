"""Fitbit's exports: Fitabase CSV, minutes as CSV, Takeout JSON, and answers of the Web API. Pure."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.fitbit import fitabase, minutes, takeout, web_api
from twin.intake.items import Item, RefusalCode, Refused

NAME = "fitbit"

_HEAD = 64 * 1024


def sniff(head: bytes) -> bool:
    """Whether the first bytes are one of Fitbit's layouts."""
    return any(
        recognised(head)
        for recognised in (fitabase.is_fitabase, minutes.is_minutes, takeout.is_takeout, web_api.is_web_api)
    )


def people(stream: BinaryIO) -> list[str]:
    """The Ids of the people in the file, as `read` takes them; empty where a file names nobody."""
    head = stream.read(_HEAD)
    stream.seek(0)
    return sorted(fitabase.people(stream)) if fitabase.is_fitabase(head) else []


def read(stream: BinaryIO, *, zone: tzinfo, person: str | None = None) -> Iterator[Item]:
    """The samples of one file, from a seekable stream.

    Raises Refused when a file holds several people and `person` does not name one of them, or when nothing
    in it can be read. Where a Takeout file does not say itself what it counts, the stream's `name` decides.
    """
    head = stream.read(_HEAD)
    stream.seek(0)
    if fitabase.is_fitabase(head):
        yield from fitabase.read(stream, zone=zone, person=person)
    elif minutes.is_minutes(head):
        yield from minutes.read(stream, zone=zone)
    elif takeout.is_takeout(head):
        yield from takeout.read(stream, zone=zone, name=str(getattr(stream, "name", "")))
    elif web_api.is_web_api(head):
        yield from web_api.read(stream, zone=zone)
    else:
        raise Refused(RefusalCode.UNKNOWN_FORMAT, "This is no layout of Fitbit's exports that Pollux knows.")
