"""The twin's state out of its series: days, newest readings, the snapshot. Pure: no clock, no database."""

from twin.state.summary import DaySummary, reach, summarise
from twin.state.tiles import Reading, Snapshot, Tile, newest, snapshot

__all__ = ["DaySummary", "Reading", "Snapshot", "Tile", "newest", "reach", "snapshot", "summarise"]
