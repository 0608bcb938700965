"""The tables of the study and of its annexes: how they are written, read and checked against their data dictionary.

A data dictionary is a YAML file: of each table what a row is, and of each column its meaning and unit. Accuracies,
gains and differences are fractions from 0 to 1. An empty cell is a value that is not defined: an interval of one run,
the digit accuracy of a network that reads no digit, any accuracy of a run that diverged. Rows come in the order in
which params.yaml lists architectures and `Params.technique_names` orders techniques.
"""

from functools import cached_property
from pathlib import Path

import pandas as pd

from pipeline import paths
from pipeline.cli import StudyError, say, write_whole
from pipeline.params import parse


class Tables:
    """The tables of one study: FOLDER/NAME.csv, with the columns that its data dictionary lists, in that order."""

    def __init__(self, folder: Path, columns_file: Path, remedy: str):
        """`remedy`: the command that writes the tables, for instance `dvc repro aggregate`."""
        self.folder, self.columns_file, self.remedy = folder, columns_file, remedy

    @cached_property
    def _dictionary(self) -> dict[str, dict]:
        return parse(self.columns_file.read_text(encoding="utf-8"))["tables"]

    def names(self) -> list[str]:
        """All tables that the data dictionary lists."""
        return list(self._dictionary)

    def columns(self, name: str) -> list[str]:
        """The columns of a table, in their order."""
        return list(self._dictionary[name]["columns"])

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.csv"

    def frame(self, name: str, rows: list[dict]) -> pd.DataFrame:
        """A table from its rows, each with a value for every column, by name; ValueError if one has others."""
        columns = self.columns(name)
        for row in rows:
            if row.keys() != set(columns):
                raise ValueError(f"table {name}: a row has or lacks {sorted(row.keys() ^ set(columns))}")
        return pd.DataFrame(rows, columns=columns)

    def write(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table; ValueError unless its columns are those of the data dictionary, in order."""
        if list(frame.columns) != self.columns(name):
            raise ValueError(f"table {name}: columns {list(frame.columns)}, not {self.columns(name)}")
        write_whole(self.path(name), to_csv(frame).encode())

    def read(self, name: str) -> pd.DataFrame:
        """Read a table back, empty cells as NaN; StudyError, with the remedy, if it is missing, damaged or another."""
        path = self.path(name)
        try:
            frame = pd.read_csv(path, keep_default_na=False, na_values=[""], encoding="utf-8", dtype={"point": str})
        except FileNotFoundError:
            raise StudyError(f"{path}: missing; `{self.remedy}` writes it") from None
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
            raise StudyError(f"{path}: damaged; `{self.remedy}` writes it anew") from None
        if list(frame.columns) != self.columns(name):
            raise StudyError(f"{path}: has other columns than {self.columns_file.name}; `{self.remedy}` writes it anew")
        return frame


# Columns that tell runs of one seed apart, in any study.
NAMES = ("group", "without", "architecture", "technique", "recipe", "sweep", "point")
STUDY = Tables(paths.REPORTS, Path(__file__).with_name("columns.yaml"), "dvc repro aggregate")


def to_csv(frame: pd.DataFrame) -> str:
    """A table as the text of its file, with six significant digits."""
    frame = frame.copy()
    floats = frame.select_dtypes("float").columns
    frame[floats] = frame[floats].round(12) + 0.0  # neither 1e-17 nor -0 where a difference is 0
    return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def write_all(tables: Tables, made: dict[str, pd.DataFrame]) -> None:
    """Write these tables; say how many, and which runs diverged."""
    for name, table in made.items():
        tables.write(name, table)
    say(f"{len(made)} tables in {tables.folder}/")
    if "runs" in made:
        for run in made["runs"].dropna(subset="diverged").to_dict("records"):
            name = "-".join(str(run[column]) for column in NAMES if column in run)
            say(f"diverged, and left out of all means: {name}, seed {run['seed']}, in epoch {run['diverged']:.0f}")
