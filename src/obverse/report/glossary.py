"""Explanations of terms, put where a term first stands in a part of the page."""

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from obverse.core.format import whole
from obverse.core.page import Finished

GENERAL = {
    "exact match": "The share of answers that are the right one, as the model writes it, word for word; "
    "from 0 (none) to 1 (all). Unless a question asks for more, as many words are compared as the right "
    "answer has: what a model goes on to say does not count.",
    "nat": "The unit of log-probabilities and losses. One nat more is 2.7 times as likely, two nats 7.4 "
    "times.",
    "log-probability": "How likely the model finds a text: the logarithm of its probability, in nats. 0 "
    "is certain; the more negative, the less likely.",
    "log-prob": "Log-probability: how likely the model finds a text, in nats.",
    "control": "A claim that has to hold for others to mean anything, such as that the model has learnt "
    "what it was told. It is tested first.",
    "primary claim": "What the study was made to test. All primary claims share one level, so that the "
    "chance of even one false verdict stays below it.",
    "Holm": "A way to test several claims at once: the smallest p-value is compared with the level "
    "divided by the number of claims, the next with a little more, and so on.",
    "p-value": "How often data like these would come about by chance alone if the claim were only just "
    "untrue. Small values speak for the claim.",
    "95 % interval": "Values that the data leave plausible: a method that gives such intervals covers "
    "the true value in 95 of 100 studies.",
    "criterion": "What the true value has to be for the claim to hold, such as above 0.083.",
    "holds": "The data show the claim, and all that it needs is shown too.",
    "fails": "The data show the opposite of the claim.",
    "undecided": "The data show neither the claim nor its opposite: there are too few of them, or a "
    "control does not hold.",
    "explored": "Looked at and reported with an interval, but not tested.",
    "equivalence": "That two things are alike is shown by both tests of a difference above and below a "
    "margin, not by the lack of a significant difference.",
    "seed": "The number that a training's random choices follow from: data, first weights and order. "
    "Another seed is another training.",
    "chance": "What blind guessing reaches.",
    "rank": "The place of the right answer among the candidates by how likely the model finds them; 1 is "
    "the likeliest.",
    "jackknife": "An interval from how much the result changes when one fact, or one training, is left "
    "out at a time.",
    "preset": "A set of settings that comes with the experiment, such as a small one for a laptop.",
    "linear probe": "A simple classifier that reads something off a model's hidden states; if it can, "
    "the model has it there.",
}  # fmt: skip
KINDS = {
    "Scratch": "A small transformer that was made here and trained from nothing on the study's texts.",
    "Grown": "A small transformer that was trained here from nothing on general text, and asked while it "
    "grew.",
    "Checkpoint": "A pretrained model, loaded from its files.",
    "Endpoint": "A model behind a server, asked as it is.",
    "Hosted": "A model that a service finetunes and serves.",
}
SHAPE = ("architecture", "layers", "hidden_size", "heads", "tokenizer")
ARXIV = r"arXiv[: ]?(?P<arxiv>\d{4}\.\d{4,5})"
# What stands at a term without a space goes with it where a line ends: browsers break lines before and
# behind a button, even within "(seed)," and "Holm’s".
BEFORE, BEHIND = re.compile(r"[^\w\s]{0,6}\Z"), re.compile(r"(?:[’']s\b)?[^\w\s]{0,6}")
NO_BREAK = "\u00a0"
# "52 %", "n = 5", and intervals.
IN_ONE = re.compile(r"(?<=\d) (?=%)|(?<=\bn) (?== \d)|(?<=\bn =) (?=\d)|(?<=[\d–],) (?=[−\d.–]+\])")


def of_models(finished: Finished) -> dict[str, str]:
    """Return what each model of a study is: how it was made, its shape and its size."""
    sizes = {run["model"]: run["parameters"] for run in finished.runs if run["parameters"] is not None}
    return {model["name"]: _model(model, sizes.get(model["name"])) for model in finished.study["models"]}


def _model(model: Mapping[str, Any], size: int | None) -> str:
    kind = str(model.get("type", "")).rpartition(":")[2]
    shape = [f"{key.replace('_', ' ')} {model[key]}" for key in SHAPE if model.get(key) is not None]
    if size is not None:
        shape.append(f"{whole(size)} parameters")
    said = KINDS.get(kind, f"A model of this study, of the class {kind}." if kind else "A model.")
    return f"{said} {', '.join(shape)}." if shape else said


class Terms:
    """Marks terms in texts, once a part of the page, and knows which it has marked.

    Args:
        glossary: the terms and what they mean.
        name: a part of the addresses of explanations, where a page has several glossaries.
    """

    def __init__(self, glossary: Mapping[str, str], name: str = "") -> None:
        self._glossary = dict(glossary)
        self._name = name
        self._marked: set[tuple[str, str]] = set()
        self._numbers: dict[str, int] = {}
        terms = sorted(map(_pattern, filter(None, self._glossary)), key=len, reverse=True)
        # A letter, a digit or a hyphen before or behind makes another word of it.
        known = (
            rf"(?<![\w-])(?P<term>{'|'.join(terms)})(?:s(?![\w-])|(?![\w-]))"
            if terms
            else r"(?!)(?P<term>)"
        )
        self._pattern = re.compile(f"{known}|{ARXIV}")

    def __call__(self, text: object, part: str = "") -> Markup:
        """Return a text as HTML: terms are buttons, the papers of arXiv links, the rest is escaped."""
        text = str(text)
        shown = self._shown(text, part)
        starts = [*(found.start() for found, _ in shown), len(text)]
        made, end = Markup(), 0
        for (found, term), following in zip(shown, starts[1:], strict=True):
            start, stop = found.span()
            if term:
                before = BEFORE.search(text, end, start)
                behind = BEHIND.match(text, stop, following)
                start = before.start() if before else start
                stop = behind.end() if behind else stop
            one = _plain(text[start : found.start()]) + self._one(found, term)
            one += _plain(text[found.end() : stop])
            alone = (start, stop) == found.span()
            made += _plain(text[end:start])
            made += one if alone else Markup('<span class="joined">{}</span>').format(one)
            end = stop
        return made + _plain(text[end:])

    def _shown(self, text: str, part: str) -> list[tuple[re.Match[str], str]]:
        """Return papers ("") and those terms of a text that its part of the page has not had, marking
        them."""
        shown = []
        for found in self._pattern.finditer(text):
            term = found["term"] or ""
            if term and term not in self._glossary:
                term = term[0].lower() + term[1:]
            if (part, term) not in self._marked:
                shown.append((found, term))
            if term:
                self._marked.add((part, term))
        return shown

    def _one(self, found: re.Match[str], term: str) -> Markup:
        if not term:
            return Markup('<a href="https://arxiv.org/abs/{}">{}</a>').format(found["arxiv"], found[0])
        number = self._numbers.setdefault(term, len(self._numbers) + 1)
        button = Markup('<button type="button" class="term" popovertarget="term-{}">{}</button>')
        return button.format(f"{self._name}{number}", _plain(found[0]))

    @property
    def used(self) -> list[tuple[str, str, str]]:
        """The address, the term and the explanation of all that was marked so far, by the alphabet."""
        return [
            (f"{self._name}{self._numbers[term]}", term, self._glossary[term])
            for term in sorted(self._numbers, key=str.casefold)
        ]


def _plain(text: str) -> Markup:
    """Return a text as HTML, without breaks in its percentages and intervals."""
    return escape(IN_ONE.sub(NO_BREAK, text))


def _pattern(term: str) -> str:
    """Return a pattern of a term, which may begin a sentence."""
    first, capital = term[0], term[0].upper()
    if capital == first or capital.lower() != first:  # "µ" and "ß" have no capital of their own
        return re.escape(term)
    return f"[{first}{capital}]{re.escape(term[1:])}"
