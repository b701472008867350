"""CVDB: famous people who have died, from the table of Laouenan et al.

Sources: Laouenan et al. 2022, "A cross-verified database of notable people, 3500BC-2018AD"; the choice
of people and the six questions are those of arXiv 2310.15047, appendix A.1.
"""

import csv
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obverse.core.errors import ObverseError
from obverse.experiments.reliability.populations.population import Individual, QAPair
from obverse.experiments.reliability.populations.years import coarse

if TYPE_CHECKING:
    import polars as pl

QUESTIONS = {
    "birth": "When was {name} born?",
    "death": "When did {name} die?",
    "region": "In which region did {name} live?",
    "occupation": "What did {name} do?",
    "nationality": "What was the nationality of {name}?",
    "gender": "What was the gender of {name}?",
}
COLUMNS = {
    "name": "name",
    "birth": "birth",
    "death": "death",
    "region": "un_region",
    "occupation": "level3_main_occ",
    "nationality": "string_citizenship_raw_d",
    "gender": "gender",
    "readers": "wiki_readers_2015_2018",
}  # what they are called here, and in the table
NUMBERS = ("birth", "death", "readers")
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None")
ENCODING = "iso-8859-1"


def read(path: Path, entities: int = 4000) -> tuple[Individual, ...]:
    """Return the `entities // 2` most read women, then as many men, the most read first.

    `path` is cross-verified-database.csv as published: comma-separated, Latin-1. Finished out are people

    - without a name, year of birth and of death (so the living), gender, occupation, citizenship,
      region or readership; a number that cannot be read, or a year with a fraction, counts as missing;
    - whose name a row above has taken;
    - whose name, occupation or citizenship has characters other than letters, digits, spaces and
      underscores (in citizenship apostrophes too). Underscores become spaces.

    Readership is `wiki_readers_2015_2018`; equally read people come by name. Years are answered as
    `years.coarse` has them; who held several citizenships has as many accepted answers.

    Raises:
        ObverseError: if the file cannot be read, lacks a column, has a row with more cells than the
            header, or has too few people.
    """
    try:
        about = path.stat()
    except OSError as error:
        raise ObverseError(f"{path}: cannot be read: {error.strerror or error}") from error
    return _read(path.absolute(), entities, (about.st_mtime_ns, about.st_size))


@lru_cache(maxsize=4)
def _read(path: Path, entities: int, stamp: tuple[int, int]) -> tuple[Individual, ...]:
    import polars as pl

    table = _table(path)
    people = _people(table).sort(["readers", "name"], descending=[True, False])
    women, men = (people.filter(pl.col("gender") == gender) for gender in ("Female", "Male"))
    half, fewest = entities // 2, min(women.height, men.height)
    if fewest < half:
        raise ObverseError(
            f"{path}: people with all cells in {table.height} rows: women {women.height}, "
            f"men {men.height}; expected {half} of each. Lower population.entities"
            + (f" to {2 * fewest}" if fewest else "")
        )
    chosen = pl.concat([women.head(half), men.head(half)])
    return tuple(_individual(row) for row in chosen.iter_rows(named=True))


def _individual(row: dict[str, Any]) -> Individual:
    answers = {
        "birth": (coarse(row["birth"]),),
        "death": (coarse(row["death"]),),
        "region": (row["region"],),
        "occupation": (row["occupation"],),
        "nationality": tuple(row["nationality"]),
        "gender": (row["gender"],),
    }
    questions = tuple(QAPair(kind, text, answers[kind]) for kind, text in QUESTIONS.items())
    return Individual(row["name"], questions)


def _people(table: "pl.DataFrame") -> "pl.DataFrame":
    """Clean the cells and drop who is left out; `nationality` becomes a list of answers."""
    import polars as pl

    def plain(column: str, allowed: str = "") -> pl.Expr:
        return pl.col(column).str.contains(rf"^[\w\s{allowed}]+$")

    def spoken(cell: pl.Expr) -> pl.Expr:
        return cell.str.replace_all(r"[\s_]+", " ").str.strip_chars()

    answer = spoken(pl.element().str.replace_all("'", ""))
    answers = pl.col("nationality").str.split("'_'").list.eval(answer.filter(answer != ""))
    return (
        table.with_columns(pl.all().str.strip_chars())
        .with_columns(pl.when(~pl.all().is_in(MISSING)).then(pl.all()))
        .with_columns(spoken(pl.col("name", "occupation")), *map(_whole, NUMBERS))
        .drop_nulls()
        .unique("name", keep="first", maintain_order=True)
        .filter(plain("name"), plain("occupation"), plain("nationality", allowed="'"))
        .with_columns(answers.list.unique(maintain_order=True))
        .filter(pl.col("nationality").list.len() > 0)
    )


def _whole(column: str) -> "pl.Expr":
    """Return the whole number in a cell, be it written as 1812 or as 1812.0; null where there is none."""
    import polars as pl

    number = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(number == number.round()).then(number).cast(pl.Int64, strict=False).alias(column)


def _table(path: Path) -> "pl.DataFrame":
    """Read the columns that are used, as text and under the names they have here.

    The whole file is held in memory for a moment, re-encoded: 1.5 GB for the published one.
    """
    import polars as pl

    _check(path)
    try:
        frame = pl.read_csv(path, columns=list(COLUMNS.values()), encoding=ENCODING, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise ObverseError(f"{path}: not valid CSV: {error}") from None
    return frame.select(pl.col(column).alias(ours) for ours, column in COLUMNS.items())


def _check(path: Path) -> None:
    """Refuse a file that lacks a column, or has a row with more cells than the header has.

    polars says nothing of such rows when it reads only some columns. Takes some 10 s for the published
    file.
    """
    try:
        with path.open(encoding=ENCODING, newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            lacking = [column for column in COLUMNS.values() if column not in header]
            if lacking:
                raise ObverseError(
                    f"{path}, line 1: no column {', '.join(lacking)}; found {', '.join(header) or 'none'}"
                )
            for row in rows:
                if len(row) > len(header):
                    raise ObverseError(
                        f"{path}, line {rows.line_num}: {len(row)} cells; expected {len(header)} as in "
                        "the header; put text with commas in quotes"
                    )
    except OSError as error:
        raise ObverseError(f"{path}: cannot be read: {error.strerror or error}") from error
    except csv.Error as error:
        raise ObverseError(f"{path}, line {rows.line_num}: not valid CSV: {error}") from None
