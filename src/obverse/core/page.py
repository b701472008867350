"""What an experiment adds to the page of a study: sections of text, tables and figures.

The page itself, and how all of this looks, is the report's. Text is plain: it is escaped where it is
shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

Cell = str | int | float | bool | None
SCHEMA = 4  # of the files that a study leaves (docs/output.md)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph; `lead` stands before it in bold."""

    text: str
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart of altair, the name of its files (unique on the page), and the caption under it.

    On screens that are too narrow for the chart a page shows `narrow`, 340 pixels wide, or where that is
    None the chart with its panels under one another.
    """

    name: str
    chart: Any
    caption: str
    narrow: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column's heading, and whether it holds numbers, which stand on the right.

    Cells that are floats are written with `places` after the point; write others (percentages,
    intervals, p-values) as text by the functions of `core.format`.
    """

    title: str
    numeric: bool = False
    places: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a heading and a note under it; folded away behind its title if `folded`."""

    title: str = ""
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, and what stands under it."""

    title: str
    parts: Sequence[Text | Figure | Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What an experiment says on a study's page, beside what every page has.

    Attributes:
        question: what was asked, in plain words; else the experiment's `about`.
        answer: what came out, with its size; else the surest claims are told. How many claims hold
            stands behind it.
        limits: what the study does not show of its own subject; what follows from the numbers of
            models, trainings and undecided claims is added.
        main: the name of the figure that stands first on the page; else the first of the sections, or
            that of the claims.
        sections: stand between the claims and the generic means.
        glossary: explanations of terms, shown where a term first stands in a section. A term is given
            in the singular; capital letters count.
        title, paper: replace the experiment's title and the publication it follows.
        claims_note: is added under the claims.
        facts: what the facts of this experiment are called, in the plural.
        generic: whether the generic means, curves and samples are shown as well.
    """

    question: str = ""
    answer: str = ""
    limits: str = ""
    main: str = ""
    sections: Sequence[Section] = ()
    glossary: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    paper: str | None = None
    claims_note: str = ""
    facts: str = "facts"
    generic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a study left behind, as its page needs it.

    Attributes:
        study: the content of study.json.
        claims: the findings, as claims.json has them.
        tables: the observations of each measure, by its name.
        runs: for each run its name, model, seed and record.
    """

    study: Mapping[str, Any]
    claims: Sequence[Mapping[str, Any]]
    tables: Mapping[str, "pl.DataFrame"]
    runs: Sequence[Mapping[str, Any]] = field(default=())
