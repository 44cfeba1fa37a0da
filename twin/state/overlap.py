"""Sources that measure the same at the same time: which of them counts, hour by hour. Pure and vectorised."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from twin.state.clock import DAY, Integers

HOUR = DAY // 24

Mask = npt.NDArray[np.bool_]


def one_at_a_time(local: Mapping[str, Integers], priority: Sequence[str] = ()) -> dict[str, Mask]:
    """Of each source the samples that count: within one hour of a day they are all of one source.

    `local` holds the local times (ms) of each source's samples. An hour belongs to the highest source of its
    day that has samples in it: by `priority`, then by the number of hours with samples that day, then by that
    of samples, then by name. So a sensor that takes over from another at noon has the hours from noon on.
    """
    names = sorted(name for name in local if len(local[name]))
    if len(names) < 2:
        return {name: np.ones(len(of_source), np.bool_) for name, of_source in local.items()}
    hours_of = [np.unique(local[name] // HOUR, return_counts=True) for name in names]
    hour = np.concatenate([hours for hours, _ in hours_of])
    source = np.repeat(np.arange(len(names)), [len(hours) for hours, _ in hours_of])
    samples = np.concatenate([counts for _, counts in hours_of])

    # What each source has of each day, and from it the place of every source among those of its day.
    days, of_day = np.unique(hour // 24 * len(names) + source, return_inverse=True)
    places = {name: place for place, name in enumerate(priority)}
    preferred = np.array([places.get(name, len(places)) for name in names])
    which = days % len(names)
    order = np.lexsort((which, -np.bincount(of_day, samples), -np.bincount(of_day), preferred[which]))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))

    order = np.lexsort((place[of_day], hour))
    winners = order[np.unique(hour[order], return_index=True)[1]]
    own = {name: hour[winners[source[winners] == number]] for number, name in enumerate(names)}
    return {name: np.isin(of_source // HOUR, own.get(name, [])) for name, of_source in local.items()}
