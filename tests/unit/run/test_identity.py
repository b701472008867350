"""What tells one run from another, and how it is said."""

import importlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import obverse
from obverse.core.content import content_hash, file_hash
from obverse.core.errors import ObverseError
from obverse.core.loading import load
from obverse.core.settings import InputFile
from obverse.run.identity import Identity, changes, identify
from obverse.run.run import Run
from obverse.run.source import source
from tests.outside import counting
from tests.outside.counting import Capitals, TableSpec


def identity(
    experiment: obverse.Experiment, model: obverse.ModelSpec | None = None, seed: int = 0
) -> Identity:
    run = Run(experiment=experiment, model=model or TableSpec(), seed=seed)
    return identify(run, run.stages())


BASE = identity(Capitals())


def test_same_run_has_the_same_identity() -> None:
    assert identity(Capitals()) == BASE
    assert len(BASE.id) == 16


@pytest.mark.parametrize(
    ("experiment", "model", "seed", "said"),
    [
        (Capitals(facts=9), None, 0, ["facts (8 → 9)", "the documents of stage 'second'"]),
        (Capitals(), TableSpec(seconds=1), 0, ["the model's seconds (0.0 → 1.0)"]),
        (Capitals(), None, 1, ["the seed (0 → 1)", "the documents of stage 'first'"]),
    ],
)
def test_what_determines_a_result_is_part_of_it(
    experiment: Capitals, model: TableSpec | None, seed: int, said: list[str]
) -> None:
    other = identity(experiment, model, seed)
    assert other.id != BASE.id
    found = changes(BASE.parts, other.parts)
    assert set(said) <= set(found), found


@pytest.mark.parametrize(
    ("experiment", "model"),
    [
        (Capitals(threshold=0.9), None),  # matters only after the runs
        (Capitals(), TableSpec(name="other", family="f")),  # what it is called
    ],
)
def test_what_does_not_determine_a_result_is_not(experiment: Capitals, model: TableSpec | None) -> None:
    assert identity(experiment, model).id == BASE.id


def test_one_sentence_changed_in_the_code_is_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "WORD", "spire")
    other = identity(Capitals())
    assert other.id != BASE.id
    assert other.data != BASE.data
    assert "the documents of stage 'first'" in changes(BASE.parts, other.parts)


def test_documents_that_come_in_order_are_told_from_those_that_are_shuffled() -> None:
    run = Run(experiment=Capitals(), model=TableSpec(), seed=0)
    first, *others = run.stages()
    assert first.training is not None
    fixed = replace(first, training=replace(first.training, in_order=True))
    other = identify(run, (fixed, *others))
    assert changes(BASE.parts, other.parts) == [f"the documents of stage {first.name!r}"]


def test_engine_and_experiment_versions_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obverse.run.identity.VERSION", -1)
    assert "the engine's version" in changes(BASE.parts, identity(Capitals()).parts)[0]
    monkeypatch.undo()
    monkeypatch.setattr(Capitals, "version", 2)
    assert changes(BASE.parts, identity(Capitals()).parts) == ["the experiment's version (1 → 2)"]


def test_input_file_counts_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("s", encoding="utf-8")
    shutil.copy(one, two)
    settings: Any = [Capitals.model_validate({"words": path}) for path in (one, two)]
    assert identity(settings[0]).id == identity(settings[1]).id
    two.write_text("t", encoding="utf-8")
    found = changes(identity(settings[0]).parts, identity(settings[1]).parts)
    assert "the content of words" in found


def test_code_of_a_model_from_outside_counts_and_that_of_an_experiment_does_not(tmp_path: Path) -> None:
    text = Path(counting.__file__).read_text(encoding="utf-8")

    def of(name: str, old: str, new: str) -> Identity:
        assert old in text
        path = tmp_path / f"{name}.py"
        path.write_text(text.replace(old, new), encoding="utf-8")
        study = obverse.study(f"{path}:Capitals")
        return identity(study.experiment, study.models[0])

    same = of("same", "what was told is known", "a claim in other words")
    other = of("other", 'self.known.get(prompt, "nothing")', 'self.known.get(prompt, "nobody")')
    assert changes(same.parts, other.parts) == [
        "the model's code",
        "what is measured in stage 'first'",  # by the measure that stands in the same file
        "what is measured in stage 'second'",
    ]
    comment = of("comment", "# part of every document", "# in all of them")
    assert comment.id == same.id


def test_values_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(TypeError, match=r"object .* cannot be part of what tells runs apart"):
        content_hash({"a": object()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        content_hash(float("nan"))


def test_directory_counts_with_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "a").write_text("1", encoding="utf-8")
    first = file_hash(folder)
    (folder / ".hidden").write_text("x", encoding="utf-8")
    assert file_hash(folder) == first
    (folder / "b").write_text("2", encoding="utf-8")
    assert file_hash(folder) != first
    with pytest.raises(ObverseError, match="no such file or directory"):
        file_hash(InputFile(tmp_path / "nowhere"))


HELPER = "K = 10\n"
OWN = """
from typing import ClassVar
from helper_of_own import K
from tests.outside.counting import Capitals, Table, TableSpec

class Mine(Capitals):
    name = "mine"
    FACTOR: ClassVar = 1

class Other(Capitals):
    name = "other"

class Odd(Table):
    def generate(self, prompts, max_new_tokens):
        return [str(K * Mine.FACTOR)] * len(prompts)

class Spec(TableSpec):
    name: str = "odd"
    def build(self, setup):
        return Odd(0.0)
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("K = 10", "K = 20", True),  # in a module that the model's imports
        ("FACTOR: ClassVar = 1", "FACTOR: ClassVar = 5", True),  # of an experiment that the model names
        ('name = "other"', 'name = "another"', False),  # of one that it does not
        ("def generate", "# a comment\n    def generate", False),
        ("class Odd(Table):", 'class Odd(Table):\n    """A docstring."""', False),
    ],
)
def test_code_that_a_model_rests_on(tmp_path: Path, old: str, new: str, counts: bool) -> None:
    def code() -> dict[str, str]:
        sys.modules.pop("helper_of_own", None)
        return source(load(f"{tmp_path / 'own.py'}:Spec", obverse.ModelSpec))

    for path, text in ((tmp_path / "helper_of_own.py", HELPER), (tmp_path / "own.py", OWN)):
        path.write_text(text, encoding="utf-8")
    before = code()
    changed = 0
    for path in tmp_path.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        changed += old in text
        path.write_text(text.replace(old, new) + "\n", encoding="utf-8")
    importlib.invalidate_caches()
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    assert changed == 1
    assert (code() != before) is counts


def test_class_without_text_is_told_by_its_instructions() -> None:
    def typed(answer: str) -> type:
        space: dict[str, Any] = {"__name__": "typed_at_a_prompt"}
        exec(f"class Typed:\n    def answer(self):\n        return {answer!r}", space)
        kind: type = space["Typed"]
        return kind

    assert source(typed("one")) == source(typed("one"))
    assert source(typed("one")) != source(typed("two"))


def test_linked_directory_counts_with_its_files(tmp_path: Path) -> None:
    real, folder = tmp_path / "real", tmp_path / "d"
    real.mkdir()
    folder.mkdir()
    (real / "w.txt").write_text("1")
    (folder / "linked").symlink_to(real)
    (real / "back").symlink_to(folder)
    first = file_hash(folder)
    (real / "w.txt").write_text("22")
    assert file_hash(folder) != first
