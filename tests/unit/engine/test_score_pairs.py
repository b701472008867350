"""Encoder-decoders: what they are scored on, trained on and asked to write."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.core.stage import Training
from obverse.engine import score_pairs as score_module
from obverse.engine.documents import encode_pairs
from obverse.engine.tokens import encode
from obverse.models.checkpoint import resolve
from obverse.models.scratch import Scratch
from obverse.models.seq2seq import Seq2SeqModel
from tests.conftest import made as built
from tests.conftest import setup, watch

WORDS = "alder badger cello Danube elm fig Ghent harp".split()
T5 = Scratch(architecture="t5", tokenizer="words", hidden_size=16, layers=1, heads=2, dropout=0.1)


def made(seed: int = 0) -> Seq2SeqModel:
    model = built(T5, [" ".join(WORDS)], seed)
    assert isinstance(model, Seq2SeqModel)
    return model


@pytest.fixture(scope="module")
def t5() -> Seq2SeqModel:
    return made()


def by_hand(model: Seq2SeqModel, prompt: str, continuation: str) -> float:
    """ln P(continuation | prompt) in a pass of its own, in evaluation mode and without padding."""
    end = model.tokenizer.eos_token_id
    read, written = [*encode(model.tokenizer, prompt), end], encode(model.tokenizer, continuation)
    start = model.model.config.decoder_start_token_id
    model.model.eval()
    with torch.no_grad():
        logits = model.model(
            input_ids=torch.tensor([read]), decoder_input_ids=torch.tensor([[start, *written[:-1]]])
        ).logits[0].log_softmax(-1)  # fmt: skip
    return sum(float(logits[i, token]) for i, token in enumerate(written))


PROMPTS = ["alder", "badger cello Danube elm fig", "Ghent harp", ""]
OPTIONS = [" elm", " fig Ghent harp", " alder badger", " cello"]


def test_equals_a_plain_pass(t5: Seq2SeqModel) -> None:
    for prompt, values in zip(PROMPTS, t5.logprobs(PROMPTS, [OPTIONS] * 4), strict=True):
        assert values == pytest.approx(
            [by_hand(t5, prompt, option) for option in OPTIONS], rel=1e-6, abs=1e-5
        )


words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


@settings(max_examples=15, deadline=None)
@given(asked=st.lists(st.tuples(words, st.lists(words, max_size=3)), min_size=1, max_size=4))
def test_batching_never_changes_a_score(t5: Seq2SeqModel, asked: list[tuple[str, list[str]]]) -> None:
    together = t5.logprobs([p for p, _ in asked], [options for _, options in asked])
    for (prompt, options), values in zip(asked, together, strict=True):
        assert values == pytest.approx([by_hand(t5, prompt, o) for o in options], rel=1e-6, abs=1e-5)


def test_more_than_a_batch_comes_back_in_order(t5: Seq2SeqModel, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = t5.logprobs(PROMPTS, [OPTIONS] * 4)
    monkeypatch.setattr(score_module, "PAIRS_PER_BATCH", 3)
    for a, b in zip(t5.logprobs(PROMPTS, [OPTIONS] * 4), whole, strict=True):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-5)


def test_bad_calls_are_refused(t5: Seq2SeqModel) -> None:
    with pytest.raises(ValueError, match="empty continuation"):
        t5.logprobs(["alder"], [[""]])
    with pytest.raises(ValueError, match="longer than"):
        t5.logprobs(["alder"], [[" elm"], [" fig"]])


def test_tokens_of_a_continuation_are_its_own(t5: Seq2SeqModel) -> None:
    assert t5.count_in_context("alder elm", " fig Ghent harp") == 3


def test_asking_leaves_a_model_in_training_as_it_was(t5: Seq2SeqModel) -> None:
    t5.model.train()
    first = t5.logprobs(PROMPTS, [OPTIONS] * 4)
    assert t5.logprobs(PROMPTS, [OPTIONS] * 4) == first, "no dropout"
    assert t5.model.training
    t5.model.eval()
    assert t5.logprobs(PROMPTS, [OPTIONS] * 4) == first
    assert not t5.model.training


def test_prompt_is_read_and_completion_is_written(t5: Seq2SeqModel) -> None:
    end = t5.tokenizer.eos_token_id
    [example] = encode_pairs(t5.tokenizer, [Document(prompt="alder elm", completion=" fig")], None)
    assert example["input_ids"] == [*encode(t5.tokenizer, "alder elm"), end]
    assert example["labels"] == [*encode(t5.tokenizer, " fig"), end]


@pytest.mark.parametrize(("prompt", "completion"), [("alder elm fig", " elm"), ("elm", " elm fig harp")])
def test_pair_longer_than_is_read_is_refused(t5: Seq2SeqModel, prompt: str, completion: str) -> None:
    assert encode_pairs(t5.tokenizer, [Document(prompt=prompt, completion=completion)], 4)
    with pytest.raises(ObverseError, match="a document has 4 tokens, at most 3 are read"):
        encode_pairs(t5.tokenizer, [Document(prompt=prompt, completion=completion)], 3)


TOLD = {"alder": " elm", "badger": " fig Ghent", "cello": " harp alder badger"}


def trained(folder: Path, **recipe: Any) -> Seq2SeqModel:
    model = made(1)
    documents = tuple(Document(prompt=a, completion=b) for a, b in TOLD.items()) * 4
    settings = {"learning_rate": 1e-2, "batch_size": 4, "epochs": 40, "warmup_steps": 5} | recipe
    training = Training(documents=documents, recipe=Recipe(**settings))
    model.train(training, folder=folder, seed=1, watch=watch())
    return model


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Seq2SeqModel:
    return trained(tmp_path_factory.mktemp("t5"))


def test_training_makes_what_was_told_likelier(t5: Seq2SeqModel, learnt: Seq2SeqModel) -> None:
    prompts, told = list(TOLD), [[b] for b in TOLD.values()]
    before, after = made(1).logprobs(prompts, told), learnt.logprobs(prompts, told)
    assert all(b[0] > a[0] + 1 for a, b in zip(before, after, strict=True))
    assert all(b[0] > -0.5 for b in after)


def test_writing_stops_at_the_end_of_text(learnt: Seq2SeqModel) -> None:
    """Also of the shorter answers, whose rows go on while longer ones are written."""
    answers = learnt.generate(list(TOLD), [8] * 3)
    assert answers == [b.strip() for b in TOLD.values()]
    assert learnt.generate(["cello"], [2]) == ["harp alder"], "or at the limit"


def test_prompts_are_closed_as_in_training(t5: Seq2SeqModel, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[int]] = []
    write: Any = t5.model.generate

    def watched(**kwargs: Any) -> Any:
        seen.extend(kwargs["input_ids"].tolist())
        return write(**kwargs)

    monkeypatch.setattr(t5.model, "generate", watched)
    t5.generate(["alder elm"], [2])
    [example] = encode_pairs(t5.tokenizer, [Document(prompt="alder elm", completion=" fig")], None)
    assert seen == [example["input_ids"]]


@pytest.mark.parametrize("batch", [1, 4])
def test_answers_do_not_depend_on_the_batch(learnt: Seq2SeqModel, batch: int) -> None:
    prompts = ["alder", "badger cello Danube elm", "cello harp", "fig"][:batch]
    together = learnt.generate(prompts, [5] * batch)
    assert together == [learnt.generate([p], [5])[0] for p in prompts]


def test_saved_encoder_decoder_is_loaded_as_it_was(learnt: Seq2SeqModel, tmp_path: Path) -> None:
    folder = tmp_path / "t5"
    learnt.save(folder)
    spec = resolve(str(folder))
    loaded = spec.build(setup())
    assert isinstance(loaded, Seq2SeqModel)
    assert spec.parameters == loaded.parameters == learnt.parameters
    assert loaded.weights_hash() == learnt.weights_hash()
    assert loaded.logprobs(PROMPTS, [OPTIONS] * 4) == learnt.logprobs(PROMPTS, [OPTIONS] * 4)
    assert loaded.generate(list(TOLD), [8] * 3) == learnt.generate(list(TOLD), [8] * 3)


def test_restored_model_is_the_saved_one(learnt: Seq2SeqModel, tmp_path: Path) -> None:
    learnt.save(tmp_path)
    other = made(2)
    assert other.weights_hash() != learnt.weights_hash()
    other.restore(tmp_path)
    assert other.weights_hash() == learnt.weights_hash()
    assert other.logprobs(PROMPTS, [OPTIONS] * 4) == learnt.logprobs(PROMPTS, [OPTIONS] * 4)
