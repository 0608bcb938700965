"""The figures of the study, a module each; every `draw()` reads tables or records and returns a matplotlib figure."""
