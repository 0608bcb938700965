"""How far training has come: a bar over epochs on a terminal, a plain line now and then in a log."""

import sys
import time

from tqdm import tqdm

from pipeline.cli import say

SECONDS_BETWEEN_LINES = 30


class Progress:
    """Shows epochs as they end."""

    def __init__(self, name: str, epochs: int):
        """`epochs`: of all runs together."""
        self.name, self.epochs = name, epochs
        self.done, self.last_line = 0, time.monotonic()
        tqdm.monitor_interval = 0  # no thread of its own: workers are forked
        self.bar = tqdm(total=epochs, desc=name, unit="epoch", disable=None, leave=False)

    def __call__(self, accuracies: list[float]) -> None:
        """Count the epochs that just ended, given the test accuracy after each."""
        if not accuracies:
            return
        self.done += len(accuracies)
        accuracy = f"test accuracy {100 * sum(accuracies) / len(accuracies):.1f} %"
        self.bar.set_postfix_str(accuracy, refresh=False)
        self.bar.update(len(accuracies))
        if self.bar.disable and time.monotonic() - self.last_line > SECONDS_BETWEEN_LINES:
            self.last_line = time.monotonic()
            say(f"{self.name}: {self.done} of {self.epochs} epochs, {accuracy}", sys.stderr)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        self.bar.close()
