"""Small models made from scratch."""

from collections.abc import Iterable

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from obverse.core.model import Scratch
from obverse.core.seeds import derive
from obverse.models.causal import CausalModel
from obverse.models.local import LocalModel
from obverse.models.seq2seq import Seq2SeqModel

END_OF_TEXT = "<|endoftext|>"
PADDING = "<|padding|>"
UNKNOWN = "<|unknown|>"


def make(spec: Scratch, told: Iterable[str], seed: int, asked: Iterable[str] = ()) -> LocalModel:
    """Make the model that `spec` describes, weights from `seed`.

    The BPE is trained on what the model is `told`; a tokenizer of words knows what is `asked` as well.
    """
    if spec.tokenizer == "bpe":
        tokenizer = train_tokenizer(told, spec.vocabulary)
    else:
        tokenizer = word_tokenizer([*told, *asked])
    torch.manual_seed(derive(seed, "initialisation"))
    if spec.architecture == "t5":
        return Seq2SeqModel(T5ForConditionalGeneration(_t5(spec, tokenizer)), tokenizer)
    if spec.architecture == "gpt2":
        return CausalModel(GPT2LMHeadModel(_gpt2(spec, tokenizer)), tokenizer)
    return CausalModel(GPTNeoXForCausalLM(_gpt_neox(spec, tokenizer)), tokenizer)


def _gpt_neox(spec: Scratch, tokenizer: PreTrainedTokenizerFast) -> GPTNeoXConfig:
    return GPTNeoXConfig(
        vocab_size=len(tokenizer),
        hidden_size=spec.hidden_size,
        num_hidden_layers=spec.layers,
        num_attention_heads=spec.heads,
        intermediate_size=4 * spec.hidden_size,
        max_position_embeddings=spec.max_tokens,
        hidden_dropout=spec.dropout,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )


def _gpt2(spec: Scratch, tokenizer: PreTrainedTokenizerFast) -> GPT2Config:
    return GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=spec.max_tokens,
        n_embd=spec.hidden_size,
        n_layer=spec.layers,
        n_head=spec.heads,
        resid_pdrop=spec.dropout,
        attn_pdrop=spec.dropout,
        embd_pdrop=spec.embedding_dropout or spec.dropout,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _t5(spec: Scratch, tokenizer: PreTrainedTokenizerFast) -> T5Config:
    return T5Config(
        vocab_size=len(tokenizer),
        d_model=spec.hidden_size,
        d_kv=spec.hidden_size // spec.heads,
        d_ff=4 * spec.hidden_size,
        num_layers=spec.layers,
        num_heads=spec.heads,
        dropout_rate=spec.dropout,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **{"decoder_start_token_id": tokenizer.pad_token_id},
    )


def word_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Make a tokenizer with one token for each word (between spaces) of `texts`, in sorted order."""
    words = sorted({word for text in texts for word in text.split()})
    vocabulary = {word: i for i, word in enumerate([END_OF_TEXT, PADDING, UNKNOWN, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END_OF_TEXT,
        pad_token=PADDING,
        unk_token=UNKNOWN,
        clean_up_tokenization_spaces=False,
    )


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE of at most `vocabulary` tokens; the same texts give the same tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        clean_up_tokenization_spaces=False,
    )
