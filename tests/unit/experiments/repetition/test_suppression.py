"""The settings of repetition suppression: what is asked when, and its data."""

import subprocess
import sys
from pathlib import Path

import pytest

from obverse.core.content import content_hash
from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.core.model import ModelSpec
from obverse.core.stage import When
from obverse.experiments.repetition import formats
from obverse.experiments.repetition.check import problems
from obverse.experiments.repetition.formats import Case
from obverse.experiments.repetition.grid import items
from obverse.experiments.repetition.suppression import Suppression
from obverse.measures.ask import Ask
from obverse.models.grown import Grown


def probes(experiment: Suppression, seed: int = 0) -> list[Probe]:
    (stage,) = experiment.stages(seed)
    assert all(isinstance(measure, Ask) for measure, _ in stage.measures)
    return [p for measure, _ in stage.measures if isinstance(measure, Ask) for p in measure.probes]


def asked(experiment: Suppression, condition: str = "against", shots: int = 0) -> list[Probe]:
    labels = {"condition": condition, "shots": shots}
    return [p for p in probes(experiment) if labels.items() <= p.labels.items()]


def test_every_item_is_asked_in_every_condition() -> None:
    experiment = Suppression(grid="balanced", shots=(0, 2))
    for condition in ("against", "follow"):
        for probe, item in zip(asked(experiment, condition), items("balanced"), strict=True):
            assert probe.prompt == item.prompts[condition]
            assert probe.targets == (item.classes[item.answer],)
            assert probe.candidates == item.classes
            assert probe.chance == 0.5
            assert problems(probe) == []
    assert len({p.id for p in probes(experiment)}) == len(probes(experiment))


def test_a_sequence_without_an_instruction_is_asked_about_once() -> None:
    experiment = Suppression(grid="full", shots=(0,), induction=0)
    bare = asked(experiment, "none")
    assert len(bare) == len({p.prompt for p in bare}) == len({p.fact for p in bare}) == 13 * 2 * 7
    assert {p.prompt for p in bare} == {i.prompts["none"] for i in items("full")}
    assert len(probes(experiment)) == 2 * 1638 + 182
    right = {p.fact: p.targets for p in bare}
    for probe in asked(experiment):
        assert probe.targets == right[str(probe.labels["sequence"])]
    for probe in bare:
        assert probe.labels["sequence"] == probe.fact
        assert not {"template", "names"} & set(probe.labels)


@pytest.mark.parametrize("shots", [1, 2, 32])
def test_examples_are_other_items_with_their_answers(shots: int) -> None:
    experiment = Suppression(grid="balanced", shots=(0, shots))
    answered = {i.prompts["against"] + i.classes[i.answer] for i in items("balanced")}
    behind = asked(experiment, shots=shots)
    assert len(behind) == 234
    for probe, item in zip(behind, items("balanced"), strict=True):
        *examples, question = probe.prompt.split("\n\n\n")
        assert question == item.prompts["against"]
        assert len(examples) == shots
        assert set(examples) <= answered
        assert len(set(examples)) == shots, "drawn without replacement"
        assert item.prompts["against"] + item.classes[item.answer] not in examples
    first_examples = {p.prompt.split("\n\n\n")[0] for p in behind}
    assert len(first_examples) > 100, "each question has examples of its own"


def test_examples_are_the_same_for_all_runs_and_follow_their_seed() -> None:
    experiment = Suppression(grid="balanced", shots=(0, 2))
    assert experiment.stages(0) == experiment.stages(7)
    other = Suppression(grid="balanced", shots=(0, 2), shots_seed=1)
    assert asked(other) == asked(experiment)
    assert asked(other, shots=2) != asked(experiment, shots=2)


def test_examples_are_asked_for_at_the_end_alone() -> None:
    (stage,) = Suppression(grid="balanced", shots=(0, 1, 2)).stages(0)
    assert stage.training is None
    shots = [
        ({p.labels.get("shots", 0) for p in measure.probes}, when)
        for measure, when in stage.measures
        if isinstance(measure, Ask)
    ]
    assert shots == [({0}, When(start=True)), ({1, 2}, When())]
    (alone,) = Suppression(grid="balanced", shots=(0,)).stages(0)
    assert len(alone.measures) == 1


def test_the_task_itself_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="'against' is the task"):
        Suppression(conditions=("none",))
    with pytest.raises(ValueError, match="zero-shot"):
        Suppression(shots=(1,))


def test_induction_asks_for_the_same_words_twice() -> None:
    made = probes(Suppression(grid="balanced", induction=5))
    made = [p for p in made if p.labels["subset"] == "induction"]
    assert len(made) == 10
    for first, second in zip(made[::2], made[1::2], strict=True):
        assert (first.labels["copy"], second.labels["copy"]) == ("first", "second")
        assert first.targets == second.targets
        assert second.prompt == first.prompt + first.targets[0]
        assert len(first.targets[0].split()) == 20
    assert len({p.targets for p in made}) == 5


@pytest.mark.parametrize("experiment", [Suppression(grid="balanced"), Suppression(grid="released")])
def test_labels_are_declared_and_of_their_types(experiment: Suppression) -> None:
    for probe in probes(experiment):
        for name, value in probe.labels.items():
            assert type(value) is Suppression.columns[name]
    assert set(Suppression.clusters) <= set(Suppression.columns)
    assert set(Suppression.by or ()) <= set(Suppression.columns)


def test_presets() -> None:
    tiny, paper = Suppression.presets()["tiny"], Suppression.presets()["paper"]
    assert tiny.experiment == Suppression(grid="balanced", shots=(0, 1, 2))
    depths = [(m.name, m.layers) for m in tiny.models if isinstance(m, Grown)]
    assert depths == [(f"grown-{n}L", n) for n in (1, 2, 3)]
    assert paper.experiment == Suppression(grid="released")
    assert not any(isinstance(m, ModelSpec) for m in paper.models)
    assert Suppression.whole() == Suppression(grid="full")


def test_part_of_the_grid_is_remarked_upon(tmp_path: Path) -> None:
    assert Suppression(grid="full").remark() is None
    assert Suppression(grid="balanced").remark() == (
        "What is asked are 234 of 1,638 items (grid=balanced); --set grid=full asks them all."
    )
    formats.write([Case("p", (" a", " b"), 0)], tmp_path / "own.csv")
    assert Suppression(data=tmp_path / "own.csv").remark() is None


def test_flaws_are_those_of_items_without_examples() -> None:
    experiment = Suppression(grid="balanced", shots=(0, 1), induction=1)

    def letters(prompt: str, continuation: str) -> int:
        return len(continuation.strip())

    flawed = {p.id for p in probes(experiment) if experiment.flaws(p, letters)}
    words = {p.id for p in probes(experiment) if max(map(len, p.candidates), default=0) > len(" A")}
    zero = {p.id for p in probes(experiment) if p.labels.get("shots") == 0}
    assert flawed == words & zero
    assert 0 < len(flawed) < len(words)
    assert not any(experiment.flaws(p, None) for p in probes(experiment))


@pytest.mark.parametrize("layout", [None, "hub"])
def test_data_is_written_in_either_naming(tmp_path: Path, layout: str | None) -> None:
    experiment = Suppression(grid="balanced")
    out = tmp_path / "data.csv"
    assert experiment.write_data(out, 0, layout) == f"{out}: 234 items"
    assert out.read_text().startswith("text,classes,target" if layout else "prompt,classes,answer_index")
    assert formats.read(out) == experiment.cases()
    assert layout is None or layout in Suppression.layouts
    with pytest.raises(ObverseError, match=r"--out .*data: expected a file that ends in .csv or .jsonl"):
        experiment.write_data(tmp_path / "data", 0, layout)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_own_data_takes_the_same_way(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"own.{ending}"
    cases = [
        Case(f"question {i}", (" yes", " no", " perhaps"), i % 3, part="quiz", round="2")
        for i in range(4)
    ]
    formats.write(cases, path)
    experiment = Suppression(data=path, shots=(0, 2, 4), induction=0)
    made = asked(experiment)
    assert [(p.prompt, p.targets, p.candidates) for p in made] == [
        (c.prompt, (c.classes[c.answer_index],), c.classes) for c in cases
    ]
    assert {p.chance for p in made} == {1 / 3}
    for probe in made:
        labels = {"subset": "suppression", "condition": "against", "shots": 0}
        assert probe.labels == labels, "`part` is no template"
    assert {c.id for c in experiment.claims()} == {
        "accuracy/parameters", "loss/parameters", "accuracy/tokens", "loss/tokens", "accuracy/chance",
        "induction", "induction/parameters",
    }  # fmt: skip
    assert "pattern" not in " ".join(c.text for c in experiment.claims())
    experiment.write_data(tmp_path / f"again.{ending}", 0, None)
    assert formats.read(tmp_path / f"again.{ending}") == cases, "part and round are kept"
    assert len(asked(experiment, shots=2)) == 4
    assert asked(experiment, "follow") == [], "the user's data has no controls"
    assert asked(experiment, shots=4) == [], "there are only three others"
    formats.write(cases[:2], path)
    assert len(asked(experiment)) == 2, "changed data is read again"


def test_own_data_is_told_apart_by_its_content(tmp_path: Path) -> None:
    path, moved = tmp_path / "own.csv", tmp_path / "moved.csv"
    for name in (path, moved):
        formats.write([Case("p", (" a", " b"), 0)], name)
    one = Suppression(data=path)
    assert content_hash(one) == content_hash(one.with_overrides({"data": str(moved)}))
    formats.write([Case("p", (" a", " b"), 1)], moved)
    assert content_hash(one) != content_hash(one.with_overrides({"data": str(moved)}))


def test_import_is_light() -> None:
    heavy = {"torch", "transformers", "altair"}
    code = (
        "import sys; from obverse.experiments.repetition.suppression import Suppression;"
        f"Suppression.presets(); print(*sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
