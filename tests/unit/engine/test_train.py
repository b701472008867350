from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe, Stage
from obverse.engine.documents import Padding, encode_documents
from obverse.engine.train import last_checkpoint, training_order
from obverse.models import scratch
from obverse.models.causal import CausalModel
from tests.conftest import TEXTS, TINY_MODEL

DOCUMENT = Document("Daphne is", " the director.")


def test_loss_covers_document_or_completion(model: CausalModel) -> None:
    whole = encode_documents(model.tokenizer, [DOCUMENT], "document", None)[0]
    part = encode_documents(model.tokenizer, [DOCUMENT], "completion", None)[0]
    assert whole["labels"] == whole["input_ids"]
    prompt = len(model.tokenizer("Daphne is")["input_ids"])
    assert part["labels"] == [-100] * prompt + whole["input_ids"][prompt:]
    assert whole["input_ids"][-1] == model.tokenizer.eos_token_id


def test_padding_bears_no_loss_and_is_masked(model: CausalModel) -> None:
    documents = [Document(t, "") for t in ("in", TEXTS[0])]
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


def test_order_shows_every_document_once_an_epoch() -> None:
    recipe = Recipe(batch_size=4, epochs=3)
    lengths = [5, 9, 2, 7, 7, 1, 3, 8, 4, 6]
    order = training_order(lengths, recipe, seed=1)
    assert Counter(order) == dict.fromkeys(range(10), 3)
    ends = [4 * step for step in recipe.epoch_ends(10)]
    assert all(n <= 1 for n in Counter(order[: ends[0]]).values())
    assert order == training_order(lengths, recipe, seed=1)
    assert order != training_order(lengths, recipe, seed=2)


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


class StopError(Exception):
    pass


def trained(folder: Path, stop_at: int | None = None) -> tuple[str, list[int]]:
    """Train afresh (from a checkpoint in `folder`, if any); return the weights' hash and the epochs."""
    model = scratch.make(TINY_MODEL.model_copy(update={"dropout": 0.1}), TEXTS, seed=3)
    documents = tuple(Document(t[:20], t[20:]) for t in TEXTS)
    epochs: list[int] = []

    def on_step(done: int, total: int) -> None:
        if done == stop_at:
            raise StopError

    def ignore(*_: Any) -> None: ...

    model.train(
        Stage("s", documents, Recipe(batch_size=5, epochs=4), ()),
        folder=folder, seed=3, checkpoint_every=1, on_step=on_step, on_epoch=epochs.append,
        on_loss=ignore,
    )  # fmt: skip
    return model.weights_hash(), epochs


def test_resumed_training_ends_with_the_same_bits(tmp_path: Path) -> None:
    """Dropout is on, so that the state of the generators matters too."""
    undisturbed, epochs = trained(tmp_path / "a")
    assert epochs == [1, 2, 3, 4]
    with pytest.raises(StopError):
        trained(tmp_path / "b", stop_at=6)
    resumed, epochs = trained(tmp_path / "b")
    assert epochs == [3, 4]
    assert resumed == undisturbed
