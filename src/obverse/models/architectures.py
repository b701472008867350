"""The shapes that models made from scratch can have, with random weights."""

from typing import TYPE_CHECKING

import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from obverse.engine.both_ways import BothWays
from obverse.models.causal import CausalModel
from obverse.models.masked import MaskedModel
from obverse.models.seq2seq import Seq2SeqModel
from obverse.models.tokenized import TokenizedModel
from obverse.models.tokenizers import add_mask
from obverse.models.two_way import GPTNeoXTwoWay

if TYPE_CHECKING:
    from obverse.models.scratch import Scratch


def make(spec: "Scratch", tokenizer: PreTrainedTokenizerFast, seed: int) -> TokenizedModel:
    """Make the model that `spec` describes, its weights drawn from `seed`."""
    if spec.objective != "next token":
        add_mask(tokenizer)
    torch.manual_seed(seed)
    made = _shaped(spec, tokenizer)
    if spec.embedding_std is not None:
        for weight in made.model.get_input_embeddings().parameters():
            torch.nn.init.normal_(weight, std=spec.embedding_std)
    return made


def _shaped(spec: "Scratch", tokenizer: PreTrainedTokenizerFast) -> TokenizedModel:
    if spec.architecture == "t5":
        model = T5ForConditionalGeneration(_t5(spec, tokenizer))
        # transformers ties the output weights to the input embeddings, so that embeddings that learn fast
        # would move every answer. T5 1.1 has output weights of its own, and does not scale what they see.
        own = torch.nn.init.normal_(torch.empty_like(model.lm_head.weight))
        model.lm_head.weight = torch.nn.Parameter(own)
        # One module drops from the encoder's input embeddings and from its output.
        model.encoder.dropout.p = spec.embedding_dropout or spec.dropout
        return Seq2SeqModel(model, tokenizer)
    if spec.architecture == "gpt2":
        return _trained_on(spec, GPT2LMHeadModel(_gpt2(spec, tokenizer)), tokenizer)
    kind = GPTNeoXForCausalLM if spec.shared_directions else GPTNeoXTwoWay
    return _trained_on(spec, kind(_gpt_neox(spec, tokenizer)), tokenizer)


def _trained_on(
    spec: "Scratch", model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> TokenizedModel:
    """Return the same decoder as a model of what it is trained on."""
    match spec.objective:
        case "next token":
            return CausalModel(model, tokenizer)
        case "bico":
            limit = model.config.max_position_embeddings
            return CausalModel(model, tokenizer, BothWays(tokenizer=tokenizer, limit=limit))
        case "mlm":
            return MaskedModel(model, tokenizer, rate=spec.mask_rate)
        case "mlm-u":
            return MaskedModel(model, tokenizer, rate=None)
        case "masked diffusion":
            return MaskedModel(model, tokenizer, rate=None, weighted=True, order="confidence")


def _gpt_neox(spec: "Scratch", tokenizer: PreTrainedTokenizerFast) -> GPTNeoXConfig:
    return GPTNeoXConfig(
        vocab_size=len(tokenizer),
        hidden_size=spec.hidden_size,
        num_hidden_layers=spec.layers,
        num_attention_heads=spec.heads,
        intermediate_size=4 * spec.hidden_size,
        max_position_embeddings=spec.max_tokens,
        hidden_dropout=spec.dropout,
        initializer_range=spec.initial_std or 0.02,
        tie_word_embeddings=spec.tied,
        rope_parameters={"partial_rotary_factor": spec.rotary},
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )


def _gpt2(spec: "Scratch", tokenizer: PreTrainedTokenizerFast) -> GPT2Config:
    return GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=spec.max_tokens,
        n_embd=spec.hidden_size,
        n_layer=spec.layers,
        n_head=spec.heads,
        resid_pdrop=spec.dropout,
        attn_pdrop=spec.dropout,
        embd_pdrop=spec.embedding_dropout or spec.dropout,
        initializer_range=spec.initial_std or 0.02,
        tie_word_embeddings=spec.tied,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _t5(spec: "Scratch", tokenizer: PreTrainedTokenizerFast) -> T5Config:
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
        **{"decoder_start_token_id": tokenizer.pad_token_id, "tie_word_embeddings": False},
    )
