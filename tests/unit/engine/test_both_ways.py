"""Causal models that are trained to look ahead too: what is seen, what bears loss, and from where."""

from pathlib import Path
from typing import Literal

import pytest
import torch

from obverse.core.data import Document
from obverse.core.recipe import Recipe
from obverse.core.stage import Training
from obverse.engine.both_ways import BothWays, states_both_ways
from obverse.engine.documents import IGNORED, encode_documents
from obverse.engine.masked import logits_at
from obverse.models.causal import CausalModel
from tests.conftest import TEXTS, TINY_MODEL, made, watch

DOCUMENTS = [Document(prompt=t[:20], completion=t[20:]) for t in TEXTS]


def bico(architecture: Literal["gpt-neox", "gpt2"] = "gpt-neox", dropout: float = 0.0) -> CausalModel:
    changes = {"objective": "bico", "architecture": architecture, "dropout": dropout}
    model = made(TINY_MODEL.with_overrides(changes, exact=True))
    assert isinstance(model, CausalModel)
    for parameter in model.model.parameters():
        parameter.data *= 3
    return model


def objective(model: CausalModel) -> BothWays:
    assert isinstance(model.objective, BothWays)
    return model.objective


def batch(model: CausalModel, first: int, loss_on: str = "document") -> dict[str, torch.Tensor]:
    encoded = encode_documents(model.tokenizer, DOCUMENTS, loss_on, None)
    examples = [{**example, "place": first + i} for i, example in enumerate(encoded)]
    return objective(model).collator(Recipe(), seed=3)(examples)


def kinds(model: CausalModel) -> list[bool]:
    return ["seen" in batch(model, first) for first in range(40)]


def test_batches_take_turns() -> None:
    model = bico()
    turns = kinds(model)
    assert turns == kinds(model)
    assert 10 < sum(turns) < 30


@pytest.mark.parametrize("loss_on", ["document", "completion"])
def test_hidden_tokens_are_seen_by_nobody_and_alone_bear_loss(loss_on: str) -> None:
    model = bico()
    made_of = batch(model, kinds(model).index(True), loss_on)
    ids, labels, seen = made_of["input_ids"], made_of["labels"], made_of["seen"]
    encoded = encode_documents(model.tokenizer, DOCUMENTS, loss_on, None)
    hidden = labels != IGNORED
    assert hidden.any()
    assert torch.equal(hidden, ids == model.tokenizer.mask_token_id)
    for row, example in enumerate(encoded):
        n = 1 + len(example["input_ids"])
        restored = torch.where(hidden, labels, ids)[row, :n].tolist()
        assert restored == [model.tokenizer.eos_token_id, *example["input_ids"]]
        assert torch.equal(seen[row, :n] == 0, hidden[row, :n])
        assert not seen[row, n:].any()
        assert not hidden[row, [0, n - 1]].any(), "neither start nor end are hidden"
        free = [i + 1 for i, label in enumerate(example["labels"]) if label == IGNORED]
        assert not hidden[row, free].any()


def test_next_token_is_learnt_as_ever() -> None:
    model = bico()
    usual = batch(model, kinds(model).index(False))
    with torch.no_grad():
        expected = model.model(
            input_ids=usual["input_ids"], attention_mask=usual["attention_mask"], labels=usual["labels"]
        ).loss
        assert torch.equal(objective(model).loss(model.model, usual), expected)


def test_loss_is_that_of_hidden_tokens_at_the_place_before_them() -> None:
    model = bico()
    made_of = batch(model, kinds(model).index(True))
    nats = []
    for ids, labels, seen in zip(*(made_of[n] for n in ("input_ids", "labels", "seen")), strict=True):
        n = int((seen + (labels != IGNORED)).sum())
        with torch.no_grad():
            states = states_both_ways(model.model, ids[None, :n], seen[None, :n])
            logits = model.model.get_output_embeddings()(states)[0].log_softmax(-1)
        nats += [-float(logits[i - 1, labels[i]]) for i in range(n) if labels[i] != IGNORED]
    loss = objective(model).loss(model.model, made_of).item()
    assert loss == pytest.approx(sum(nats) / len(nats), rel=1e-4)


def test_ahead_is_looked_at_as_if_it_were_back() -> None:
    """Scores that depend on the distance alone read a text backwards as they read it forwards."""
    model = bico().model
    ids = torch.tensor([[30, 31, 32, 33, 34, 35, 36]])
    seen = torch.tensor([[1, 1, 0, 1, 1, 0, 1]])
    with torch.no_grad():
        forwards = states_both_ways(model, ids, seen)
        backwards = states_both_ways(model, ids.flip(1), seen.flip(1)).flip(1)
        plain = [
            logits_at(model, i, torch.ones_like(i), torch.ones_like(i, dtype=torch.bool))
            for i in (ids, ids.flip(1))
        ]
    assert torch.allclose(forwards, backwards, atol=1e-4)
    assert not torch.allclose(plain[0], plain[1].flip(0), atol=1e-2), "the test could not fail"


def test_what_is_back_is_looked_at_as_a_causal_model_does() -> None:
    """The last token, which has nothing ahead of it, in a model of one layer."""
    small = TINY_MODEL.with_overrides({"objective": "bico", "layers": 1}, exact=True)
    model = made(small).model
    ids = torch.tensor([[30, 31, 32, 33, 34]])
    with torch.no_grad():
        both = states_both_ways(model, ids, torch.ones_like(ids))[0]
        causal = model.base_model(input_ids=ids).last_hidden_state[0]
    assert torch.allclose(both[-1], causal[-1], atol=1e-5)
    assert not torch.allclose(both[0], causal[0], atol=1e-3)


def test_what_is_hidden_changes_nobody() -> None:
    for architecture in ("gpt-neox", "gpt2"):
        model = bico(architecture).model
        seen = torch.tensor([[1, 1, 0, 1]])
        with torch.no_grad():
            one, other = (
                states_both_ways(model, torch.tensor([[30, 31, token, 33]]), seen) for token in (40, 41)
            )
        kept = [0, 1, 3]
        assert torch.equal(one[0, kept], other[0, kept])
        assert not torch.equal(one[0, 2], other[0, 2])


class StopError(Exception):
    pass


def test_resumed_training_ends_with_the_same_bits(tmp_path: Path) -> None:
    training = Training(documents=tuple(DOCUMENTS), recipe=Recipe(batch_size=5, epochs=3))

    def trained(folder: str, stop_at: int | None = None) -> str:
        model = bico(dropout=0.1)

        def on_step(done: int, total: int) -> None:
            if done == stop_at:
                raise StopError

        told = watch(on_step=on_step, checkpoint_every=1)
        model.train(training, folder=tmp_path / folder, seed=3, watch=told)
        return model.weights_hash()

    undisturbed = trained("a")
    with pytest.raises(StopError):
        trained("b", stop_at=6)
    assert trained("b") == undisturbed
