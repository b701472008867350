"""How a model's greedy answer begins, read off the pass that scores possible answers.

The pass gives the likeliest token behind the prompt. If one of the scored continuations begins with it,
it gives the likeliest token behind that as well, and so on, until the model leaves all of them or ends
the text. No step of generation is needed for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import torch
from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class Branch:
    """A continuation as a pass has seen it.

    Attributes:
        tokens: those of the continuation, behind the prompt.
        likeliest: what the model would say at the place of each token, and behind the last one if that
            was read: the likeliest token, and by how many nats it is above the second one.
    """

    tokens: Sequence[int]
    likeliest: Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Greedy:
    """The first tokens of a greedy answer.

    Attributes:
        ids: the tokens; all but the last are those of a continuation.
        ended: whether the answer ends with them (the end-of-text token itself is left out).
        apart: the smallest distance, in nats, between the likeliest token and the second on the way.
    """

    ids: tuple[int, ...]
    ended: bool
    apart: float


def follow(branches: Sequence[Branch], end: int | None, limit: int) -> Greedy:
    """Follow the likeliest token along the branches of one prompt, for at most `limit` tokens."""
    ids: list[int] = []
    apart = inf
    alive = list(branches)
    while len(ids) < limit:
        at = len(ids)
        known = next((branch for branch in alive if len(branch.likeliest) > at), None)
        if known is None:
            break
        token, above = known.likeliest[at]
        apart = min(apart, above)
        if token == end:
            return Greedy(tuple(ids), True, apart)
        ids.append(token)
        alive = [b for b in alive if len(b.tokens) > at and b.tokens[at] == token]
    # As many tokens as may be generated are all there is of an answer.
    return Greedy(tuple(ids), len(ids) == limit, apart)


def likeliest(logits: torch.Tensor) -> list[tuple[int, float]]:
    """Return the likeliest token at each place (places, vocabulary), and how far it is above the second.

    A model that has diverged, whose logits are no numbers, has ties alone.
    """
    top, token = logits.float().topk(2, dim=-1)
    above = (top[:, 0] - top[:, 1]).nan_to_num(nan=0.0)
    return list(zip(token[:, 0].tolist(), above.tolist(), strict=True))


def rounding(model: PreTrainedModel) -> float:
    """Return by how many nats two ways of computing the same logit or score may differ.

    That of 16-bit weights is far above that of float32, and grows with the length.
    """
    return 1e-3 if model.dtype == torch.float32 else 0.5
