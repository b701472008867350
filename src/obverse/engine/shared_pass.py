"""One pass over prompts whose continuations stand side by side, and what is read off its logits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel

from obverse.engine.greedy import Branch, likeliest
from obverse.engine.rows import Row


@dataclass(frozen=True, slots=True)
class Seen:
    """What a pass gives for each row and each of its continuations, in their order.

    Attributes:
        scores: log-probabilities, nats.
        branches: the likeliest tokens along the continuations that the answer to the row's prompt could
            take; empty unless asked for.
    """

    scores: list[list[float]]
    branches: list[list[Branch]]


def shared_pass(model: PreTrainedModel, rows: Sequence[Row], *, greedy: bool = False) -> Seen:
    """Score rows in one pass.

    A row of n prompt tokens is laid out in columns as

        padding | p_1 … p_n | branch 1 | branch 2 | … | padding
                            ^ column `width`, the same for all rows of the batch

    A branch with boundary b has the positions b, b + 1, … wherever it stands. It sees the first b
    tokens of the prompt and what comes before in itself, which is what it would see alone.
    """
    device = model.device
    width = max(len(row.prompt) for row in rows)
    length = width + max(row.branch_tokens for row in rows)
    ids = np.zeros((len(rows), length), dtype=np.int64)
    positions = np.zeros((len(rows), length), dtype=np.int64)
    # Padding sees itself: a row of a softmax over nothing would be NaN, and NaN spreads.
    visible = np.tile(np.eye(length, dtype=bool), (len(rows), 1, 1))
    causal = np.tri(length, dtype=bool)
    first = width  # the first column whose prediction is needed: that of a branch's first token
    for r, row in enumerate(rows):
        n = len(row.prompt)
        left = width - n
        ids[r, left:width] = row.prompt
        positions[r, left:width] = np.arange(n)
        visible[r, left:width, left:width] = causal[:n, :n]
        at = width
        for branch in row.branches:
            m, b = branch.read, branch.boundary
            ids[r, at : at + m] = branch.tokens[:m]
            positions[r, at : at + m] = np.arange(b, b + m)
            visible[r, at : at + m, left : left + b] = True
            visible[r, at : at + m, at : at + m] = causal[:m, :m]
            at += m
            first = min(first, left + b - 1)
    dtype = model.dtype
    mask = torch.zeros(visible.shape, dtype=dtype)
    mask.masked_fill_(torch.from_numpy(~visible), torch.finfo(dtype).min)
    logits = model(
        input_ids=torch.from_numpy(ids).to(device),
        position_ids=torch.from_numpy(positions).to(device),
        attention_mask=mask[:, None].to(device),
        use_cache=False,
        logits_to_keep=length - first,
    ).logits
    places = _Places(rows, logits.shape[1], width - first)
    return places.read(logits.flatten(0, 1), rows, greedy)


class _Places:
    """Where in the logits of a pass, flattened to (rows · columns, vocabulary), each token is predicted.

    Branches begin at column `start`. A branch's first token is predicted by the last prompt token that
    the branch follows, each later one by the token before it.

    With z the logits that predict a token y, ln P(y) = z_y − ln Σ_v exp z_v, added for the tokens of a
    branch, and subtracted for the prompt's tokens that a merged one replaced.
    """

    def __init__(self, rows: Sequence[Row], columns: int, start: int) -> None:
        self.sources: list[int] = []  # where a token is predicted
        self.targets: list[int] = []  # which token
        self.owners: list[int] = []  # of which branch, all rows' numbered through
        self.signs: list[float] = []
        self.inside: list[range] = []  # where a branch's own tokens predict what comes behind them
        self.last: list[int] = []  # where the first token behind each row's prompt is predicted
        for r, row in enumerate(rows):
            behind = r * columns + start - 1
            self.last.append(behind)
            at = behind + 1
            for branch in row.branches:
                back = len(row.prompt) - branch.boundary  # prompt tokens that a merge replaced
                n = len(branch.tokens)
                self.sources += [behind - back, *range(at, at + n - 1)]
                self.targets += branch.tokens
                self.signs += [1.0] * n
                self.sources += range(behind - back, behind)
                self.targets += row.prompt[branch.boundary :]
                self.signs += [-1.0] * back
                self.owners += [len(self.inside)] * (n + back)
                self.inside.append(range(at, at + branch.read))
                at += branch.read

    def read(self, logits: torch.Tensor, rows: Sequence[Row], greedy: bool) -> Seen:
        # The continuations of a prompt begin at one place: each place is looked at once.
        wanted = [*self.sources, *self.last, *(i for span in self.inside for i in span)]
        unique, number = np.unique(wanted if greedy else self.sources, return_inverse=True)
        picked = logits[torch.from_numpy(unique).to(logits.device)].float()
        place = torch.from_numpy(number[: len(self.sources)]).to(logits.device)
        targets = torch.tensor(self.targets, device=logits.device)
        values = picked[place, targets] - picked.logsumexp(-1)[place]
        # Summed in double precision: the order of the sum does not show in the result.
        values = values.double().cpu() * torch.tensor(self.signs).double()
        sums = torch.zeros(len(self.inside), dtype=torch.float64)
        scores = iter(sums.index_add_(0, torch.tensor(self.owners), values).tolist())
        return Seen(
            scores=[[next(scores) for _ in row.branches] for row in rows],
            branches=self._branches(picked, unique, rows) if greedy else [],
        )

    def _branches(
        self, picked: torch.Tensor, unique: np.ndarray, rows: Sequence[Row]
    ) -> list[list[Branch]]:
        places = likeliest(picked)
        found = dict(zip(unique.tolist(), places, strict=True))
        inside = iter(self.inside)
        whole: list[list[Branch]] = []
        for last, row in zip(self.last, rows, strict=True):
            # The answer goes on from the whole prompt; a branch that replaces its end is none of it.
            branches = [
                Branch(branch.tokens, [found[i] for i in (last, *span)])
                for branch, span in zip(row.branches, inside, strict=False)
                if branch.boundary == len(row.prompt)
            ]
            whole.append(branches or [Branch((), [found[last]])])
        return whole
