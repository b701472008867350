"""The command line, called in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from obverse.cli import app
from tests.outside import counting, inline

Command = Callable[..., Result]
CAPITALS = f"{counting.__file__}:Capitals"
HERE = ("--executor", f"{inline.__file__}:Inline", "--device", "cpu")


@pytest.fixture
def command() -> Command:
    """Call a command in a terminal of 80 columns; it has to go well unless `fails`."""

    def call(*words: str, fails: bool = False, **environment: str) -> Result:
        given = CliRunner().invoke(
            app, list(words), env={"COLUMNS": "80", **environment}, prog_name="obverse"
        )
        assert fails is (given.exit_code != 0), (given.output, given.exception)
        return given

    return call


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study that has kept its models."""
    out = tmp_path_factory.mktemp("kept") / "study"
    given = CliRunner().invoke(app, ["run", CAPITALS, "--out", str(out), "--keep-weights", *HERE])
    assert given.exit_code == 0, (given.output, given.exception)
    return out
