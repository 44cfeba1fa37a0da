"""Generated or published samples as a reader would hand them over at a given instant. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import numpy as np

from twin.instants import milliseconds
from twin.intake.items import Item, Samples

_BATCH = 50_000
SYNCS = 21
"""Days in a row on which devices hand over; what is older comes with the first of them."""


def delivered(samples: Samples, now: datetime) -> Iterator[Samples]:
    """Those that are over at `now`, in batches; nothing when there are none."""
    columns = samples.columns
    columns = columns.take(columns.start + columns.duration <= milliseconds(now))
    for first in range(0, len(columns), _BATCH):
        batch = columns.take(slice(first, first + _BATCH))
        yield Samples(samples.kind, samples.source, samples.unit, batch)


def syncs(items: Iterable[Item], now: datetime) -> list[tuple[datetime, list[Item]]]:
    """The same items as they come in day by day at the hour of `now`: each instant with what is new at it.

    A sample comes with the first sync after its end; what is no sample comes with the first of all.
    """
    instants = [now - timedelta(days=ago) for ago in reversed(range(SYNCS))]
    edges = [milliseconds(at) for at in instants]
    given: list[list[Item]] = [[] for _ in instants]
    for item in items:
        if not isinstance(item, Samples):
            given[0].append(item)
            continue
        columns = item.columns
        sync = np.searchsorted(edges, columns.start + columns.duration)
        for place in np.unique(sync).tolist():
            given[place].append(Samples(item.kind, item.source, item.unit, columns.take(sync == place)))
    return list(zip(instants, given, strict=True))
