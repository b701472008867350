"""Training: what bears loss, where it stops to be measured, and how it is resumed."""

import math
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from obverse.core.abilities import Point
from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.core.stage import Timetable, Training, When
from obverse.engine import train as train_module
from obverse.engine.documents import Padding, encode_documents
from obverse.engine.train import last_checkpoint
from obverse.models.causal import CausalModel
from obverse.models.local import LocalModel
from obverse.run.folder import RunFolder
from tests.conftest import TEXTS, TINY_MODEL, made, watch

DOCUMENT = Document(prompt="Daphne is", completion=" the director.")


def test_loss_covers_document_or_completion(model: CausalModel) -> None:
    whole = encode_documents(model.tokenizer, [DOCUMENT], "document", None)[0]
    part = encode_documents(model.tokenizer, [DOCUMENT], "completion", None)[0]
    assert whole["labels"] == whole["input_ids"]
    prompt = len(model.tokenizer("Daphne is")["input_ids"])
    assert part["labels"] == [-100] * prompt + whole["input_ids"][prompt:]
    assert whole["input_ids"][-1] == model.tokenizer.eos_token_id


def test_padding_bears_no_loss_and_is_masked(model: CausalModel) -> None:
    documents = [Document(completion=t) for t in ("in", TEXTS[0])]
    examples = encode_documents(model.tokenizer, documents, "document", None)
    padding = Padding(model.tokenizer, Recipe())
    batch = padding(examples)
    pad = batch["attention_mask"] == 0
    assert pad.any()
    assert (batch["labels"][pad] == -100).all()
    with torch.no_grad():
        joint = model.model(**batch).loss
        counts = [len(e["input_ids"]) - 1 for e in examples]
        alone = [model.model(**padding([e])).loss for e in examples]
    assert joint == pytest.approx(sum(a * n for a, n in zip(alone, counts, strict=True)) / sum(counts))


def test_logits_only_where_there_is_loss_give_the_same_loss(model: CausalModel) -> None:
    documents = [DOCUMENT, Document(prompt=TEXTS[0], completion=" the novel")]
    examples = encode_documents(model.tokenizer, documents, "completion", None)
    whole, narrow = (Padding(model.tokenizer, Recipe(), narrow=n)(examples) for n in (False, True))
    with torch.no_grad():
        all_places, few = model.model(**whole), model.model(**narrow)
    assert few.logits.shape[1] < all_places.logits.shape[1]
    assert few.loss == pytest.approx(all_places.loss.item(), abs=1e-6)


def test_document_longer_than_the_model_is_refused(model: CausalModel) -> None:
    with pytest.raises(ObverseError, match="at most 5 are read"):
        encode_documents(model.tokenizer, [DOCUMENT], "document", limit=5)


def test_checkpoint_cut_short_is_not_resumed_from(tmp_path: Path) -> None:
    for step, whole in ((5, True), (10, True), (15, False)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if whole:
            (tmp_path / f"checkpoint-{step}" / "complete").touch()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert not (tmp_path / "checkpoint-15").exists()


TRAINING = Training(
    documents=tuple(Document(prompt=t[:20], completion=t[20:]) for t in TEXTS),
    recipe=Recipe(batch_size=5, epochs=4),
)  # 12 documents: 10 steps, epochs over after steps 2, 4, 7 and 10
ENDS = When(start=True, epochs=1)


def fresh() -> LocalModel:
    """A model with dropout, so that the state of the generators matters too."""
    return made(TINY_MODEL.model_copy(update={"dropout": 0.1}), seed=3)


class StopError(Exception):
    pass


def trained(
    folder: Path,
    when: When = ENDS,
    stop_at: int | None = None,
    every: int | None = 1,
    losses: dict[int, float] | None = None,
) -> tuple[str, list[Point]]:
    """Train afresh (from a checkpoint in `folder`, if any); return the weights' hash and the stops."""
    model, points = fresh(), list[Point]()
    told = {} if losses is None else losses

    def on_step(done: int, total: int) -> None:
        assert total == 10
        if done == stop_at:
            raise StopError

    model.train(
        TRAINING,
        folder=folder,
        seed=3,
        watch=watch(
            when.steps_of,
            points.append,
            on_step=on_step,
            checkpoint_every=every,
            on_loss=told.__setitem__,
        ),
    )
    return model.weights_hash(), points


def test_resumed_training_ends_with_the_same_bits(tmp_path: Path) -> None:
    losses: dict[str, dict[int, float]] = {"a": {}, "b": {}}
    undisturbed, points = trained(tmp_path / "a", losses=losses["a"])
    assert [p.epoch for p in points] == [0, 1, 2, 3, 4]
    with pytest.raises(StopError):
        trained(tmp_path / "b", stop_at=6)
    resumed, points = trained(tmp_path / "b", losses=losses["b"])
    assert [p.epoch for p in points] == [3, 4]
    assert resumed == undisturbed
    assert losses["b"] == losses["a"]
    assert list(losses["a"]) == list(range(1, 11))


def test_points_say_where_the_training_is(tmp_path: Path) -> None:
    tables: list[Timetable] = []

    def stops(table: Timetable) -> Iterable[int]:
        tables.append(table)
        return [9, 0, 3, 10, 7]

    points: list[Point] = []
    record = fresh().train(TRAINING, folder=tmp_path, seed=3, watch=watch(stops, points.append))
    [table] = tables
    assert (table.steps, table.epoch_ends) == (10, (2, 4, 7, 10))
    assert points == [
        Point(step=step, epoch=epoch, tokens=table.tokens[step], last=step == 10)
        for step, epoch in ((0, 0), (3, 1), (7, 3), (9, 3), (10, 4))
    ]
    assert record == {"steps": 10, "tokens": table.tokens[10], "resumed_from_step": None}


def test_model_is_measured_as_it_is_at_each_stop(tmp_path: Path) -> None:
    model, hashes = fresh(), list[str]()
    before = model.weights_hash()
    at = watch(lambda table: range(11), lambda point: hashes.append(model.weights_hash()))
    model.train(TRAINING, folder=tmp_path, seed=3, watch=at)
    assert hashes[0] == before
    assert hashes[-1] == model.weights_hash()
    assert hashes[0] == hashes[1], "warming up begins at a rate of 0"
    assert len(set(hashes)) == 10


def test_what_a_measure_leaves_behind_changes_nothing(tmp_path: Path) -> None:
    model = fresh()

    def at(point: Point) -> None:
        torch.rand(3)
        model.model.eval()
        ids = torch.tensor([[5, 6, 7]])
        model.model(input_ids=ids, labels=ids).loss.backward()

    model.train(TRAINING, folder=tmp_path / "a", seed=3, watch=watch(lambda table: range(11), at))
    unmeasured, points = trained(tmp_path / "b", When())
    assert [p.step for p in points] == [10]
    assert model.weights_hash() == unmeasured


def test_checkpoint_is_written_after_any_step_once_the_last_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, _ = trained(tmp_path / "a", every=None)
    assert not list((tmp_path / "a").glob("checkpoint-*")), "it took no half minute"
    now = iter(range(0, 10_000, 11))  # each look at the clock is 11 seconds later
    monkeypatch.setattr(train_module, "time", SimpleNamespace(monotonic=lambda: next(now)))
    with pytest.raises(StopError):
        trained(tmp_path / "b", stop_at=6, every=None)
    checkpoint = last_checkpoint(tmp_path / "b")
    assert checkpoint == tmp_path / "b" / "checkpoint-3", "in the middle of an epoch"
    resumed, points = trained(tmp_path / "b", every=None)
    assert [p.step for p in points] == [4, 7, 10]
    assert resumed == undisturbed


def test_stop_is_measured_before_its_checkpoint_is_written(tmp_path: Path) -> None:
    """So that what a resumed training passes over has been measured."""
    model, written = fresh(), list[list[str]]()

    def at(point: Point) -> None:
        written.append(sorted(path.name for path in tmp_path.glob("checkpoint-*")))

    model.train(TRAINING, folder=tmp_path, seed=3, watch=watch(ENDS.steps_of, at, checkpoint_every=1))
    two, four, seven = "checkpoint-2", "checkpoint-4", "checkpoint-7"
    assert written == [[], [], [two], [two, four], [four, seven]]


def test_loss_of_a_diverged_training_is_not_0(tmp_path: Path) -> None:
    losses: list[tuple[int, float]] = []
    model = made(TINY_MODEL)
    with torch.no_grad():
        next(model.model.parameters()).fill_(math.nan)
    told = watch(on_loss=lambda step, loss: losses.append((step, loss)))
    model.train(TRAINING, folder=tmp_path, seed=0, watch=told)
    assert losses
    assert all(math.isnan(loss) for _, loss in losses)
    folder = RunFolder(tmp_path / "run")
    folder.add_losses("told", losses[:2])
    assert folder.losses() == {"told": [(1, None), (2, None)]}
    folder.add_losses("told", [(2, 0.5)])
    assert folder.losses() == {"told": [(1, None), (2, 0.5)]}


def test_losses_are_told(tmp_path: Path) -> None:
    losses: dict[int, float] = {}
    told = watch(on_loss=losses.__setitem__)
    fresh().train(TRAINING, folder=tmp_path, seed=3, watch=told)
    assert list(losses) == list(range(1, 11))
    assert 0 < losses[10] < losses[1]
