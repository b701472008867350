import pytest
import torch
from transformers import GenerationConfig

from obverse.engine.tokens import encode
from obverse.models.causal import CausalModel

PROMPTS = ["Daphne is", "The composer of the opera is called", "New York and", "in"]


def greedy(model: CausalModel, prompt: str, limit: int) -> str:
    ids = encode(model.tokenizer, prompt)
    new: list[int] = []
    for _ in range(limit):
        with torch.no_grad():
            token = int(model.model(torch.tensor([ids + new])).logits[0, -1].argmax())
        if token == model.tokenizer.eos_token_id:
            break
        new.append(token)
    return str(model.tokenizer.decode(new))


def test_decoding_settings_of_a_checkpoint_do_not_matter(
    model: CausalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = model.generate(PROMPTS, [6] * 4)
    own = GenerationConfig(repetition_penalty=5.0, suppress_tokens=[1, 2, 3, 40, 50])
    monkeypatch.setattr(model.model, "generation_config", own)
    assert model.generate(PROMPTS, [6] * 4) == plain
    assert model.model.generation_config is own


def test_equals_argmax_step_by_step_whatever_the_batch(model: CausalModel) -> None:
    limits = [3, 7, 5, 6]
    answers = model.generate(PROMPTS, limits)
    assert answers == [greedy(model, p, n) for p, n in zip(PROMPTS, limits, strict=True)]
    assert len(set(answers)) > 1
