"""The wheel, in an environment that has its declared dependencies and nothing else.

Installing torch anew would take minutes, so the environment is a fresh one into which packages of this
one are linked: those that the wheel's own metadata leads to, without extras, and no others.
`make wheel-check` installs everything from the registry.
"""

import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import obverse

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/obverse"
TINY = (
    "facts_per_subset=3", "paraphrases=4", "held_out_prompts=2", "recipe.epochs=2", "recipe.batch_size=8",
    "model.hidden_size=32", "model.heads=2",
)  # fmt: skip
# Prints which of obverse's modules cannot be imported, and for want of what.
IMPORT_ALL = """
import importlib, pkgutil, obverse
for found in pkgutil.walk_packages(obverse.__path__, "obverse."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            print(found.name, error.name)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing that lies about in the source gets into it."""
    folder = tmp_path_factory.mktemp("wheel")
    skipped = shutil.ignore_patterns("*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "src", folder / "source/src", ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    pip(sys.executable, "wheel", "--no-build-isolation", "--no-deps", "-w", folder, folder / "source")
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and links to what it needs; return its programs' folder."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=True)
    (packages,) = place.glob("lib/python*/site-packages")
    needed = needs(wheel)
    others = {top for other in distributions() if key(other.name) not in needed for top in tops(other)}
    for one in needed.values():
        for path in files(one):
            alone = path.parts[0] in others  # a folder that packages share which are not needed
            link(Path(str(one.locate_file(""))), packages, path if alone else Path(path.parts[0]))
    pip(place / "bin/python", "install", "--no-index", "--no-deps", wheel)
    return place / "bin"


def pip(python: str | Path, *arguments: str | Path) -> None:
    """Let this environment's pip do something to an environment."""
    command = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "-q"]
    subprocess.run([*command, *map(str, arguments)], check=True)


def key(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def needs(wheel: Path) -> dict[str, Distribution]:
    """Return the installed packages that the wheel's metadata leads to, with no extras of obverse's."""
    (first,) = Distribution.discover(name="obverse", path=[str(wheel)])
    found: dict[str, Distribution] = {}
    waiting = [(first, frozenset[str]())]
    while waiting:
        one, extras = waiting.pop()
        for text in one.requires or ():
            wanted = Requirement(text)
            marker = wanted.marker
            asked = marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""})
            if asked and key(wanted.name) not in found:
                found[key(wanted.name)] = distribution(wanted.name)
                waiting.append((found[key(wanted.name)], frozenset(wanted.extras)))
    return found


def files(one: Distribution) -> list[Path]:
    paths = [Path(str(path)) for path in one.files or ()]
    return [path for path in paths if path.parts[0] not in {"..", "__pycache__"}]


def tops(one: Distribution) -> set[str]:
    return {path.parts[0] for path in files(one)}


def link(source: Path, packages: Path, path: Path) -> None:
    if not (packages / path).exists() and (source / path).exists():
        (packages / path).parent.mkdir(parents=True, exist_ok=True)
        (packages / path).symlink_to(source / path)


def run(environment: Path, program: str, *arguments: str, folder: Path) -> str:
    clean = {"PATH": str(environment), "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [environment / program, *arguments], cwd=folder, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_files_are_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        path.relative_to(SOURCE.parent).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours <= inside
    assert {
        name for name in inside if name.split("/")[0] != f"obverse-{obverse.__version__}.dist-info"
    } == ours
    assert any(name.endswith("LICENSE") for name in inside)


def test_it_runs_where_nothing_else_is(environment: Path, tmp_path: Path) -> None:
    said = run(environment, "obverse", "--version", folder=tmp_path)
    assert f"obverse {obverse.__version__}" in said
    settings = [part for setting in TINY for part in ("--set", setting)]
    said = run(
        environment,
        "obverse",
        "run",
        "reversal",
        "--seeds",
        "2",
        *settings,
        "--out",
        "out",
        folder=tmp_path,
    )
    assert "report.html" in said
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "<style>" in page


def test_what_is_missing_is_an_extra(environment: Path, tmp_path: Path) -> None:
    hidden = {
        "pytest",
        "pandas",
        "statsmodels",
        "lm_eval",
        "inspect_ai",
        "ray",
        "peft",
        "openai",
        "sphinx",
    }
    code = f"import importlib.util as u; print(*(n for n in {sorted(hidden)} if u.find_spec(n)))"
    assert run(environment, "python", "-c", code, folder=tmp_path).strip() == ""
    missing = dict(
        line.split()
        for line in run(environment, "python", "-c", IMPORT_ALL, folder=tmp_path).splitlines()
    )
    assert set(missing.values()) <= {"openai", "peft", "ray", "fsspec", "submitit", "fastapi", "uvicorn"}
