"""What forecasts are worth: daily series and glucose of people whom nothing was tuned on, beside rivals.

Any files of the same shape will do: --daily with the columns source, person, kind, day, value, and --cgm with
source, person, at, mg_dl. Each is forecast from past evenings a week apart, or readings 15 minutes apart,
with nothing known that was not known then. --quick takes some evenings, too few for the bars to mean much.
"""

import sys
from pathlib import Path

from forecasting import daily, explanation, glucose, series, speed, synthetic, wearers
from harness import arguments, verdict


def main() -> int:
    """Prints the table; 1 when a bar falls short."""
    parser = arguments(__doc__)
    parser.add_argument("--daily", type=Path, default=series.SHIPPED, help="daily values, CSV or CSV.gz")
    parser.add_argument("--cgm", type=Path, default=wearers.SHIPPED, help="glucose readings, CSV")
    parser.add_argument("--quick", action="store_true", help="some evenings only")
    given = parser.parse_args()
    rows = [
        *daily.rows(given.daily, quick=given.quick),
        *synthetic.rows(quick=given.quick),
        *glucose.rows(given.cgm),
        *speed.rows(quick=given.quick),
        *explanation.rows(given.daily, quick=given.quick),
    ]
    return verdict("forecast", rows, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
