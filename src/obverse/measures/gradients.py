"""Gradient alignment: whether a step on one text is a step on another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import polars as pl

from obverse.core.abilities import Capability, GivesGradients, Model
from obverse.core.data import Document, Label, document_row
from obverse.core.errors import ObverseError
from obverse.core.gradients import Products
from obverse.core.measure import Measure, Moment
from obverse.measures.frame import to_frame

NO_OPTIMIZER = "moments at which no optimizer had second moments yet"


@dataclass(frozen=True, kw_only=True)
class Gradients(Measure):
    """Compare the gradients of two sets of texts, of all pairs, over all trained parameters.

    With g the gradient of a text's mean loss over its tokens, for each text i of the first set and the
    texts j of the second that belong to it (of the same fact), or that do not,

        inner = mean_j ⟨g_i, g_j⟩,
        cosine = mean_j ⟨g_i, g_j⟩ / (‖g_i‖ ‖g_j‖),
        squared_distance = mean_j ‖g_i − g_j‖².

    The means over i of `own` rows are the E[ρ] of arXiv 2310.15047, section 5.1; what it lacks is the
    baseline of `other` rows. Texts are compared only where their labels `among` agree.

    Attributes:
        first, second: texts; those of one fact belong together.
        loss_on: "document", or "completion": what of a text bears loss.
        among: labels within which pairs are formed.
        preconditioned: whether there are also rows under Adam's metric, ⟨g, W g'⟩ with W = 1 / (√v̂ + ε):
            in it, −η W g' is the step that a text takes, and η ⟨g, W g'⟩ how much that step lowers the
            other one's loss.
        projections: estimate products from so many random projections, where exact ones would take
            too long; none: exact.
        seed: of the projections.
    """

    name: ClassVar[str] = "gradients"
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "space": str, "partner": str, "inner": float, "cosine": float, "squared_distance": float, "norm":
        float, "norm_other": float, "pairs": int, "error": float,
    }  # fmt: skip
    requires: ClassVar[frozenset[Capability]] = frozenset({"gradients"})

    first: tuple[Document, ...]
    second: tuple[Document, ...]
    loss_on: Literal["document", "completion"] = "document"
    among: tuple[str, ...] = ()
    preconditioned: bool = False
    projections: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.projections is not None and (self.preconditioned or self.projections < 2):
            raise ObverseError(
                f"projections {self.projections}: expected two or more, and none where preconditioned"
            )
        for document in (*self.first, *self.second):
            if missing := [label for label in self.among if label not in document.labels]:
                raise ObverseError(
                    f"the text {document.text[:60]!r} has no label {missing[0]!r}, within which "
                    "gradients are compared"
                )
        lone = {d.fact for d in self.first} - {d.fact for d in self.second}
        if lone:
            raise ObverseError(
                f"no text of the second set is of the fact {sorted(lone)[0]!r}; expected one or more for "
                "each text of the first"
            )

    def labels(self) -> Iterable[Mapping[str, Label]]:
        return (document.labels for document in self.first)

    def rows(self) -> Iterable[Mapping[str, object]]:
        for side, documents in (("first", self.first), ("second", self.second)):
            yield from ({"side": side} | document_row(document) for document in documents)

    def texts(self) -> Iterable[str]:
        return (document.text for document in (*self.first, *self.second))

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        """Return two rows for each text of the first set (`partner`: own, other), in each `space`.

        `norm` is ‖g_i‖, `norm_other` the mean of ‖g_j‖, `pairs` how many there are, and `error` the
        standard error of `inner` where that is estimated.
        """
        assert isinstance(model, GivesGradients)  # it is required, and checked before the run
        spaces = ("gradient", "adam") if self.preconditioned else ("gradient",)
        found: list[dict[str, Label | None]] = []
        for first, second in self._groups():
            for space in spaces:
                products = model.gradient_products(
                    first, second, loss_on=self.loss_on, preconditioned=space == "adam",
                    projections=self.projections, seed=self.seed,
                )  # fmt: skip
                if products is None:
                    moment.leave_out(NO_OPTIMIZER, 1)
                else:
                    found += _rows(first, second, products, space)
        return to_frame(found)

    def _groups(self) -> Iterator[tuple[list[Document], list[Document]]]:
        """Yield the texts that are compared with one another."""
        groups: dict[tuple[Label, ...], tuple[list[Document], list[Document]]] = {}
        for side, documents in enumerate((self.first, self.second)):
            for document in documents:
                key = tuple(document.labels[label] for label in self.among)
                groups.setdefault(key, ([], []))[side].append(document)
        return (group for group in groups.values() if group[0])


def _rows(
    first: Sequence[Document], second: Sequence[Document], products: Products, space: str
) -> Iterator[dict[str, Label | None]]:
    facts = np.array([document.fact for document in second])
    cosine, squared, norms = products.cosine, products.distance, np.sqrt(products.second)
    for i, document in enumerate(first):
        own = facts == document.fact
        for partner, chosen in (("own", own), ("other", ~own)):
            if not chosen.any():
                continue
            errors = products.errors(chosen)
            row: dict[str, Label | None] = {
                "fact": document.fact, **document.labels, "space": space, "partner": partner,
                "inner": float(products.inner[i, chosen].mean()),
                "cosine": float(cosine[i, chosen].mean()),
                "squared_distance": float(squared[i, chosen].mean()),
                "norm": float(np.sqrt(products.first[i])),
                "norm_other": float(norms[chosen].mean()),
                "pairs": int(chosen.sum()),
            }  # fmt: skip
            if errors is not None:
                row["error"] = float(errors[i])
            yield row
