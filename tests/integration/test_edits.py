"""A file that is edited between the plan and a run, or in the middle of one: never a stale answer."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

import obverse
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.loading import load
from obverse.core.model import ModelSpec
from obverse.run.folder import RunFolder
from obverse.run.task import Execution, Task
from obverse.studies.executors.here import Here
from obverse.studies.tasks import work
from tests.conftest import TINY
from tests.outside import counting
from tests.outside.inline import Inline

CPU = Execution(device="cpu", workers=1)
PLANNED = "put it back, or plan the study anew (the same command, with --replace)"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def refused(task: Task) -> str:
    """Carry a task out in this process; return why it was not."""
    with pytest.raises(ObverseError) as caught:
        task.perform(lambda done, total: None)
    assert PLANNED in str(caught.value)
    assert not RunFolder(task.folder).finished
    return str(caught.value)


def counted(words: Path) -> obverse.Study:
    """Capitals, whose documents end with what a file says."""
    return obverse.study(counting.Capitals(words=words), models=[counting.TableSpec()], seeds=1)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.csv"
    path.write_text("of the town", encoding="utf-8")
    return path


@pytest.mark.parametrize("file", ["p2d_prompts_train", "d2p_prompts_test"])
def test_documents_and_probes(published: Path, tmp_path: Path, file: str) -> None:
    settings = {key: TINY[key] for key in ("model.hidden_size", "model.layers", "model.heads")}
    study = obverse.study("reversal", data=published, seeds=1, settings=settings)
    [task] = work(study.plans(), tmp_path / "o", CPU).tasks
    replace(published / f"{file}.jsonl", "the", "a")
    assert "gives other data or settings" in refused(task)
    [other] = work(study.plans(), tmp_path / "o", CPU).tasks
    assert other.id != task.id


def test_input_file_edited_before_and_within_a_run(words: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    [task] = work(counted(words).plans(), out, CPU).tasks
    words.write_text("of the village", encoding="utf-8")
    refused(task)
    edits: list[int] = []

    class Editing(Inline):
        """Edits the file in the middle of the run."""

        def run(self, tasks: Any, on: Any) -> list[obverse.Failure]:
            def edit(done: int, total: int) -> None:
                edits.append(done)
                words.write_text(f"of the city {done}", encoding="utf-8")

            tasks[0].perform(edit)
            return []

    counted(words).run(out, executor=Editing(), execution=CPU)
    assert len(edits) == 6
    first = pl.read_parquet(out / "observations/ask.parquet")
    assert first["target"].str.contains("of the village").all(), "the data is that of the plan"
    console = Console(record=True, stderr=True)
    with pytest.raises(ObverseError, match="with other settings: the content of words"):
        counted(words).run(out, executor=Inline(), execution=CPU)
    counted(words).run(out, executor=Inline(), execution=CPU, console=console, replace=True)
    assert "run anew: the content of words," in " ".join(console.export_text().split())
    second = pl.read_parquet(out / "observations/ask.parquet")
    assert second["target"].str.contains("of the city 6").all()
    assert set(first["run"]).isdisjoint(second["run"])


def test_users_file_edited_before_a_process_imports_it(tmp_path: Path) -> None:
    """Its data, or its model's code, is other where the run is carried out than where it was planned."""
    path = tmp_path / "edited.py"
    shutil.copy(counting.__file__, path)
    for n, (old, new) in enumerate(
        [("draw.randrange(1000)", "draw.randrange(77)"), ('self.known.get(prompt, "nothing")', '"?"')]
    ):
        kind, spec = load(f"{path}:Capitals", Experiment), load(f"{path}:TableSpec", ModelSpec)
        study = obverse.study(kind(), models=[spec(name="table")], seeds=1)
        [task] = work(study.plans(), tmp_path / f"o{n}", CPU).tasks
        replace(path, old, new)
        [failure] = Here().run([task], lambda event: None)
        assert PLANNED in failure.problem
        assert not RunFolder(task.folder).finished


@pytest.mark.parametrize("moment", ["after the plan", "before it is loaded", "while it is loaded"])
def test_weights(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    from obverse.models import pretrained

    def edit() -> None:
        content = bytearray((checkpoint / "model.safetensors").read_bytes())
        content[-1] ^= 1  # the last bit of the last weight
        (checkpoint / "model.safetensors").write_bytes(content)

    def before(call: Callable[..., Any]) -> Callable[..., Any]:
        def edited(*given: Any, **named: Any) -> Any:
            edit()
            return call(*given, **named)

        return edited

    settings = {"facts_per_subset": 3, "paraphrases": 4, "held_out_prompts": 2}
    study = obverse.study("reversal", models=[str(checkpoint)], seeds=1, settings=settings)
    [task] = work(study.plans(), tmp_path / "o", CPU).tasks
    if moment == "after the plan":
        edit()
    elif moment == "before it is loaded":
        monkeypatch.setattr(RunFolder, "describe", before(RunFolder.describe))
    else:
        monkeypatch.setattr(pretrained, "check", before(pretrained.check))
    assert f"{checkpoint}: was changed after the study was planned" in refused(task)
    monkeypatch.undo()
    again = obverse.study("reversal", models=[str(checkpoint)], seeds=1, settings=settings)
    assert work(again.plans(), tmp_path / "o", CPU).tasks[0].id != task.id


def test_file_that_a_model_reads_while_it_is_made(words: Path, tmp_path: Path) -> None:
    study = obverse.study(counting.Capitals, models=[Reader(file=words)], seeds=1)
    [task] = work(study.plans(), tmp_path / "o", CPU).tasks
    refused(task)


class Reader(counting.TableSpec):
    """A table whose file changes as it is read."""

    name: str = "reader"
    file: obverse.InputFile

    def build(self, setup: obverse.Setup) -> obverse.Model:
        self.file.write_text("something else", encoding="utf-8")
        return super().build(setup)
