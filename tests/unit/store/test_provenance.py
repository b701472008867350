"""Whose commit is recorded."""

import shutil
import subprocess
from pathlib import Path

import pytest

from obverse.store.provenance import _revision


def repository(root: Path, project: str | None) -> Path:
    """Make a repository with one commit that has the package, and return the package."""
    package = root / "src" / "obverse"
    package.mkdir(parents=True)
    (package / "x.py").write_text("", encoding="utf-8")
    if project is not None:
        (root / "pyproject.toml").write_text(f'[project]\nname = "{project}"\n', encoding="utf-8")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True)
    return package


def test_commit_of_a_clone(tmp_path: Path) -> None:
    package = repository(tmp_path, "obverse")
    commit = _revision(package)
    assert commit is not None
    assert len(commit) == 40
    (package / "x.py").write_text("1", encoding="utf-8")
    assert _revision(package) == f"{commit}+"


@pytest.mark.parametrize("project", ["another", None])
def test_commit_of_another_project_is_not_obverses(tmp_path: Path, project: str | None) -> None:
    assert _revision(repository(tmp_path, project)) is None


def test_installed_in_an_environment_within_a_clone(tmp_path: Path) -> None:
    package = repository(tmp_path, "obverse")
    installed = tmp_path / ".venv" / "site-packages" / "obverse"
    shutil.copytree(package, installed)
    assert _revision(installed) is None
