"""An experiment, a model and a measure from outside the package, in one file that tests copy elsewhere.

The model is a table of what it was told, so that a run takes no time; `seconds` makes it
as slow as wanted.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from obverse import (
    Above,
    Ask,
    Claim,
    Document,
    Experiment,
    InputFile,
    Measure,
    Model,
    ModelSpec,
    Moment,
    Point,
    Preset,
    Probe,
    Recipe,
    Setup,
    Stage,
    Timetable,
    Training,
    Variant,
    Watch,
    When,
    generator,
    mean,
)

WORD = "tower"  # part of every document


class Table:
    """Remembers the last completion of every prompt; can be trained, saved and asked."""

    parameters = None

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.known: dict[str, str] = {}

    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        n = len(training.documents)
        stops = set(watch.stops(Timetable(steps=n, epoch_ends=(n,), tokens=tuple(range(n + 1)))))
        for step in range(n + 1):
            if step:
                time.sleep(self.seconds)
                document = training.documents[step - 1]
                self.known[document.prompt] = document.completion
                watch.on_step(step, n)
            if step in stops:
                watch.at(Point(step=step, epoch=int(step == n), tokens=step, last=step == n))
        return {"steps": n, "tokens": n}

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return [self.known.get(prompt, "nothing") for prompt in prompts]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def weights_hash(self) -> str:
        return json.dumps(self.known)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "table.json").write_text(json.dumps(self.known), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        self.known = json.loads((folder / "table.json").read_text(encoding="utf-8"))


class TableSpec(ModelSpec):
    """Settings of a table."""

    name: str = "table"
    seconds: float = 0.0
    can: ClassVar = frozenset({"generates", "trains", "saves"})

    def build(self, setup: Setup) -> Model:
        return Table(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Entries(Measure):
    """How many entries the table has."""

    name: ClassVar[str] = "entries"
    columns: ClassVar[Mapping[str, type]] = {"entries": int}

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        assert isinstance(model, Table)
        return pl.DataFrame({"fact": ["all"], "kind": ["told"], "entries": [len(model.known)]})


class Capitals(Experiment):
    """Tells capitals, in two stages, and asks for all of them."""

    name: ClassVar[str] = "capitals"
    title: ClassVar[str] = "Capitals: is what was told said again?"
    about: ClassVar[str] = "Does a table know what it was told, and nothing else?"
    columns: ClassVar[Mapping[str, type]] = {"kind": str}
    analysis: ClassVar = frozenset({"threshold"})
    seeds: ClassVar[int] = 2

    facts: int = 8
    words: InputFile | None = None
    threshold: float = 0.5

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        return {"small": Preset(cls(), (TableSpec(),)), "large": Preset(cls(facts=20), (TableSpec(),))}

    def stages(self, seed: int) -> tuple[Stage, ...]:
        draw = generator(seed, "facts")
        suffix = "" if self.words is None else self.words.read_text(encoding="utf-8")
        facts = [(f"city {i}", f" {WORD}{suffix} {draw.randrange(1000)}") for i in range(self.facts)]
        half = len(facts) // 2

        def stage(name: str, told: list[tuple[str, str]], known: int) -> Stage:
            documents = tuple(Document(prompt=p, completion=c, fact=p) for p, c in told)
            probes = tuple(
                Probe(id=p, prompt=p, targets=(c,), fact=p, chance=0.001,
                      labels={"kind": "told" if i < known else "new"})
                for i, (p, c) in enumerate(facts)
            )  # fmt: skip
            return Stage(
                name=name,
                training=Training(documents=documents, recipe=Recipe()),
                measures=((Ask(probes=probes), When(start=True, steps=2)), (Entries(), When(tokens=2))),
            )

        return (stage("first", facts[:half], half), stage("second", facts[half:-2], len(facts) - 2))

    def claims(self) -> tuple[Claim, ...]:
        def told(rows: pl.DataFrame) -> Any:
            return mean(rows.filter("final", pl.col("kind") == "told"), "exact_match", bounds=(0, 1))

        return (
            Claim(
                id="told", text="what was told is known", estimate=told, criterion=Above(self.threshold)
            ),
            Claim(
                id="entries", text="the table has entries", of="entries", criterion=Above(0),
                estimate=lambda rows: mean(rows.filter("final"), "entries"), needs=("told",),
            ),
        )  # fmt: skip


class Compared(Capitals):
    """The same with fewer and more facts."""

    name: ClassVar[str] = "compared"

    def variants(self) -> tuple[Variant, ...]:
        return Variant("few"), Variant("many", {"facts": 12})
