"""Findings as a table, in a terminal and in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from obverse.core.claim import Finding
from obverse.core.format import interval, number, p_value, span

STYLE = {"holds": "green", "fails": "red", "undecided": "yellow", "explored": "cyan"}
HEADINGS = ("claim", "paper", "measured [95 %]", "criterion", "p (Holm)", "verdict")
WIDE = 120  # columns that show everything, and what is printed to a file
NARROW = (0, 1, 2, 5)


@dataclass(frozen=True, slots=True)
class Findings(Sequence[Finding]):
    """The findings of a study."""

    items: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def table(self, width: int = WIDE) -> Table:
        """Return the findings as a rich table that fits into `width` columns.

        A narrow one leaves criterion and p-value out, and breaks the other cells at their spaces.
        """
        wide = width >= WIDE
        shown = range(len(HEADINGS)) if wide else NARROW
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1) if wide else (0, 1, 0, 0))
        for i in shown:
            table.add_column(
                HEADINGS[i] if wide else HEADINGS[i].removesuffix(" [95 %]"),
                justify="right" if 0 < i < len(HEADINGS) - 1 else "left",
                no_wrap=i > 0,
                overflow="fold",
                min_width=30 if wide and i == 0 else None,
            )
        for model in dict.fromkeys(f.model for f in self.items):
            mine = [f for f in self.items if f.model == model]
            seeds = max(f.n_seeds for f in mine)
            table.add_row(Text(f"{model}, {seeds} seed{'' if seeds == 1 else 's'}", style="bold"))
            for finding in mine:
                cells = [Text(cell) for cell in cells_of(finding)]
                if not wide:
                    cells = [_folded(cell, i) for i, cell in enumerate(cells)]
                cells[-1].stylize(STYLE[finding.verdict])
                table.add_row(*(cells[i] for i in shown))
            table.add_section()
        return table

    def __repr__(self) -> str:
        text = StringIO()
        Console(file=text, width=WIDE, color_system=None).print(self.table())
        return text.getvalue()

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(h)}</th>" for h in ("model", *HEADINGS))
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in (f.model, *cells_of(f))) + "</tr>"
            for f in self.items
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _folded(cell: Text, column: int) -> Text:
    """Return a cell of a narrow table: the interval, and what follows the verdict, on a line below."""
    return cell if column == 0 else Text(cell.plain.replace(" (", "\n(").replace(" [", "\n["))


def cells_of(finding: Finding) -> tuple[str, str, str, str, str, str]:
    """Return a finding's cells: claim, paper, measured, criterion, p, verdict.

    Behind *undecided* stands how many seeds would decide it, if it is known.
    """
    needed = f" ({span(*finding.seeds_needed)} seeds)" if finding.seeds_needed else ""
    return (
        finding.text,
        number(finding.paper),
        f"{number(finding.measured)} {interval(finding.low, finding.high)}",
        finding.criterion,
        p_value(finding.p),
        finding.verdict + needed,
    )
