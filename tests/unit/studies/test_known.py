"""Runs that were planned before are planned again without building their data."""

import json
import os
import time
from pathlib import Path

import pytest

import obverse
from obverse import Stage
from obverse.report.build import build
from obverse.run.task import Execution
from obverse.stats import verdict
from obverse.studies.result import Result
from obverse.studies.study import Study
from obverse.studies.tasks import work
from tests.outside.counting import Capitals, TableSpec

EXECUTION = Execution(device="cpu")


def study(**settings: int) -> Study:
    return obverse.study(Capitals(**settings), models=[TableSpec()], seeds=3)


def carried_out(out: Path) -> Result:
    """Carry out a study in this process."""
    for task in work(study().plans(), out, EXECUTION).to_do:
        task.perform(lambda done, total: None)
    return study().run(out, execution=EXECUTION)


def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that the seeds whose data is built are added to."""
    seeds: list[int] = []
    build = Capitals.stages

    def counted(self: Capitals, seed: int) -> tuple[Stage, ...]:
        seeds.append(seed)
        return build(self, seed)

    monkeypatch.setattr(Capitals, "stages", counted)
    return seeds


def test_data_of_the_first_seed_alone_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried_out(tmp_path)
    seeds = built(monkeypatch)
    found = work(study().plans(), tmp_path, EXECUTION)
    assert (seeds, found.to_do) == ([0], ())
    seeds.clear()
    assert len(work(study(facts=9).plans(), tmp_path, EXECUTION).to_do) == 3
    assert seeds == [0, 1, 2, 0, 1, 2], "those of the other settings, and again to say what has changed"


def test_what_is_known_does_not_count_where_the_first_seed_gives_other_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried_out(tmp_path)
    monkeypatch.setattr("tests.outside.counting.WORD", "spire")  # no file has changed
    assert len(work(study().plans(), tmp_path, EXECUTION).to_do) == 3


def test_what_is_known_does_not_count_for_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried_out(tmp_path)
    seeds = built(monkeypatch)
    monkeypatch.setattr("obverse.studies.known.program", lambda: "another")
    assert work(study().plans(), tmp_path, EXECUTION).to_do == ()
    assert seeds == [0, 1, 2]


def test_finished_study_is_evaluated_and_shown_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = carried_out(tmp_path)
    page = build(tmp_path)
    written = {path: path.stat().st_mtime_ns for path in (page, tmp_path / "study.json")}
    evaluated: list[object] = []
    monkeypatch.setattr(verdict, "_tested", lambda *given: evaluated.append(given))
    again = study().run(tmp_path, execution=EXECUTION)
    build(tmp_path, anew=False)
    assert evaluated == []
    assert {path: path.stat().st_mtime_ns for path in written} == written
    assert list(again.claims) == list(first.claims)
    assert again.runs.equals(first.runs)
    assert again.observations.equals(first.observations)


def test_claims_are_evaluated_anew_with_other_settings_and_where_files_were_changed(
    tmp_path: Path,
) -> None:
    first = carried_out(tmp_path)
    other = study(threshold=1).run(tmp_path, execution=EXECUTION)
    assert other.claims[0].criterion != first.claims[0].criterion
    (tmp_path / "claims.json").write_text("{}")
    assert list(study().run(tmp_path, execution=EXECUTION).claims) == list(first.claims)
    page = build(tmp_path)
    (tmp_path / "study.json").write_text((tmp_path / "study.json").read_text() + " ")
    before = page.stat().st_mtime_ns
    time.sleep(0.01)
    assert build(tmp_path, anew=False).stat().st_mtime_ns > before


def test_run_whose_table_was_exchanged_is_done_again(tmp_path: Path) -> None:
    result = carried_out(tmp_path)
    work(study().plans(), tmp_path, EXECUTION)
    one, other = (tmp_path / "runs" / name for name in result.runs["name"][:2])
    name = "observations/ask.parquet"
    status = (one / name).stat()
    (one / name).write_bytes((other / name).read_bytes())
    os.utime(one / name, ns=(status.st_atime_ns, status.st_mtime_ns))
    found = work(study().plans(), tmp_path, EXECUTION)
    assert [task.folder for task in found.to_do] == [one]
    assert "ask.parquet was changed after the run had written it" in found.messages[0]


def test_study_of_an_older_schema_is_written_anew_from_its_runs(tmp_path: Path) -> None:
    first = carried_out(tmp_path)
    path = tmp_path / "study.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 3}))
    with pytest.raises(obverse.ObverseError, match="expected 4, got 3"):
        obverse.load(tmp_path)
    assert list(study().run(tmp_path, execution=EXECUTION).claims) == list(first.claims)
