"""Answers of models that restore hidden tokens: their order, and where they end."""

from typing import Any

import pytest
import torch

from obverse.engine import generate_masked as module
from obverse.engine.masked import BLOCK
from obverse.engine.tokens import encode
from obverse.models.masked import MaskedModel
from tests.unit.engine.masked import tiny

PROMPTS = ["Daphne is", "The composer of the opera is called", "New", "in and inside. The"]


def by_hand(model: MaskedModel, prompt: str, most: int, order: str) -> list[int]:
    """Fill one window, one place in each unpadded pass."""
    end, mask = model.tokenizer.eos_token_id, model.tokenizer.mask_token_id
    ids = encode(model.tokenizer, prompt)
    start = len(ids)
    width = start + BLOCK * -(-most // BLOCK)
    ids += [mask] * (width - start)
    while mask in ids:
        with torch.no_grad():
            logits = model.model(
                torch.tensor([ids]), attention_mask=torch.zeros(1, 1, width, width)
            ).logits[0]
        logits[:, mask] = -torch.inf
        top, token = logits.softmax(-1).max(-1)
        hidden = [i for i in range(start, width) if ids[i] == mask]
        place = hidden[0] if order == "text" else max(hidden, key=lambda i: float(top[i]))
        ids[place] = int(token[place])
    answer = ids[start : start + most]
    return answer[: answer.index(end)] if end in answer else answer


@pytest.mark.parametrize("objective", ["mlm-u", "masked diffusion"])
def test_window_is_filled_as_if_alone(objective: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny(objective, sharp=True)
    limits = [5, 9, 16, 20]
    answers = model.generate(PROMPTS, limits)
    expected = [
        model.tokenizer.decode(by_hand(model, prompt, most, model.order))
        for prompt, most in zip(PROMPTS, limits, strict=True)
    ]
    assert answers == expected
    assert len(set(answers)) > 1
    monkeypatch.setattr(module, "PROMPTS_PER_BATCH", 1)
    assert model.generate(PROMPTS, limits) == expected


def test_orders_differ() -> None:
    model = tiny("masked diffusion", sharp=True)
    by_confidence = model.generate(PROMPTS, [16] * 4)
    model.order = "text"
    assert model.generate(PROMPTS, [16] * 4) != by_confidence


class Scripted:
    """Stands in for a pass: says `script` at the places behind the prompt, surer the higher `sure` is."""

    def __init__(self, model: MaskedModel, prompt: int, script: list[int], sure: list[float]) -> None:
        self.prompt, self.script, self.sure = prompt, script, sure
        self.size = len(model.tokenizer)
        self.passes = 0

    def __call__(
        self, _: Any, ids: torch.Tensor, seen: torch.Tensor, places: torch.Tensor
    ) -> torch.Tensor:
        self.passes += 1
        logits = torch.zeros(int(places.sum()), self.size)
        for row, (_, place) in enumerate(places.nonzero().tolist()):
            logits[row, self.script[place - self.prompt]] = self.sure[place - self.prompt]
        return logits


@pytest.mark.parametrize(
    ("objective", "sure", "passes"),
    [
        ("mlm-u", [9.0] * BLOCK, 3),  # two tokens and the end
        ("masked diffusion", [9.0] * 2 + [8.0] * (BLOCK - 2), 3),
        ("masked diffusion", [7.0] * 2 + [8.0] * (BLOCK - 2), BLOCK),  # all ends come first
    ],
)
def test_answer_ends_with_the_end_that_is_predicted(
    objective: str, sure: list[float], passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny(objective)
    told = encode(model.tokenizer, " the director")
    assert len(told) == 2
    script = told + [model.tokenizer.eos_token_id] * (BLOCK - 2)
    fake = Scripted(model, len(encode(model.tokenizer, "Daphne")), script, sure)
    monkeypatch.setattr(module, "logits_at", fake)
    assert model.generate(["Daphne"], [10]) == [" the director"]
    assert fake.passes == passes
    assert model.generate(["Daphne"], [1]) == [" the"], "no longer than its limit"


def test_no_room_behind_the_prompt_is_no_error() -> None:
    model = tiny(max_tokens=16, architecture="gpt2")
    prompt = "in and inside. in and inside."
    assert len(encode(model.tokenizer, prompt)) < 16
    assert isinstance(model.generate([prompt], [30])[0], str)
