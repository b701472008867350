import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from obverse.engine import rows
from obverse.engine.score import Scorer
from obverse.engine.tokens import encode
from obverse.models.causal import CausalModel


def by_hand(model: CausalModel, prompt: str, continuation: str) -> float:
    """ln P(whole text) − ln P(prompt), each in a pass of its own over all its tokens but the first."""

    def text(ids: list[int]) -> float:
        with torch.no_grad():
            logits = model.model(torch.tensor([ids])).logits[0].log_softmax(-1)
        return sum(float(logits[i, token]) for i, token in enumerate(ids[1:]))

    ids = encode(model.tokenizer, prompt)
    whole = encode(model.tokenizer, prompt + continuation)
    if ids[:1] != whole[:1]:
        start = [model.tokenizer.eos_token_id]
        ids, whole = start + ids, start + whole
    return text(whole) - text(ids)


PROMPTS = ["Daphne is", "The composer of the opera is called", "New", "in"]
OPTIONS = [" Uriah", " the director of the film", " Daphne", "."]


def test_equals_a_plain_pass(model: CausalModel) -> None:
    scores = model.logprobs(PROMPTS, [OPTIONS] * len(PROMPTS))
    for prompt, values in zip(PROMPTS, scores, strict=True):
        expected = [by_hand(model, prompt, option) for option in OPTIONS]
        assert values == pytest.approx(expected, abs=1e-4)
    assert model.scorer._shared  # it was the shared pass that was tested


def test_token_that_merges_across_the_boundary(model: CausalModel) -> None:
    prompt, option = "New Yor", "kers"
    ids, whole = (encode(model.tokenizer, t) for t in (prompt, prompt + option))
    assert whole[: len(ids)] != ids, "the tokenizer does not merge here; the test needs one that does"
    assert model.logprobs([prompt], [[option, " of"]])[0] == pytest.approx(
        [by_hand(model, prompt, option), by_hand(model, prompt, " of")], abs=1e-4
    )


def test_continuations_of_any_length_sum_to_one(model: CausalModel) -> None:
    """All one-token continuations of a prompt, and the chain rule for two tokens."""
    prompt = "Daphne is"
    first = model.logprobs([prompt], [[" the", " the director"]])[0]
    second = model.logprobs([prompt + " the"], [[" director"]])[0][0]
    assert first[1] == pytest.approx(first[0] + second, abs=1e-4)


def test_empty_prompt_is_conditioned_on_the_start_token(model: CausalModel) -> None:
    assert model.logprobs([""], [["Daphne"]])[0][0] == pytest.approx(
        by_hand(model, "", "Daphne"), abs=1e-4
    )


words = st.lists(
    st.sampled_from(["Daphne", "is", "the", "film", "New", "Yor", "kind", "in"]), min_size=1, max_size=6
)


@settings(max_examples=25, deadline=None)
@given(prompts=st.lists(words, min_size=1, max_size=5), options=st.lists(words, min_size=1, max_size=4))
def test_batching_never_changes_a_score(
    model: CausalModel, prompts: list[list[str]], options: list[list[str]]
) -> None:
    texts = [" ".join(p) for p in prompts]
    ends = [" " + " ".join(o) for o in options]
    together = model.logprobs(texts, [ends] * len(texts))
    alone = [[model.logprobs([t], [[e]])[0][0] for e in ends] for t in texts]
    for a, b in zip(together, alone, strict=True):
        assert a == pytest.approx(b, abs=1e-4)


def test_many_continuations_are_spread_over_rows(
    model: CausalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = model.logprobs(PROMPTS, [OPTIONS] * 4)
    monkeypatch.setattr(rows, "TOKENS_PER_ROW", 4)
    monkeypatch.setitem(rows.TOKENS_PER_BATCH, "cpu", 16)
    for a, b in zip(model.logprobs(PROMPTS, [OPTIONS] * 4), whole, strict=True):
        assert a == pytest.approx(b, abs=1e-4)


def test_model_that_ignores_masks_is_scored_plainly(
    model: CausalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = model.model.forward

    def deaf(*args: Any, attention_mask: Any = None, position_ids: Any = None, **kw: Any) -> Any:
        return forward(*args, **kw)

    monkeypatch.setattr(model.model, "forward", deaf)
    scorer = Scorer(model.model, model.tokenizer)
    values = scorer.logprobs(PROMPTS[:2], [OPTIONS] * 2)
    assert scorer._shared is False
    assert values[0] == pytest.approx([by_hand(model, PROMPTS[0], o) for o in OPTIONS], abs=1e-4)


def test_model_that_has_diverged_has_no_scores(
    model: CausalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = model.model.forward

    def broken(*args: Any, **kw: Any) -> Any:
        output = forward(*args, **kw)
        output.logits = output.logits * math.nan
        return output

    monkeypatch.setattr(model.model, "forward", broken)
    scores = Scorer(model.model, model.tokenizer).logprobs(PROMPTS, [OPTIONS] * 4)
    assert all(math.isnan(value) for values in scores for value in values)


def test_bad_calls_are_refused(model: CausalModel) -> None:
    with pytest.raises(ValueError, match="empty continuation"):
        model.logprobs(["Daphne"], [[""]])
    with pytest.raises(ValueError, match="2 prompts"):
        model.logprobs(["a", "b"], [[" c"]])
    assert all(math.isfinite(v) for v in model.logprobs(["é ☃"], [[" ☃"]])[0])
