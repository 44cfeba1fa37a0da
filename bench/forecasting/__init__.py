"""The parts of bench/forecast.py and of what trains our models."""

import sys
from pathlib import Path

# A file that is run by itself finds its neighbours alone, not the checkout's packages.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
