"""What counts as a user's own code, and what as a library."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from obverse.run.source import source


@pytest.fixture
def loaded() -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    for name in names:
        sys.modules.pop(name, None)


def load(path: Path, name: str, names: list[str]) -> object:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    names.append(name)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("folder", "counts"), [("mine", True), ("lib/site-packages", False), ("dist-packages", False)]
)
def test_a_module_beside_ones_own_counts_and_an_installed_one_does_not(
    tmp_path: Path, loaded: list[str], folder: str, counts: bool
) -> None:
    """The folder may be of another Python than ours: a virtual environment sees the system's."""
    helper = tmp_path / folder / "its_helper.py"
    helper.parent.mkdir(parents=True)
    user = tmp_path / "its_user.py"
    user.write_text("import its_helper\nclass Model:\n    pass\n")
    hashes = []
    for text in ("x = 1\n", "x = 2\n"):
        helper.write_text(text)
        load(helper, "its_helper", loaded)
        module = load(user, "its_user", loaded)
        hashes.append(source(module.Model)["source"])  # type: ignore[attr-defined]
    assert (hashes[0] != hashes[1]) == counts
