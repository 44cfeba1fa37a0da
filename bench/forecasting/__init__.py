"""The parts of bench/forecast.py and of what trains our models."""

import harness  # noqa: F401 - puts the checkout where its packages are found
