"""The twin's state out of its series: days, newest readings, the snapshot. Pure: no clock, no database."""

from twin.state.summary import REACH, DaySummary, counting, reach, summarise
from twin.state.tiles import Reading, Snapshot, Tile, newest, snapshot

__all__ = [
    "REACH",
    "DaySummary",
    "Reading",
    "Snapshot",
    "Tile",
    "counting",
    "newest",
    "reach",
    "snapshot",
    "summarise",
]
