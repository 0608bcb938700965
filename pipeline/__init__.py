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
    elif "failed to map segment" in str(error):
        print(f"error: too little memory ({error}); raise the limit (ulimit -v)", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say_interrupted
