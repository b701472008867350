"""What `obverse run` and `obverse report` say and show."""

import re
import webbrowser
from pathlib import Path

import pytest

from tests.unit.cli.conftest import CAPITALS, HERE, Command


def test_a_study_says_what_it_does_and_what_came_out(command: Command, tmp_path: Path) -> None:
    words = ("run", CAPITALS, "--out", str(tmp_path / "out"), *HERE)
    given = command(*words)
    said = [line.partition(" ")[2] for line in given.stderr.splitlines()]
    assert "table, seed 0: started (0 of 2 runs)" in said
    assert "Exact match (share of answers)" in given.stdout
    assert re.search(r" told +1.000 ", given.stdout)
    assert re.search(r" new +0.000 ", given.stdout)
    assert given.stdout.splitlines()[-1] == f"report: {tmp_path / 'out' / 'report.html'}"
    again = command(*words)
    assert "2 of 2 runs are finished already" in again.stderr
    assert again.stdout == given.stdout


def test_the_page_is_opened(command: Command, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def opens(address: str) -> bool:
        opened.append(address)
        return len(opened) > 1

    monkeypatch.setattr(webbrowser, "open", opens)
    given = command("report", str(kept), "--open")
    assert opened == [(kept / "report.html").resolve().as_uri()]
    assert f"--open: no browser is found; open {kept / 'report.html'}" in given.stderr
    command("run", CAPITALS, "--out", str(kept), "--keep-weights", "--open", *HERE)
    assert opened == 2 * [(kept / "report.html").resolve().as_uri()]


def test_accuracies_are_said_where_nothing_is_claimed(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "silent.py"
    path.write_text(
        "from tests.outside.counting import Capitals\n\n\n"
        "class Silent(Capitals):\n    name = 'silent'\n\n    def claims(self):\n        return ()\n"
    )
    said = command("run", f"{path}:Silent", "--out", str(tmp_path / "out"), *HERE).stdout
    assert re.search(r" told +1.000 ", said)
    assert "verdict" not in said
