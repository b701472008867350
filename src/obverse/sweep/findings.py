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

STYLE = {"holds": "green", "fails": "red", "undecided": "yellow"}
HEADINGS = ("claim", "paper", "measured [95 %]", "criterion", "p (Holm)", "verdict")
WIDE = 120  # columns of a terminal that show everything
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
        """Return the findings as a rich table; a narrow one leaves criterion and p-value out."""
        shown = range(len(HEADINGS)) if width >= WIDE else NARROW
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
        for i in shown:
            table.add_column(
                HEADINGS[i],
                justify="right" if 0 < i < len(HEADINGS) - 1 else "left",
                no_wrap=i > 0,
                min_width=30 if i == 0 else None,
            )
        for model in dict.fromkeys(f.model for f in self.items):
            mine = [f for f in self.items if f.model == model]
            seeds = max(f.n_seeds for f in mine)
            table.add_row(Text(f"{model}, {seeds} seed{'' if seeds == 1 else 's'}", style="bold"))
            for finding in mine:
                cells = [Text(cell) for cell in cells_of(finding)]
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


def cells_of(finding: Finding) -> tuple[str, str, str, str, str, str]:
    """Return a finding's cells: claim, paper, measured, criterion, p, verdict.

    Behind *undecided* stands how many seeds would decide it, if it is known.
    """
    return (
        finding.text,
        number(finding.paper),
        f"{number(finding.measured)} [{number(finding.low)}, {number(finding.high)}]",
        finding.criterion,
        p_value(finding.p),
        finding.verdict + (f" ({finding.seeds_needed:,} seeds)" if finding.seeds_needed else ""),
    )


def number(value: float | None) -> str:
    """Write a number with three significant places after the point, a missing one as a dash."""
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


def p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
