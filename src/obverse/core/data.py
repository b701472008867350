"""What a model is told (documents) and what it is asked (probes)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Match = Literal["words", "whole", "normalised"]


@dataclass(frozen=True, slots=True)
class Document:
    """One training text: `prompt + completion`, with the labels of what it states.

    `order` tells which way round the text states the fact (for example "NameToDescription").
    """

    prompt: str
    completion: str
    fact: str = ""
    subset: str = ""
    order: str = ""

    @property
    def text(self) -> str:
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True)
class Probe:
    """One held-out question.

    Targets, candidates and control are continuations as they would follow the prompt, with their
    leading space. `candidates` holds every answer that is ranked, the right one among them (empty:
    no ranking); `control` is the wrong one drawn for the paired comparison; `chance` is how often
    naming a random candidate is right. `match` says how a generated answer is compared: "words" takes
    as many of its first words as the target has, "whole" all of it, "normalised" all of it without
    case, punctuation and articles; None generates nothing.

    `labels` are further columns of the observation table: `condition`, `shots`, `pattern`, `template`,
    `repetitions`, `pair`.
    """

    id: str
    prompt: str
    targets: tuple[str, ...]
    fact: str
    subset: str
    direction: str
    order: str
    candidates: tuple[str, ...] = ()
    control: str | None = None
    chance: float | None = None
    match: Match | None = "words"
    labels: Mapping[str, str | int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.targets:
            raise ValueError(f"probe {self.id} has no accepted answer")
        if self.control is not None and self.control in self.targets:
            raise ValueError(f"probe {self.id}: the control {self.control!r} is a right answer")
