"""Annex best: the best that 1,000 training pairs give, with recipes chosen by the tuning's code."""
