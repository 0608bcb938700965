"""The failures that a user can mend."""


class StudyError(Exception):
    """The message is one line that names the key or file, and the remedy; `pipeline.cli` prints it and ends."""
