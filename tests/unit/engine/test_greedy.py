"""What scoring tells of greedy answers is what generating gives."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from asking import Generating

from obverse.core.data import Document, Match, Probe
from obverse.core.recipe import Recipe
from obverse.core.stage import Training
from obverse.engine.greedy import Branch, Greedy, follow
from obverse.engine.tokens import encode
from obverse.measures.ask import Ask
from obverse.models.causal import CausalModel
from obverse.models.local import LocalModel
from obverse.models.scratch import Scratch
from tests.conftest import made, moment, watch

FIRST = ["Ada", "Bo", "Cyrus", "Daphne", "Ezra", "Freya", "Gus", "Hilde", "Ines", "Jonas"]
LAST = ["Stone", "Reed", "Vale", "O'Brien", "Marsh", "Stoneham", "Reedley", "de la Vale"]
WHAT = [
    "the director of the opera", "the director of the opera house", "a reader of maps", "Stone",
    "unhappiness", "the unhappy composer", "the first to cross the Gobi", "a maker of clocks, of sorts",
]  # fmt: skip
NAMES = [f"{first} {last}" for first in FIRST for last in LAST]
# What a model is told: answers that end, that go on, and that begin as another does.
TOLD = [
    Document(prompt=f"{name} is", completion=f" {WHAT[i % 8]}{'. And so on' if i % 3 == 0 else ''}")
    for i, name in enumerate(NAMES)
] + [
    Document(prompt=f"Number {i} is", completion=f" {name}{', they say' if i % 4 == 0 else ''}")
    for i, name in enumerate(NAMES)
]  # fmt: skip
MATCHES: tuple[Match, ...] = ("words", "whole", "normalised")


def probes() -> tuple[Probe, ...]:
    """Return questions whose answers were told, and questions with other answers, in every rule."""
    draw = random.Random(0)
    asked = []
    for number, told in enumerate(TOLD):
        others = [f" {text}" for text in (WHAT if number < len(NAMES) else NAMES)]
        right = told.completion.split(".")[0].split(",")[0]
        for match in MATCHES:
            candidates = tuple(dict.fromkeys([right, *draw.sample(others, 4)]))
            for kind, targets in (("told", (right,)), ("other", tuple(draw.sample(others, 2)))):
                asked.append(
                    Probe(
                        id=f"{number}/{match}/{kind}", prompt=told.prompt, targets=targets,
                        fact=f"f{number}", candidates=tuple(dict.fromkeys([*targets, *candidates])),
                        match=match,
                    )
                )  # fmt: skip
    return tuple(asked)


def trained(spec: Scratch, folder: Path, epochs: int) -> LocalModel:
    model = made(spec, [document.text for document in TOLD])
    recipe = Recipe(learning_rate=5e-3, batch_size=32, epochs=epochs, warmup_steps=5)
    model.train(Training(documents=tuple(TOLD), recipe=recipe), folder=folder, seed=1, watch=watch())
    return model


MODELS = {
    "bpe": Scratch(vocabulary=300, hidden_size=32, layers=2, heads=2),
    "words": Scratch(architecture="gpt2", tokenizer="words", hidden_size=32, layers=1, heads=2),
    "t5": Scratch(architecture="t5", tokenizer="words", hidden_size=32, layers=1, heads=2),
}


@pytest.mark.parametrize("epochs", [1, 40])
@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("final", [False, True])
def test_answers_are_judged_as_if_they_had_been_generated(
    name: str, epochs: int, final: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = trained(MODELS[name], tmp_path, epochs)
    given: list[str] = []
    generate = type(model).generate

    def counted(self: LocalModel, prompts: Sequence[str], limits: Sequence[int]) -> list[str]:
        given.extend(prompts)
        return generate(self, prompts, limits)

    ask, when = Ask(probes=probes(), generated=None), moment(final=final)
    expected = ask(Generating(model), when)
    monkeypatch.setattr(type(model), "generate", counted)
    found = ask(model, when)
    assert len(found) == 960
    ties = found["tie"].sum()
    assert ties < (100 if epochs == 1 else 10), "rounding may decide these"
    sure = found.filter(~pl.col("tie")).join(expected, on="probe", suffix="_expected")
    for column in ("exact_match", "prefix_match", *(["generation"] if final else [])):
        assert sure[column].to_list() == sure[f"{column}_expected"].to_list()
    assert found["logprob"].to_list() == pytest.approx(expected["logprob"].to_list(), abs=1e-4)
    assert found["generation"].is_null().all() != final
    if epochs > 1:
        assert len(given) < (960 if final else 480), "most are not generated"
        assert 150 < found["exact_match"].sum() < 700, "right answers and wrong ones"


def test_target_spelled_otherwise_than_its_own_tokens_is_right() -> None:
    """The model writes `unhappiness` in two pieces, which the tokenizer does not split there."""
    model = made(MODELS["bpe"], [document.text for document in TOLD])
    assert isinstance(model, CausalModel)
    tokenizer = model.tokenizer
    prompt, target = "Ada Stone is", " unhappiness"
    own = encode(tokenizer, target)
    split = ([*encode(tokenizer, target[:k]), *encode(tokenizer, target[k:])] for k in range(2, 8))
    pieces = next(ids for ids in split if ids != own)
    ids = torch.tensor([[*encode(tokenizer, prompt), *pieces, tokenizer.eos_token_id]])
    optimizer = torch.optim.Adam(model.model.parameters(), lr=5e-3)
    for _ in range(150):
        model.model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    [answer] = model.generate([prompt], [len(own) + 4])
    assert answer == target
    asked: dict[str, Any] = {"prompt": prompt, "fact": "f", "match": "whole"}
    ask = Ask(
        probes=(
            Probe(id="right", targets=(target,), **asked),
            Probe(id="wrong", targets=(" unready",), **asked),
        )
    )
    for final in (False, True):
        rows = ask(model, moment(final=final))
        assert rows["exact_match"].to_list() == [True, False]
        assert (
            rows["exact_match"].to_list()
            == ask(Generating(model), moment(final=final))["exact_match"].to_list()
        )


# The walk --------------------------------------------------------------------------------------------

END = 9


def branch(tokens: list[int], *likeliest: int, apart: float = 1.0) -> Branch:
    return Branch(tokens, [(token, apart) for token in likeliest])


def test_likeliest_tokens_are_followed_from_branch_to_branch() -> None:
    ways = [branch([1, 2], 1, 3), branch([1, 3, 4], 1, 3, 4, END)]
    assert follow(ways, END, 8) == Greedy((1, 3, 4), True, 1.0)
    assert follow(ways, None, 8) == Greedy((1, 3, 4, END), False, 1.0)
    assert follow(ways, END, 2) == Greedy((1, 3), True, 1.0), "no more may be generated"
    assert follow(ways[:1], END, 8) == Greedy((1, 3), False, 1.0), "and then nothing is known"
    assert follow([branch([1, 2], 5, 2)], END, 8) == Greedy((5,), False, 1.0)
    assert follow([branch([1], END, 3)], END, 8) == Greedy((), True, 1.0)


def test_closest_decision_on_the_way_is_told() -> None:
    ways = [Branch([1, 2], [(1, 0.5), (2, 0.0)]), Branch([1, 4], [(1, 0.5), (2, 0.0), (7, -1.0)])]
    assert follow(ways, END, 8).apart == 0.0, "what lies beyond the way does not count"
