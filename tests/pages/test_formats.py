"""Names and numbers in words."""

import math

from pipeline.pages import formats

MINUS = "\N{MINUS SIGN}"


def test_numbers():
    assert formats.counted(1000, "run") == "1,000 runs"
    assert [formats.listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert formats.signed(-0.057, 2) == f"{MINUS}0.06"
    assert formats.signed(0.004, 2) == "0.00"
    assert formats.percent(0.9124) == "91.2"
    assert formats.percent(math.nan) == formats.NONE
    assert formats.mean_std(0.9124, 0.0081) == "91.2 ± 0.8"
    assert formats.mean_std(0.9124, math.nan) == "91.2"
    assert formats.printed(0.8205, 0.0149) == "82.05 ± 1.49"
    assert formats.points(0.0314) == "+3.1"
    assert formats.points(-0.0314) == f"{MINUS}3.1"
    assert formats.points(-0.0001) == formats.points(0.0) == "0.0"
    assert formats.points(math.nan) == formats.NONE
    assert formats.interval(-0.01, 0.02) == f"{MINUS}1.0 to +2.0"
    assert formats.half_width(-0.01, 0.02) == " ± 1.5"
    assert formats.half_width(math.nan, math.nan) == ""
