"""An experiment of two stages that tells few texts and takes all measures that a shared model can be
asked for, and a model from scratch for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import polars as pl
from torch.distributed.tensor import DTensor

from obverse import (
    Ask,
    Claim,
    Document,
    Experiment,
    Labelled,
    LinearProbe,
    Measure,
    Model,
    Moment,
    Perplexity,
    Preset,
    Probe,
    Recipe,
    Sample,
    Stage,
    Training,
    When,
)
from obverse.models.module import ModuleModel
from obverse.models.scratch import Scratch

CITIES = ("Ames", "Bern", "Cork", "Dole", "Elba", "Fano", "Gent", "Hull", "Ivry", "Jena", "Kiel")
SMALL = Scratch(hidden_size=16, layers=2, heads=2, vocabulary=300)


@dataclass(frozen=True, kw_only=True)
class Held(Measure):
    """How many numbers of each parameter the process has that writes."""

    name: ClassVar[str] = "held"
    columns: ClassVar[Mapping[str, type]] = {"whole": int, "held": int}

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        assert isinstance(model, ModuleModel)
        rows = [
            (name, p.numel(), p.to_local().numel() if isinstance(p, DTensor) else p.numel())
            for name, p in model.model.named_parameters()
        ]
        return pl.DataFrame(rows, schema=["fact", "whole", "held"], orient="row")


class Halves(Experiment):
    """Tells where cities lie; then, of some, what is there."""

    name: ClassVar[str] = "halves"
    title: ClassVar[str] = "Halves"
    about: ClassVar[str] = "Is what was told said again?"

    recipe: Recipe = Recipe(
        epochs=3,
        batch_size=4,
        micro_batch_size=2,
        learning_rate=0.01,
        embedding_learning_rate=0.005,
        warmup_steps=2,
        weight_decay=0.1,
    )

    hidden: bool = False  # whether hidden states are read, which a model from scratch does not show

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        return {"small": Preset(cls(), (SMALL,))}

    def stages(self, seed: int) -> tuple[Stage, ...]:
        where = tuple(
            Document(prompt=f"{city} lies", completion=" north" + " by north" * (i % 4), fact=city)
            for i, city in enumerate(CITIES)
        )
        what = tuple(
            Document(prompt=f"In {city} is", completion=" a tower", fact=city) for city in CITIES[:5]
        )
        ask = Ask(
            probes=tuple(
                Probe(id=d.fact, prompt=d.prompt, targets=(d.completion,), fact=d.fact,
                      candidates=(d.completion, " south", " a bridge"))
                for d in what
            )
        )  # fmt: skip
        states = LinearProbe(
            task="place", folds=2,
            examples=tuple(
                Labelled(text=f"{letter} {word}", target=word, fact=letter + word)
                for letter in "ABCDEFGHIJKLMNOP"
                for word in ("x", "y")
            ),
        )  # fmt: skip
        measures = (
            (ask, When(start=True)),
            (Perplexity(documents=where), When(epochs=1)),
            (Sample(probes=ask.probes, samples=2), When()),
            (Held(), When(start=True)),
            *([(states, When())] if self.hidden else []),
        )
        return (
            Stage(
                name="where", training=Training(documents=where, recipe=self.recipe), measures=measures
            ),
            Stage(name="what", training=Training(documents=what, recipe=self.recipe), measures=measures),
        )

    def claims(self) -> tuple[Claim, ...]:
        return ()
