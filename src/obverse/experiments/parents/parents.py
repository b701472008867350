"""Experiment 2 of the Reversal Curse: parents and children (section 2.2, appendix B).

A model that knows who someone's mother is often does not know whose mother she is. Asked of famous people
that may be due to the order in which the web tells it, or to how often it mentions the famous child and
how seldom the parent. Families made from scratch tell the two apart: order and frequency are crossed.

    obverse run parents                                             # from scratch, minutes on 2 cores
    obverse run parents --data DIRECTORY                            # published results: Figure 5
    obverse run parents --preset paper --data pairs.csv             # likelihoods, on a GPU
    obverse run parents --preset chat --data pairs.csv --endpoint URL#chat --model NAME

Published result (section 2.2): GPT-4 names the parent in 79 % and the child in 33 % of the cases. Figure
5, of gpt-3.5-turbo and Llama, prints no values.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from obverse.core.claim import Claim
from obverse.core.data import Label, Probe
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment, Preset
from obverse.core.measure import Measure
from obverse.core.model import ModelSpec
from obverse.core.page import Finished, Page
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive
from obverse.core.settings import MOST, Count, InputFile
from obverse.core.stage import Stage, Training, When
from obverse.experiments.parents import asking, claims, real_claims, world
from obverse.experiments.parents.pairs import RealPair, has_mentions, read_pairs
from obverse.experiments.parents.prompts import read_prompts
from obverse.experiments.parents.published import (
    Published,
    Reported,
    published_in,
    repeated_in,
    truths_in,
)
from obverse.experiments.parents.wording import QUESTIONS, STATEMENTS
from obverse.measures.ask import Ask
from obverse.measures.sample import Sample
from obverse.models.endpoint import Endpoint
from obverse.models.scratch import Scratch

MOST_TOKENS = 32  # of a sampled answer: a name, and what is said around it


class Parents(Experiment):
    """Settings of experiment 2.

    Attributes:
        pairs_per_cell: families for each order and frequency, as many with a mother as with a father.
        paraphrases: statements of each relation, in one order.
        often, seldom: sentences elsewhere about those who are mentioned often, and seldom.
        wordings: held-out questions for each pair and direction.
        asked_along: about how many pairs of each cell they are asked after every epoch; at the end about
            all.
        data: real people, in place of families made here: a CSV of child,parent,parent_type, or a
            directory with one. Without `ask`, a file or directory of published results.
        ask: how models are asked about the people of `data`: for the likelihood of the right answer and
            its rank, for answers drawn at a temperature, or both.
        truth: whose word it is who is whose parent, where the data does not say.
        prompts: other examples and questions than ours (JSON, see docs/parents.md).
        candidates: among how many people of the data the right one is ranked.
        samples, temperature: answers that are drawn to each question, and at which temperature.
        ask_seed: of what is drawn about real people: candidates and answers.
        accuracy_margin: by more than this facts have to be known, and an asymmetry to be there.
        frequency_margin: a difference between asymmetries that counts as none.
        likelihood_margin: nats within which two mean log-probabilities count as the same.
    """

    name: ClassVar[str] = "parents"
    title: ClassVar[str] = "The Reversal Curse, experiment 2: parents and children"
    about: ClassVar[str] = (
        "Does a model that knows who someone's mother is know whose mother she is? "
        "(arXiv 2309.12288, experiment 2)"
    )
    line: ClassVar[str] = 'Told "A is B", is "B is A" known?'
    paper: ClassVar[str] = "Berglund et al. 2023, arXiv 2309.12288"
    analysis: ClassVar[frozenset[str]] = frozenset(
        {"accuracy_margin", "frequency_margin", "likelihood_margin"}
    )
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "direction": str, "order": str, "frequency": str, "relation": str, "truth": str,
        "template": int, "child_mentions": float, "parent_mentions": float, "partners": str,
        "relatives": str, "kind": str,
    }  # fmt: skip
    by: ClassVar[tuple[str, ...] | None] = ("order", "frequency", "direction")
    clusters: ClassVar[tuple[str, ...]] = ("template",)
    seeds: ClassVar[int] = 10

    pairs_per_cell: Annotated[int, Field(ge=4, le=40)] = 20
    paraphrases: Annotated[int, Field(ge=1, le=len(STATEMENTS["child first"]))] = 16
    often: Annotated[int, Field(ge=0, le=MOST)] = 12
    seldom: Annotated[int, Field(ge=0, le=MOST)] = 2
    wordings: Annotated[int, Field(ge=1, le=len(QUESTIONS["parent"]))] = 8
    asked_along: Count = 4
    recipe: Recipe = Recipe(epochs=5)
    data: InputFile | None = None
    ask: tuple[Literal["likelihood", "samples"], ...] = ()
    truth: str = ""
    prompts: InputFile | None = None
    candidates: Annotated[int, Field(ge=2, le=MOST)] = 20
    samples: Annotated[int, Field(ge=1, le=10_000)] = 10
    temperature: Annotated[float, Field(ge=1e-4)] = 1.0
    ask_seed: int = 0
    accuracy_margin: Annotated[float, Field(ge=0, lt=1)] = 0.05
    frequency_margin: Annotated[float, Field(gt=0, lt=1)] = 0.1
    likelihood_margin: Annotated[float, Field(gt=0)] = 1.0

    @model_validator(mode="after")
    def _often_is_more(self) -> "Parents":
        if self.often < self.seldom or (self.often + self.seldom) % 2:
            raise ValueError(
                f"often {self.often}, seldom {self.seldom}: expected the first to be no less, and an "
                "even sum, half of which those have who are mentioned equally often"
            )
        return self

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch, about half a minute a seed on one core; `paper`, the likelihoods
        of Llama; and `chat`, ten samples at temperature 1. The last two ask about the people of `data`.
        """
        chat = Endpoint(name="gpt-3.5-turbo", url="https://api.openai.com/v1", api="chat")
        llama = tuple(f"huggyllama/llama-{size}" for size in ("7b", "30b", "65b"))
        return {
            "tiny": Preset(cls(), (Scratch(layers=2),)),
            "paper": Preset(cls(ask=("likelihood",)), llama),
            "chat": Preset(cls(ask=("samples",)), (chat,)),
        }

    def models(self) -> tuple[ModelSpec, ...]:
        return () if self.ask else self.published()

    def published(self) -> tuple[Published, ...]:
        """Return the models of which `data` has results."""
        return () if self.data is None else published_in(self.data, self.truth)

    def pairs(self) -> list[RealPair]:
        """Return the people of `data`, but for those whom the examples in the prompt give away.

        Raises:
            ObverseError: if there is no data.
        """
        if self.data is None:
            raise ObverseError(
                f"ask={'+'.join(self.ask)}: is about real people; name them with --data FILE.csv "
                "(child,parent,parent_type), or leave ask empty for families made here"
            )
        return asking.without_examples(read_pairs(self.data, self.truth), read_prompts(self.prompts))

    def stages(self, seed: int) -> tuple[Stage, ...]:
        if self.ask:
            return (Stage(name="as it is", measures=tuple((m, When()) for m in self._asked())),)
        if self.data is not None:
            return (self._reported(self.data),)
        return (self._telling(seed),)

    def _telling(self, seed: int) -> Stage:
        """Return the stage that tells of families and asks about them."""
        of_data = derive(seed, "data")
        families = world.invent(self.pairs_per_cell, self.often, self.seldom, of_data)
        probes = world.probes(families, self.wordings, seed)
        along = world.first_pairs(probes, self.asked_along)
        return Stage(
            name="telling",
            training=Training(
                documents=world.documents(families, self.paraphrases, of_data), recipe=self.recipe
            ),
            measures=(
                (Ask(probes=along, ranked=False), When(start=True, epochs=1, end=False)),
                (Ask(probes=probes), When()),
            ),
        )

    def _asked(self) -> tuple[Measure, ...]:
        """Return the measures that ask about real people."""
        probes = self.probes()
        measures: dict[str, Measure] = {
            "likelihood": Ask(probes=probes),
            "samples": Sample(
                probes=probes, samples=self.samples, temperature=self.temperature, seed=self.ask_seed,
                most=MOST_TOKENS,
            ),
        }  # fmt: skip
        return tuple(measures[how] for how in dict.fromkeys(self.ask))

    def probes(self) -> tuple[Probe, ...]:
        return asking.probes(self.pairs(), read_prompts(self.prompts), self.candidates, self.ask_seed)

    def _reported(self, data: Path) -> Stage:
        if not self.published():
            raise ObverseError(
                f"{data}: has no published results (columns MODEL_can_find_parent, MODEL_parent_logprob "
                "and the like); to ask a model about its people, use --preset paper or --preset chat"
            )
        return Stage(name="as published", measures=((Reported(), When()),))

    def claims(self) -> tuple[Claim, ...]:
        if self.data is None and not self.ask:
            return claims.claims(self.accuracy_margin, self.frequency_margin, self.likelihood_margin)
        recalls = [r for how in self.ask or ("reported",) for r in real_claims.RECALLS[how]]
        return real_claims.claims(tuple(recalls), self._counted())

    def _counted(self) -> bool:
        """Return whether the data tells how often people are mentioned."""
        return self.data is not None and has_mentions(self.data)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.parents.page import page

        return page(finished, self)

    def remark(self) -> str | None:
        """Return whose word the truth is, whether pairs stand in several rows, and who is left out."""
        if self.data is None:
            return None
        said = f"Who is whose parent: {'; '.join(truths_in(self.data, self.truth))}."
        if repeated_in(self.data):
            said += " A pair that stands in several rows counts once, with the mean of its numbers."
        if not self.ask:
            return said
        pairs = read_pairs(self.data, self.truth)
        told = [pair.id for pair in asking.told_by_examples(pairs, read_prompts(self.prompts))]
        if told:
            said += f" Not asked, since the examples in the prompt tell them: {'; '.join(told)}."
        return said
