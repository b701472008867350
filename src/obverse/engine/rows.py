"""How prompts and their continuations are laid out for the scoring pass.

All continuations of a prompt share one row: the prompt, then the continuations side by side.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

TOKENS_PER_BATCH = 8192
TOKENS_PER_ROW = 768  # continuations of one prompt beyond this are spread over several rows


@dataclass(frozen=True, slots=True)
class Continuation:
    """One continuation of a row's prompt.

    Attributes:
        index: its number among all continuations of the prompt.
        boundary: how many leading tokens of the prompt it follows. This is all of them, unless a token
            of the whole text merges the prompt's end with the continuation's start.
        tokens: the tokens of the whole text behind the boundary.
    """

    index: int
    boundary: int
    tokens: list[int]

    @property
    def read(self) -> int:
        """How many of its tokens the model reads: the last one is predicted, and never read."""
        return len(self.tokens) - 1


@dataclass(slots=True)
class Row:
    """Prompt number `item` and some of its continuations."""

    item: int
    prompt: list[int]
    branches: list[Continuation] = field(default_factory=list)

    @property
    def branch_tokens(self) -> int:
        return sum(branch.read for branch in self.branches)

    def width(self) -> int:
        return len(self.prompt) + self.branch_tokens


def in_rows(
    item: int, prompt: list[int], boundaries: Sequence[int], wholes: Sequence[list[int]]
) -> Iterator[Row]:
    """Lay a prompt's continuations out in as few rows as hold them.

    `wholes` are the tokens of prompt and continuation together.
    """
    row = Row(item, prompt)
    for index, (boundary, whole) in enumerate(zip(boundaries, wholes, strict=True)):
        branch = Continuation(index, boundary, whole[boundary:])
        if row.branches and row.branch_tokens + len(branch.tokens) > TOKENS_PER_ROW:
            yield row
            row = Row(item, prompt)
        row.branches.append(branch)
    if row.branches:
        yield row


def batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows of like length together, at most `TOKENS_PER_BATCH` tokens with padding.

    Prompts and branches are padded apart, each to the longest of the batch.
    """
    batch: list[Row] = []
    width = branches = 0
    for row in sorted(rows, key=lambda r: (len(r.prompt), r.branch_tokens)):
        new_width, new_branches = max(width, len(row.prompt)), max(branches, row.branch_tokens)
        if batch and (len(batch) + 1) * (new_width + new_branches) > TOKENS_PER_BATCH:
            yield batch
            batch, new_width, new_branches = [], len(row.prompt), row.branch_tokens
        batch.append(row)
        width, branches = new_width, new_branches
    if batch:
        yield batch
