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


@dataclass(frozen=True, slots=True)
class Findings(Sequence[Finding]):
    """The findings of a study."""

    items: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def table(self) -> Table:
        """Return the findings as a rich table, one section a model."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), expand=False)
        for heading in HEADINGS:
            right = heading in HEADINGS[1:5]
            table.add_column(
                heading, justify="right" if right else "left", no_wrap=heading != "claim"
            )
        for model in dict.fromkeys(f.model for f in self.items):
            mine = [f for f in self.items if f.model == model]
            seeds = max(f.n_seeds for f in mine)
            plural = "" if seeds == 1 else "s"
            table.add_row(Text(f"{model}, {seeds} seed{plural}", style="bold"))
            for finding in mine:
                *cells, verdict = cells_of(finding)
                table.add_row(*map(Text, cells), Text(verdict, style=STYLE[finding.verdict]))
            table.add_section()
        return table

    def __repr__(self) -> str:
        console = Console(file=StringIO(), width=140, color_system=None)
        console.print(self.table())
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(h)}</th>" for h in ("model", *HEADINGS))
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in (f.model, *cells_of(f))) + "</tr>"
            for f in self.items
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def cells_of(finding: Finding) -> tuple[str, str, str, str, str, str]:
    """Return a finding's cells: claim, paper, measured, criterion, p, verdict."""
    return (
        finding.text,
        number(finding.paper),
        f"{number(finding.measured)} [{number(finding.low)}, {number(finding.high)}]",
        finding.criterion,
        p_value(finding.p),
        finding.verdict,
    )


def number(value: float | None) -> str:
    """Write a number with three significant places after the point, a missing one as a dash."""
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


def p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"
