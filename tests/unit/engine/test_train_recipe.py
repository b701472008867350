"""What a recipe does to padding and to the input embeddings."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from pydantic import ValidationError

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.core.stage import Training
from obverse.engine import train as train_module
from obverse.engine.documents import Padding, encode_documents
from obverse.models.local import LocalModel
from obverse.models.scratch import Scratch
from tests.conftest import made as built
from tests.conftest import watch

TEXTS = ["alder elm fig", "badger elm"]
Architecture = Literal["gpt-neox", "gpt2", "t5"]


def made(architecture: Architecture = "gpt2", **about: Any) -> LocalModel:
    spec = Scratch(
        architecture=architecture, tokenizer="words", hidden_size=16, layers=1, heads=2, max_tokens=16,
        **about,
    )  # fmt: skip
    return built(spec, TEXTS)


def padded(**recipe: Any) -> dict[str, torch.Tensor]:
    tokenizer = made().tokenizer
    examples = encode_documents(tokenizer, [Document(completion=t) for t in TEXTS], "document", None)
    return Padding(tokenizer, Recipe(**recipe))(examples)


def test_documents_are_padded_to_the_width_asked_for() -> None:
    pad = made().tokenizer.pad_token_id
    batch = padded(pad_to=6)
    assert {name: tuple(t.shape) for name, t in batch.items()} == {
        "input_ids": (2, 6), "attention_mask": (2, 6), "labels": (2, 6),
    }  # fmt: skip
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0]]
    assert set(batch["input_ids"][batch["attention_mask"] == 0].tolist()) == {pad}
    assert tuple(padded()["input_ids"].shape) == (2, 4), "to the longest, if nothing is asked"


@pytest.mark.parametrize("on_padding", [False, True])
def test_padding_is_learnt_if_the_recipe_says_so(on_padding: bool) -> None:
    batch = padded(pad_to=6, loss_on_padding=on_padding)
    pad = made().tokenizer.pad_token_id
    hidden = batch["attention_mask"] == 0
    assert set(batch["labels"][hidden].tolist()) == {pad if on_padding else -100}
    assert torch.equal(batch["labels"][~hidden], batch["input_ids"][~hidden])


def test_loss_on_padding_needs_a_width() -> None:
    with pytest.raises(ValidationError, match="loss_on_padding needs pad_to"):
        Recipe(loss_on_padding=True)


@pytest.mark.parametrize("architecture", ["gpt2", "t5"])
def test_document_that_is_longer_than_pad_to_is_refused(
    architecture: Architecture, tmp_path: Path
) -> None:
    with pytest.raises(ObverseError, match=r"at most 3 are read \(the model's limit or pad_to\)"):
        train(made(architecture), tmp_path, pad_to=3)


def train(model: LocalModel, folder: Path, **recipe: Any) -> None:
    settings = {"batch_size": 2, "epochs": 1, "warmup_steps": 0, "schedule": "constant"} | recipe
    documents = tuple(Document(prompt=t, completion=" elm") for t in TEXTS)
    training = Training(documents=documents, recipe=Recipe(**settings))
    model.train(training, folder=folder, seed=0, watch=watch())


@pytest.fixture
def optimizers(monkeypatch: pytest.MonkeyPatch) -> list[torch.optim.Optimizer]:
    """The optimizer of every training that follows."""
    used: list[torch.optim.Optimizer] = []

    class Watched(train_module._Trainer):
        def train(self, *args: Any, **kwargs: Any) -> Any:
            result = super().train(*args, **kwargs)
            assert self.optimizer is not None
            used.append(getattr(self.optimizer, "optimizer", self.optimizer))
            return result

    monkeypatch.setattr(train_module, "_Trainer", Watched)
    return used


@pytest.mark.parametrize("architecture", ["gpt2", "gpt-neox", "t5"])
@pytest.mark.parametrize("optimizer", ["adamw", "adafactor", "sgd"])
def test_embeddings_have_a_rate_of_their_own_and_every_parameter_is_in_one_group(
    architecture: Architecture,
    optimizer: str,
    optimizers: list[torch.optim.Optimizer],
    tmp_path: Path,
) -> None:
    model = made(architecture)
    rates = {"learning_rate": 1e-3, "embedding_learning_rate": 1e-2}
    train(model, tmp_path, optimizer=optimizer, weight_decay=0.1, **rates)
    [used] = optimizers
    count = Counter(id(p) for group in used.param_groups for p in group["params"])
    assert count == Counter(id(p) for p in model.model.parameters())
    embedding = model.model.get_input_embeddings().weight
    names = {id(p): name for name, p in model.model.named_parameters()}
    for group in used.param_groups:
        for parameter in group["params"]:
            decays = parameter.ndim > 1 and "bias" not in names[id(parameter)]
            assert group["lr"] == (1e-2 if parameter is embedding else 1e-3)
            assert group["weight_decay"] == (0.1 if decays else 0.0)


def test_rates_alike_train_as_one_rate_does(tmp_path: Path) -> None:
    one, two = made(), made()
    train(one, tmp_path / "one", learning_rate=1e-2, epochs=3)
    train(two, tmp_path / "two", learning_rate=1e-2, embedding_learning_rate=1e-2, epochs=3)
    assert one.weights_hash() == two.weights_hash()


def test_only_the_embeddings_move_faster(tmp_path: Path) -> None:
    start, slow, fast = made(), made(), made()
    train(slow, tmp_path / "slow", learning_rate=1e-4)
    train(fast, tmp_path / "fast", learning_rate=1e-4, embedding_learning_rate=1e-2)
    before = start.model.state_dict()

    def moved(model: LocalModel, name: str) -> float:
        return float((model.model.state_dict()[name] - before[name]).abs().max())

    embedding = "transformer.wte.weight"
    assert moved(fast, embedding) == pytest.approx(100 * moved(slow, embedding), rel=0.05)
    for name in before:
        if name != embedding:
            assert moved(fast, name) == pytest.approx(moved(slow, name), abs=1e-9)
