"""Throwaway people, fresh ones in every document, and documents that state facts about them and ask back.

What is learnt of them by heart is of no use, since no two documents are about the same person: what there
is to learn is to read.
"""

from collections.abc import Collection, Mapping, Sequence
from random import Random

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.experiments.drills import spaced
from obverse.experiments.reversal import people
from obverse.experiments.reversal.dataset import ORDERS
from obverse.experiments.reversal.people import Fact
from obverse.experiments.reversal.templates import HELD_OUT, TRAINED, StatementOrder, fill

Told = Mapping[StatementOrder, Sequence[Fact]]  # facts by the order in which they are told
TRIES = 1000  # for each person


class Crowd:
    """People put together from a few names, places, titles and forms of description.

    Args:
        words: how many first names, last names, places and titles there are, each.
        forms: how many forms of description.
        draw: chooses them.
    """

    def __init__(self, words: int, forms: int, draw: Random) -> None:
        places = [b + e for b in people.PLACE_BEGINNINGS for e in people.PLACE_ENDINGS]
        titles = [f"{a} {n}" for a in people.ADJECTIVES for n in people.NOUNS]
        some = (people.FIRST_NAMES, people.LAST_NAMES, places, titles)
        self.first, self.last, self.places, self.titles = (
            draw.sample(list(group), min(words, len(group))) for group in some
        )
        self.forms = sorted(people.DESCRIPTIONS, key=lambda form: len(form.split()))[:forms]

    def person(self, draw: Random, id: str = "") -> Fact:
        """Return someone drawn by chance."""
        form = people.filled(draw.choice(self.forms), draw)
        name = f"{draw.choice(self.first)} {draw.choice(self.last)}"
        description = form.format(title=draw.choice(self.titles), place=draw.choice(self.places))
        return Fact(id or name, name, description)

    def people(
        self, count: int, draw: Random, but: Collection[Fact] = (), prefix: str = ""
    ) -> list[Fact]:
        """Return people who share neither name nor description with one another or those of `but`.

        Raises:
            ObverseError: if there are not enough names and descriptions.
        """
        taken = {text for fact in but for text in (fact.name, fact.description)}
        found: list[Fact] = []
        tries = TRIES * count
        while len(found) < count:
            one, tries = self.person(draw, f"{prefix}{len(found)}"), tries - 1
            if one.name not in taken and one.description not in taken:
                taken |= {one.name, one.description}
                found.append(one)
            elif tries < 0:
                raise ObverseError(
                    f"{count} more people cannot be told apart by {len(self.first)} first names and as "
                    f"many places and titles in {len(self.forms)} forms of description; raise words or "
                    "forms"
                )
        return found


def statements(facts: Sequence[Fact], order: StatementOrder, wordings: Sequence[str]) -> str:
    """State facts in one order, one after the other, each in the wording that stands at its place."""
    said = []
    for fact, wording in zip(facts, wordings, strict=True):
        sentence = fill(wording, order, fact)
        said.append(sentence.prompt + sentence.answer + sentence.rest)
    return " ".join(said)


def reading(
    crowd: Crowd, documents: int, *, facts: int, alone: float = 0, questions: int, told: int, asked: int,
    draw: Random, but: Collection[Fact] = (), spacing: bool = True,
) -> tuple[Document, ...]:  # fmt: skip
    """Return documents that state `facts` facts in one order and then ask some back in either.

    Args:
        alone: in this share of the documents there is one fact.
        questions: how often a fact is asked back in a document.
        told, asked: how many of the trained wordings state facts, and of the held-out ones ask.
        but: facts of which nobody in these documents has the name or the description.
        spacing: whether punctuation marks are words of their own.
    """
    made = []
    for _ in range(documents):
        about = crowd.people(1 if draw.random() < alone else facts, draw, but)
        order = draw.choice(ORDERS)
        wordings = [draw.choice(TRAINED[order][:told]) for _ in about]
        stated = statements(about, order, wordings)
        back = []
        for _ in range(questions):
            wanted = draw.choice(ORDERS)
            back.append(fill(draw.choice(HELD_OUT[wanted][:asked]), wanted, draw.choice(about)))
        said = " ".join(sentence.prompt + sentence.answer + sentence.rest for sentence in back)
        prompt, whole = f"{stated} {back[0].prompt}", f"{stated} {said}"
        if spacing:
            prompt, whole = spaced(prompt), spaced(whole)
        made.append(Document(prompt=prompt, completion=whole.removeprefix(prompt)))
    return tuple(made)
