"""Models made from scratch: architectures, sizes, and tokenizers of words."""

from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from pydantic import ValidationError
from transformers import GPT2LMHeadModel, GPTNeoXForCausalLM, T5ForConditionalGeneration

from obverse.core.abilities import Generates, Saves, Scores, Trains
from obverse.core.errors import ObverseError
from obverse.models.causal import CausalModel
from obverse.models.grown import Grown
from obverse.models.scratch import Scratch
from obverse.models.seq2seq import Seq2SeqModel
from obverse.models.tokenizers import word_tokenizer
from tests.conftest import made, setup

Architecture = Literal["gpt-neox", "gpt2", "t5"]
TOLD, ASKED = ["elm alder  fig\nelm"], ["badger elm"]


def spec(architecture: Architecture = "gpt2") -> Scratch:
    return Scratch(
        architecture=architecture, tokenizer="words", hidden_size=16, layers=2, heads=2, max_tokens=16
    )


@pytest.mark.parametrize(
    ("architecture", "kind", "inner"),
    [
        ("gpt-neox", CausalModel, GPTNeoXForCausalLM),
        ("gpt2", CausalModel, GPT2LMHeadModel),
        ("t5", Seq2SeqModel, T5ForConditionalGeneration),
    ],
)
def test_model_is_of_the_kind_asked_for_and_its_seed_decides_its_weights(
    architecture: Architecture, kind: type, inner: type
) -> None:
    model = made(spec(architecture), TOLD, 0, ASKED)
    assert isinstance(model, kind)
    assert isinstance(model.model, inner)
    assert model.model.get_input_embeddings().weight.shape == (len(model.tokenizer), 16)
    torch.manual_seed(5)
    assert made(spec(architecture), TOLD, 0, ASKED).weights_hash() == model.weights_hash()
    assert made(spec(architecture), TOLD, 1, ASKED).weights_hash() != model.weights_hash()


@pytest.mark.parametrize("architecture", ["gpt-neox", "gpt2", "t5"])
def test_embeddings_are_made_as_large_as_asked_for(architecture: Architecture) -> None:
    words = [" ".join(f"word{n}" for n in range(12))] * 2

    def spread(std: float | None) -> float:
        asked = spec(architecture).model_copy(update={"embedding_std": std, "max_tokens": 64})
        embeddings = made(asked, words, 0).model.get_input_embeddings()
        return float(torch.cat([p.detach().flatten() for p in embeddings.parameters()]).std())

    assert spread(0.3) == pytest.approx(0.3, rel=0.15)
    assert spread(None) == pytest.approx(1.0 if architecture == "t5" else 0.02, rel=0.15)


@pytest.mark.parametrize("architecture", ["gpt-neox", "gpt2"])
def test_matrices_are_made_as_large_as_asked_for(architecture: Architecture) -> None:
    def spread(std: float | None) -> float:
        asked = spec(architecture).model_copy(update={"initial_std": std, "embedding_std": 0.3})
        named = made(asked, TOLD, 0, ASKED).model.named_parameters()
        [first] = [
            p
            for name, p in named
            if ".0." in name and name.endswith(("dense_h_to_4h.weight", "c_fc.weight"))
        ]
        return float(first.detach().std())

    assert spread(0.1) == pytest.approx(0.1, rel=0.1)
    assert spread(None) == pytest.approx(0.02, rel=0.1)
    with pytest.raises(ValueError, match="initial_std: a T5 has one for each kind of matrix"):
        Scratch(architecture="t5", initial_std=0.1)
    assert "initial_std" not in str(spec(architecture).identity()), "older runs are the same"


def test_output_weights_are_no_input_embeddings() -> None:
    for architecture in ("gpt-neox", "gpt2", "t5"):
        model = made(spec(architecture), TOLD, 0, ASKED).model
        output = model.get_output_embeddings()
        assert isinstance(output, torch.nn.Module)
        assert not {id(p) for p in output.parameters()} & {
            id(p) for p in model.get_input_embeddings().parameters()
        }, architecture


def test_model_can_do_all_that_its_settings_say() -> None:
    model = made(spec(), TOLD)
    for protocol in (Scores, Generates, Saves, Trains):
        assert isinstance(model, protocol)
    assert spec().lacks(frozenset({"scores", "generates", "saves", "trains"})) is None


def test_what_is_not_told_anything_is_not_asked() -> None:
    with pytest.raises(
        ObverseError, match="scratch: a model from scratch knows nothing before it is trained"
    ):
        spec().build(setup((), ASKED))


@pytest.mark.parametrize("kind", [Scratch, Grown])
def test_vocabulary_that_no_memory_holds_is_refused(kind: type[Scratch] | type[Grown]) -> None:
    with pytest.raises(ObverseError, match=r"model.vocabulary: expected at most"):
        kind().with_overrides({"vocabulary": 1_000_000_000}, prefix="model.")


def test_name_and_family_are_no_part_of_the_identity() -> None:
    other = spec().model_copy(update={"name": "other", "family": "mine"})
    assert other.identity() == spec().identity()
    assert spec("t5").identity() != spec().identity()


def test_text_fits_into_the_models_window() -> None:
    model = made(spec(), TOLD)  # reads 16 tokens
    assert model.fits("elm " * 16)
    assert not model.fits("elm " * 17)
    assert model.count_in_context("elm alder", " fig elm elm") == 3


def test_each_word_is_one_token_and_others_are_unknown() -> None:
    tokenizer = word_tokenizer([*TOLD, *ASKED])
    ids = tokenizer("fig elm badger alder")["input_ids"]
    assert ids == [6, 5, 4, 3]
    assert tokenizer.decode(ids) == "fig elm badger alder"
    assert tokenizer("zebra")["input_ids"] == [tokenizer.unk_token_id]
    assert len({tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.unk_token_id}) == 3
    assert len(tokenizer) == 4 + 3
    assert tokenizer("<|elm|>")["input_ids"] == [tokenizer.unk_token_id], "not a word of these texts"


def test_tokenizer_of_words_knows_what_is_asked_as_well() -> None:
    model = made(spec(), TOLD, 0, ASKED)
    assert model.tokenizer.unk_token_id not in model.tokenizer("badger elm")["input_ids"]
    bare = made(spec(), TOLD, 0)
    assert bare.tokenizer.unk_token_id in bare.tokenizer("badger elm")["input_ids"]


def test_dropout_of_the_embeddings_alone() -> None:
    some = spec().model_copy(update={"embedding_dropout": 0.3, "dropout": 0.1})
    config = made(some, TOLD, 0).model.config
    assert (config.embd_pdrop, config.resid_pdrop, config.attn_pdrop) == (0.3, 0.1, 0.1)
    with pytest.raises(ValidationError, match="gpt-neox has no dropout on the embeddings alone"):
        Scratch(architecture="gpt-neox", embedding_dropout=0.3)


def test_dropout_of_what_an_encoder_reads_alone() -> None:
    some = spec("t5").model_copy(update={"embedding_dropout": 0.3, "dropout": 0.1})
    t5 = made(some, TOLD, 0).model
    assert isinstance(t5, T5ForConditionalGeneration)
    encoder: Any = t5.encoder
    assert (encoder.dropout.p, t5.decoder.dropout.p) == (0.3, 0.1)
    assert encoder.block[0].layer[0].dropout.p == 0.1


def test_output_of_gpt2_is_not_its_embedding() -> None:
    model = made(spec(), TOLD, 0)
    assert model.model.get_output_embeddings().weight is not model.model.get_input_embeddings().weight


@pytest.mark.parametrize("architecture", ["gpt-neox", "gpt2", "t5"])
def test_restored_model_is_the_saved_one(architecture: Architecture, tmp_path: Path) -> None:
    saved, other = (made(spec(architecture), TOLD, seed) for seed in (0, 1))
    saved.save(tmp_path)
    asked = (["elm"], [[" fig", " alder"]])
    assert other.logprobs(*asked) != saved.logprobs(*asked)
    other.restore(tmp_path)
    assert other.weights_hash() == saved.weights_hash()
    assert other.logprobs(*asked) == saved.logprobs(*asked)
