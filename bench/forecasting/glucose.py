"""How well glucose is forecast: our errors beside the last value's and AR2's, and how often bands held."""

from pathlib import Path

from harness import Row, at_most, within

from forecasting.glucose_answers import answers, figures
from forecasting.wearers import SHIPPED, read_cgm

BARS = {30: 0.90, 60: 0.92, 120: 0.90}
"""What our error may be, in those of the last value."""
HELD80 = (0.79, 0.81)


def rows(path: Path = SHIPPED) -> list[Row]:
    """A row each promise and horizon, for a file's people, whom the trees that answer have never seen."""
    wearers = read_cgm(path)
    found = answers(wearers) if wearers else None
    if found is None or not len(found.wearer):
        what = f"glucose: {path.name} has no reading with two hours of others before and after it"
        return [at_most(None, what, 0, None, "readings")]
    made = []
    for one in figures(found):
        name = f"glucose +{one['minutes']:.0f} min"
        bar = BARS[int(one["minutes"])]
        made += [
            at_most(bar, f"{name}: MAE / last value", one["mae"] / one["mae_last_value"], 1.0, "times"),
            at_most(1.0, f"{name}: MAE / AR2", one["mae"] / one["mae_ar2"], 1.0, "times"),
            within(HELD80, f"{name}: 80 % band holds", one["held80"]),
            within(None, f"{name}: 95 % band holds", one["held95"]),
            within(None, f"{name}: 80 % band holds, 10th person of 100", one["held80_of_tenth"]),
        ]
    return made
