"""What every stage script shares: expected failures end in one line, not in a traceback."""

import errno
import sys
from collections.abc import Callable


class StudyError(Exception):
    """A failure that its user can mend; the message is one line that names the key or file and the remedy."""


def run_script(main: Callable[[], None]) -> None:
    """Call `main`; turn an expected failure into one line on standard error and exit status 1.

    Expected are StudyError, what the operating system refuses (a full disk, a folder that cannot be written) and
    Ctrl-C (exit status 130). Anything else is a bug and keeps its traceback.
    """
    try:
        main()
    except StudyError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        remedy = "free some space and run it again; finished stages are kept"
        if error.errno != errno.ENOSPC:
            remedy = "mend that and run it again"
        sys.exit(f"error: {error.filename or 'a file'}: {error.strerror or error}; {remedy}")
    except KeyboardInterrupt:
        print("interrupted; finished stages are kept", file=sys.stderr)
        sys.exit(130)
