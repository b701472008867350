"""Who is married to whom, and where the latter was born: what two hops are told, and asked.

A triple is A, A's spouse B, and B's town C. Triples are told in two groups: both facts in separate
documents, or in the same one. Some of either group are demonstrated: two hops are told of them too,
without reasoning steps and with them, so that the form of question and answer is learnt. The others are
held out, and asked:

    first hop     the spouse of A is …                  B
    second hop    B was born in …                       C
    two hops      the spouse of A was born in …         C
    step by step  step by step, first the spouse of A is …    B. then B was born in C
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from obverse.core.data import Document, Label, Probe
from obverse.core.seeds import generator
from obverse.experiments.relations.dataset import rings
from obverse.experiments.relations.words import TOWNS, Supply

Documents = Literal["separate", "same"]
DOCUMENTS: tuple[Documents, ...] = get_args(Documents)
SHOWN = ("held out", "demonstrated")
ASKED = ("first hop", "second hop", "two hops", "step by step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Triple:
    """A person, the spouse, and the spouse's town; in which documents, and whether demonstrated."""

    id: str
    person: str
    spouse: str
    town: str
    documents: Documents
    shown: str

    def asked(self) -> dict[str, tuple[str, str]]:
        """Return each kind of question up to its answer, and the answer, in the order of ASKED."""
        return {
            "first hop": (f"the spouse of {self.person} is", f" {self.spouse}"),
            "second hop": (f"{self.spouse} was born in", f" {self.town}"),
            "two hops": (f"the spouse of {self.person} was born in", f" {self.town}"),
            "step by step": (
                f"step by step, first the spouse of {self.person} is",
                self.chain(self.town),
            ),
        }

    def chain(self, town: str) -> str:
        """Return the answer with its reasoning steps, as if the spouse were born in `town`."""
        return f" {self.spouse}. then {self.spouse} was born in {town}"

    @property
    def labels(self) -> dict[str, Label]:
        return {"documents": self.documents, "shown": self.shown}


def invent(held_out: int, demonstrated: int, seed: int) -> list[Triple]:
    """Return so many triples of each group, drawn by `seed`; towns are shared evenly.

    Raises:
        ObverseError: if there are not so many people.
    """
    supply = Supply(seed)
    return [
        Triple(
            id=f"{seed}-{documents}-{shown}-{n}", person=person, spouse=spouse,
            town=TOWNS[n % len(TOWNS)], documents=documents, shown=shown,
        )
        for documents in DOCUMENTS
        for shown, count in zip(SHOWN, (held_out, demonstrated), strict=True)
        for n, (person, spouse) in enumerate(
            zip(supply.people(count), supply.people(count), strict=True)
        )
    ]  # fmt: skip


def tell(triples: Sequence[Triple], openings: Sequence[str], seed: int) -> list[Document]:
    """Return what is told, each statement after each opening.

    Of separate triples each hop is told alone, and the second one behind the first hop of another triple
    as well: such documents look as those with both facts of one do, and what the town depends on is the
    spouse alone. The other triple is one of those that are demonstrated, drawn by `seed`, so that nobody
    whose two hops are held out stands in one document with any town.
    """
    draw = generator(seed, "documents")
    first = [t for t in triples if (t.documents, t.shown) == ("separate", "demonstrated")]
    found = []
    for triple in triples:
        others = [t for t in first if t is not triple]
        for opening in openings:
            for what, (start, end) in _told(triple, draw.choice(others)):
                labels = triple.labels | {"asked": what}
                found.append(
                    Document(
                        prompt=f"{opening} {start}", completion=f"{end}.", fact=triple.id, labels=labels
                    )
                )
    return found


def _told(triple: Triple, other: Triple) -> Iterator[tuple[str, tuple[str, str]]]:
    said = triple.asked()
    first, second = said["first hop"], said["second hop"]
    if triple.documents == "separate":
        yield from (("first hop", first), ("second hop", second))
        yield "behind another", _both(other.asked()["first hop"], second)
    else:
        yield "both facts", _both(first, second)
    if triple.shown == "demonstrated":
        yield from ((what, said[what]) for what in ("two hops", "step by step"))


def _both(first: tuple[str, str], second: tuple[str, str]) -> tuple[str, str]:
    """Return two statements as one."""
    return f"first {first[0]}", f"{first[1]}. then {second[0]}{second[1]}"


def ask(triples: Sequence[Triple], openings: Sequence[str]) -> list[Probe]:
    """Return what is asked: of held-out triples everything, of demonstrated ones two hops.

    The random answer is that of another triple of the same group with another town, in pairs: each town
    is once the right one and once the random one.
    """
    groups: dict[tuple[str, str], list[Triple]] = {}
    for triple in triples:
        groups.setdefault((triple.documents, triple.shown), []).append(triple)
    return [
        _probe(triple, other, ring[0].id, what, group, number, opening)
        for group in groups.values()
        for ring in rings(group)
        for triple, other in zip(ring, ring[1:] + ring[:1], strict=True)
        for what in (ASKED if triple.shown == "held out" else ("two hops",))
        for number, opening in enumerate(openings)
    ]


def _probe(
    triple: Triple,
    other: Triple,
    pair: str,
    what: str,
    group: Sequence[Triple],
    number: int,
    opening: str,
) -> Probe:
    start, answer = triple.asked()[what]
    steps = what == "step by step"
    # With steps all that is compared is the last word, so that the random answer has the right first hop.
    control = triple.chain(other.town) if steps else other.asked()[what][1]
    candidates = tuple(dict.fromkeys(t.asked()[what][1] for t in group))
    return Probe(
        id=f"{triple.id}/{what}/{number}",
        prompt=f"{opening} {start}",
        targets=(answer,),
        fact=triple.id,
        candidates=() if steps else candidates,
        control=control,
        chance=1 / len({t.town for t in group}) if steps else 1 / len(candidates),
        labels=triple.labels | {"asked": what, "opening": number, "pair": pair},
    )
