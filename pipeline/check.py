"""Stage `check`: refuse a params.yaml that no study can be made of, before anything else runs.

It depends on all of params.yaml, so that a mistyped key is found wherever it stands; it writes data/checked, for which
all other stages wait.
"""

from pipeline import params, paths
from pipeline.cli import run_script, say, write_whole


def main() -> None:
    combos = params.load().combos()
    write_whole(paths.CHECKED, f"{paths.PARAMS} is valid\n".encode())
    say(f"{paths.PARAMS}: {len(combos)} combos")


if __name__ == "__main__":
    run_script(main, arguments=False)
