from tokenizers import processors
from transformers import PreTrainedTokenizerFast

from obverse.engine.tokens import encode, encode_all
from obverse.models.causal import CausalModel
from obverse.models.tokenizers import word_tokenizer

TEXTS = ["Daphne is", "", "The composer of the opera", "in"]


def test_texts_at_once_are_encoded_as_one_by_one(model: CausalModel) -> None:
    assert encode_all(model.tokenizer, TEXTS) == [encode(model.tokenizer, t) for t in TEXTS]
    assert encode_all(model.tokenizer, []) == []


def closing() -> PreTrainedTokenizerFast:
    """A tokenizer that closes every text, as T5's does."""
    made = word_tokenizer(["a b c"])
    end = str(made.eos_token)
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, made.eos_token_id)]
    )
    return made


def test_texts_are_left_open() -> None:
    tokenizer = closing()
    end = tokenizer.eos_token_id
    assert tokenizer("a b")["input_ids"][-1] == end
    assert encode_all(tokenizer, ["a b", "c"]) == encode_all(word_tokenizer(["a b c"]), ["a b", "c"])
    assert all(end not in ids for ids in encode_all(tokenizer, ["a b", "c"]))
