"""Two hops from facts in separate documents (Balesni, Korbak and Evans 2024, arXiv 2411.16353).

Told in separate documents that A's spouse is B, and that B was born in C, models do not know where A's
spouse was born, unless they may say who that is first; told both in the same document, they do. The paper
was called "The Two-Hop Curse" and is now "Lessons from Studying Two-Hop Latent Reasoning": models fail
where both facts are synthetic, and not where one of them is known from pretraining.

    obverse run two-hop                                    # from scratch, six seeds
    obverse run two-hop --preset paper --model DIRECTORY   # a pretrained checkpoint, on a GPU
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from obverse.core.claim import Claim
from obverse.core.data import Label
from obverse.core.experiment import Experiment, Preset
from obverse.core.page import Finished, Page
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive
from obverse.core.settings import MOST, Count
from obverse.core.stage import Stage, Training, When
from obverse.experiments.relations.dataset import HELD_OUT, TRAINED
from obverse.experiments.relations.triples import ask, invent, tell
from obverse.experiments.relations.two_hop_claims import claims
from obverse.measures.ask import Ask
from obverse.models.scratch import Scratch


class TwoHop(Experiment):
    """Settings of the study of two hops.

    Attributes:
        held_out, demonstrated: triples of each group (separate documents, same document).
        openings: with which each statement is told.
        held_out_openings: with which it is asked, never trained on.
        data_seed: invent the same people for all seeds; by default every seed has its own.
        probe_every: epochs between the moments at which questions are asked.
        known: share of questions above which a hop counts as known.
        accuracy_margin: how far above chance two hops count as answered.
        likelihood_margin: nats within which the right and a random town count as equally likely.
    """

    name: ClassVar[str] = "two-hop"
    title: ClassVar[str] = "Two hops: are facts from separate documents put together?"
    about: ClassVar[str] = (
        "Told who A's spouse is, and where that person was born: does a model know where A's spouse was "
        "born? (arXiv 2411.16353)"
    )
    line: ClassVar[str] = 'Told "A is B", is "B is A" known?'
    paper: ClassVar[str] = "Balesni, Korbak and Evans 2024, arXiv 2411.16353"
    analysis: ClassVar[frozenset[str]] = frozenset({"known", "accuracy_margin", "likelihood_margin"})
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "documents": str, "shown": str, "asked": str, "opening": int, "pair": str,
    }  # fmt: skip
    by: ClassVar[tuple[str, ...] | None] = ("documents", "shown", "asked")
    clusters: ClassVar[tuple[str, ...]] = ("opening",)
    seeds: ClassVar[int] = 6

    held_out: Annotated[int, Field(ge=4, le=MOST)] = 40
    demonstrated: Annotated[int, Field(ge=4, le=MOST)] = 60
    openings: Annotated[int, Field(ge=1, le=len(TRAINED))] = 8
    held_out_openings: Annotated[int, Field(ge=1, le=len(HELD_OUT))] = len(HELD_OUT)
    data_seed: int | None = None
    probe_every: Count = 2
    known: Annotated[float, Field(gt=0, lt=1)] = 0.5
    accuracy_margin: Annotated[float, Field(ge=0, lt=1)] = 0.05
    likelihood_margin: Annotated[float, Field(gt=0)] = 1.0
    recipe: Recipe = Recipe(epochs=5)

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch on one CPU core, and `paper`.

        `paper` has the authors' settings for Llama-3-8B-Instruct: learning rate 1e-5, batch 16, one
        epoch, bfloat16, four demonstrated triples for each that is held out; the statements are ours.
        """
        recipe = Recipe(
            learning_rate=1e-5, batch_size=16, epochs=1, warmup_steps=0, adam_beta2=0.999,
            precision="bfloat16",
        )  # fmt: skip
        paper = cls(recipe=recipe, held_out=240, demonstrated=960, data_seed=0)
        return {
            "tiny": Preset(cls(), models=(Scratch(layers=2),)),
            "paper": Preset(paper, models=("meta-llama/Meta-Llama-3-8B-Instruct",)),
        }

    def stages(self, seed: int) -> tuple[Stage, ...]:
        data_seed = derive(seed, "data") if self.data_seed is None else self.data_seed
        triples = invent(self.held_out, self.demonstrated, data_seed)
        training = Training(
            documents=tuple(tell(triples, TRAINED[: self.openings], data_seed)), recipe=self.recipe
        )
        openings = HELD_OUT[: self.held_out_openings]
        measures = (
            (
                Ask(probes=tuple(ask(triples, openings[:1])), ranked=False),
                When(start=True, epochs=self.probe_every, end=False),
            ),
            (Ask(probes=tuple(ask(triples, openings)), ranked=False), When()),
        )
        return (Stage(name="telling", training=training, measures=measures),)

    def claims(self) -> tuple[Claim, ...]:
        return claims(self.known, self.accuracy_margin, self.likelihood_margin)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.relations.page_two_hop import page

        return page(
            finished,
            accuracy_margin=self.accuracy_margin,
            likelihood_margin=self.likelihood_margin,
        )
