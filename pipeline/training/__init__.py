"""The engine: a run's data, the losses, the loop, what it measures; and where runs are computed."""
