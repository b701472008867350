"""What a model is told (documents) and what it is asked (probes)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

Match = Literal["words", "whole", "normalised", "name"]
Label = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One training text: `prompt + completion`.

    `fact` names what the text states; `labels` say more of it. On disk a document is a JSON object with
    `prompt` and `completion`, as TRL and fine-tuning APIs take it, and `fact` and labels beside them.
    A model that reads other things than text (images, say) is trained on documents of another class,
    which has to be a dataclass; the harness passes them on unseen.
    """

    prompt: str = ""
    completion: str
    fact: str = ""
    labels: Mapping[str, Label] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One held-out question.

    Attributes:
        id: tells the probe from all others that are asked at the same moment.
        prompt: what the model reads.
        targets: the accepted answers. They, candidates and control are continuations as they would
            follow the prompt, with their leading space.
        fact: what is asked about, the unit that intervals resample.
        candidates: every answer that is ranked, the right one among them; empty for no ranking.
        control: the wrong answer drawn for the paired comparison.
        chance: how often naming a random candidate is right.
        match: how a generated answer is compared. "words" takes as many of its first words as the
            target has, "whole" all of it, "normalised" all of it without case, punctuation and
            articles, "name" looks for the target's first and last word in its first line; None
            generates nothing.
        labels: values of the columns that the experiment declares.
    """

    id: str
    prompt: str
    targets: tuple[str, ...]
    fact: str
    candidates: tuple[str, ...] = ()
    control: str | None = None
    chance: float | None = None
    match: Match | None = "words"
    labels: Mapping[str, Label] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("targets", "candidates"):
            if isinstance(getattr(self, name), str):  # a comma that was forgotten
                raise TypeError(f"probe {self.id}: {name} is a text; expected several, as (text,)")
        if not self.targets or not all(target.strip() for target in self.targets):
            raise ValueError(f"probe {self.id} has no accepted answer, or one without a letter")
        if self.control is not None and self.control in self.targets:
            raise ValueError(f"probe {self.id}: the control {self.control!r} is a right answer")


def document_row(document: Document) -> dict[str, Any]:
    """Return a document as its JSON object has it: `prompt` and `completion`, fact and labels."""
    about = {"prompt": document.prompt, "completion": document.completion, "fact": document.fact}
    return {**about, **document.labels}


def probe_row(probe: Probe) -> dict[str, Any]:
    """Return a probe as its JSON object has it, labels beside the rest."""
    row: dict[str, Any] = asdict(probe)
    labels: dict[str, Any] = row.pop("labels")
    return row | labels


# What a label cannot be called, since documents and probes have it already.
TAKEN = {f.name for kind in (Document, Probe) for f in fields(kind)}
