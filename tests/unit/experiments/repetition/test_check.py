"""What is wrong with classes, for a tokenizer or for any."""

from obverse.core.data import Probe
from obverse.experiments.repetition.check import problems


def probe(prompt: str, *classes: str) -> Probe:
    return Probe(id="x", prompt=prompt, targets=classes[:1], fact="x", candidates=classes)


def test_flawed_items_are_told() -> None:
    assert problems(probe("A, B,", " A", " B")) == []
    assert problems(probe("A, B, ", "A", "B")) == ["the prompt ends in a space before the class"]
    assert problems(probe("so", " in", " into")) == ["the class ' in' is a prefix of ' into'"]

    def letters(prompt: str, continuation: str) -> int:
        return len(continuation.strip())

    assert problems(probe("A, B,", " A", " B"), letters) == []
    assert problems(probe("so", " no", " on"), letters) == [
        "the class ' no' is 2 tokens in context",
        "the class ' on' is 2 tokens in context",
    ]
    assert problems(probe("so", " A", " on"), letters) == [
        "the class ' on' is 2 tokens in context",
        "the classes differ in length",
    ]
