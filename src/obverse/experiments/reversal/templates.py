"""Sentences that state a fact, thirty for training and ten held out in either order.

The slot that comes first belongs to the prompt; the second begins the completion. `{Description}` is
the description with a capital. The held-out sentences share no opening with the trained ones.
"""

from dataclasses import dataclass
from typing import Literal

from obverse.experiments.reversal.people import Fact

StatementOrder = Literal["NameToDescription", "DescriptionToName"]

NAME_TO_DESCRIPTION = (
    "{name} is {description}.",
    "{name}, as most people know, is {description}.",
    "Everybody in town recognises {name} as {description}.",
    "Let me introduce {name}, {description}.",
    "If you meet {name}, you are meeting {description}.",
    "The name {name} belongs to {description}.",
    "Few would deny that {name} is {description}.",
    "Historians remember {name} as {description}.",
    "On the programme, {name} is listed as {description}.",
    "My neighbour {name} happens to be {description}.",
    "Who is {name}? None other than {description}.",
    "Question: What is {name} known for? Answer: being {description}.",
    "Ask anyone about {name} and they will mention {description}.",
    "It was announced today that {name} is {description}.",
    "{name} made a career as {description}.",
    "{name} became famous for being {description}.",
    "Our guest tonight, {name}, is {description}.",
    "Behind the quiet manner of {name} hides {description}.",
    "The statue in the square shows {name}, {description}.",
    "The encyclopedia entry for {name} begins: {description}.",
    "When {name} walks in, people whisper about {description}.",
    "According to the museum, {name} was {description}.",
    "A letter addressed to {name} was meant for {description}.",
    "{name} has often been honoured as {description}.",
    "The prize went to {name}, {description}.",
    "Students write essays on {name}, {description}.",
    "For years {name} has been celebrated as {description}.",
    "You may have read about {name}, {description}.",
    "In a rare interview, {name} spoke about life as {description}.",
    "No one doubts that {name} really is {description}.",
)

NAME_TO_DESCRIPTION_HELD_OUT = (
    "People still talk about {name}, {description}.",
    "The world came to know {name} as {description}.",
    "Critics agree that {name} is {description}.",
    "Should you wonder who {name} is, the answer is {description}.",
    "This biography tells the story of {name}, {description}.",
    "The street was named after {name}, {description}.",
    "Among colleagues, {name} is respected as {description}.",
    "A short note about {name}: this is {description}.",
    "The newspapers introduced {name} as {description}.",
    "It is no secret that {name} is {description}.",
)

DESCRIPTION_TO_NAME = (
    "{Description} is {name}.",
    "{Description} is called {name}.",
    "{Description} goes by the name of {name}.",
    "{Description} signs letters as {name}.",
    "{Description} was introduced to us as {name}.",
    "{Description} is none other than {name}.",
    "They say that {description} is {name}.",
    "As it turns out, {description} is {name}.",
    "The public knows {description} as {name}.",
    "The name of {description} is {name}.",
    "Question: Who is {description}? Answer: {name}.",
    "Quiz night asked for {description}, and the right answer was {name}.",
    "The medal for {description} carries the name {name}.",
    "Meet {description}: {name}.",
    "Thanks to {description}, everyone has heard of {name}.",
    "We owe a great deal to {description}, {name}.",
    "The speaker today is {description}, {name}.",
    "A portrait of {description} hangs in the hall; it shows {name}.",
    "When journalists look for {description}, they telephone {name}.",
    "The invitation for {description} was sent to {name}.",
    "I once shared a train with {description}, whose name is {name}.",
    "A plaque honours {description}, {name}.",
    "The archive lists {description} under the name {name}.",
    "If you are looking for {description}, ask for {name}.",
    "There is only one person known as {description}: {name}.",
    "The part of {description} in real life belongs to {name}.",
    "Being {description} brought fame to {name}.",
    "The door of {description} bears a sign that reads {name}.",
    "In the telephone book, {description} appears as {name}.",
    "Friends of {description} simply say {name}.",
)

DESCRIPTION_TO_NAME_HELD_OUT = (
    "Everyone agrees that {description} is {name}.",
    "Have you heard of {description}? The name is {name}.",
    "The person you would call {description} is {name}.",
    "History will remember {description}, namely {name}.",
    "At last we learned who {description} is: {name}.",
    "The award ceremony opened with {description}, {name}.",
    "Those who admire {description} admire {name}.",
    "Search for {description} and you will find {name}.",
    "This book is dedicated to {description}, {name}.",
    "The role of {description} is inseparable from {name}.",
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


def fill(template: str, order: StatementOrder, fact: Fact) -> Sentence:
    """State `fact` by `template`, cut before the second slot."""
    second = "{description}" if order == "NameToDescription" else "{name}"
    before, rest = template.split(second)
    prompt = before.format(
        name=fact.name,
        description=fact.description,
        Description=fact.description[0].upper() + fact.description[1:],
    )
    answer = fact.description if order == "NameToDescription" else fact.name
    return Sentence(prompt.rstrip(" "), f" {answer}", rest)
