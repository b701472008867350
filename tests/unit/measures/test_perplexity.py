"""Perplexity, against a plain forward pass of the model."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.measures.perplexity import Perplexity
from obverse.measures.room import NO_ROOM
from obverse.models.causal import CausalModel
from tests.conftest import documents, moment

TEXTS = ["The director of the film is Uriah.", "in and inside", "☃ and é"]


@pytest.mark.parametrize("text", TEXTS)
def test_equals_a_plain_forward_pass(model: CausalModel, text: str) -> None:
    [row] = Perplexity(documents=documents([text]))(model, moment()).to_dicts()
    tokenizer = model.tokenizer
    ids = torch.tensor([[tokenizer.eos_token_id, *tokenizer(text)["input_ids"]]])
    with torch.no_grad():
        loss = float(model.model(input_ids=ids, labels=ids).loss)  # mean over all tokens but the first
    assert row["tokens_scored"] == ids.shape[1] - 1
    assert row["nats"] == pytest.approx(loss, abs=1e-5)
    assert row["perplexity"] == pytest.approx(math.exp(loss), rel=1e-4)
    assert row["logprob"] == pytest.approx(-loss * row["tokens_scored"], abs=1e-3)


def test_prompt_is_read_and_not_counted(model: CausalModel) -> None:
    document = Document(prompt="The director of the film", completion=" is Uriah.", fact="uriah")
    [row] = Perplexity(documents=(document,))(model, moment()).to_dicts()
    ids = model.tokenizer(document.text, return_tensors="pt")["input_ids"]
    read = len(model.tokenizer(document.prompt)["input_ids"])
    labels = ids.clone()
    labels[:, :read] = -100
    with torch.no_grad():
        loss = float(model.model(input_ids=ids, labels=labels).loss)
    assert row["tokens_scored"] == ids.shape[1] - read
    assert row["nats"] == pytest.approx(loss, abs=1e-5)
    assert (row["fact"], row["text"]) == ("uriah", document.text)


def test_token_that_merges_across_the_boundary_is_the_completions(model: CausalModel) -> None:
    document = Document(prompt="New Yor", completion="kers")
    [row] = Perplexity(documents=(document,))(model, moment()).to_dicts()
    assert row["tokens_scored"] == model.count_in_context("New Yor", "kers")
    assert row["tokens_scored"] != model.count_tokens(["kers"])[0], "the test needs tokens that merge"


def test_labels_come_along_and_a_text_without_a_fact_is_one(model: CausalModel) -> None:
    one = Document(completion="in and inside", labels={"domain": "words"})
    [row] = Perplexity(documents=(one,))(model, moment()).to_dicts()
    assert (row["fact"], row["domain"]) == ("in and inside", "words")


def test_model_that_has_diverged_has_no_perplexity(
    model: CausalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverged(prompts: Sequence[str], continuations: Any) -> list[list[float]]:
        return [[-3.0], [math.nan], [-math.inf]]

    monkeypatch.setattr(model, "logprobs", diverged)
    table = Perplexity(documents=documents(TEXTS))(model, moment())
    assert table["logprob"].to_list() == [-3.0, None, None]
    assert table["nats"].null_count() == table["perplexity"].null_count() == 2


def test_perplexity_that_is_no_number_is_missing(
    model: CausalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "logprobs", lambda *_: [[-1e6]])
    [row] = Perplexity(documents=documents(["in"]))(model, moment()).to_dicts()
    assert row["nats"] > 1e5
    assert row["perplexity"] is None


class Remote:
    """Gives log-probabilities, and does not say how many tokens they are summed over."""

    parameters = None

    def logprobs(self, prompts: Sequence[str], continuations: Any) -> list[list[float]]:
        return [[-3.0] for _ in prompts]


def test_tokens_that_nobody_knows_are_missing() -> None:
    table = Perplexity(documents=documents(TEXTS))(Remote(), moment())
    assert table["logprob"].to_list() == [-3.0] * 3
    assert not {"tokens_scored", "nats", "perplexity"} & set(table.columns)


def test_texts_that_are_too_long_are_left_out_and_counted(model: CausalModel) -> None:
    left_out: Counter[str] = Counter()

    def note(reason: str, count: int) -> None:
        left_out[reason] += count

    long = "Daphne is " * 600
    table = Perplexity(documents=documents([long, *TEXTS]))(model, moment(leave_out=note))
    assert table["text"].to_list() == TEXTS
    assert left_out == {NO_ROOM: 1}
    with pytest.raises(ObverseError, match=f"tiny: every text is {NO_ROOM}"):
        Perplexity(documents=documents([long]))(model, moment())


def test_text_without_a_completion_is_refused() -> None:
    with pytest.raises(ObverseError, match="the text 'Daphne is' has no completion"):
        Perplexity(documents=(Document(prompt="Daphne is", completion=""),))
