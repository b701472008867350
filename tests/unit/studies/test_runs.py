"""Runs as a table, and tables in other formats."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.run.task import Execution
from obverse.studies.runs import listed, runs_of, table_of
from obverse.studies.study import Study
from obverse.studies.tables import FORMATS, Format, export
from obverse.studies.tasks import work
from tests.outside.counting import Capitals, TableSpec

READERS: dict[Format, Callable[[Path], pl.DataFrame]] = {
    "csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson,
}  # fmt: skip
EXECUTION = Execution(device="cpu")


def study(seeds: int) -> Study:
    return obverse.study(Capitals, models=[TableSpec()], seeds=seeds)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return a finished study of two runs, with a third that is not of it."""
    for task in work(study(3).plans(), tmp_path, EXECUTION).to_do:
        task.perform(lambda done, total: None)
    study(2).run(tmp_path, execution=EXECUTION)
    return tmp_path


def test_runs_have_what_they_are_and_took(out: Path) -> None:
    found = runs_of(out)
    assert found.select("state", "seed", "steps", "tokens").rows() == [
        ("finished", 0, 6, 6), ("finished", 1, 6, 6), ("not of the study", 2, 6, 6),
    ]  # fmt: skip
    assert found["memory"].min() > 1e6  # type: ignore[operator]
    assert table_of(found).row_count == 3


def test_unfinished_runs_are_listed_before_there_is_a_study(tmp_path: Path) -> None:
    first, other, third = work(study(3).plans(), tmp_path, EXECUTION).to_do
    first.perform(lambda done, total: None)
    RunFolder(other.folder).describe({"id": other.id} | other.run.spec())
    (third.folder / "run.json").parent.mkdir()
    (third.folder / "run.json").write_text("[")
    with RunFolder(other.folder).locked():
        states = dict(runs_of(tmp_path).select("seed", "state").iter_rows())
    assert states == {0: "finished", 1: "at work", None: "unreadable"}
    assert "unfinished" in runs_of(tmp_path)["state"]


def test_runs_are_chosen_and_sorted(out: Path) -> None:
    runs = runs_of(out)
    assert listed(runs, "seed > 0 AND state = 'finished'")["seed"].to_list() == [1]
    assert listed(runs, sort="-seed")["seed"].to_list() == [2, 1, 0]
    with pytest.raises(ObverseError, match=r"--where 'sed > 0': .*sed.* has the columns run, state"):
        listed(runs, "sed > 0")
    with pytest.raises(ObverseError, match="--where 'DROP TABLE x'"):
        listed(runs, "DROP TABLE x")
    with pytest.raises(ObverseError, match="unknown column 'sed'; did you mean seed"):
        listed(runs, sort="sed")
    with pytest.raises(ObverseError, match="no runs are there"):
        runs_of(out / "runs")


@pytest.mark.parametrize("format", FORMATS)
def test_tables_are_written_in_each_format(out: Path, tmp_path: Path, format: Format) -> None:
    to = tmp_path / "exported"
    paths = export(out, to, format, where="seed = 1")
    assert {path.name for path in paths} == {
        f"{name}.{format}" for name in ("ask", "entries", "claims", "runs")
    }
    assert {path.name for path in to.iterdir()} == {path.name for path in paths}
    read = READERS[format]
    rows = obverse.load(out).observations.filter(seed=1)
    found = read(to / f"ask.{format}")
    assert found["probe"].to_list() == rows["probe"].to_list()
    assert found["exact_match"].to_list() == rows["exact_match"].to_list()
    assert read(to / f"claims.{format}")["claim"].to_list() == ["told", "entries"]
    if format != "jsonl":
        assert json.loads(read(to / f"claims.{format}")["seeds"][0]) == [0, 1]


def test_what_cannot_be_exported_is_refused_and_nothing_written(out: Path, tmp_path: Path) -> None:
    to = tmp_path / "exported"
    with pytest.raises(ObverseError, match=r"--where 'entries > 1': .* ask has the columns run"):
        export(out, to, "csv", where="entries > 1")
    assert [p.name for p in export(out, to, "csv", measure="entries", where="entries > 1")] == [
        "entries.csv"
    ]
    with pytest.raises(ObverseError, match=r"--measure asked: .* has ask, entries"):
        export(out, to, "csv", measure="asked")
    (tmp_path / "file").write_text("")
    with pytest.raises(ObverseError, match="is a file"):
        export(out, tmp_path / "file", "csv")
