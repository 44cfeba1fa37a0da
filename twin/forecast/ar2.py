"""AR2, with which Nightscout looks ahead: a rival for our own forecast of glucose. Pure.

A second-order autoregression. Published in github.com/nightscout/cgm-remote-monitor, lib/plugins/ar2.js: the
coefficients, the reference of 140 mg/dL and the limits. There it is drawn for an hour; here it goes on in the
same steps.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BEFORE, NOW = -0.723, 1.716
REFERENCE = 140.0
LOWEST, HIGHEST = 36.0, 400.0
STEP = 5
"""Minutes from one value to the next."""


def ar2(five_minutes_ago: Floats, now: Floats, minutes: Sequence[int]) -> Floats:
    """The glucose (mg/dL) of N series at each of the `minutes` ahead, multiples of STEP: [N, minutes].

    Values below 36 are taken as 36, where the original answers nothing. Not rounded to whole mg/dL.
    """
    before = np.log(np.maximum(five_minutes_ago, LOWEST) / REFERENCE)
    current = np.log(np.maximum(now, LOWEST) / REFERENCE)
    ahead = []
    for _ in range(max(minutes) // STEP):
        before, current = current, BEFORE * before + NOW * current
        ahead.append(current)
    logs = np.stack(ahead)[[minute // STEP - 1 for minute in minutes]].T
    # The recursion fades towards the reference (its roots lie within the unit circle), so nothing overflows.
    forecast: Floats = np.clip(REFERENCE * np.exp(logs), LOWEST, HIGHEST)
    return forecast
