"""The notebooks of examples/ run from their first cell to their last, and show what they say."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[2] / "examples"


def read(name: str) -> Any:
    return nbformat.read(EXAMPLES / name, as_version=4)  # type: ignore[no-untyped-call]


def test_every_notebook_is_tested_and_has_no_outputs() -> None:
    names = {path.name for path in EXAMPLES.glob("*.ipynb")}
    assert names == {"first_study.ipynb", "own_experiment.ipynb", "checkpoints.ipynb"}
    for name in names:
        book = read(name)
        nbformat.validate(book)
        assert not any(cell.get("outputs") for cell in book.cells)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("first_study.ipynb", ["reversal: 1 model, 2 seeds", "verdict", "report.html"]),
        ("own_experiment.ipynb", ["pets: 1 model, 3 seeds", "recipe.epochs", "verdict"]),
        ("checkpoints.ipynb", ["tokens", "verdict"]),
    ],
)
def test_runs(name: str, shown: list[str], tmp_path: Path) -> None:
    book = read(name)
    NotebookClient(book, timeout=280, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = str([cell.get("outputs") for cell in book.cells])
    assert all(words in said for words in shown), said
