"""The figures of the study, a module each: `figure(params, ...)` takes tables as frames and returns a matplotlib figure."""
