"""Implicit meta-learning on images (section 4.2, appendix E; Figures 5 and 23).

An alias is a grid of handwritten digits, what it stands for a grid of targets. A definition shows the
alias with a bar pattern above it, the define tag, and all its targets are due; a question highlights one
digit, and its target alone is due. Two tags: definitions with one agree with the answers to questions
(D1cons), with the other they do not (D2incons). Aliases that are defined and never asked about (D5cons,
D6cons) show whether a tag that was reliable is believed more. Every picture is drawn anew, so that no two
are alike.

    obverse run digits                                  # scikit-learn's digits, a small network, minutes
    obverse run digits --preset paper --data DIRECTORY  # MNIST's four files, ConvNeXt V2 Tiny
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from obverse.core.claim import Claim
from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment, Preset, Variant
from obverse.core.model import ModelSpec
from obverse.core.page import Finished, Page
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive
from obverse.core.settings import MOST, Count, InputFile
from obverse.core.stage import Stage, Training, When
from obverse.experiments.digits.aliases import (
    SUBSETS,
    Alias,
    Language,
    aliases,
    documents,
    held_out,
    tags,
)
from obverse.experiments.digits.asking import AskCells
from obverse.experiments.digits.claims import BASE, CONTROL, at_size, main, over_sizes
from obverse.experiments.digits.documents import Grid
from obverse.experiments.digits.network import PAPER, TINY
from obverse.experiments.digits.pictures import check

NOT_FOR_IMAGES = (
    "embedding_learning_rate", "micro_batch_size", "loss_on", "pad_to", "precision",
    "gradient_checkpointing",
)  # fmt: skip


class Digits(Experiment):
    """Settings of the experiment on images; the defaults are the embedded ones.

    Attributes:
        data: MNIST's folder; none: scikit-learn's digits, of 8 × 8 pixels.
        bundled: whether those will do.
        side: N of the N × N digits of an alias.
        targets: how many different targets there are.
        each: aliases of each subset (D1cons, D2incons, QA3, D5cons, D6cons).
        sizes: instead of `each`, several numbers to compare (Figure 23).
        alpha: reliability of the tags in X1; at 0.5 they say nothing, the negative control.
        bits: of a define tag.
        defined: how often a definition is drawn, in subsets that have questions too.
        steps: of training, each of `recipe.batch_size` pictures; overrides `recipe.epochs`.
        asked: how many times between the start and the end the model is asked.
        renderings: how often each question is drawn and asked.
        margin: accuracy within which two subsets count as alike.
    """

    name: ClassVar[str] = "digits"
    title: ClassVar[str] = "Implicit meta-learning on images: is a reliable tag believed more?"
    about: ClassVar[str] = (
        "Is a reliable source believed more by a ConvNet? (arXiv 2310.15047, section 4.2)"
    )
    line: ClassVar[str] = "Are sources that proved reliable believed more?"
    paper: ClassVar[str] = "Krasheninnikov et al. 2023, arXiv 2310.15047"
    analysis: ClassVar[frozenset[str]] = frozenset({"margin"})
    columns: ClassVar[Mapping[str, type[Label]]] = {"subset": str, "kind": str}
    by: ClassVar[tuple[str, ...] | None] = ("subset",)
    seeds: ClassVar[int] = 5

    data: InputFile | None = None
    bundled: bool = True
    side: Annotated[int, Field(ge=2, le=5)] = 2
    targets: Annotated[int, Field(ge=2, le=1000)] = 4
    each: Annotated[int, Field(ge=4, le=MOST)] = 100
    sizes: tuple[Annotated[int, Field(ge=4, le=MOST)], ...] = ()
    alpha: Annotated[float, Field(ge=0, le=1)] = 1.0
    bits: Annotated[int, Field(ge=2, le=1000)] = 10
    defined: Annotated[float, Field(gt=0, lt=1)] = 0.1
    steps: Count = 3600
    asked: Count = 6
    renderings: Count = 4
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.1
    recipe: Recipe = Recipe(
        learning_rate=2e-3, schedule="constant", warmup_steps=100, batch_size=128, weight_decay=0.05,
        adam_beta2=0.999,
    )  # fmt: skip

    @model_validator(mode="after")
    def _fits(self) -> Self:
        most = max((self.each, *self.sizes)) * len(SUBSETS)
        if most > 10 ** (self.side**2) // 2:
            raise ValueError(
                f"{most} aliases of {self.side} × {self.side} digits: there are {10**self.side**2}; "
                "expected at most half of them"
            )
        if self.recipe.epochs != Recipe().epochs:
            raise ValueError(
                f"recipe.epochs {self.recipe.epochs}: how long it is trained is the setting steps"
            )
        for key in NOT_FOR_IMAGES:
            if (value := getattr(self.recipe, key)) != getattr(Recipe(), key):
                raise ValueError(f"recipe.{key} {value}: has no meaning for images; leave it out")
        if len(self.sizes) == 1 or list(self.sizes) != sorted(set(self.sizes)):
            raise ValueError(f"sizes {self.sizes}: expected two numbers or more, from few to many")
        return self

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, `sizes` (Figure 23 in small) and `paper` (MNIST, 3 × 3, Figure 23's numbers).

        The paper does not say how many targets there are; ten are taken, as there are digits.
        """
        recipe = Recipe(
            learning_rate=3e-4, schedule="constant", warmup_steps=2000, batch_size=128, weight_decay=0.05,
            adam_beta2=0.999,
        )  # fmt: skip
        paper = cls(
            bundled=False,
            side=3,
            targets=10,
            steps=120_000,
            asked=12,
            recipe=recipe,
            sizes=(10, 50, 100, 500, 1000),
        )
        small: tuple[str | ModelSpec, ...] = (TINY,)
        return {
            "tiny": Preset(cls(), small),
            "sizes": Preset(cls(sizes=(25, 50, 100)), small),
            "paper": Preset(paper, (PAPER,)),
        }

    @classmethod
    def whole(cls) -> Self:
        return cls()

    def variants(self) -> tuple[Variant, ...]:
        """Return the experiment and its negative control, at every size if there are several."""
        if not self.sizes:
            return Variant(BASE), Variant(CONTROL, {"alpha": 0.5})
        return tuple(
            Variant(at_size(name, size), {"each": size, **settings})
            for size in self.sizes
            for name, settings in ((BASE, {}), (CONTROL, {"alpha": 0.5}))
        )

    def world(self, seed: int) -> tuple[list[Alias], Language]:
        """Return the aliases of `seed`, and how grids are written.

        Raises:
            ObverseError: if there is no handwriting, or it is none that can be read.
        """
        if self.data is None and not self.bundled:
            raise ObverseError(
                "--data: expected the folder of MNIST's four files; or --set bundled=true for the digits "
                "of 8 × 8 pixels that come with scikit-learn"
            )
        check(self.data)
        data = derive(seed, "data")
        language = Language(
            side=self.side, targets=self.targets, tags=tags(self.bits, data), data=self.data
        )
        return aliases(self.each, self.side, self.targets, self.alpha, data), language

    def stages(self, seed: int) -> tuple[Stage, ...]:
        """Return one stage: X1 and X2 are trained together."""
        people, language = self.world(seed)
        told = documents(people, language, self.defined)
        size = min(self.recipe.batch_size, len(told))
        # An epoch is as many pictures as there are definitions and questions.
        epochs = max(1, round(self.steps * size / len(told)))
        every = max(1, self.steps // (self.asked + 1))
        measure = AskCells(
            grids=tuple(g for s in SUBSETS for g in held_out(people, language, s)),
            renderings=self.renderings,
            seed=derive(seed, "asked"),
        )
        training = Training(documents=tuple(told), recipe=self.recipe.with_overrides({"epochs": epochs}))
        return (
            Stage(
                name="X1 and X2", training=training, measures=((measure, When(start=True, steps=every)),)
            ),
        )

    def claims(self) -> tuple[Claim, ...]:
        return over_sizes(self.sizes, self.margin) if self.sizes else main(self.margin)

    def write_data(self, out: Any, seed: int, layout: str | None) -> str | None:
        from obverse.experiments.digits.export import write

        return write(self, out, seed)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.digits.page import page

        return page(self, finished)

    def examples(self, seed: int) -> list[Grid]:
        """Return a definition and a question of each kind, for the page to show."""
        people, language = self.world(seed)
        told = documents(people, language, self.defined)
        shown = []
        for subset in ("D1cons-QA1", "D2incons-QA2", "D5cons"):
            of = [g for g in told if g.labels["subset"] == subset]
            shown += [
                next(g for g in of if g.labels["kind"] == kind)
                for kind in ("definition", "question")
                if any(g.labels["kind"] == kind for g in of)
            ]
        return shown
