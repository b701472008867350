"""Documents and held-out prompts, made from facts by templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from obverse.core.data import Document
from obverse.experiments.reversal.distance import distance
from obverse.experiments.reversal.people import Fact
from obverse.experiments.reversal.templates import HELD_OUT, TRAINED, StatementOrder, blank, fill

Subset = Literal["NameToDescription", "DescriptionToName", "Both"]
SUBSETS: tuple[Subset, ...] = get_args(Subset)
ORDERS: tuple[StatementOrder, ...] = get_args(StatementOrder)
DIRECTIONS = ("same", "reverse")  # of the question, as against what was trained


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutPrompt:
    """A prompt that is never trained on, and its answer.

    `template` numbers those of a fact and order; `distance` is how far it is from the nearest trained
    one (`distance.distance`), None for data that was read without it.
    """

    prompt: str
    answer: str
    fact: str
    subset: Subset
    order: StatementOrder
    template: int
    distance: float | None = None

    @property
    def direction(self) -> str:
        return "same" if self.subset in ("Both", self.order) else "reverse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What is trained on and what is asked. `facts` is empty for data that was read from files."""

    documents: tuple[Document, ...]
    held_out: tuple[HeldOutPrompt, ...]
    facts: tuple[tuple[Subset, Fact], ...] = ()


def build(facts: Sequence[Fact], paraphrases: int, held_out_prompts: int) -> Dataset:
    """State facts by templates: the first third NameToDescription, then DescriptionToName, then Both.

    Facts of Both are stated in either order, in separate documents.
    """
    size = len(facts) // len(SUBSETS)
    placed = [(SUBSETS[i // size], fact) for i, fact in enumerate(facts[: size * len(SUBSETS)])]
    trained = {order: TRAINED[order][:paraphrases] for order in ORDERS}
    asked = {
        order: [
            (template, distance(blank(template, order), [blank(t, order) for t in trained[order]]))
            for template in HELD_OUT[order][:held_out_prompts]
        ]
        for order in ORDERS
    }
    documents, held_out = [], []
    for subset, fact in placed:
        for order in ORDERS if subset == "Both" else (subset,):
            for template in trained[order]:
                sentence = fill(template, order, fact)
                completion = sentence.answer + sentence.rest
                documents.append(document(sentence.prompt, completion, fact.id, subset, order))
        for order in ORDERS:
            for number, (template, far) in enumerate(asked[order]):
                sentence = fill(template, order, fact)
                held_out.append(
                    HeldOutPrompt(
                        prompt=sentence.prompt, answer=sentence.answer, fact=fact.id, subset=subset,
                        order=order, template=number, distance=far,
                    )
                )  # fmt: skip
    return Dataset(documents=tuple(documents), held_out=tuple(held_out), facts=tuple(placed))


def document(prompt: str, completion: str, fact: str, subset: str, order: str) -> Document:
    """Return a document with the labels that all of this experiment's have."""
    return Document(
        prompt=prompt, completion=completion, fact=fact, labels={"subset": subset, "order": order}
    )
