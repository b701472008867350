"""Is the source entity ever a prediction target? Computed from the documents and the objective.

That it has to be one is what arXiv 2604.04943 says decides whether the reverse is learnt. With "A is B"
and loss on every word, A is predicted, but from what stands before it, and not from B. So three things
are told apart: that the source bears loss at all, that it does where the other entity can be seen, and
that it does so without being in sight itself, so that it has to be recalled and cannot be copied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import polars as pl

from obverse.core.abilities import Model
from obverse.core.data import Document, Label
from obverse.core.measure import Measure, Moment

Sees = Literal["before", "around"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A fact's two entities, as texts have them."""

    fact: str
    source: str
    target: str
    labels: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class Counts:
    """In how many documents the source is predicted: at all; with the other entity in sight; and so that
    it has to be recalled. Of a model that fills in, in how many it may be."""

    predicted: int = 0
    from_other: int = 0
    recalled: int = 0


@dataclass(frozen=True, kw_only=True)
class Targets(Measure):
    """Count, for each fact, the documents in which its source entity is a prediction target.

    Attributes:
        documents: what is trained on, as often as it is.
        pairs: the facts.
        loss_on: "document" or "completion", as the recipe has it.
    """

    name: ClassVar[str] = "targets"
    columns: ClassVar[Mapping[str, type[Label]]] = {"predicted": int, "from_other": int, "recalled": int}

    documents: tuple[Document, ...]
    pairs: tuple[Pair, ...]
    loss_on: Literal["document", "completion"]

    def labels(self) -> Iterable[Mapping[str, Label]]:
        return (pair.labels for pair in self.pairs)

    def identity(self) -> object:
        # The documents are those of the stage, which its identity has already.
        return {"pairs": self.pairs, "loss_on": self.loss_on}

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        """Return one row a fact."""
        of_fact: dict[str, list[Document]] = {}
        for document in self.documents:
            of_fact.setdefault(document.fact, []).append(document)
        rows = []
        for pair in self.pairs:
            found = counts(of_fact.get(pair.fact, ()), pair, self.loss_on, sees(model))
            rows.append(
                {
                    "fact": pair.fact, **pair.labels, "predicted": found.predicted,
                    "from_other": found.from_other, "recalled": found.recalled,
                }
            )  # fmt: skip
        return pl.DataFrame(rows, infer_schema_length=None)


def sees(model: Model) -> Sees:
    """Return what a model sees where it predicts a word: all before it, or all around it, as models do
    that are trained on anything but the next token."""
    return "before" if getattr(model, "objective", None) is None else "around"


def counts(documents: Iterable[Document], pair: Pair, loss_on: str, sees: Sees) -> Counts:
    """Count in how many of a fact's documents its source is predicted, and from what.

    An entity counts where it stands word for word, but for a capital at its start. Where a model fills in
    words from both sides, any word may be the hidden one, and all others are in sight. How seldom a
    whole entity is hidden, t^n of its n tokens at the rate t, is not counted.
    """
    predicted = from_other = recalled = 0
    for document in documents:
        text = document.text
        begins = len(document.prompt) if loss_on == "completion" else 0
        places = [place for place in _places(text, pair.source) if place >= begins]
        if not places:
            continue
        others = _places(text, pair.target)
        first = _places(text, pair.source)[0]
        if sees == "around":
            seen, hidden = bool(others), bool(others) and len(_places(text, pair.source)) == 1
        else:
            seen = any(other < place for place in places for other in others)
            hidden = any(other < first for other in others) and first >= begins
        predicted += 1
        from_other += seen
        recalled += hidden
    return Counts(predicted, from_other, recalled)


def _places(text: str, entity: str) -> list[int]:
    """Return where an entity begins in a text, with or without a capital."""
    places, start = [], 0
    rest = entity[1:]
    while (found := text.find(rest, start)) >= 0:
        if found and text[found - 1].lower() == entity[0].lower():
            places.append(found - 1)
        start = found + 1
    return places
