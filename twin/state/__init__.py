"""The twin's state out of its series: days, what is usual, the snapshot, body systems. Pure."""

from twin.state.baseline import Baseline, deviation
from twin.state.summary import REACH, DaySummary, counting, reach, summarise
from twin.state.systems import systems
from twin.state.tiles import Reading, Snapshot, Tile, newest, snapshot

__all__ = [
    "REACH",
    "Baseline",
    "DaySummary",
    "Reading",
    "Snapshot",
    "Tile",
    "counting",
    "deviation",
    "newest",
    "reach",
    "snapshot",
    "summarise",
    "systems",
]
