"""Asking the models that a study has kept, and exporting its questions and tables."""

import json
import shutil
from pathlib import Path

import polars as pl

from obverse.core.errors import ObverseError
from tests.unit.cli.conftest import CAPITALS, HERE, Command


def test_answers_are_those_of_the_run(command: Command, kept: Path, tmp_path: Path) -> None:
    out = tmp_path / "asked.csv"
    given = command("ask", str(kept), "--out", str(out)).stdout.splitlines()
    assert given == [*(f"table, seed {seed}: 8 answers, as in the run" for seed in (0, 1)), str(out)]
    asked = pl.read_csv(out)
    before = pl.read_parquet(kept / "observations" / "ask.parquet").filter("final")
    assert asked["exact_match"].to_list() == before.sort("seed")["exact_match"].to_list()
    assert set(asked["seed"]) == {0, 1}


def test_other_answers_are_told(command: Command, kept: Path, tmp_path: Path) -> None:
    given = json.loads((table := next(kept.glob("runs/*seed1*/weights/table.json"))).read_text())
    try:
        table.write_text(json.dumps(given | {"city 0": "elsewhere"}))
        assert "8 answers, 1 other than in the run" in command("ask", str(kept), "--seed", "1").stdout
    finally:
        table.write_text(json.dumps(given))


def test_questions_of_ones_own(command: Command, kept: Path) -> None:
    said = command("ask", str(kept), "city 0", "no city", "--seed", "0").stdout.splitlines()
    assert said[0] == "table, seed 0"
    assert said[1].startswith("  city 0| tower ")
    assert said[2] == "  no city|nothing"


def test_what_cannot_be_asked(command: Command, kept: Path, tmp_path: Path) -> None:
    command("run", CAPITALS, "--out", str(tmp_path / "out"), *HERE)
    for words, why in (
        (
            ("ask", str(tmp_path / "out")),
            "no trained model is kept there; `obverse run STUDY",
        ),
        (("ask", str(kept), "--seed", "7"), "--seed 7: no model of this seed is kept"),
        (("ask", str(kept), "city", "--out", "x.csv"), "is for the study's questions"),
        (("ask", str(kept), "--out", "x.txt"), "expected a file that ends in .csv, .parquet, .jsonl"),
    ):
        assert why in str(command(*words, fails=True).exception)


def test_questions_of_a_finished_study(command: Command, kept: Path, tmp_path: Path) -> None:
    command("export", str(kept), "--to", "lm-eval", "--out", str(tmp_path), "--seed", "1")
    rows = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    asked = pl.read_parquet(kept / "observations" / "ask.parquet").filter(pl.col("seed") == 1, "final")
    assert {(r["prompt"], *r["choices"]) for r in rows} == set(
        asked.select("prompt", "target").iter_rows()
    )
    assert {row["part"] for row in rows} == {"obverse_capitals_told", "obverse_capitals_new"}
    assert (tmp_path / "obverse_capitals_told.yaml").is_file()


def test_variants_have_a_directory_each(command: Command, tmp_path: Path) -> None:
    compared = CAPITALS.replace(":Capitals", ":Compared")
    command("export", compared, "--to", "inspect", "--out", str(tmp_path))
    assert (tmp_path / "few" / "obverse_compared_few.py").is_file()
    assert len((tmp_path / "many" / "items.jsonl").read_text().splitlines()) == 12


def test_options_of_one_kind_of_export_are_refused_with_the_other(command: Command, kept: Path) -> None:
    for words, why in (
        (
            ("--to", "lm-eval", "--measure", "ask"),
            "lm-eval: writes questions; expected no --measure",
        ),
        (("--to", "csv", "--seed", "1"), "--to csv: writes what was measured; expected no --seed"),
        (
            ("--to", "inspect", "--preset", "large"),
            "is a finished study; expected no --data",
        ),
        (
            (
                "--to",
                "lmeval",
            ),
            "unknown harness or format 'lmeval'; did you mean lm-eval",
        ),
    ):
        given = command("export", str(kept), "--out", "nowhere", *words, fails=True)
        assert why in str(given.exception)


def test_a_study_without_questions_says_what_would_do(command: Command) -> None:
    given = command("export", "digits", "--to", "inspect", "--out", "nowhere", fails=True)
    assert "asks no questions in words" in str(given.exception)
    assert "`obverse data`" in str(given.exception)


def test_what_a_model_says_gives_a_terminal_no_orders(command: Command, kept: Path) -> None:
    table = next(kept.glob("runs/*seed1*/weights/table.json"))
    given = table.read_text()
    try:
        table.write_text(json.dumps(json.loads(given) | {"city 0": "\x1b]0;title\x07\x1b[2J"}))
        said = command("ask", str(kept), "city 0", "--seed", "1").stdout
    finally:
        table.write_text(given)
    assert said.splitlines()[1] == "  city 0|\ufffd]0;title\ufffd\ufffd[2J"


def test_weights_that_are_none_are_a_message(command: Command, kept: Path, tmp_path: Path) -> None:
    copy = tmp_path / "a[1]"  # a name that looks like a pattern
    shutil.copytree(kept, copy)
    assert "8 answers, as in the run" in command("ask", str(copy), "--seed", "0").stdout
    command("export", str(copy), "--to", "csv", "--out", str(tmp_path / "csv"))
    weights = next(copy.glob("runs/*seed0*/weights"))
    (weights / "branch-one").mkdir()
    command("ask", str(copy), "--seed", "0")
    (weights / "table.json").write_text("{")
    problem = command("ask", str(copy), "--seed", "0", fails=True).exception
    assert isinstance(problem, ObverseError)
    assert str(weights) in str(problem)
    (weights / "branch-7").mkdir()
    (weights / "branch-7" / "table.json").write_text("{}")
    problem = command("ask", str(copy), "--seed", "0", fails=True).exception
    assert str(problem).endswith("its run has no branch 7")
