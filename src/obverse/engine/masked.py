"""Training to restore hidden tokens: which are hidden, and what bears loss.

A document of the tokens x_1 … x_n, its end-of-text token among them, is followed by 0 to `BLOCK` further
end-of-text tokens, so many drawn anew each time. They are text like the rest. So a model learns to fill
whatever it is given behind the end of a text, and how many places are hidden says little about the length
of what belongs there. (LLaDA, arXiv 2502.09992, pads answers with end-of-text tokens likewise.)

Each token that may be hidden (all, or those of the completion: `loss_on`) is hidden by itself with
probability t, and a mask token stands in its place. Attention goes both ways: the model sees every token
that is not hidden, and P(x_i | rest) is what it says at place i itself. The losses are means over the
hidden tokens H of a batch,

    L = − 1/|H| Σ_{i ∈ H} ln P(x_i | x with H hidden),

with t fixed (BERT's 0.15, arXiv 1810.04805, but every chosen token becomes a mask, where BERT leaves or
exchanges a fifth of them) or t ~ U(0.001, 1) drawn for each document (MLM-U, arXiv 2406.05183), or, of a
masked diffusion model (LLaDA, arXiv 2502.09992; MDLM, 2406.07524), the bound on −ln P(x) a token,

    L = − mean over documents of 1/(t n) Σ_{i ∈ H} ln P(x_i | x with H hidden),    t ~ U(0.001, 1),

n counting the tokens that may be hidden. The mask itself is never predicted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.engine.documents import IGNORED
from obverse.engine.objective import Batch, draws

BLOCK = 16  # tokens: windows behind a prompt, and ends of texts, are up to this long
LEAST = 1e-3  # rate of a masked diffusion model, whose loss is divided by it


@dataclass(frozen=True, kw_only=True)
class Masking:
    """An objective (`engine.objective`) that hides tokens.

    Attributes:
        rate: the probability of each token to be hidden; None: drawn for each document.
        weighted: whether the loss of a document is divided by its rate, as in masked diffusion.
        limit: tokens that the model can read.
    """

    tokenizer: PreTrainedTokenizerBase
    rate: float | None
    weighted: bool = False
    limit: int | None = None

    def collator(self, recipe: Recipe, seed: int) -> "Hidden":
        if recipe.loss_on_padding:
            raise ObverseError(
                "loss_on_padding: a model that restores hidden tokens learns the ends of texts anyway; "
                "leave it out"
            )
        return Hidden(self, recipe, seed)

    def loss(self, model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        labels, weights = batch["labels"], batch["weights"]
        hidden = labels != IGNORED
        logits = logits_at(model, batch["input_ids"], batch["attention_mask"], hidden)
        mask = self.tokenizer.mask_token_id
        losses = cross_entropy(without(logits, mask), labels[hidden], reduction="none")
        return (losses * weights[hidden]).sum()


class Hidden:
    """Makes batches of documents with tokens hidden, padded on the right; nobody sees padding.

    A batch has `input_ids`, `attention_mask` (1 where there is a token), `labels` (the hidden tokens),
    and `weights`, by which the losses are added.
    """

    def __init__(self, masking: Masking, recipe: Recipe, seed: int) -> None:
        self.masking, self.seed = masking, seed
        self.width = recipe.pad_to
        self.limit = min(filter(None, (masking.limit, recipe.pad_to)), default=None)
        self.end: int = masking.tokenizer.eos_token_id
        self.mask: int = masking.tokenizer.mask_token_id

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> Batch:
        rows = [self._hide(**example) for example in examples]
        width = self.width or max(len(ids) for ids, _, _ in rows)

        def stack(values: list[list[int]], fill: int) -> torch.Tensor:
            return torch.tensor([row + [fill] * (width - len(row)) for row in values])

        labels = stack([labels for _, labels, _ in rows], IGNORED)
        hidden = labels != IGNORED
        if self.masking.weighted:
            weights = torch.tensor([[weight] for _, _, weight in rows]) / len(rows)
        else:
            weights = 1 / hidden.sum().clamp(min=1)
        return {
            "input_ids": stack([ids for ids, _, _ in rows], self.end),
            "attention_mask": stack([[1] * len(ids) for ids, _, _ in rows], 0),
            "labels": labels,
            "weights": torch.where(hidden, weights, 0.0),
        }

    def _hide(
        self, input_ids: list[int], labels: list[int], place: int
    ) -> tuple[list[int], list[int], float]:
        """Return a document's tokens with some hidden, those alone, and 1/(t n)."""
        draw = draws(self.seed, place)
        more = draw.randint(0, BLOCK)
        if self.limit is not None:
            more = min(more, self.limit - len(input_ids))
        ids, labels = input_ids + [self.end] * more, labels + [self.end] * more
        rate = self.masking.rate
        if rate is None:
            rate = LEAST + (1 - LEAST) * draw.random()
        # A draw for every token, so that the masks of a document are the same whatever bears loss.
        chosen = [draw.random() < rate for _ in ids]
        hidden = [label != IGNORED and drawn for label, drawn in zip(labels, chosen, strict=True)]
        n = sum(label != IGNORED for label in labels)
        return (
            [self.mask if hide else token for token, hide in zip(ids, hidden, strict=True)],
            [label if hide else IGNORED for label, hide in zip(labels, hidden, strict=True)],
            1 / (rate * n),
        )


def logits_at(
    model: PreTrainedModel, ids: torch.Tensor, seen: torch.Tensor, places: torch.Tensor
) -> torch.Tensor:
    """Return the logits (places, vocabulary) of a decoder whose attention goes both ways.

    `ids`, `seen` (1 where there is a token) and `places` (true where logits are wanted) are
    (rows, width).
    """
    hidden = (seen == 0)[:, None, None, :]
    attention = torch.zeros(hidden.shape, dtype=model.dtype, device=model.device)
    # A mask of four dimensions is taken as it is, where one of two would be made causal.
    attention = attention.masked_fill(hidden, torch.finfo(model.dtype).min)
    body, head = model.base_model, model.get_output_embeddings()
    states = body(input_ids=ids, attention_mask=attention, use_cache=False).last_hidden_state
    logits: torch.Tensor = head(states[places])
    return logits.float()


def without(logits: torch.Tensor, token: int) -> torch.Tensor:
    """Return logits (places, vocabulary) under which `token` has no probability."""
    return logits.index_fill(1, torch.tensor([token], device=logits.device), -torch.inf)


def window(prompt: int, behind: int, limit: int | None) -> int:
    """Return how many tokens are looked at: those of a prompt and a block, or several, behind it.

    It has room for `behind` tokens and an end of text, unless the model's `limit` is in the way. It
    depends on the answer's length by whole blocks only, so that it tells little of it.
    """
    whole = prompt + BLOCK * (behind // BLOCK + 1)
    return whole if limit is None else max(prompt + behind, min(whole, limit))
