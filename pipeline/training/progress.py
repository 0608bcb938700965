"""How far a combo has come: a bar over runs x epochs on a terminal, a plain line now and then in a log."""

import sys
import time
from pathlib import Path

import psutil
from tqdm import tqdm

from pipeline.script import StudyError

SECONDS_BETWEEN_LINES = 30


class Progress:
    """Shows epochs as they end; also notices if DVC was killed, which would leave the training without an owner."""

    def __init__(self, name: str, epochs: int):
        """`epochs`: of all runs together."""
        self.name, self.epochs = name, epochs
        self.done, self.last_line = 0, time.monotonic()
        tqdm.monitor_interval = 0  # no thread of its own: workers are forked
        self.bar = tqdm(total=epochs, desc=name, unit="epoch", disable=None, leave=False)
        self.dvc = _running_dvc()

    def __call__(self, accuracies: list[float]) -> None:
        """Count the epochs that just ended, given the test accuracy after each; StudyError if DVC is gone."""
        if self.dvc is not None and not _alive(self.dvc):
            raise StudyError(f"{self.name}: dvc was killed, so training stops; `dvc repro` goes on from the last stage")
        if not accuracies:
            return
        self.done += len(accuracies)
        accuracy = f"test accuracy {100 * sum(accuracies) / len(accuracies):.1f} %"
        self.bar.set_postfix_str(accuracy, refresh=False)
        self.bar.update(len(accuracies))
        if self.bar.disable and time.monotonic() - self.last_line > SECONDS_BETWEEN_LINES:
            self.last_line = time.monotonic()
            print(f"{self.name}: {self.done} of {self.epochs} epochs, {accuracy}", file=sys.stderr, flush=True)

    def close(self) -> None:
        self.bar.close()


def _running_dvc() -> psutil.Process | None:
    """The DVC process that runs this stage, if one does."""
    for process in psutil.Process().parents():
        try:
            if any(Path(word).name == "dvc" for word in process.cmdline()[:3]):
                return process
        except psutil.Error:
            continue
    return None


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
