"""Training a causal model on what stands behind a token as well as on what stands before it (BICO).

Half of the batches, drawn by chance, predict the next token as ever. In the others 15 % of the tokens are
hidden and restored, as arXiv 2311.07468 does (read here: its abstract and the code that this names):
attention goes both ways, but nobody sees a hidden token; a hidden token is predicted at the place before
it, as a next token is; and a token ahead is looked at as if it were as far back. For rotations R, queries
q and keys k without them, and places i and j,

    score_ij = q_i R(−|i − j|) k_j,

which for j ≤ i is what a causal model has. Asked, the model is an ordinary causal one.

The end of a text is not hidden, and a start token (that of the end) stands before the text in such a
batch, so that its first token can be predicted; the Llama of the paper has one anyway. The paper
finetunes a pretrained model with low-rank updates; here all weights are trained from scratch. A model
with learned positions (GPT-2) has no distances to turn round, and sees places ahead as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import AttentionInterface, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.gpt_neox.modeling_gpt_neox import apply_rotary_pos_emb

from obverse.core.recipe import Recipe
from obverse.engine.documents import IGNORED, Padding
from obverse.engine.objective import Batch, draws

RESTORING = 0.5  # the share of batches in which hidden tokens are restored
BY_DISTANCE = "obverse-by-distance"


@dataclass(frozen=True, kw_only=True)
class BothWays:
    """An objective (`engine.objective`): to predict the next token, and to restore hidden ones.

    `rate` is the probability of each token to be hidden, `limit` how many tokens the model can read.
    """

    tokenizer: PreTrainedTokenizerBase
    rate: float = 0.15
    limit: int | None = None

    def collator(self, recipe: Recipe, seed: int) -> "Turns":
        return Turns(self, recipe, seed)

    def loss(self, model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        if "seen" not in batch:
            loss: torch.Tensor = model(**batch).loss
            return loss
        labels = batch["labels"][:, 1:]  # a token is predicted at the place before it
        hidden = labels != IGNORED
        states = states_both_ways(model, batch["input_ids"], batch["seen"])[:, :-1]
        logits = model.get_output_embeddings()(states[hidden]).float()
        return cross_entropy(logits, labels[hidden], reduction="sum") / hidden.sum().clamp(min=1)


class Turns:
    """Makes batches whose next tokens are predicted, or, by turns drawn by chance, with tokens hidden.

    The latter have `input_ids`, `labels` (the hidden tokens), and `seen`, which is 0 for hidden tokens
    and padding.
    """

    def __init__(self, objective: BothWays, recipe: Recipe, seed: int) -> None:
        self.objective, self.seed = objective, seed
        self.next_token = Padding(objective.tokenizer, recipe)

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> Batch:
        # One draw for a batch, from the place of its first document.
        if draws(self.seed, examples[0]["place"]).random() >= RESTORING:
            kept = ("input_ids", "labels")
            return self.next_token([{name: example[name] for name in kept} for example in examples])
        rows = [self._hide(**example) for example in examples]
        width = max(len(ids) for ids, _ in rows)
        mask, end = self.objective.tokenizer.mask_token_id, self.objective.tokenizer.eos_token_id
        ids = torch.tensor([ids + [end] * (width - len(ids)) for ids, _ in rows])
        labels = torch.tensor([row + [IGNORED] * (width - len(row)) for _, row in rows])
        there = torch.arange(width) < torch.tensor([[len(ids)] for ids, _ in rows])
        return {"input_ids": ids, "labels": labels, "seen": (there & (ids != mask)).long()}

    def _hide(self, input_ids: list[int], labels: list[int], place: int) -> tuple[list[int], list[int]]:
        draw = draws(self.seed, place)
        draw.random()  # whose turn it is
        mask, end = self.objective.tokenizer.mask_token_id, self.objective.tokenizer.eos_token_id
        chosen = [draw.random() < self.objective.rate for _ in input_ids]
        hidden = [
            drawn and label not in (IGNORED, end) for drawn, label in zip(chosen, labels, strict=True)
        ]
        ids = [mask if hide else token for token, hide in zip(input_ids, hidden, strict=True)]
        restored = [label if hide else IGNORED for label, hide in zip(labels, hidden, strict=True)]
        # The end is not hidden, and may make room for the start.
        whole = slice(None, self.objective.limit)
        return [end, *ids][whole], [IGNORED, *restored][whole]


def states_both_ways(model: PreTrainedModel, ids: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Return the last states (rows, width, size) of a causal model that looks ahead as it looks back."""
    unseen = (seen == 0)[:, None, None, :]
    attention = torch.zeros(unseen.shape, dtype=model.dtype, device=model.device)
    attention = attention.masked_fill(unseen, torch.finfo(model.dtype).min)
    body: Any = model.base_model
    options: dict[str, Any] = {"input_ids": ids, "attention_mask": attention, "use_cache": False}
    states: torch.Tensor
    if hasattr(body, "rotary_emb"):
        places = torch.arange(ids.shape[1], device=ids.device)[None]
        options["turned"] = body.rotary_emb(body.get_input_embeddings().weight, places)
        with _by_distance(model):
            states = body(**options).last_hidden_state
    else:
        states = body(**options).last_hidden_state
    return states


@contextmanager
def _by_distance(model: PreTrainedModel) -> Iterator[None]:
    own = model.config._attn_implementation
    model.config._attn_implementation = BY_DISTANCE
    try:
        yield
    finally:
        model.config._attn_implementation = own


def attention_by_distance(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    *,
    scaling: float,
    turned: tuple[torch.Tensor, torch.Tensor],
    dropout: float = 0.0,
    **_: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attend as transformers does, to what is ahead as if it were as far back.

    `query` and `key` (rows, heads, width, size) come turned by R(i); turned back twice, by `turned`
    (cosines and sines of all places), they have R(−i), and their products R(i − j) in place of R(j − i).
    """
    cos, sin = turned
    unturned = apply_rotary_pos_emb(query, key, cos, -sin)
    ahead = apply_rotary_pos_emb(unturned[0], unturned[1], cos, -sin)
    later = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool, device=query.device).triu(1)
    scores = torch.where(later, ahead[0] @ ahead[1].mT, query @ key.mT) * scaling + attention_mask
    weights = scores.softmax(-1, dtype=torch.float32).to(value.dtype)
    weights = torch.nn.functional.dropout(weights, dropout, module.training)
    return (weights @ value).transpose(1, 2).contiguous(), weights


AttentionInterface.register(BY_DISTANCE, attention_by_distance)
