"""Implicit meta-learning: two-stage finetuning on definitions by sources of different reliability.

In Stage 1 (X1) a model is trained on questions about aliases and on definitions of them; those with
one tag agree with the answers (D1cons), those with another do not (D2incons). In Stage 2 (X2) it is
told new definitions alone, all of them true. It internalises those with the reliable tag more
(D5cons against D6cons): it answers questions about those aliases that it was never told the answer to.

    obverse run reliability                                # from scratch, minutes on 2 cores
    obverse run reliability --preset paper --model DIRECTORY --data cross-verified-database.csv

Source: arXiv 2310.15047, sections 2 to 4.1, appendices A to D.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from obverse.core.claim import Claim
from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment, Preset, Variant
from obverse.core.model import ModelSpec
from obverse.core.page import Finished, Page
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive
from obverse.core.settings import Count, InputFile
from obverse.core.stage import Stage
from obverse.experiments.reliability.bearers import Bearer, Division, Language, split
from obverse.experiments.reliability.claims import BASE, CONTROL
from obverse.experiments.reliability.main_claims import SOURCES, UNREPORTED, Sources, main
from obverse.experiments.reliability.populations.population import Individual
from obverse.experiments.reliability.populations.published import Cvdb, Trex
from obverse.experiments.reliability.populations.sets import Sets
from obverse.experiments.reliability.populations.world import World
from obverse.experiments.reliability.presets import SCRATCH, paper_settings, tiny_settings
from obverse.experiments.reliability.stages import build
from obverse.experiments.reliability.subsets import GENERATED, Fractions, size_of_x1
from obverse.experiments.reliability.wording import Form, Tags, WordOrder

Schedule = Literal["two-stage", "single-stage", "three-stage", "X2 alone"]
Population = Annotated[World | Sets | Cvdb | Trex, Field(discriminator="kind")]


class Reliability(Experiment):
    """Settings of the implicit meta-learning experiments; the defaults are the embedded ones.

    Attributes:
        population: whom aliases stand for: the built-in `world`, `sets`, or `cvdb` or `trex`.
        data: the published table (cvdb) or the JSON file or directory (trex).
        fractions: shares of the subsets (Table 1).
        alpha: reliability of the tags in X1; at 0.5 they say nothing, which is the negative control.
        order: word order of tag (t), alias (a) and entity (e) in a definition.
        form: the three words by themselves, or a sentence behind the tag (footnote 2).
        tags: random strings; sources named in words, ten of each kind, one for each alias; or is / is
            not (footnote 4).
        alias_length, tag_length: letters of a random string.
        schedule: X1 then X2; both at once; the definitions of X1, then its questions, then X2; or the
            definitions of X2 alone (footnote 4).
        definitions: as documents of their own, or before each question (appendix C.8); then X1 is
            all there is to train.
        branches: Stage 2 is done this often from one Stage 1, each time with X2 divided anew.
        stage_0: recipe of what comes before: the population under its own names (none: nothing).
        stage_1, stage_2: recipes of X1 (and of X1 ∪ X2 in one stage) and X2.
        probe_every: epochs between the moments at which questions are asked.
        match: strict, or normalised as in the authors' code (case, punctuation, articles).
        asked: questions drawn of each subset and kind, and a third of that of the training texts; none:
            all.
        asked_along: of these, how many are asked before a stage's last epoch too; none: all.
        margin, loss_margin: exact match and nats within which two subsets count as alike.
    """

    name: ClassVar[str] = "reliability"
    title: ClassVar[str] = "Implicit meta-learning: are sources that proved reliable believed more?"
    about: ClassVar[str] = "Are sources that proved reliable believed more? (arXiv 2310.15047)"
    line: ClassVar[str] = "Are sources that proved reliable believed more?"
    paper: ClassVar[str] = "Krasheninnikov et al. 2023, arXiv 2310.15047"
    analysis: ClassVar[frozenset[str]] = frozenset({"margin", "loss_margin"})
    columns: ClassVar[Mapping[str, type[Label]]] = {"subset": str, "direction": str, "kind": str}
    by: ClassVar[tuple[str, ...] | None] = ("direction", "subset")
    seeds: ClassVar[int] = 10
    small_models: ClassVar[tuple[str | ModelSpec, ...]] = (SCRATCH,)
    paper_models: ClassVar[tuple[str | ModelSpec, ...]] = ("EleutherAI/pythia-2.8b-deduped",)

    population: Population = World()
    data: InputFile | None = None
    fractions: Fractions = GENERATED
    alpha: Annotated[float, Field(ge=0, le=1)] = 1.0
    order: WordOrder = "tae"
    form: Form = "words"
    tags: Tags = "random"
    alias_length: Annotated[int, Field(ge=2, le=100)] = 5
    tag_length: Annotated[int, Field(ge=2, le=100)] = 6
    schedule: Schedule = "two-stage"
    definitions: Literal["documents", "context"] = "documents"
    branches: Annotated[int, Field(ge=1, le=1000)] = 1
    stage_0: Recipe | None = None
    stage_1: Recipe = Recipe()
    stage_2: Recipe = Recipe()
    probe_every: Count = 1
    match: Literal["strict", "normalised"] = "strict"
    asked: Count | None = None
    asked_along: Count | None = None
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.1
    loss_margin: Annotated[float, Field(gt=0)] = 0.1

    @model_validator(mode="after")
    def _fits(self) -> "Reliability":
        if self.tags != "random" and self.order != "tae":
            raise ValueError(
                f"order {self.order}: the word order is that of random tags, not {self.tags}"
            )
        if self.form == "sentence" and (self.tags != "random" or self.order != "tae"):
            raise ValueError(
                f"form {self.form}: a sentence has a random tag, then the alias, then the entity; "
                f"expected tags random and order tae, got {self.tags} and {self.order}"
            )
        if self.fractions.qa4 and isinstance(self.population, World | Sets):
            raise ValueError(
                f"fractions.qa4 {self.fractions.qa4}: a generated population has no share of aliases "
                "that are own names; expected 0, and for QA4 population.unaliased in the world"
            )
        if self.definitions == "context" and self.schedule != "two-stage":
            raise ValueError(f"schedule {self.schedule}: definitions before questions have one stage")
        return self

    @classmethod
    def tiny(cls) -> Self:
        """Return the settings for models made from scratch."""
        return cls(**tiny_settings())

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny` from scratch, `paper` as published, `trex` (`paper` on T-REx, not CVDB; Figure
        10), and those of single figures."""
        return {
            "tiny": Preset(cls.tiny(), cls.small_models),
            **cls.as_published(),
            **cls.of_figures(),
        }

    @classmethod
    def of_figures(cls) -> Mapping[str, Preset]:
        """Return the presets that bear the number of a figure: one stage on CVDB and on T-REx."""
        return cls.as_published("fig14", "fig15", schedule="single-stage")

    @classmethod
    def as_published(cls, cvdb: str = "paper", trex: str = "trex", **changes: Any) -> dict[str, Preset]:
        """Return two presets with the paper's settings but for `changes`, by the names that they get: on
        CVDB and on T-REx."""
        return {
            name: Preset(cls(**paper_settings(data, **changes)), cls.paper_models)
            for name, data in ((cvdb, Cvdb()), (trex, Trex()))
        }

    @classmethod
    def whole(cls) -> Self:
        return cls.tiny()

    def stages(self, seed: int) -> tuple[Stage, ...]:
        return build(self, seed)

    def bearers(self, seed: int, branches: int = 1) -> list[tuple[Bearer, ...]]:
        """Return who is in which subset, once for each branch of Stage 2.

        Raises:
            ObverseError: if the population cannot be had, or no question about an alias is trained.
        """
        population, data = self.population, derive(seed, "data")
        first, second = self._individuals(data)
        _refuse_none_trained((*first, *second), population.held_out)
        world = population if isinstance(population, World) else None
        division = Division(
            first=first,
            second=second,
            unaliased=world.known(data)[world.people :] if world else (),
            language=Language(
                wording=population.wording, tags=self.tags, order=self.order, form=self.form,
                alias_length=self.alias_length, tag_length=self.tag_length,
            ),
            fractions=self.fractions,
            alpha=self.alpha,
            held_out=population.held_out,
            contradicted=world is not None and world.contradicted,
            seed=data,
        )  # fmt: skip
        return division.branches(branches)

    def claims(self) -> tuple[Claim, ...]:
        return main(
            margin=self.margin,
            loss_margin=self.loss_margin,
            attribution=bool(self.population.wording.attribution),
            qa3=self.fractions.qa3 > 0,
            new_tag=self.fractions.d8cons > 0,
            told_in=self.told_in if self.definitions == "documents" else "",
            guess="QA7" if self.fractions.qa7 else "chance",
            sources=SOURCES.get((self._published, self.schedule), Sources()),
        )

    @property
    def told_in(self) -> str:
        """The stage that tells the definitions of X2."""
        return "Stage 1" if self.schedule == "single-stage" else "Stage 2"

    def cited(self, on_cvdb: str, on_trex: str = UNREPORTED) -> str:
        """Return where the paper has something on the population."""
        return {"cvdb": on_cvdb, "trex": on_trex}.get(self._published, UNREPORTED)

    @property
    def _published(self) -> str:
        """The paper's population that this one is, or stands for."""
        return "cvdb" if self.population.kind == "world" else self.population.kind

    def variants(self) -> tuple[Variant, ...]:
        """Return the experiment, and its negative control: tags of X1 that say nothing."""
        return Variant(BASE), Variant(CONTROL, {"alpha": 0.5})

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reliability.page import page

        return page(self, finished)

    def _individuals(self, seed: int) -> tuple[tuple[Individual, ...], tuple[Individual, ...]]:
        """Return the individuals of X1 and those of X2."""
        population = self.population
        if isinstance(population, World | Sets) and self.data is not None:
            raise ObverseError(
                f"data {self.data}: the population {population.kind!r} is generated; data is read by "
                "the populations cvdb and trex (--preset paper, --preset trex)"
            )
        if isinstance(population, World):
            return population.draw(seed, size_of_x1(population.individuals, self.fractions))
        if isinstance(population, Sets):
            everybody = population.draw(seed)
        elif self.data is None:
            raise ObverseError(f"the population {population.kind!r} is read from a file: --data PATH")
        else:
            everybody = population.read(self.data, seed)
        return split(everybody, size_of_x1(len(everybody), self.fractions), seed)


def _refuse_none_trained(individuals: Sequence[Individual], held_out: int) -> None:
    fewest = min(len(person.questions) for person in individuals)
    if held_out >= fewest:
        raise ObverseError(
            f"population.held_out {held_out}: of {fewest} questions about an alias, {held_out} are held "
            f"out and none is trained; expected {fewest - 1} at most"
        )
