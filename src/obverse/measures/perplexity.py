"""Held-out perplexity: how well a model predicts texts that it is not trained on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, isfinite
from typing import ClassVar

import polars as pl

from obverse.core.abilities import Capability, Model, Scores
from obverse.core.data import Document, Label, document_row
from obverse.core.errors import ObverseError
from obverse.core.measure import Measure, Moment
from obverse.measures.frame import to_frame
from obverse.measures.room import NO_ROOM, has_room

LARGEST = 700.0  # nats; e to this power is about the largest number there is


@dataclass(frozen=True, kw_only=True)
class Perplexity(Measure):
    """Score held-out texts; one row each.

    With ln P the log-probability of a text, summed over its t tokens,

        nats = −ln P / t        perplexity = exp(nats).

    The perplexity of several texts is exp(Σ −ln P / Σ t) and not the mean of theirs: `logprob` and
    `tokens_scored` are there for it. A text with a prompt is scored behind it, and its prompt is not
    counted. How many tokens a text has is not known of a model behind a server; then there is `logprob`
    alone.
    """

    name: ClassVar[str] = "perplexity"
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "text": str, "logprob": float, "tokens_scored": int, "nats": float, "perplexity": float,
    }  # fmt: skip
    requires: ClassVar[frozenset[Capability]] = frozenset({"scores"})

    documents: tuple[Document, ...]

    def __post_init__(self) -> None:
        for document in self.documents:
            if not document.completion:
                raise ObverseError(f"the text {document.text[:60]!r} has no completion to be scored")

    def labels(self) -> Iterable[Mapping[str, Label]]:
        return (document.labels for document in self.documents)

    def rows(self) -> Iterable[Mapping[str, object]]:
        return map(document_row, self.documents)

    def texts(self) -> Iterable[str]:
        return (document.text for document in self.documents)

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        """Return one row a text; `fact` is the document's, or the text itself where it has none.

        Raises:
            ObverseError: if the model has no room for any text.
        """
        assert isinstance(model, Scores)  # it is required, and checked before the run
        texts = [d for d in self.documents if has_room(model, d.text)]
        if len(texts) < len(self.documents):
            moment.leave_out(NO_ROOM, len(self.documents) - len(texts))
        if self.documents and not texts:
            raise ObverseError(f"{moment.model}: every text is {NO_ROOM}; expected a shorter one")
        values = model.logprobs([d.prompt for d in texts], [[d.completion] for d in texts])
        count = getattr(model, "count_in_context", None)
        return to_frame(
            [
                _row(d, value, None if count is None else count(d.prompt, d.completion))
                for d, [value] in zip(texts, values, strict=True)
            ]
        )


def _row(document: Document, logprob: float, tokens: int | None) -> dict[str, Label | None]:
    row: dict[str, Label | None] = {
        "fact": document.fact or document.text, "text": document.text, **document.labels
    }  # fmt: skip
    if not isfinite(logprob):
        return row  # a model that has diverged has no likelihoods
    row["logprob"] = logprob
    if tokens:
        nats = -logprob / tokens
        row |= {"tokens_scored": tokens, "nats": nats}
        row["perplexity"] = exp(nats) if nats < LARGEST else None
    return row
