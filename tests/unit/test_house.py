"""The dependency rule: data goes one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import obverse

SOURCE = Path(obverse.__file__).parent
MAY_IMPORT = {
    "core": set[str](),
    "store": {"core"},
    "stats": {"core"},
    "engine": {"core"},
    "models": {"core", "engine"},
    "experiments": {"core", "engine", "models", "stats", "store"},
    "report": {"core", "stats", "store"},
    "sweep": {"core", "engine", "experiments", "models", "stats", "store"},
}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("obverse.")}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_package_imports_only_what_it_may(package: str) -> None:
    for path in sorted((SOURCE / package).rglob("*.py")):
        extra = imported(path) - MAY_IMPORT[package] - {package}
        assert not extra, f"{path} imports {extra}"


def test_every_package_has_a_rule() -> None:
    packages = {p.name for p in SOURCE.iterdir() if (p / "__init__.py").is_file()}
    assert packages == set(MAY_IMPORT)


@pytest.mark.parametrize("statement", ["import obverse", "import obverse.cli"])
def test_import_is_light(statement: str) -> None:
    heavy = {"torch", "transformers", "polars", "altair", "scipy", "pydantic", "numpy"}
    code = f"import sys; {statement}; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


def test_public_names_can_be_had() -> None:
    for name in obverse.__all__:
        assert getattr(obverse, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'reversal'"):
        _ = obverse.reversal
