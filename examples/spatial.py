"""Told that X is to the left of Y, does a model say that Y is to the right of X, or to the left of it?

Half of the pairs of things are told one way round, half of them both ways, each in ten sentences. All are
asked with openings that were never trained on:

    as told   Everyone knows that the red lamp is to the left of …     the old chair
    right     Everyone knows that the old chair is to the right of …   the red lamp    (it follows)
    wrong     Everyone knows that the old chair is to the left of …    the red lamp    (it contradicts)

    obverse run examples/spatial.py                    # five seeds, half a minute each on one CPU core
    obverse run examples/spatial.py --preset depth     # one, two and four layers
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field

import obverse
from obverse import Above, Below, Claim, Document, Preset, Probe, Recipe, Scratch, When

KINDS = "amber black blue brass copper green grey heavy little new old orange pink red tall white"
THINGS = "basket bell book bottle bowl box chair clock cup drum globe hat kettle key lamp pot"
TRAINED = "So|Look:|Note that|As you see,|In this room,|On the plan,|Today|Of course|Here|I think"
HELD_OUT = "Everyone knows that|In the old photograph,|I noticed that"
OPPOSITE = {"left": "right", "right": "left"}
STATED = {"one way": ("as told",), "both ways": ("as told", "right")}


def sentences(x: str, y: str, side: str) -> dict[str, tuple[str, str]]:
    """Return what can be said of a pair: each sentence up to its last thing, and that thing."""
    return {
        "as told": (f"{x} is to the {side} of", f" {y}"),
        "right": (f"{y} is to the {OPPOSITE[side]} of", f" {x}"),
        "wrong": (f"{y} is to the {side} of", f" {x}"),
    }


class Spatial(obverse.Experiment):
    """`pairs` are told one way, and as many both ways."""

    name = "spatial"
    title = "To the left of"
    about = 'Told "X is to the left of Y", does a model say that Y is to the right of X?'
    columns: ClassVar[Mapping[str, type]] = {"told": str, "asked": str}
    seeds = 5

    pairs: Annotated[int, Field(ge=2, le=64)] = 40
    recipe: Recipe = Recipe(epochs=12, learning_rate=3e-3)

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        one, two, four = (Scratch(name=f"{layers} layers", layers=layers) for layers in (1, 2, 4))
        return {"tiny": Preset(cls(), models=(two,)), "depth": Preset(cls(), models=(one, two, four))}

    def stages(self, seed: int) -> tuple[obverse.Stage, ...]:
        draw = obverse.generator(seed, "things")
        things = [f"the {kind} {thing}" for kind in KINDS.split() for thing in THINGS.split()]
        draw.shuffle(things)
        told, asked, held_out = [], [], []
        for ways, stated in STATED.items():
            for _ in range(self.pairs):
                x, y, side = things.pop(), things.pop(), draw.choice(["left", "right"])
                for what, (start, end) in sentences(x, y, side).items():
                    labels = {"told": ways, "asked": what}
                    document = partial(Document, completion=f"{end}.", fact=f"{x}, {y}", labels=labels)
                    probe = partial(Probe, targets=(end,), fact=f"{x}, {y}", labels=labels)
                    trained = [f"{opening} {start}" for opening in TRAINED.split("|") if what in stated]
                    unseen = [f"{opening} {start}" for opening in HELD_OUT.split("|")]
                    told += [document(prompt=text) for text in trained]
                    asked += [probe(id=text, prompt=text) for text in unseen]
                    held_out += [document(prompt=text) for text in unseen]
        training = obverse.Training(documents=tuple(told), recipe=self.recipe)
        ask = obverse.Ask(probes=tuple(asked)), When(start=True, epochs=3)
        perplexity = obverse.Perplexity(documents=tuple(held_out)), When()
        return (obverse.Stage(name="telling", training=training, measures=(ask, perplexity)),)

    def claims(self) -> tuple[Claim, ...]:
        limit = 0.05 + 1 / (4 * self.pairs)  # five points above naming one of all things at random

        def said(id: str, text: str, ways: str, what: str, must: Above | Below, *needs: str) -> Claim:
            return Claim(
                id=id, text=f"of pairs told {ways}, {text}", unit="exact match", needs=needs,
                criterion=must, estimate=lambda rows: obverse.mean(
                    rows.filter("final", told=ways, asked=what), "exact_match", bounds=(0, 1)
                ),
            )  # fmt: skip

        return (
            said("learnt", "what was told is said", "one way", "as told", Above(limit)),
            said("right", "what follows is not said", "one way", "right", Below(limit), "learnt"),
            said("wrong", "what contradicts it is not said", "one way", "wrong", Below(limit), "learnt"),
            said("wrong/both", "what contradicts it is said", "both ways", "wrong", Above(limit)),
            Claim(
                id="surprise", text="of pairs told both ways, what contradicts it is more of a surprise",
                unit="Δ nats a token", of="perplexity", criterion=Above(0),
                estimate=lambda rows: obverse.difference(
                    rows.filter("final", told="both ways", asked="wrong"),
                    rows.filter("final", told="both ways", asked="right"), "nats",
                ),
            ),
        )  # fmt: skip
