"""The figures of the study, a module each: functions of params and tables that return a matplotlib figure."""

import os

# Before matplotlib is imported for the first time: no figure needs a screen, and a notebook's backend may not be here.
os.environ["MPLBACKEND"] = "Agg"
