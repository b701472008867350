"""What the command line says of itself."""

import re
import resource
import subprocess
import sys

import pytest
from typer.main import get_command

from obverse.cli import app
from tests.unit.cli.conftest import Command

NAMES = sorted(get_command(app).commands)  # type: ignore[attr-defined]


def test_commands_are_told_in_one_line_each(command: Command) -> None:
    said = command("--help").output
    assert "..." not in said.partition("Commands:")[2], "cut off"
    for name in NAMES:
        assert re.search(rf"^  {name} +[A-Z].*\.$", said, re.MULTILINE), name


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_and_every_option_is_explained(command: Command, name: str) -> None:
    lines = command(name, "--help").output.splitlines()
    assert max(map(len, lines)) <= 80
    for parameter in get_command(app).commands[name].params:  # type: ignore[attr-defined]
        assert getattr(parameter, "help", None), f"{name}: {parameter.name}"


def test_versions(command: Command) -> None:
    [line] = command("--version").output.splitlines()
    assert re.fullmatch(r"obverse [\d.]+, Python 3\.\S+, torch \S+, \S+", line)


def test_shells_complete_commands_and_studies(command: Command) -> None:
    def completed(words: str) -> list[str]:
        asked = {"_OBVERSE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "2"}
        return command(**asked).output.split()

    assert {"reversal", "reversal-cures"} <= set(completed("obverse run rev"))
    assert "repetition" not in completed("obverse run rev")
    assert "--show-completion" in command("--help").output


def test_help_comes_at_once() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "obverse.cli", "--help"], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "Usage:" in done.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3
