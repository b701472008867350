"""Ways of training on one table: a study whose variants set what its models predict."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import polars as pl

import obverse
from obverse import Ask, Document, Preset, Probe, Recipe, Scratch, Stage, Training, Variant, When
from tests.outside.inline import Inline

PAIRS = {"Ada": "red", "Bo": "blue", "Cy": "green", "Di": "white"}


class Colours(obverse.Experiment):
    """Who has which colour, told in one order with what comes first hidden or not."""

    name = "colours"
    title = "Colours"
    about = "A few words."
    columns: ClassVar[Mapping[str, type]] = {"order": str}

    recipe: Recipe = Recipe(epochs=60, batch_size=4, warmup_steps=5, learning_rate=5e-3)

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        model = Scratch(architecture="gpt2", hidden_size=32, layers=2, heads=2, tokenizer="words")
        return {"tiny": Preset(cls(), models=(model,))}

    def stages(self, seed: int) -> tuple[Stage, ...]:
        told = [
            Document(prompt=f"{who} has", completion=f" {what}", fact=who) for who, what in PAIRS.items()
        ]
        probes = [
            Probe(
                id=f"{who}-forwards", fact=who, prompt=f"{who} has", targets=(f" {what}",),
                candidates=tuple(f" {each}" for each in PAIRS.values()), match="whole",
                labels={"order": "forwards"},
            )
            for who, what in PAIRS.items()
        ]  # fmt: skip
        return (
            Stage(
                name="told",
                training=Training(documents=tuple(told), recipe=self.recipe),
                measures=((Ask(probes=tuple(probes)), When()),),
            ),
        )

    def claims(self) -> tuple[obverse.Claim, ...]:
        return ()

    def variants(self) -> tuple[Variant, ...]:
        """Models of hidden tokens take many more steps; the last one is but to be seen at work."""
        return (
            Variant("next token", {"model.tied": True}),
            Variant("bico", {"model.objective": "bico", "recipe.epochs": 200}),
            Variant("masked diffusion", {"model.objective": "masked diffusion", "recipe.epochs": 400}),
            Variant(
                "two ways",
                {
                    "model.objective": "mlm",
                    "model.architecture": "gpt-neox",
                    "model.shared_directions": False,
                    "recipe.epochs": 2,
                },
            ),
        )


def test_ways_of_training_learn_what_they_are_told(tmp_path: Path) -> None:
    """Each answers, ends its answer, and finds the right one likelier than the others."""
    execution = obverse.Execution(workers=1)
    rows = (
        obverse.study(Colours, seeds=1).run(tmp_path, executor=Inline(), execution=execution).observations
    )
    assert rows["logprob"].is_finite().all()
    assert rows["generation"].null_count() == 0
    learnt = rows.group_by("variant", maintain_order=True).agg(
        pl.col("exact_match").mean(), pl.col("rank").max()
    )
    ways = ("next token", "bico", "masked diffusion")
    assert learnt.rows()[:3] == [(way, 1.0, 1) for way in ways]
    assert learnt.rows()[3][:2] == ("two ways", 0.0)
