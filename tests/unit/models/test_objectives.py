"""Models made from scratch by what they are trained on: one decoder, its parameters, what it can do."""

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from obverse.core.abilities import (
    Foresees,
    Generates,
    GivesGradients,
    GivesHiddenStates,
    Samples,
    Saves,
    Scores,
    Trains,
)
from obverse.core.errors import CannotLoadError
from obverse.engine.masked import logits_at
from obverse.models.causal import CausalModel
from obverse.models.checkpoint import Checkpoint
from obverse.models.masked import MaskedModel
from obverse.models.scratch import Scratch
from obverse.models.tokenized import TokenizedModel
from obverse.models.two_way import GPTNeoXTwoWay, TwoWayAttention
from tests.conftest import TEXTS, TINY_MODEL, setup

MASKED = ("mlm", "mlm-u", "masked diffusion")


def made(**settings: Any) -> TokenizedModel:
    model = TINY_MODEL.with_overrides(settings, exact=True).build(setup(TEXTS))
    assert isinstance(model, TokenizedModel)
    return model


@pytest.mark.parametrize("architecture", ["gpt-neox", "gpt2"])
def test_all_objectives_train_the_same_decoder(architecture: str) -> None:
    plain = made(architecture=architecture)
    for objective in (*MASKED, "bico"):
        model = made(architecture=architecture, objective=objective)
        assert type(model.model) is type(plain.model)
        assert isinstance(model, CausalModel if objective == "bico" else MaskedModel)
        # One token more is read, and can be written.
        assert model.parameters == plain.parameters + 2 * TINY_MODEL.hidden_size
        assert len(model.tokenizer) == len(plain.tokenizer) + 1
        for text in TEXTS:
            assert model.tokenizer(text)["input_ids"] == plain.tokenizer(text)["input_ids"]


def test_models_can_do_what_they_say() -> None:
    for objective in ("next token", "bico", *MASKED):
        spec = TINY_MODEL.with_overrides({"objective": objective}, exact=True)
        model = made(objective=objective)
        able = {
            "scores": Scores, "generates": Generates, "trains": Trains, "saves": Saves,
            "gradients": GivesGradients, "hidden": GivesHiddenStates, "samples": Samples,
        }  # fmt: skip
        assert {name for name, kind in able.items() if isinstance(model, kind)} == spec.abilities()
        assert isinstance(model, Foresees) == (objective not in MASKED)


def test_what_is_not_used_is_no_part_of_the_identity() -> None:
    known = TINY_MODEL.identity()
    assert isinstance(known, dict)
    assert not {"objective", "mask_rate", "tied", "shared_directions", "rotary"} & set(known)
    changes: list[dict[str, Any]] = [
        {"tied": True}, {"rotary": 0.5}, {"objective": "bico"}, {"objective": "mlm"},
        {"objective": "mlm", "mask_rate": 0.3}, {"objective": "mlm-u"},
        {"objective": "mlm-u", "shared_directions": False}, {"objective": "masked diffusion"},
    ]  # fmt: skip
    found = [TINY_MODEL.with_overrides(change, exact=True).identity() for change in changes]
    assert all(one != other for i, one in enumerate(found) for other in [known, *found[:i]])
    unused = TINY_MODEL.with_overrides({"mask_rate": 0.3}, exact=True)
    assert unused.identity() == known


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"architecture": "t5", "objective": "mlm"}, "objective 'mlm': an encoder-decoder"),
        ({"architecture": "t5", "tied": True}, "tied: a T5 has output weights of its own"),
        ({"shared_directions": False}, "only a gpt-neox that restores hidden tokens"),
        ({"shared_directions": False, "objective": "bico"}, "only a gpt-neox that restores"),
        ({"shared_directions": False, "objective": "mlm", "architecture": "gpt2"}, "only a gpt-neox"),
        ({"rotary": 0.5, "architecture": "gpt2"}, "rotary 0.5: only a gpt-neox turns its heads"),
        ({"rotary": 0.1}, "rotary 0.1: 3.2 numbers of a head are turned"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Scratch(**settings)


@pytest.mark.parametrize("architecture", ["gpt-neox", "gpt2"])
def test_tied_output_weights_are_the_input_embeddings(architecture: str, tmp_path: Path) -> None:
    tied, own = made(architecture=architecture, tied=True), made(architecture=architecture)
    embeddings = tied.model.get_input_embeddings().weight
    assert tied.model.get_output_embeddings().weight is embeddings
    assert own.parameters - tied.parameters == embeddings.numel()
    tied.save(tmp_path)
    other = TINY_MODEL.with_overrides({"architecture": architecture, "tied": True}, exact=True).build(
        setup(TEXTS, seed=1)
    )
    assert isinstance(other, CausalModel)
    other.restore(tmp_path)
    assert other.weights_hash() == tied.weights_hash()
    assert other.model.get_output_embeddings().weight is other.model.get_input_embeddings().weight


@pytest.mark.parametrize(
    "settings",
    [{"objective": "mlm-u"}, {"objective": "mlm", "shared_directions": False}, {"objective": "bico"}],
)
def test_restored_model_is_the_saved_one(settings: dict[str, Any], tmp_path: Path) -> None:
    saved = made(**settings)
    other = TINY_MODEL.with_overrides(settings, exact=True).build(setup(TEXTS, seed=1))
    assert isinstance(other, MaskedModel | CausalModel)
    assert isinstance(saved, MaskedModel | CausalModel)
    asked = (["Daphne is"], [[" the", " Uriah"]])
    assert other.logprobs(*asked) != saved.logprobs(*asked)
    saved.save(tmp_path)
    other.restore(tmp_path)
    assert other.weights_hash() == saved.weights_hash()
    assert other.logprobs(*asked) == saved.logprobs(*asked)


def test_saved_model_of_hidden_tokens_is_not_asked_as_a_causal_one(tmp_path: Path) -> None:
    made(objective="mlm-u").save(tmp_path)
    with pytest.raises(CannotLoadError, match="restores hidden tokens; expected one that predicts"):
        Checkpoint(path=str(tmp_path)).resolve().build(setup())


def test_weights_ahead_are_others() -> None:
    """Only tokens behind a place reach it by them, and what is before it does not."""
    model = made(objective="mlm-u", shared_directions=False)
    assert isinstance(model.model, GPTNeoXTwoWay)
    width = TINY_MODEL.hidden_size
    assert model.parameters - made(objective="mlm-u").parameters == 2 * 3 * width * (width + 1)
    ids = torch.tensor([[30, 31, 32, 33]])
    seen, everywhere = torch.ones_like(ids), torch.ones_like(ids, dtype=torch.bool)
    attentions = [layer.attention for layer in model.model.gpt_neox.layers]
    with torch.no_grad():
        before = logits_at(model.model, ids, seen, everywhere)
        for attention in attentions[1:]:
            assert isinstance(attention, TwoWayAttention)
            assert attention.ahead.weight.std() == pytest.approx(0.02, rel=0.2)
            attention.ahead.weight.mul_(9)
        after = logits_at(model.model, ids, seen, everywhere)
    assert torch.equal(before[-1], after[-1]), "the last place has nothing behind it"
    assert not torch.allclose(before[0], after[0], atol=1e-4)


def test_same_weights_both_ways_are_a_plain_decoder() -> None:
    two, plain = made(objective="mlm-u", shared_directions=False), made(objective="mlm-u")
    plain.model.load_state_dict(two.model.state_dict(), strict=False)
    assert isinstance(two.model, GPTNeoXTwoWay)
    for layer in two.model.gpt_neox.layers:
        attention: Any = layer.attention
        attention.ahead.load_state_dict(attention.query_key_value.state_dict())
    ids = torch.tensor([[30, 31, 32, 33], [34, 35, 36, 0]])
    seen, everywhere = (ids > 0).long(), torch.ones_like(ids, dtype=torch.bool)
    with torch.no_grad():
        one, other = (logits_at(m.model, ids, seen, everywhere) for m in (two, plain))
    assert torch.allclose(one, other, atol=1e-5)
