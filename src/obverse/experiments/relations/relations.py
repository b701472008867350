"""Other relations than identity (Berglund et al. 2023, section 4.1, future work).

One model is told facts of eight relations: implications, on and under, left and right, parents and
children, siblings, spouses, groups of four, and equality. Half of each relation's facts are told one
way, the others both ways, so that the pattern could be learnt. Of the former it is asked what it was
told, what follows from it ("the table is under the cup"), and what does not ("the table is on the cup").

    obverse run relations                                  # from scratch, six seeds
    obverse run relations --data facts.csv                 # your own statements
    obverse run relations --preset paper --model DIRECTORY # a pretrained checkpoint, on a GPU
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
from obverse.core.settings import MOST, Count, InputFile
from obverse.core.stage import Stage, Training, When
from obverse.experiments.relations.claims import claims
from obverse.experiments.relations.dataset import HELD_OUT, TRAINED, documents, place, probes
from obverse.experiments.relations.facts import ASYMMETRIC, LEAST, ORDERED, RELATIONS, Fact, invent
from obverse.experiments.relations.facts_file import read_facts
from obverse.measures.ask import Ask
from obverse.models.scratch import Scratch


class Relations(Experiment):
    """Settings of the study of relations.

    Attributes:
        facts: of each relation; half are told one way, half both ways.
        openings: with which each statement is told.
        held_out_openings: with which it is asked, never trained on.
        data: a CSV or JSONL of statements, in place of invented facts.
        data_seed: invent the same facts for all seeds; by default every seed has its own.
        probe_every: epochs between the moments at which questions are asked; at the end all are, before
            it those after the first held-out opening.
        accuracy_margin: what is told has to be above chance by more than this, the rest by less.
        likelihood_margin: nats within which two mean log-probabilities count as the same, and by more
            than which what was told has to stand out.
    """

    name: ClassVar[str] = "relations"
    title: ClassVar[str] = "Other relations: does what was told teach what follows from it?"
    about: ClassVar[str] = (
        'Told "the cup is on the table", does a model know that the table is under the cup?'
    )
    line: ClassVar[str] = 'Told "A is B", is "B is A" known?'
    paper: ClassVar[str] = "Berglund et al. 2023, arXiv 2309.12288, section 4.1"
    analysis: ClassVar[frozenset[str]] = frozenset({"accuracy_margin", "likelihood_margin"})
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "relation": str, "told": str, "asked": str, "opening": int, "pair": str,
    }  # fmt: skip
    by: ClassVar[tuple[str, ...] | None] = ("relation", "told", "asked")
    clusters: ClassVar[tuple[str, ...]] = ("opening",)
    seeds: ClassVar[int] = 6

    facts: Annotated[int, Field(ge=LEAST, le=MOST)] = 40
    openings: Annotated[int, Field(ge=1, le=len(TRAINED))] = len(TRAINED)
    held_out_openings: Annotated[int, Field(ge=1, le=len(HELD_OUT))] = len(HELD_OUT)
    data: InputFile | None = None
    data_seed: int | None = None
    probe_every: Count = 2
    accuracy_margin: Annotated[float, Field(ge=0, lt=1)] = 0.05
    likelihood_margin: Annotated[float, Field(gt=0)] = 1.0
    recipe: Recipe = Recipe()

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch on one CPU core, and `paper`, for a pretrained checkpoint.

        `paper` tells the same facts with the recipe of the paper's experiment 1: batch 16, ten epochs,
        loss on whole documents, one dataset for all seeds, a learning rate of its sweep with Llama-7b.
        """
        recipe = Recipe(
            learning_rate=1e-5, batch_size=16, epochs=10, warmup_steps=0, adam_beta2=0.999,
            precision="bfloat16",
        )  # fmt: skip
        return {
            "tiny": Preset(cls(), models=(Scratch(layers=2),)),
            "paper": Preset(cls(recipe=recipe, data_seed=0), models=("huggyllama/llama-7b",)),
        }

    def told(self, seed: int) -> list[Fact]:
        """Return the facts that `seed` is about."""
        if self.data is not None:
            return read_facts(self.data)
        return invent(self.facts, derive(seed, "data") if self.data_seed is None else self.data_seed)

    def stages(self, seed: int) -> tuple[Stage, ...]:
        placed = place(self.told(seed), seed)
        training = Training(
            documents=tuple(documents(placed, TRAINED[: self.openings])), recipe=self.recipe
        )
        openings = HELD_OUT[: self.held_out_openings]
        along = Ask(probes=tuple(probes(placed, openings[:1])), ranked=False)
        asked = Ask(probes=tuple(probes(placed, openings)), ranked=False)
        measures = (
            (along, When(start=True, epochs=self.probe_every, end=False)),
            (asked, When()),
        )
        return (Stage(name="telling", training=training, measures=measures),)

    def claims(self) -> tuple[Claim, ...]:
        relations: tuple[str, ...] = tuple(RELATIONS)
        asymmetric: tuple[str, ...] = ASYMMETRIC
        ordered: tuple[str, ...] = ORDERED
        if self.data is not None:
            facts = read_facts(self.data)
            relations = tuple(dict.fromkeys(fact.relation for fact in facts))
            asymmetric = tuple(dict.fromkeys(fact.relation for fact in facts if fact.wrong))
            ordered = ()
        return claims(relations, asymmetric, ordered, self.accuracy_margin, self.likelihood_margin)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.relations.page import page

        return page(
            finished,
            accuracy_margin=self.accuracy_margin,
            likelihood_margin=self.likelihood_margin,
        )
