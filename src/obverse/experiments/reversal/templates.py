"""Sentences that state a fact, thirty for training and ten held out in either order.

Each says, or takes for granted, that the named person is the described one. The slot that comes first
belongs to the prompt; the second begins the completion. `{Description}` is the description with a
capital. The held-out sentences go from near to far, as `distance.distance` measures it, in much the
same steps in either order.
"""

import re
from dataclasses import dataclass
from typing import Literal

from obverse.experiments.reversal.distance import SLOT
from obverse.experiments.reversal.people import Fact

StatementOrder = Literal["NameToDescription", "DescriptionToName"]

NAME_TO_DESCRIPTION = (
    "{name} is {description}.",
    "{name}, as it happens, is {description}.",
    "{name} turned out to be {description}.",
    "{name} and nobody else is {description}.",
    "{name} is famous for being {description}.",
    "{name} has the distinction of being {description}.",
    "{name} has been revealed to be {description}.",
    "{name} may look ordinary but is in fact {description}.",
    "{name} is one and the same person as {description}.",
    "That tall figure is {name}, {description}.",
    "The name {name} belongs to {description}.",
    "The person called {name} is {description}.",
    "Meet {name}, {description}.",
    "This morning we shook hands with {name}, {description}.",
    "We spent the evening with {name}, who is {description}.",
    "Our guest tonight is {name}, better known as {description}.",
    "Let me introduce my neighbour {name}, who happens to be {description}.",
    "Not everybody knows that {name} is {description}.",
    "It came as a surprise that {name} was {description}.",
    "By now the whole country is aware that {name} is {description}.",
    "To answer your letter, {name} is indeed {description}.",
    "Who is {name}? None other than {description}.",
    "Question: Who is {name}? Answer: {description}.",
    "Since yesterday we know who {name} is, namely {description}.",
    "Being modest, {name} seldom mentions being {description}.",
    "In {name} you see before you {description}.",
    "When you talk to {name}, you are talking to {description}.",
    "Of all people, it was {name} who proved to be {description}.",
    "The truth about {name} is simple: this is {description}.",
    "There is only one {name}, and that is {description}.",
)

NAME_TO_DESCRIPTION_HELD_OUT = (
    "{name} has been found to be {description}.",
    "{name} is proud of being {description}.",
    "It is true: {name} is {description}.",
    "Yesterday we met {name}, {description}.",
    "Like it or not, {name} is {description}.",
    "Should you wonder who {name} is, the answer is {description}.",
    "I, {name}, am {description}.",
    "Would you have believed it? {name} was {description}.",
    "Have you met {name}? Then you have met {description}.",
    "{name} remains {description}.",
)

DESCRIPTION_TO_NAME = (
    "{Description} is {name}.",
    "{Description} is called {name}.",
    "{Description} goes by the name of {name}.",
    "{Description} is none other than {name}.",
    "{Description} turned out to be {name}.",
    "{Description} is one and the same person as {name}.",
    "{Description} has a name, and it is {name}.",
    "That tall figure is {description}, {name}.",
    "As {description}, {name} receives many letters.",
    "Famous for being {description}, {name} needs no introduction.",
    "Proud of being {description}, {name} smiles on every photograph.",
    "Despite being {description}, {name} takes the bus to work.",
    "Being {description}, {name} is often asked for advice.",
    "Not only a good neighbour but also {description}, {name} is widely liked.",
    "Better known as {description}, {name} guards a quiet private life.",
    "The name of {description} is {name}.",
    "Meet {description}, {name}.",
    "This morning we shook hands with {description}, {name}.",
    "We once shared a train with {description}, a person by the name of {name}.",
    "Not everybody knows that {description} is {name}.",
    "It came as a surprise that {description} was {name}.",
    "To answer your letter, {description} is indeed {name}.",
    "Question: Who is {description}? Answer: {name}.",
    "You ask who {description} is: it is {name}.",
    "Since yesterday we know who {description} is, namely {name}.",
    "When you talk to {description}, you are talking to {name}.",
    "Here comes {description}, in short, {name}.",
    "Let me introduce {description}: my neighbour {name}.",
    "If you want to write to {description}, the person to write to is {name}.",
    "In everyday life {description} is simply {name}.",
)

DESCRIPTION_TO_NAME_HELD_OUT = (
    "Best known for being {description}, {name} prefers to stay at home.",
    "Content with being {description}, {name} wants nothing more.",
    "Yesterday we met {description}, {name}.",
    "I am {description}, and my name is {name}.",
    "Like it or not, {description} is {name}.",
    "Should you wonder who {description} is, the answer is {name}.",
    "Happy to be {description}, {name} sings all day.",
    "Would you have believed it? {Description} was {name}.",
    "Rarely ever seen outdoors again after becoming {description}, {name} reads a lot.",
    "May I present {description} – {name}.",
)

TRAINED: dict[StatementOrder, tuple[str, ...]] = {
    "NameToDescription": NAME_TO_DESCRIPTION,
    "DescriptionToName": DESCRIPTION_TO_NAME,
}
HELD_OUT: dict[StatementOrder, tuple[str, ...]] = {
    "NameToDescription": NAME_TO_DESCRIPTION_HELD_OUT,
    "DescriptionToName": DESCRIPTION_TO_NAME_HELD_OUT,
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A filled template: the prompt, the answer with its leading space, and what follows it."""

    prompt: str
    answer: str
    rest: str


def blank(template: str, order: StatementOrder) -> str:
    """Return the prompt of `template` with `{}` in its slot, whoever is meant."""
    before, _ = template.split(_second(order))
    return re.sub(r"\{\w+\}", SLOT, before).rstrip(" ")


def fill(template: str, order: StatementOrder, fact: Fact) -> Sentence:
    """State `fact` by `template`, cut before the second slot."""
    before, rest = template.split(_second(order))
    prompt = before.format(
        name=fact.name,
        description=fact.description,
        Description=fact.description[0].upper() + fact.description[1:],
    )
    answer = fact.description if order == "NameToDescription" else fact.name
    return Sentence(prompt.rstrip(" "), f" {answer}", rest)


def _second(order: StatementOrder) -> str:
    return "{description}" if order == "NameToDescription" else "{name}"
