"""The product's settings, and the alternative beside it."""

from backend.settings import *  # noqa: F403 - these are its settings
from backend.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "row_a_sample"]
ROOT_URLCONF = "row_a_sample.urls"
