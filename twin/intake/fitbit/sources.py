"""How Fitbit's samples are named by origin. Pure.

Fitbit gives the same steps once by the minute, once by the hour and once as the day's total. They are kept as
different sources, so that they are compared and never added up.
"""

DEVICE = "Fitbit"
HOURS = "Fitbit hour totals"
DAYS = "Fitbit day totals"
