"""What a user sees of training."""

from pipeline.backends import progress
from pipeline.backends.progress import Progress


def test_a_log_gets_a_plain_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    with Progress("convnet-baseline", 20) as shown:
        shown([])
        shown([0.5, 0.7])
        shown([0.9])
    assert capsys.readouterr().err.splitlines() == [
        "convnet-baseline: 2 of 20 epochs, test accuracy 60.0 %",
        "convnet-baseline: 3 of 20 epochs, test accuracy 90.0 %",
    ]
