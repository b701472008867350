"""How prompts and their continuations are laid out for the scoring pass.

All continuations of a prompt share one row: the prompt, then the continuations side by side.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

# Padding included. A CPU gains nothing from wide batches, and loses what padding costs.
TOKENS_PER_BATCH = {"cpu": 1024, "cuda": 8192}
TOKENS_PER_ROW = 768  # continuations of one prompt beyond this are spread over several rows


@dataclass(frozen=True, slots=True)
class Continuation:
    """One continuation of a row's prompt.

    Attributes:
        index: its number among all continuations of the prompt.
        boundary: how many leading tokens of the prompt it follows. This is all of them, unless a token
            of the whole text merges the prompt's end with the continuation's start.
        tokens: the tokens of the whole text behind the boundary.
        closed: whether the last token is read too, so that it shows what comes behind it.
    """

    index: int
    boundary: int
    tokens: list[int]
    closed: bool = False

    @property
    def read(self) -> int:
        """How many of its tokens the model reads: the last one is predicted, and need not be read."""
        return len(self.tokens) - (not self.closed)


@dataclass(slots=True)
class Row:
    """Prompt number `item` and some of its continuations.

    `open` tells whether an answer to the prompt would go on from just these tokens.
    """

    item: int
    prompt: list[int]
    branches: list[Continuation] = field(default_factory=list)
    open: bool = True

    @property
    def branch_tokens(self) -> int:
        return sum(branch.read for branch in self.branches)

    def width(self) -> int:
        return len(self.prompt) + self.branch_tokens


def in_rows(
    item: int,
    prompt: list[int],
    boundaries: Sequence[int],
    wholes: Sequence[list[int]],
    *,
    closed: int = 0,
    open: bool = True,
) -> Iterator[Row]:
    """Lay a prompt's continuations out in as few rows as hold them.

    `wholes` are the tokens of prompt and continuation together; the first `closed` are read to their end.
    """
    row, filled = Row(item, prompt, open=open), 0
    for index, (boundary, whole) in enumerate(zip(boundaries, wholes, strict=True)):
        branch = Continuation(index, boundary, whole[boundary:], closed=index < closed)
        if row.branches and filled + len(branch.tokens) > TOKENS_PER_ROW:
            yield row
            row, filled = Row(item, prompt, open=open), 0
        row.branches.append(branch)
        filled += branch.read
    if row.branches:
        yield row


def batches(rows: Sequence[Row], tokens: int) -> Iterator[list[Row]]:
    """Yield rows of like length together, at most so many `tokens` with padding, or one row alone.

    Prompts and branches are padded apart, each to the longest of the batch.
    """
    batch: list[Row] = []
    width = branches = 0
    lengths = [(len(row.prompt), row.branch_tokens) for row in rows]
    for (prompt, own), row in sorted(zip(lengths, rows, strict=True), key=itemgetter(0)):
        new_width, new_branches = max(width, prompt), max(branches, own)
        if batch and (len(batch) + 1) * (new_width + new_branches) > tokens:
            yield batch
            batch, new_width, new_branches = [], prompt, own
        batch.append(row)
        width, branches = new_width, new_branches
    if batch:
        yield batch
