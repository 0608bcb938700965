"""All that decides a run's numbers, and nothing else: from a run's description and pairs to its result.

It imports nothing of the project but `pipeline.architectures`, by name; it reads no file of parameters and no
environment. One digest covers it (`pipeline.backends.store`): an edit here, comments apart, trains everything anew.
"""
