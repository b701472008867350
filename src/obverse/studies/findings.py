"""Findings as a table, in a terminal and in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import Any, get_args, get_type_hints

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from obverse.core.claim import Finding
from obverse.core.format import MISSING, count, interval, named, number, p_value, span
from obverse.stats.tests import ALPHA

STYLE = {"holds": "green", "fails": "red", "undecided": "yellow", "explored": "cyan"}
# In a notebook, whose paper may be white or dark.
COLOUR = {"holds": "#1a936f", "fails": "#d8504a", "undecided": "#b8860b", "explored": "#808890"}
HEADINGS = ("verdict", "claim", "paper", "measured [95 %]", "seeds", "criterion", "p (level)")
WIDE = 120  # columns that show everything, and what is printed to a file
NARROW = (0, 3, 1)  # verdict, measured, claim
MOST_NAMED = 6  # of claims without data
OUTSIDE = "*"  # behind a paper's number that lies outside the interval


@dataclass(frozen=True, slots=True)
class Findings(Sequence[Finding]):
    """The findings of a study that is looked at `looks` times; `remarks` stand under their table."""

    items: tuple[Finding, ...]
    looks: int = 1
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def to_frame(self) -> pl.DataFrame:
        """Return one row a finding, with a column for each axis of a grid or label of a comparison.

        `by_seed` is a list of values, `seeds` of the seeds that they are of.
        """
        rows = []
        for finding in self.items:
            row = finding.to_dict()
            cell, of_seeds, needed = row.pop("cell"), row.pop("by_seed"), row.pop("seeds_needed")
            low, high = needed or (None, None)
            more = {
                "seeds": [int(seed) for seed in of_seeds], "by_seed": list(of_seeds.values()),
                "seeds_at_least": low, "seeds_at_most": high,
            }  # fmt: skip
            axes = {f"axis {key}" if key in row else key: value for key, value in cell.items()}
            rows.append({**axes, **row, **more})
        kinds = _kinds()
        if not rows:
            return pl.DataFrame(schema=kinds)
        return pl.DataFrame(rows, schema_overrides=kinds, infer_schema_length=None)

    def table(self, width: int = WIDE) -> Table:
        """Return the findings as a rich table that fits into `width` columns.

        A narrow one leaves criterion, p-value, and how many seeds meet the criterion out, and has the
        interval below its value and the paper's number behind the claim. Why a verdict was not reached
        stands under the claim. Claims without data stand below, a line each.
        """
        wide = width >= WIDE
        shown = range(len(HEADINGS)) if wide else NARROW
        said = self._caption(wide, width)
        table = Table(
            box=box.SIMPLE_HEAD, padding=(0, 1) if wide else (0, 1, 0, 0),
            caption=None if said is None else Text(said, style="table.caption"),
            caption_justify="left",
        )  # fmt: skip
        for i in shown:
            table.add_column(
                HEADINGS[i] if wide else HEADINGS[i].removesuffix(" [95 %]"),
                justify="right" if i > 1 else "left",
                no_wrap=i != 1,
                overflow="fold",
                min_width=28 if wide and i == 1 else None,
            )
        measured = [f for f in self.items if f.measured is not None]
        # Where every cell has one finding alone, those of a model stand under one heading.
        alone = len({f.whom for f in measured}) == len(measured)
        for head in dict.fromkeys(f.model if alone else f.whom for f in measured):
            mine = [f for f in measured if head == (f.model if alone else f.whom)]
            whose = Text(f"{head}, {_repeated(mine)}", style="bold")
            table.add_row(*(whose if i == 1 else "" for i in shown))
            for finding in mine:
                cells = _row(finding, alone, wide)
                table.add_row(*(cells[i] for i in shown))
            table.add_section()
        return table

    def _caption(self, wide: bool, width: int) -> str | None:
        """Say how verdicts are reached, as far as what is shown needs it, and what was not measured."""
        said = []
        if wide and (family := max((f.family for f in self.items), default=0)):
            said.append(
                f"A claim holds if p is below the level behind it: {count(family, 'primary claim')} "
                f"{'has' if family == 1 else 'share'} {ALPHA / self.looks:.2g} (Holm), controls have all "
                "of it."
            )
        if wide and any(f.meets is not None for f in self.items):
            said.append("Seeds: how many meet the criterion by themselves.")
        if any(f.paper_outside for f in self.items):
            said.append(f"{OUTSIDE} The paper's number lies outside the interval.")
        return (
            "\n".join(filter(None, (" ".join(said), *self._not_measured(width), *self.remarks))) or None
        )

    def _not_measured(self, width: int) -> list[str]:
        """Return lines that say which claims have no data, each cut to `width` columns."""
        lost = [f for f in self.items if f.measured is None]
        texts = list(dict.fromkeys(f.text for f in lost))
        if not texts:
            return []
        head = f"{count(len(lost), 'claim')} {'was' if len(lost) == 1 else 'were'} not measured:"
        if len(texts) == 1:
            return [_cut(f"{head} {texts[0]}", width)]
        more = [f"  and {len(texts) - MOST_NAMED} more"] if len(texts) > MOST_NAMED else []
        return [head, *(_cut(f"  {text}", width) for text in texts[:MOST_NAMED]), *more]

    def __repr__(self) -> str:
        text = StringIO()
        Console(file=text, width=WIDE, color_system=None).print(self.table())
        return text.getvalue()

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(h)}</th>" for h in ("model", *HEADINGS))
        rows = "".join(
            f"<tr><td>{escape(f'{f.whom}, {_repeated([f])}')}</td>"
            f'<td style="color: {COLOUR[f.verdict]}; font-weight: bold">{escape(verdict)}</td>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for f in self.items
            for verdict, *cells in [_noted(f)]
        )
        caption = f"<caption>{escape(self._caption(True, WIDE) or '')}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def _kinds() -> dict[str, Any]:
    """Return the types of the columns that every table of findings has."""
    of_python = {bool: pl.Boolean, int: pl.Int64, float: pl.Float64}
    kinds: dict[str, Any] = {}
    for name, hint in get_type_hints(Finding).items():
        if name not in ("cell", "by_seed", "seeds_needed"):
            options = {hint, *get_args(hint)}
            kinds[name] = next((of_python[kind] for kind in of_python if kind in options), pl.String)
    of_seeds = {"seeds": pl.List(pl.Int64), "by_seed": pl.List(pl.Float64)}
    return kinds | of_seeds | {"seeds_at_least": pl.Int64, "seeds_at_most": pl.Int64}


def _row(finding: Finding, alone: bool, wide: bool) -> list[Text]:
    """Return a finding's cells for a terminal; its cell of a grid stands before the claim."""
    verdict, claim, paper, measured, *others = cells_of(finding)
    at = f"{named(finding.cell)}: " if alone and finding.cell else ""
    told = "" if wide or finding.paper is None else f" (paper: {paper})"
    said = Text(f"{at}{claim}{told}")
    said.append("".join(f"\n{note}" for note in notes_of(finding)), style="italic")
    if not wide:
        measured = measured.replace(" [", "\n[")
    return [Text(verdict, style=STYLE[finding.verdict]), said, *map(Text, (paper, measured, *others))]


def notes_of(finding: Finding) -> list[str]:
    """Return why a verdict was not reached: the reason, or else the note and how many seeds would do."""
    if finding.reason:
        return [finding.reason]
    needed = finding.seeds_needed
    seeds = f"{span(*needed)} seeds would show it" if needed else ""
    return [note for note in (finding.note, seeds) if note]


def _noted(finding: Finding) -> list[str]:
    """Return a finding's cells with its notes behind the claim."""
    verdict, claim, *others = cells_of(finding)
    return [verdict, " ".join([claim, *(f"({note})" for note in notes_of(finding))]), *others]


def _repeated(findings: Sequence[Finding]) -> str:
    """Say how often a model was trained, if at all."""
    if not any(f.trained for f in findings):
        return "asked as it is"
    seeds = max(f.n_seeds for f in findings)
    return f"{seeds} seeds" if seeds > 1 else "one training"


def cells_of(finding: Finding) -> tuple[str, str, str, str, str, str, str]:
    """Return a finding's cells: verdict, claim, paper, measured, seeds, criterion, p."""
    role = " (control)" if finding.role == "control" else ""
    level = "" if finding.tested_at is None else f" ({finding.tested_at:.2g})"
    return (
        finding.verdict,
        finding.text + role,
        number(finding.paper) + OUTSIDE * bool(finding.paper_outside),
        f"{number(finding.measured)} {interval(finding.low, finding.high)}",
        MISSING if finding.meets is None else f"{finding.meets}/{len(finding.by_seed)}",
        finding.criterion or MISSING,
        p_value(finding.p) + level,
    )
