"""The blocks of docs/writing.md run as they stand, and so does the example it points to."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from obverse import load
from obverse.cli import main

Command = Callable[..., str]
DOCS = Path(__file__).parents[2] / "docs/writing.md"
BLOCK = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# One process for all runs of a command: most of the time goes into starting them.
CPU = ["--device", "cpu", "--workers", "1"]
SMALL = ["--set", "recipe.epochs=2", "--set", "recipe.warmup_steps=2", *CPU]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files that the document has one write."""
    out = tmp_path_factory.mktemp("written")
    for name, code in BLOCK.findall(DOCS.read_text(encoding="utf-8")):
        (out / name).write_text(code, encoding="utf-8")
    return out


@pytest.fixture
def obverse(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, in this process and in that directory; returns what it prints."""
    monkeypatch.chdir(folder)

    def command(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["obverse", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return command


def test_every_block_is_a_file(folder: Path) -> None:
    fences = DOCS.read_text(encoding="utf-8").count("```python")
    assert fences == len(list(folder.glob("*.py"))) == 4


def test_first_file_becomes_a_page(folder: Path, obverse: Command) -> None:
    assert "Is what was told after some openings" in obverse("list", "pets.py")
    assert "\nrecipe.epochs=30\n" in obverse("show", "pets.py")
    obverse("data", "pets.py", "--out", "pets-0")
    rows = (folder / "pets-0/00-telling/documents.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 40
    assert set(json.loads(rows[0])) == {"prompt", "completion", "fact"}
    command = [sys.executable, "-P", "-m", "obverse.cli", "run", "pets.py", "--seeds", "2", *CPU]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "holds" in done.stdout
    page = (folder / "out/pets/report.html").read_text(encoding="utf-8")
    assert "Who keeps what" in page
    assert "the animal is named after an opening" in page
    assert "report: out/pets/report.html" in obverse("report", "out/pets")


def test_first_file_is_planned_gridded_loaded_and_compared(folder: Path, obverse: Command) -> None:
    grid = ["--grid", "recipe.learning_rate=1e-3,3e-3", "--grid", "model.layers=1,2"]
    few = ["pets.py", "--seeds", "2", *SMALL]
    planned = obverse("plan", *few, *grid, "--gpu", "h100", "--out", "grid")
    assert "pets: 8 runs of 1 model, 0 done" in planned
    assert "time, H100" in planned
    assert not (folder / "grid").exists()
    printed = obverse("run", *few, *grid, "--out", "grid")
    assert "learning rate 0.001, layers 2: " in " ".join(printed.split())
    assert "8 runs of 1 model, 8 done" in obverse("plan", *few, *grid, "--out", "grid")
    assert "Over learning rate and layers" in (folder / "grid/report.html").read_text(encoding="utf-8")
    result = load(folder / "grid")
    assert result.observations.schema["model.layers"] == pl.Int64
    assert len(result.runs) == 8
    again = result.evaluate(settings={}).to_frame()
    assert again.equals(result.claims.to_frame())
    for layers in ("1", "2"):
        obverse("run", *few, "--set", f"model.layers={layers}", "--out", f"layers-{layers}")
    compared = " ".join(obverse("compare", "layers-2", "layers-1").split())
    assert "layers-2:scratch − layers-1:scratch, 2 seeds" in compared
    assert "exact_match" in compared
    needed = obverse("plan", "pets.py", "--power", "layers-2", "--effect", "0.9")
    assert "SD of seeds" in needed


def test_presets_and_variants(folder: Path, obverse: Command) -> None:
    obverse("run", "sizes.py", "--preset", "quick", "--seeds", "1", *SMALL, "--out", "s")
    rows = pl.read_parquet(folder / "s/observations/ask.parquet")
    assert set(rows["variant"].unique()) == {"rate 0.001", "rate 0.003"}
    assert rows["model"].unique().to_list() == ["32 wide"]


def test_measure_and_page_of_ones_own(folder: Path, obverse: Command) -> None:
    obverse("run", "length.py", "--seeds", "1", *SMALL, "--out", "l")
    rows = pl.read_parquet(folder / "l/observations/length.parquet")
    assert rows.group_by("final").len().sort("final")["len"].to_list() == [40, 40]
    assert rows["words"].null_count() == 0
    page = (folder / "l/report.html").read_text(encoding="utf-8")
    assert "How long the answers are" in page
    assert "Mean number of words in an answer." in page


def test_model_of_ones_own(folder: Path, obverse: Command) -> None:
    models = ["--model", "scratch", "--model", "llama.py:Llama"]
    obverse("run", "pets.py", *models, "--seeds", "1", *SMALL, "--out", "m")
    rows = pl.read_parquet(folder / "m/observations/ask.parquet")
    assert set(rows["model"].unique()) == {"scratch", "llama"}


def test_example_that_is_pointed_to(
    tmp_path: Path, obverse: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spatial = str(DOCS.parents[1] / "examples/spatial.py")
    words = ["run", spatial, "--seeds", "1", *SMALL, "--set", "pairs=4", "--out", "o"]
    obverse(*words, "--set", "model.layers=1", "--set", "model.hidden_size=32")
    claims = json.loads((tmp_path / "o/claims.json").read_text(encoding="utf-8"))["claims"]
    assert [c["claim"] for c in claims] == ["learnt", "right", "wrong", "wrong/both", "surprise"]
    assert all(c["measured"] is not None for c in claims)
    assert "To the left of" in (tmp_path / "o/report.html").read_text(encoding="utf-8")
    asked = pl.read_parquet(tmp_path / "o/observations/ask.parquet").filter("final")
    assert asked.group_by("told", "asked").len()["len"].to_list() == [12] * 6
    surprise = pl.read_parquet(tmp_path / "o/observations/perplexity.parquet")
    assert surprise["final"].all()
    assert len(surprise) == len(asked)
