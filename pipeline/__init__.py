"""Weight sharing and an auxiliary loss, measured on networks that compare two handwritten digits."""

import sys

INTERRUPTED = "interrupted; finished stages are kept"


def _say_interrupted(kind, error, trace) -> None:
    """Ctrl-C, or too little memory, while a script's modules are imported is one line too, as in `cli.run_script`."""
    cause = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__context__  # a library that was imported may have failed for it
    if cause is not None:
        print(INTERRUPTED, file=sys.stderr)
        return
    said = None
    if kind is ImportError:  # not of a module that is missing
        from pipeline.cli import refusal  # not above: it imports this package

        said = refusal(error)
    if said is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"error: {said}", file=sys.stderr)


sys.excepthook = _say_interrupted
