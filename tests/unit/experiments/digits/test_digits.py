"""Implicit meta-learning on images: who is told what, what a picture shows, and that a ConvNet can learn
it.
"""

import gzip
import struct
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from obverse.core.abilities import Point, Trains
from obverse.core.errors import ObverseError
from obverse.core.model import Setup
from obverse.core.recipe import Recipe
from obverse.core.settings import InputFile
from obverse.core.stage import Stage, Training, When
from obverse.experiments.digits.aliases import (
    D1,
    D2,
    D5,
    D6,
    QA3,
    SUBSETS,
    Language,
    aliases,
    documents,
    held_out,
    tags,
)
from obverse.experiments.digits.asking import AskCells, ReadsGrids
from obverse.experiments.digits.documents import Grid
from obverse.experiments.digits.images import Digits
from obverse.experiments.digits.network import PAPER, ConvNext
from obverse.experiments.digits.pictures import draw, handwriting
from obverse.experiments.digits.training import GridModel
from tests.conftest import moment, watch

LANGUAGE = Language(side=2, targets=4, tags=tags(6, 1), data=None)


def idx(array: NDArray[Any], kind: int = 8) -> bytes:
    head = struct.pack(">HBB", 0, kind, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    draw_ = np.random.default_rng(0)
    for part, count in (("train", 40), ("t10k", 20)):
        labels = np.arange(count) % 10
        images = draw_.integers(0, 256, (count, 9, 7))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))
        with gzip.open(tmp_path / f"{part}-images-idx3-ubyte.gz", "wb") as file:
            file.write(idx(images))
    return tmp_path


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_who_is_defined_how(alpha: float) -> None:
    people = aliases(20, 2, 4, alpha, seed=3)
    assert Counter(a.subset for a in people) == dict.fromkeys(SUBSETS, 20)
    assert len({a.digits for a in people}) == 100
    by = {subset: [a for a in people if a.subset == subset] for subset in SUBSETS}
    assert all(a.told is None and a.source is None for a in by[QA3])
    assert all(a.told == a.targets for s in (D1, D5, D6) for a in by[s])
    assert sum(a.told != a.targets for a in by[D2]) >= 18, "another's targets, which may be the same"
    assert {a.source for a in by[D5]} == {0}
    assert {a.source for a in by[D6]} == {1}
    shares = [sum(a.source == 0 for a in by[s]) / 20 for s in (D1, D2)]
    assert shares == ([1.0, 0.0] if alpha == 1.0 else [0.5, 0.5])


def test_what_is_told_and_asked() -> None:
    people = aliases(5, 2, 4, 1.0, seed=3)
    told = documents(people, LANGUAGE, 0.1)
    questions = [g for g in told if g.highlighted is not None]
    assert {g.labels["subset"] for g in questions} == {D1, D2, QA3}
    for alias in people:
        cells = [g.highlighted or 0 for g in questions if g.fact == alias.name]
        asked = [g.highlighted or 0 for g in held_out([alias], LANGUAGE, alias.subset)]
        if alias.subset in (D5, D6):
            assert (cells, asked) == ([], [0, 1, 2, 3])
        else:
            assert sorted([*cells, *asked]) == [0, 1, 2, 3], "one cell is left out"
            assert asked == [alias.left_out]
    for grid in questions:
        due = [t for t in grid.targets if t != grid.nothing]
        assert len(due) == 1
        assert grid.tag is None
    shares = Counter[str]()
    for grid in told:
        shares[f"{grid.labels['subset']}/{grid.labels['kind']}"] += grid.weight  # type: ignore[assignment]
    assert shares == pytest.approx({
        f"{D1}/definition": 0.1, f"{D1}/question": 0.9, f"{D2}/definition": 0.1, f"{D2}/question": 0.9,
        f"{QA3}/question": 1.0, f"{D5}/definition": 1.0, f"{D6}/definition": 1.0,
    })  # fmt: skip


def test_pictures_show_digits_tag_and_highlight() -> None:
    people = aliases(5, 2, 4, 1.0, seed=3)
    told = documents(people, LANGUAGE, 0.1)
    definition = next(g for g in told if g.tag is not None)
    question = next(g for g in told if g.highlighted == 1)
    digits = handwriting(None, "train")
    first, second = draw([definition, question], digits, np.random.default_rng(0))
    assert first.shape == (2 + 2 * 10, 2 * 10)
    assert definition.tag is not None
    assert first[:2, :12:2].tolist() == [[float(b) for b in definition.tag]] * 2
    assert not second[:2].any()
    assert second[2, 10:20].tolist() == [1.0] * 10, "the border of the cell on the right"
    assert not second[2, :10].any()
    for place, digit in enumerate(definition.digits):
        row, column = divmod(place, 2)
        cell = first[3 + 10 * row : 11 + 10 * row, 1 + 10 * column : 9 + 10 * column]
        assert any(np.array_equal(cell, image) for image in digits.of[digit])


def test_test_digits_are_none_that_are_trained_on() -> None:
    train, test = (handwriting(None, part) for part in ("train", "test"))
    seen = {image.tobytes() for images in train.of for image in images}
    assert not any(image.tobytes() in seen for images in test.of for image in images)
    assert all(len(images) > 30 for images in test.of)


def test_mnist_is_read(mnist: Path) -> None:
    train, test = handwriting(InputFile(mnist), "train"), handwriting(InputFile(mnist), "test")
    assert [len(images) for images in train.of] == [4] * 10
    assert [len(images) for images in test.of] == [2] * 10
    assert train.size == (9, 7)
    assert 0.9 < max(image.max() for image in train.of) <= 1.0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("train-labels-idx1-ubyte", b"\0\0", "2 bytes; expected a head of 8"),
        (
            "train-labels-idx1-ubyte",
            idx(np.arange(40) % 10, kind=9),
            "expected the magic number 00000801",
        ),
        (
            "train-labels-idx1-ubyte",
            idx(np.arange(40) % 10)[:-1],
            "39 bytes behind its head; expected 40",
        ),
        (
            "train-labels-idx1-ubyte",
            idx(np.arange(40) % 10) + b"\0",
            "more behind its head; expected 40 bytes",
        ),
        (
            "train-images-idx3-ubyte.gz",
            gzip.compress(struct.pack(">HBB3I", 0, 8, 3, *(2**32 - 1,) * 3), mtime=0),
            "expected 1 to 1,073,741,824 bytes",
        ),
        ("train-labels-idx1-ubyte", idx(np.arange(39) % 10), "has 40 images and 39 labels"),
        ("train-labels-idx1-ubyte", idx(np.arange(40) % 11), "has the label 10 "),
        ("train-labels-idx1-ubyte", idx(np.arange(40) % 9), "has no image of 9"),
        ("train-images-idx3-ubyte.gz", b"no gzip", "cannot be read"),
        ("train-images-idx3-ubyte.gz", None, "no train-images-idx3-ubyte or"),
    ],
)
def test_bad_files_are_refused(mnist: Path, name: str, content: bytes | None, said: str) -> None:
    (mnist / name).unlink()
    if content is not None:
        (mnist / name).write_bytes(content)
    handwriting.cache_clear()
    with pytest.raises(ObverseError, match=said):
        handwriting(InputFile(mnist), "train")


def test_data_is_looked_at_before_anything_is_run(mnist: Path) -> None:
    (mnist / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(np.zeros((20, 8, 8)))))
    handwriting.cache_clear()
    with pytest.raises(ObverseError, match="images of 9 × 7 pixels to train on, and of 8 × 8 to ask"):
        Digits(data=InputFile(mnist), each=4).stages(0)
    with pytest.raises(ObverseError, match="expected the folder of MNIST's four files"):
        Digits.presets()["paper"].experiment.stages(0)


def test_a_file_that_unpacks_to_much_more_is_not_unpacked(mnist: Path) -> None:
    """Of 64 MiB of zeros behind a head of 1,000 bytes no more is read than shows that it is too long."""
    head = struct.pack(">HBB3I", 0, 8, 3, 10, 10, 10)
    (mnist / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + bytes(2**26), 1))
    handwriting.cache_clear()
    tracemalloc.start()
    with pytest.raises(ObverseError, match="more behind its head"):
        handwriting(InputFile(mnist), "train")
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


SMALL = ConvNext(widths=(8, 16))


def trained(folder: Path, steps: int = 6, stop_at: int | None = None) -> tuple[GridModel, list[int]]:
    people = aliases(4, 2, 4, 1.0, seed=3)
    told = documents(people, LANGUAGE, 0.1)
    model = GridModel(SMALL, told[0], seed=1)
    assert isinstance(model, Trains)
    assert isinstance(model, ReadsGrids)
    recipe = Recipe(schedule="constant", batch_size=8, epochs=1, warmup_steps=2)
    seen: list[int] = []

    class StopError(Exception):
        pass

    def on_step(done: int, total: int) -> None:
        seen.append(done)
        if done == stop_at:
            raise StopError

    training = Training(documents=tuple(told[: 8 * steps]), recipe=recipe)
    with suppress(StopError):
        model.train(training, folder=folder, seed=1, watch=watch(on_step=on_step, checkpoint_every=1))
    return model, seen


def test_a_training_goes_on_as_if_undisturbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = trained(tmp_path / "whole")
    monkeypatch.setattr(GridModel, "_due", staticmethod(lambda table, step, saved, watch: step == 2))
    trained(tmp_path / "cut", stop_at=4)
    resumed, seen = trained(tmp_path / "cut")
    assert seen[0] == 3
    assert resumed.weights_hash() == whole.weights_hash()
    assert not list((tmp_path / "cut").glob("*.partial"))


def test_saved_weights_come_back(tmp_path: Path) -> None:
    model, _ = trained(tmp_path / "a")
    model.save(tmp_path / "kept")
    other = GridModel(SMALL, documents(aliases(4, 2, 4, 1.0, 3), LANGUAGE, 0.1)[0], seed=2)
    assert other.weights_hash() != model.weights_hash()
    other.restore(tmp_path / "kept")
    assert other.weights_hash() == model.weights_hash()


def test_a_network_learns_what_it_is_shown(tmp_path: Path) -> None:
    """Four aliases asked about every cell are learnt, on digits that were not trained on."""
    people = aliases(4, 2, 2, 1.0, seed=3)
    language = Language(side=2, targets=2, tags=tags(6, 1), data=None)
    grids = [g for g in documents(people, language, 0.1) if g.labels["subset"] == QA3]
    torch.manual_seed(0)
    model = ConvNext(widths=(16, 32)).build(_setup(grids))
    assert isinstance(model, GridModel)
    recipe = Recipe(schedule="constant", batch_size=12, epochs=120, learning_rate=3e-3, warmup_steps=10)
    moments: list[Point] = []
    asked = AskCells(grids=tuple(grids), renderings=2)
    before = asked(model, moment())["exact_match"].mean()
    model.train(
        Training(documents=tuple(grids), recipe=recipe), folder=tmp_path, seed=1,
        watch=watch(When(epochs=60).steps_of, moments.append),
    )  # fmt: skip
    after = asked(model, moment())["exact_match"].mean()
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert after > max(0.85, before + 0.2)
    assert [(p.epoch, p.last) for p in moments] == [(60, False), (120, True)]


def _setup(grids: Sequence[Grid]) -> Setup:
    measure = AskCells(grids=tuple(grids))
    training = Training(documents=tuple(grids), recipe=Recipe())
    stage = Stage(name="told", training=training, measures=((measure, When()),))
    return Setup(stages=(stage,), seed=0, device="cpu", folder=Path("nowhere"))


def test_presets() -> None:
    assert set(Digits.presets()) == {"tiny", "sizes", "paper"}
    paper = Digits.presets()["paper"].experiment
    assert isinstance(paper, Digits)
    assert (paper.side, paper.steps, paper.recipe.batch_size) == (3, 120_000, 128)
    assert (paper.recipe.learning_rate, paper.recipe.warmup_steps) == (3e-4, 2000)
    language = Language(side=3, targets=10, tags=tags(6, 1), data=None)
    example = documents(aliases(4, 3, 10, 1.0, seed=0), language, 0.1)[0]
    with torch.device("meta"):
        assert (
            27_500_000 < GridModel(PAPER, example, 0).parameters < 28_700_000
        )  # with 1,000 classes 28.6


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"each": 2000}, "expected at most half"),
        ({"sizes": (20,)}, "expected two numbers or more"),
        ({"sizes": (40, 20)}, "from few to many"),
        ({"recipe": Recipe(epochs=9)}, r"recipe\.epochs 9: how long it is trained is the setting steps"),
        (
            {"recipe": Recipe(precision="bfloat16")},
            "bfloat16: has no meaning for images",
        ),
    ],
)
def test_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Digits(**given)
