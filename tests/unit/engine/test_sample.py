"""Answers drawn at a temperature: of the right distribution, and the same whatever the batch."""

from collections import Counter

import pytest
import torch

from obverse.engine import generate
from obverse.engine.tokens import encode
from obverse.models.causal import CausalModel

PROMPTS = ["Daphne is", "The composer of the opera is called", "New York and", "in"]


def test_a_draw_is_the_same_alone_in_a_batch_and_in_small_batches(
    model: CausalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = [3, 7, 5, 6]
    together = model.sample(PROMPTS, limits, samples=3, seed=5)
    alone = [model.sample([p], [n], samples=3, seed=5)[0] for p, n in zip(PROMPTS, limits, strict=True)]
    assert together == alone
    backwards = model.sample(PROMPTS[::-1], limits[::-1], samples=3, seed=5)
    assert backwards[::-1] == together
    monkeypatch.setattr(generate, "PROMPTS_PER_BATCH", 2)
    assert model.sample(PROMPTS, limits, samples=3, seed=5) == together
    assert [answers[:2] for answers in together] == model.sample(PROMPTS, limits, samples=2, seed=5)


def test_draws_differ_by_sample_and_by_seed(model: CausalModel) -> None:
    [answers] = model.sample(PROMPTS[:1], [6], samples=8, seed=0)
    assert len(set(answers)) > 1
    assert [answers] != model.sample(PROMPTS[:1], [6], samples=8, seed=1)


def test_first_tokens_have_the_probabilities_of_the_softmax(model: CausalModel) -> None:
    with torch.no_grad():
        logits = model.model(torch.tensor([encode(model.tokenizer, PROMPTS[0])])).logits[0, -1]
    expected = Counter[str]()  # several tokens, parts of characters, are shown alike
    for token, p in enumerate((logits.double() / 0.5).softmax(-1).tolist()):
        expected[str(model.tokenizer.decode([token], skip_special_tokens=True))] += p
    [answers] = model.sample(PROMPTS[:1], [1], samples=1000, temperature=0.5)
    seen = Counter(answers)
    for text, p in expected.most_common(6):
        assert seen[text] / 1000 == pytest.approx(p, abs=4 * (p * (1 - p) / 1000) ** 0.5)


def test_near_zero_temperature_is_greedy(model: CausalModel) -> None:
    drawn = model.sample(PROMPTS, [5] * 4, samples=1, temperature=1e-4)
    assert [answer for [answer] in drawn] == model.generate(PROMPTS, [5] * 4)
    with pytest.raises(ValueError, match="temperature 0"):
        model.sample(PROMPTS, [5] * 4, samples=1, temperature=0.0)
