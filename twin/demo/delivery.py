"""Generated or published samples as a reader would hand them over at a given instant. Pure."""

from collections.abc import Iterator
from datetime import datetime

from twin.intake import wall_time
from twin.intake.items import Samples

_BATCH = 50_000


def delivered(samples: Samples, now: datetime) -> Iterator[Samples]:
    """Those that are over at `now`, in batches; nothing when there are none."""
    columns = samples.columns
    columns = columns.take(columns.start + columns.duration <= wall_time.instant(now))
    for first in range(0, len(columns), _BATCH):
        batch = columns.take(slice(first, first + _BATCH))
        yield Samples(samples.kind, samples.source, samples.unit, batch)
