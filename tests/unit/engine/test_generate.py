import torch

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


def test_equals_argmax_step_by_step_whatever_the_batch(model: CausalModel) -> None:
    limits = [3, 7, 5, 6]
    answers = model.generate(PROMPTS, limits)
    assert answers == [greedy(model, p, n) for p, n in zip(PROMPTS, limits, strict=True)]
    assert len(set(answers)) > 1
