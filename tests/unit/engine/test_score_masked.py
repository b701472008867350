"""Scores of models that restore hidden tokens, against one pass a token."""

import math
from typing import Any

import pytest
import torch

from obverse.engine import score_masked
from obverse.engine.masked import BLOCK, logits_at, without
from obverse.engine.rows import TOKENS_PER_BATCH
from obverse.engine.tokens import encode
from obverse.models.masked import MaskedModel
from tests.unit.engine.masked import tiny

PROMPTS = ["Daphne is", "The composer of the opera is called", "New", ""]
OPTIONS = [" Uriah", " the director of the film", " Daphne", "."]


@pytest.fixture(scope="module", params=["gpt-neox", "gpt2"])
def model(request: Any) -> MaskedModel:
    return tiny(sharp=True, architecture=request.param)


def by_hand(model: MaskedModel, prompt: str, continuation: str) -> float:
    """Σ ln P(token | the tokens before it, masks to the end of the window), each in an unpadded pass."""
    ids, whole = encode(model.tokenizer, prompt), encode(model.tokenizer, prompt + continuation)
    behind = max(0, len(whole) - len(ids))
    width = len(ids) + BLOCK * math.ceil((behind + 1) / BLOCK)
    boundary = 0
    while boundary < len(ids) and ids[boundary] == whole[boundary]:
        boundary += 1

    def text(tokens: list[int]) -> float:
        total = 0.0
        for i in range(boundary, len(tokens)):
            row = tokens[:i] + [model.tokenizer.mask_token_id] * (width - i)
            with torch.no_grad():
                logits = model.model(
                    torch.tensor([row]), attention_mask=torch.zeros(1, 1, width, width)
                ).logits[0, i]
            logits[model.tokenizer.mask_token_id] = -torch.inf
            total += float(logits.log_softmax(-1)[tokens[i]])
        return total

    return text(whole) - text(ids)


def test_equals_a_plain_pass_for_each_token(model: MaskedModel) -> None:
    scores = model.logprobs(PROMPTS, [OPTIONS] * len(PROMPTS))
    for prompt, values in zip(PROMPTS, scores, strict=True):
        assert values == pytest.approx([by_hand(model, prompt, o) for o in OPTIONS], abs=1e-4)


def test_token_that_merges_across_the_boundary(model: MaskedModel) -> None:
    prompt, option = "New Yor", "kers"
    ids, whole = (encode(model.tokenizer, t) for t in (prompt, prompt + option))
    assert whole[: len(ids)] != ids, "the tokenizer does not merge here; the test needs one that does"
    assert model.logprobs([prompt], [[option, " of"]])[0] == pytest.approx(
        [by_hand(model, prompt, option), by_hand(model, prompt, " of")], abs=1e-4
    )


def test_attention_goes_both_ways(model: MaskedModel) -> None:
    """What is hidden at the first place is predicted from what stands behind it."""
    ids = torch.tensor([[model.tokenizer.mask_token_id, 60, 61], [model.tokenizer.mask_token_id, 62, 63]])
    places = torch.zeros_like(ids, dtype=torch.bool)
    places[:, 0] = True
    logits = logits_at(model.model, ids, torch.ones_like(ids), places)
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)


def test_all_tokens_at_one_place_sum_to_one(model: MaskedModel) -> None:
    ids = encode(model.tokenizer, PROMPTS[0])
    row = torch.tensor([ids + [model.tokenizer.mask_token_id] * BLOCK])
    places = torch.zeros_like(row, dtype=torch.bool)
    places[0, len(ids)] = True
    with torch.no_grad():
        logits = logits_at(model.model, row, torch.ones_like(row), places)
    logprobs = without(logits, model.tokenizer.mask_token_id).log_softmax(-1)
    [[score]] = model.logprobs([PROMPTS[0]], [[" the"]])
    [token] = encode(model.tokenizer, " the")
    assert score == pytest.approx(float(logprobs[0, token]), abs=1e-4)
    assert float(logprobs.exp().sum()) == pytest.approx(1, abs=1e-4)
    assert float(logprobs[0, model.tokenizer.mask_token_id]) == -math.inf


def test_batching_never_changes_a_score(model: MaskedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    together = model.logprobs(PROMPTS, [OPTIONS] * len(PROMPTS))
    monkeypatch.setitem(TOKENS_PER_BATCH, "cpu", 1)
    monkeypatch.setattr(score_masked, "PROMPTS_AT_ONCE", 1)
    for prompt, values in zip(PROMPTS, together, strict=True):
        alone = [model.logprobs([prompt], [[option]])[0][0] for option in OPTIONS]
        assert values == pytest.approx(alone, abs=1e-4)


def test_bad_calls_are_refused(model: MaskedModel) -> None:
    with pytest.raises(ValueError, match="empty continuation"):
        model.logprobs(["Daphne"], [[""]])
    with pytest.raises(ValueError, match="shorter"):
        model.logprobs(["a", "b"], [[" c"]])
