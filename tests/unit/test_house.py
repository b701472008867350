"""The rules of the house: data goes one way, and the harness knows no experiment."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import obverse

SOURCE = Path(obverse.__file__).parent
ROOT = SOURCE.parent.parent
MAY_IMPORT = {
    "core": set[str](),
    "store": {"core"},
    "stats": {"core"},
    "engine": {"core"},
    "models": {"core", "engine"},
    "measures": {"core", "engine", "models"},
    "run": {"core", "engine", "measures", "models", "store"},
    "studies": {"core", "engine", "measures", "models", "run", "stats", "store"},
    "experiments": {"core", "measures", "models", "stats", "store"},
    "report": {"core", "stats", "store"},
    "cli": {"core", "models", "report", "run", "stats", "store", "studies"},
}
# Words of one experiment; a folder of the harness that has one knows that experiment.
FORBIDDEN = re.compile(
    r"\b(reversal|curse|NameToDescription|DescriptionToName|names?_to_descriptions?"
    r"|repetitions?|suppression|shots?|few-?shot|zero-?shot|templates?|induction|inverse scaling"
    r"|reliab(le|ility)|meta-learning|internalis\w+|(?<!\.)alias|aliases"
    r"|entity|entities|attribution|define tags?"
    r"|D\d+(in)?cons|QA\d|cvdb|t-?rex|set inclusion)\b",
    re.IGNORECASE,
)
HARNESS = sorted(set(MAY_IMPORT) - {"experiments"})


def imported(path: Path) -> set[str]:
    """Return the packages of obverse that a module imports, at its top or later."""
    names, public = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names.add(node.module or "")
            public |= {alias.name for alias in node.names if node.module == "obverse"}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    public = {f"obverse.{obverse._MODULES[name]}" for name in public if name in obverse._MODULES}
    return {name.split(".")[1] for name in names | public if name.startswith("obverse.")}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_package_imports_only_what_it_may(package: str) -> None:
    for path in sorted((SOURCE / package).rglob("*.py")):
        extra = imported(path) - MAY_IMPORT[package] - {package}
        if package == "experiments" and draws(path):
            extra -= {"report"}
        if path == SOURCE / "studies" / "result.py":  # a result draws itself when it is asked to
            extra -= {"report"}
        assert not extra, f"{path} imports {extra}"


def draws(path: Path) -> bool:
    """Return whether a file of an experiment, or its folder there, belongs to the page, which is
    imported late."""
    inside = path.relative_to(SOURCE / "experiments").parts[1:]
    return any(name.startswith(("page", "figures", "table")) for name in inside)


def test_every_package_has_a_rule() -> None:
    packages = {p.name for p in SOURCE.iterdir() if (p / "__init__.py").is_file()}
    assert packages == set(MAY_IMPORT)


def test_the_harness_knows_no_experiment() -> None:
    files = [p for package in HARNESS for p in (SOURCE / package).rglob("*") if p.suffix in TEXT]
    files += [SOURCE / "__init__.py"]
    assert len(files) > 60
    found = [
        f"{path.relative_to(SOURCE)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if FORBIDDEN.search(line)
    ]
    assert not found, "\n".join(found)


TEXT = {".py", ".j2", ".css"}


def test_experiments_do_not_know_one_another() -> None:
    folders = {p.name for p in (SOURCE / "experiments").iterdir() if (p / "__init__.py").is_file()}
    assert len(folders) >= 3
    for folder in folders:
        for path in (SOURCE / "experiments" / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert not [o for o in folders - {folder} if f"experiments.{o}" in text], path


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize("statement", ["import obverse", "import obverse.cli"])
def test_import_is_light(statement: str) -> None:
    heavy = {"torch", "transformers", "polars", "altair", "scipy", "pydantic", "numpy"}
    assert run_python(f"import sys; {statement}; print(*sorted({heavy} & set(sys.modules)))") == ""


def test_experiments_models_and_the_loop_need_no_drawing_and_no_torch() -> None:
    code = """
import sys
from obverse.studies.catalogue import find, registered
for name in registered():
    find(name).presets()
import obverse.run.loop, obverse.studies.study
from obverse import Checkpoint, Endpoint, Grown, Scratch
print(*sorted({"torch", "transformers", "altair", "vl_convert", "jinja2", "openai"} & set(sys.modules)))
"""
    assert run_python(code) == ""


def test_public_names_can_be_had() -> None:
    for name in obverse.__all__:
        assert getattr(obverse, name) is not None
    assert set(obverse.__all__) <= set(dir(obverse))
    assert callable(obverse.study)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = obverse.nothing


def test_every_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [name for extra in project["optional-dependencies"].values() for name in extra]
    declared = {
        re.split(r"[>=\[]", name)[0].replace("-", "_") for name in project["dependencies"] + extras
    }
    names = {"vl_convert": "vl_convert_python", "sklearn": "scikit_learn", "IPython": "ipython"}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in (module.partition(".")[0] for module in found):
                if name not in sys.stdlib_module_names | {"obverse", ""}:
                    assert names.get(name, name) in declared, f"{path} imports {name}"
