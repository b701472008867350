"""An experiment, a model and a measure in one file in a temporary directory, as a user has them.

The commands start there, without the repository on the path of imports.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import obverse
from obverse.core.errors import ObverseError
from tests.conftest import text_of, wait_for
from tests.outside import counting

OBVERSE = [sys.executable, "-P", "-c", "from obverse.cli import main; main()"]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A directory with the user's file."""
    shutil.copy(counting.__file__, tmp_path / "counting.py")
    return tmp_path


def start(own: Path, *words: str) -> "subprocess.Popen[bytes]":
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.Popen(
        [*OBVERSE, *words], cwd=own, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def command(own: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    process = start(own, *words)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(words, process.returncode, out.decode(), err.decode())


def observations(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "observations" / "ask.parquet")


def test_every_command_takes_a_file(own: Path) -> None:
    name = "counting.py:Capitals"
    listed = command(own, "list", name)
    said = " ".join(listed.stdout.split())
    assert "Does a table know what it was told, and nothing else?" in said
    assert "presets: small, large" in listed.stdout
    shown = command(own, "show", name, "--preset", "large", "--set", "model.seconds=1")
    assert "\nfacts=20\n" in shown.stdout
    assert "\nmodel.seconds=1.0  (given; by default 0.0)\n" in shown.stdout
    written = command(own, "data", name, "--out", "data")
    assert written.stdout.startswith("data: 2 stages, 6 documents")
    first = json.loads((own / "data/00-first/documents.jsonl").read_text().splitlines()[0])
    assert set(first) == {"prompt", "completion", "fact"}
    done = command(own, "run", name, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "what was told is known" in done.stdout
    assert "holds" in done.stdout
    out = own / "out" / "capitals"
    entries = pl.read_parquet(out / "observations/entries.parquet")
    assert entries.filter("final")["entries"].unique().to_list() == [6]
    # Second stage of two documents: at half its tokens and at its end; tokens count over both stages.
    second = entries.filter(pl.col("stage") == "second", pl.col("seed") == 0)
    assert second["tokens"].to_list() == [5, 6]
    assert observations(out).filter(pl.col("final"), pl.col("kind") == "told")["exact_match"].all()
    again = command(own, "report", str(out))
    assert again.returncode == 0, again.stderr
    page = (out / "report.html").read_text()
    assert "Does a table know what it was told, and nothing else?" in text_of(page)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_stops_everything_in_the_middle_of_a_step(own: Path, number: int, status: int) -> None:
    step = 25  # seconds
    process = start(own, "run", "counting.py:Capitals", "--device", "cpu", "--set",
                    f"model.seconds={step}", "--seeds", "9", "--out", "o")  # fmt: skip
    wait_for(own / "o", "runs/*/moments/ask/*.parquet", process)
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < step / 2
    assert process.returncode == status
    last = err.decode().splitlines()[-1]
    assert last == "stopped: 0 of 9 runs are finished and kept; the same command goes on"
    assert b"Traceback" not in err + out
    assert len(list((own / "o/runs").iterdir())) <= 2, "no further run was started"
    left = subprocess.run(
        ["pgrep", "-f", "obverse.run.worker"], capture_output=True, text=True, check=False
    )
    mine = [pid for pid in left.stdout.split() if str(own) in _directory(pid)]
    assert mine == []


def _directory(pid: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def edit(own: Path, old: str, new: str) -> None:
    text = (own / "counting.py").read_text(encoding="utf-8")
    assert old in text
    (own / "counting.py").write_text(text.replace(old, new), encoding="utf-8")


def test_one_sentence_changed_in_the_code_is_run_anew_and_said(own: Path) -> None:
    words = ("run", "counting.py:Capitals", "--device", "cpu", "--out", "o")
    assert command(own, *words).returncode == 0
    before = {p: p.stat().st_mtime_ns for p in own.glob("o/runs/*/provenance.json")}
    edit(own, 'is known", estimate', 'is still known", estimate')  # a claim's text is no data
    done = command(own, *words)
    assert "run anew" not in done.stderr
    assert "what was told is still known" in done.stdout
    assert {p: p.stat().st_mtime_ns for p in own.glob("o/runs/*/provenance.json")} == before
    edit(own, 'f" {WORD}{suffix} {draw.randrange(1000)}"', 'f" {WORD}{suffix} no {draw.randrange(1000)}"')
    done = command(own, *words)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stderr.splitlines() if "run anew" in line)
    assert line.startswith("table, seed 0; table, seed 1: run anew: the documents of stage 'first'")
    assert "which is kept" in line
    assert len(list(own.glob("o/runs/*/provenance.json"))) == 4
    assert observations(own / "o")["target"].str.contains("tower no").all()


def test_stored_file_that_was_changed_is_noticed(own: Path) -> None:
    words = ("run", "counting.py:Capitals", "--device", "cpu", "--seeds", "1", "--out", "o")
    assert command(own, *words).returncode == 0
    [table] = own.glob("o/runs/*/observations/ask.parquet")
    frame = pl.read_parquet(table)
    frame.with_columns(exact_match=pl.lit(False)).write_parquet(table)
    done = command(own, *words)
    assert "observations/ask.parquet was changed after the run had written it" in done.stderr
    assert_frame_equal(observations(own / "o"), frame)
    assert len(list(own.glob("o/runs/*.changed-1"))) == 1, "what was there is kept"
    frame.with_columns(exact_match=pl.lit(False)).write_parquet(own / "o/observations/ask.parquet")
    refused = command(own, "report", "o")
    assert refused.returncode == 1
    assert "observations/ask.parquet" in refused.stderr


def test_what_lies_in_the_current_directory_is_not_executed(own: Path) -> None:
    for name in ("queue.py", "random.py", "obverse.py", "torch.py"):
        (own / name).write_text(
            f"open({str(own / 'executed')!r}, 'w').close()\nraise SystemExit('mine')\n", encoding="utf-8"
        )
    done = command(own, "run", "counting.py:Capitals", "--device", "cpu", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    assert not (own / "executed").exists()


def test_lines_printed_while_a_worker_starts_go_to_the_log(own: Path) -> None:
    edit(own, 'WORD = "tower"', 'print("hello from the file")\nWORD = "tower"')
    done = command(own, "run", "counting.py:Capitals", "--device", "cpu", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    [log] = own.glob("out/capitals/runs/*/log.txt")
    assert "hello from the file" in log.read_text()


def test_names_that_look_like_markup(own: Path) -> None:
    done = command(
        own, "run", "counting.py:Capitals", "--device", "cpu", "--seeds", "1", "--set", "model.name=[/z]"
    )
    assert done.returncode == 0, done.stderr
    assert "[/z], seed 0: finished" in done.stderr
    assert "[/z], one training" in done.stdout


def test_data_that_differs_between_processes_is_refused(own: Path) -> None:
    edit(own, 'draw = generator(seed, "facts")', "import random\n        draw = random.Random()")
    done = command(own, "run", "counting.py:Capitals", "--device", "cpu", "--seeds", "1")
    assert done.returncode == 1
    assert "gives other data or settings in this process than where the run was planned" in done.stderr


SCRIPT = """
import obverse
from counting import Capitals, TableSpec


class Mine(Capitals):
    name = {name!r}
    facts: int = {facts}


study = obverse.study(Mine(), models=[TableSpec()])
{guard}study.run({name!r}, execution=obverse.Execution(device="cpu"))
"""


@pytest.mark.parametrize("guarded", [True, False])
def test_two_scripts_with_a_class_of_one_name(own: Path, guarded: bool) -> None:
    for name, facts in (("one", 8), ("two", 10)):
        guard = 'if __name__ == "__main__":\n    ' if guarded else ""
        (own / f"{name}.py").write_text(
            SCRIPT.format(name=name, facts=facts, guard=guard), encoding="utf-8"
        )
        done = subprocess.run(
            [sys.executable, f"{name}.py"], cwd=own, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert observations(own / name).filter("final")["fact"].n_unique() == facts
        assert len(list((own / name / "runs").iterdir())) == 2


class Inline:
    """An executor from outside: carries tasks out in this process, the last one first."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def run(
        self, tasks: Sequence[obverse.Task], on: Callable[[obverse.Event], None]
    ) -> list[obverse.Failure]:
        for task in reversed(tasks):
            on(obverse.Event(task=task, kind="started"))
            self.seen.append(task.label)
            if task.run.seed == 1:
                on(obverse.Event(task=task, kind="failed"))
                return [obverse.Failure(task=task, problem="it would not")]
            task.perform(lambda done, total: None)
            on(obverse.Event(task=task, kind="finished"))
        return []


def test_executor_from_outside(tmp_path: Path) -> None:
    study = obverse.study(counting.Compared, seeds=[2, 3])
    inline = Inline()
    result = study.run(tmp_path, executor=inline, execution=obverse.Execution(device="cpu"))
    assert inline.seen[0] == "table, many, seed 3"
    assert result.observations["variant"].unique(maintain_order=True).to_list() == ["few", "many"]
    assert len(result.tables["entries"].filter("final")) == 4
    again = Inline()
    study.run(tmp_path, executor=again)
    assert again.seen == [], "nothing is done twice"
    with pytest.raises(
        ObverseError, match="1 of 6 runs failed; the others are kept\ntable, many, seed 1: it would not"
    ):
        obverse.study(counting.Compared, seeds=[2, 3, 1]).run(tmp_path, executor=Inline())


def test_class_that_no_process_can_import_is_carried_out_in_this_one(tmp_path: Path) -> None:
    class Inner(counting.Capitals):
        name = "inner"

    study = obverse.study(Inner(), seeds=1)
    result = study.run(tmp_path, execution=obverse.Execution(device="cpu"))
    assert result.claims[0].measured == 1.0
    assert "one training" in result.claims[0].note
    assert result.claims[0].by_seed == {"0": 1.0}
