"""Inner products of gradients, against gradients that are formed one text after the other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.func import functional_call, grad
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from obverse.core.errors import ObverseError
from obverse.engine.documents import IGNORED, Example
from obverse.engine.gradients import factors
from obverse.engine.gradients.products import products
from obverse.models.relative import RelativeConfig, RelativeModel

VOCABULARY = 97
Numbers = NDArray[np.float64]
SHAPE: dict[str, Any] = {"vocab_size": VOCABULARY, "hidden_size": 16, "num_hidden_layers": 2}
KINDS = ("gpt-neox", "gpt2", "llama", "t5", "relative")


def made(kind: str, tied: bool, dtype: torch.dtype = torch.float64) -> PreTrainedModel:
    torch.manual_seed(0)
    heads: dict[str, Any] = {"num_attention_heads": 4, "tie_word_embeddings": tied}
    model: PreTrainedModel
    if kind == "gpt-neox":
        model = GPTNeoXForCausalLM(GPTNeoXConfig(**SHAPE, **heads, intermediate_size=40))
    elif kind == "gpt2":
        model = GPT2LMHeadModel(
            GPT2Config(vocab_size=VOCABULARY, n_embd=16, n_layer=2, n_head=4, tie_word_embeddings=tied)
        )
    elif kind == "llama":
        model = LlamaForCausalLM(
            LlamaConfig(**SHAPE, **heads, num_key_value_heads=2, intermediate_size=40)
        )
    elif kind == "t5":
        starts: dict[str, Any] = {"decoder_start_token_id": 0, "tie_word_embeddings": tied}
        config = T5Config(
            vocab_size=VOCABULARY, d_model=16, d_kv=4, d_ff=40, num_layers=2, num_heads=4,
            pad_token_id=0, **starts,
        )  # fmt: skip
        model = T5ForConditionalGeneration(config)
        if not tied:
            model.lm_head.weight = nn.Parameter(torch.randn(VOCABULARY, 16) * 0.05)
    else:
        model = RelativeModel(RelativeConfig(**SHAPE, num_attention_heads=4))
    with torch.no_grad():
        for parameter in model.parameters():  # norms of 1 and biases of 0 would hide mistakes
            parameter.add_(0.05 * torch.randn_like(parameter))
    nn.Module.to(model, dtype)
    nn.Module.train(model, False)
    return model


def texts(count: int, seed: int, *, completion: bool = False, pairs: bool = False) -> list[Example]:
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        ids = draw.integers(1, VOCABULARY, int(draw.integers(3, 11))).tolist()
        labels = list(ids)
        if pairs:
            labels = draw.integers(1, VOCABULARY, int(draw.integers(2, 6))).tolist()
        elif completion:
            labels[: len(ids) // 2] = [IGNORED] * (len(ids) // 2)
        found.append({"input_ids": ids, "labels": labels})
    return found


def loss(model: PreTrainedModel, text: Example, parameters: Mapping[str, torch.Tensor]) -> torch.Tensor:
    ids, labels = (torch.tensor([text[key]]) for key in ("input_ids", "labels"))
    given = {"input_ids": ids} | ({"labels": labels} if model.config.is_encoder_decoder else {})
    logits = functional_call(model, dict(parameters), kwargs=given).logits
    if not model.config.is_encoder_decoder:
        logits, labels = logits[:, :-1], labels[:, 1:]
    return nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


def by_autograd(model: PreTrainedModel, some: Sequence[Example]) -> torch.Tensor:
    """Return one gradient a text, over all parameters, (texts, parameters)."""
    parameters = dict(model.named_parameters())
    rows = []
    for text in some:
        values = torch.autograd.grad(
            loss(model, text, parameters), list(parameters.values()), allow_unused=True
        )
        rows.append(
            torch.cat([
                torch.zeros(p.numel(), dtype=p.dtype) if g is None else g.flatten()
                for g, p in zip(values, parameters.values(), strict=True)
            ])
        )  # fmt: skip
    return torch.stack(rows).double()


def by_torch_func(model: PreTrainedModel, some: Sequence[Example]) -> torch.Tensor:
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    rows = []
    for text in some:
        found = grad(lambda values, text=text: loss(model, text, values))(parameters)
        rows.append(torch.cat([found[name].flatten() for name in parameters]))
    return torch.stack(rows).double()


def off(found: Numbers, a: torch.Tensor, b: torch.Tensor) -> float:
    """Return the largest error of an inner product as a share of the norms' product."""
    scale = a.norm(dim=1)[:, None] * b.norm(dim=1)
    return float(((torch.from_numpy(found) - a @ b.T).abs() / scale).max())


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("completion", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_equals_formed_gradients(
    kind: str, completion: bool, tied: bool, dtype: torch.dtype, most: float
) -> None:
    model = made(kind, tied, dtype)
    first, second = (
        texts(n, n, completion=completion, pairs=kind == "t5") for n in (7, 5)
    )  # of many lengths, so that batches are padded
    found = products(model, first, second, pad=0)
    a, b = (by_autograd(model, some) for some in (first, second))
    assert off(found.inner, a, b) < most
    assert found.first == pytest.approx((a**2).sum(1).numpy(), rel=10 * most)
    assert found.second == pytest.approx((b**2).sum(1).numpy(), rel=10 * most)
    assert found.sketches is None
    assert found.errors(np.ones(len(found.second), bool)) is None


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_equals_torch_func(kind: str) -> None:
    model = made(kind, tied=True)
    first, second = texts(4, 1), texts(3, 2)
    found = products(model, first, second, pad=0)
    a, b = by_torch_func(model, first), by_torch_func(model, second)
    assert off(found.inner, a, b) < 1e-12
    assert found.cosine == pytest.approx(
        nn.functional.cosine_similarity(a[:, None], b[None], dim=2).numpy(), abs=1e-9
    )
    assert found.distance == pytest.approx(((a[:, None] - b[None]) ** 2).sum(2).numpy(), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tied", [False, True])
def test_under_a_metric_and_in_little_memory(kind: str, tied: bool) -> None:
    model = made(kind, tied)
    first, second = (texts(n, n, pairs=kind == "t5") for n in (6, 4))
    weights = {name: torch.rand_like(p) for name, p in model.named_parameters()}
    found = products(model, first, second, pad=0, weights=weights, memory=1)
    w = torch.cat([weights[name].flatten() for name, _ in model.named_parameters()])
    a, b = (by_autograd(model, some) * w.sqrt() for some in (first, second))
    assert off(found.inner, a, b) < 1e-12
    assert found.first == pytest.approx((a**2).sum(1).numpy(), rel=1e-9)


def test_however_gradients_are_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of any size, and both ways of forming products, give the same."""
    model = made("gpt2", tied=True)
    first, second = texts(6, 1), texts(9, 2)
    expected = products(model, first, second, pad=0)
    for floats in (1, 5_000, 2**25):
        for cost in (0, 10**9):  # always by tokens, and always formed
            monkeypatch.setattr(factors, "FLOATS", floats)
            monkeypatch.setattr(factors, "_cost", lambda a, b, cost=cost: cost)
            found = products(model, first, second, pad=0)
            assert found.inner == pytest.approx(expected.inner, rel=1e-9, abs=1e-12)
            assert found.first == pytest.approx(expected.first, rel=1e-9)


def test_frozen_parameters_do_not_count() -> None:
    model = made("llama", tied=False)
    some = texts(5, 3)
    frozen = [p for name, p in model.named_parameters() if "layers.0" in name]
    for parameter in frozen:
        parameter.requires_grad_(False)
    free = torch.cat([torch.full((p.numel(),), p.requires_grad) for p in model.parameters()])
    found = products(model, some, some, pad=0)
    for parameter in frozen:
        parameter.requires_grad_(True)
    a = by_autograd(model, some)[:, free]
    assert off(found.inner, a, a) < 1e-12


def test_the_model_is_left_as_it_was() -> None:
    model = made("gpt2", tied=False)
    model.train()
    state = torch.random.get_rng_state()
    products(model, texts(3, 1), texts(3, 2), pad=0)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(state, torch.random.get_rng_state())
    assert not any(m._forward_hooks for m in model.modules())


def test_dropout_is_off() -> None:
    model = made("gpt2", tied=False)
    expected = products(model, texts(3, 1), texts(3, 2), pad=0)
    model.train()
    assert products(model, texts(3, 1), texts(3, 2), pad=0).inner == pytest.approx(expected.inner)


def test_nothing_to_compare() -> None:
    assert products(made("gpt2", tied=False), [], texts(2, 1), pad=0).inner.shape == (0, 2)


def test_a_text_without_loss_is_refused() -> None:
    text = {"input_ids": [5, 6, 7], "labels": [IGNORED] * 3}
    with pytest.raises(ValueError, match="no token that bears loss"):
        products(made("gpt2", tied=False), [text], [text], pad=0)


def test_a_weight_that_no_call_shows_is_refused() -> None:
    """A parameter that is used behind its module's back would be missing from every product."""
    model = made("gpt-neox", tied=False)
    plain = type(model).forward
    hidden = dict(model.named_parameters())["gpt_neox.layers.0.mlp.dense_h_to_4h.weight"]

    def forward(*args: Any, **given: Any) -> Any:
        output = plain(model, *args, **given)
        output.logits = output.logits * (1 + hidden.mean())
        return output

    model.forward = forward
    with pytest.raises(ObverseError, match=r"dense_h_to_4h\.weight cannot be had text by text"):
        products(model, texts(3, 1), texts(3, 2), pad=0)
