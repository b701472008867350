"""Where commands show what they have found: the terminal, and a browser."""

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console


def terminal() -> "Console":
    """Return where tables are printed: as wide as the terminal, or wide enough for a file."""
    from rich.console import Console

    from obverse.studies.findings import WIDE

    return Console() if sys.stdout.isatty() else Console(width=WIDE)


def width() -> int:
    """Return how many columns text is filled to: the terminal's, up to a hundred."""
    return min(shutil.get_terminal_size().columns, 100)


def open_page(page: Path) -> None:
    """Open a page in the user's browser, or say that there is none."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        typer.echo(f"--open: no browser is found; open {page}", err=True)
