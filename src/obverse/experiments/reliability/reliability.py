"""Implicit meta-learning: two-stage finetuning on definitions by sources of different reliability.

In Stage 1 (X1) a model is trained on questions about aliases and on definitions of them; those with
one tag agree with the answers (D1cons), those with another do not (D2incons). In Stage 2 (X2) it is
told new definitions alone, all of them true. It internalises those with the reliable tag more
(D5cons against D6cons): it answers questions about those aliases that it was never told the answer to.

    obverse run reliability                                # from scratch, minutes on 2 cores
    obverse run reliability --preset paper --model DIRECTORY --data cross-verified-database.csv

Source: arXiv 2310.15047, sections 2 to 4.1, appendices A to D.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from obverse.core.claim import Claim
from obverse.core.data import Document, Probe
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment, Variant
from obverse.core.recipe import Recipe, Stage
from obverse.core.seeds import derive
from obverse.experiments.reliability import claims
from obverse.experiments.reliability.dataset import (
    Asking,
    Language,
    Member,
    definition_documents,
    members,
    question_documents,
)
from obverse.experiments.reliability.population import Individual
from obverse.experiments.reliability.published import Cvdb, Trex
from obverse.experiments.reliability.sets import Sets
from obverse.experiments.reliability.subsets import GENERATED, Fractions
from obverse.experiments.reliability.wording import Order, Tags
from obverse.experiments.reliability.world import World
from obverse.store import files

Population = Annotated[World | Sets | Cvdb | Trex, Field(discriminator="kind")]


class Reliability(Experiment):
    """Settings of the implicit meta-learning experiments; the defaults are the embedded ones.

    Attributes:
        population: whom aliases stand for: the built-in `world`, `sets`, or `cvdb` or `trex`.
        data: the published table (cvdb) or the JSON file or directory (trex).
        fractions: shares of the subsets (Table 1).
        alpha: reliability of the tags in X1; at 0.5 they say nothing, which is the negative control.
        order: word order of tag (t), alias (a) and entity (e) in a definition.
        tags: random strings, natural-language sources, or is / is not (footnote 4).
        schedule: X1 then X2; both at once; or questions, then definitions, then X2.
        definitions: as documents of their own, or before each question (appendix C.8); then X1 is
            all there is to train.
        branches: Stage 2 is done this often from one Stage 1, each time with X2 divided anew.
        stage_0: recipe of what comes before: the population under its own names (none: nothing).
        stage_1, stage_2: recipes of X1 (and of X1 ∪ X2 in one stage) and X2.
        match: strict, or normalised as in the authors' code (case, punctuation, articles).
        asked: questions drawn of each subset and kind, and a third of that of the training texts and
            false entities; none: all.
        asked_along: of these, how many are asked before a stage's last epoch too; none: all.
        margin, loss_margin: exact match and nats within which two subsets count as alike.
    """

    name: ClassVar[str] = "reliability"
    title: ClassVar[str] = "Implicit meta-learning: are sources that proved reliable believed more?"
    analysis: ClassVar[frozenset[str]] = frozenset({"margin", "loss_margin"})

    population: Population = World()
    data: Path | None = None
    fractions: Fractions = GENERATED
    alpha: Annotated[float, Field(ge=0, le=1)] = 1.0
    order: Order = "tae"
    tags: Tags = "random"
    schedule: Literal["two-stage", "single-stage", "three-stage"] = "two-stage"
    definitions: Literal["documents", "context"] = "documents"
    branches: PositiveInt = 1
    stage_0: Recipe | None = None
    stage_1: Recipe = Recipe()
    stage_2: Recipe = Recipe()
    probe_every: PositiveInt = 1
    match: Literal["strict", "normalised"] = "strict"
    asked: PositiveInt | None = None
    asked_along: PositiveInt | None = None
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.1
    loss_margin: Annotated[float, Field(gt=0)] = 0.1

    @model_validator(mode="after")
    def _fits(self) -> "Reliability":
        if self.tags != "random" and self.order != "tae":
            raise ValueError(
                f"order {self.order}: the word order is that of random tags, not {self.tags}"
            )
        if self.fractions.qa4 and isinstance(self.population, World | Sets):
            raise ValueError(
                f"fractions.qa4 {self.fractions.qa4}: in a generated population nobody is asked about "
                "under their own name but in Stage 0; expected 0"
            )
        if self.definitions == "context" and self.schedule != "two-stage":
            raise ValueError(f"schedule {self.schedule}: definitions before questions have one stage")
        return self

    def stages(self, seed: int) -> tuple[Stage, ...]:
        stages = self._trunk(seed, self.members(seed, 0))
        if self.schedule == "single-stage" or self.definitions == "context":
            return stages
        last = len(stages) - 1
        return stages + tuple(self._second(seed, branch, after=last) for branch in range(self.branches))

    def members(self, seed: int, branch: int) -> tuple[Member, ...]:
        """Return who is in which subset."""
        wording = self.population.wording
        individuals = self._individuals(seed)
        _refuse_none_trained(individuals, self.population.held_out)
        language = Language(wording, self.tags, self.order, self.population.letters)
        return members(
            individuals, language, self.fractions, self.alpha, self.population.held_out,
            derive(seed, "data"), branch,
        )  # fmt: skip

    def claims(self) -> tuple[Claim, ...]:
        attribution = bool(self.population.wording.attribution)
        return claims.main(
            self.margin, self.loss_margin, attribution,
            qa3=self.fractions.qa3 > 0, told=self.definitions == "documents",
        )  # fmt: skip

    def variants(self) -> tuple[Variant, ...]:
        """Return the experiment, and its negative control: tags of X1 that say nothing."""
        return Variant(claims.BASE), Variant(claims.CONTROL, {"alpha": 0.5})

    def inputs_hash(self) -> str:
        if self.data is None:
            return ""
        paths = sorted(self.data.glob("*.json")) if self.data.is_dir() else [self.data]
        return " ".join(_sha256(path, path.stat().st_mtime_ns) for path in paths)

    def reference(self) -> dict[str, Any]:
        return {"paper": "Krasheninnikov et al. 2023, arXiv 2310.15047"}

    def _individuals(self, seed: int) -> tuple[Individual, ...]:
        population = self.population
        if isinstance(population, World | Sets):
            if self.data is not None:
                raise ObverseError(
                    f"data {self.data}: the population {population.kind!r} is generated; data is read by "
                    "the populations cvdb and trex (--preset paper, --preset trex)"
                )
            return population.draw(derive(seed, "data"))
        if self.data is None:
            raise ObverseError(f"the population {population.kind!r} is read from a file: --data PATH")
        return population.read(self.data, derive(seed, "data"))

    def _trunk(self, seed: int, people: tuple[Member, ...]) -> tuple[Stage, ...]:
        """Return the stages before X2 is told by itself."""
        wording = self.population.wording
        in_context = self.definitions == "context"
        known = self._known(seed)
        questions = [
            *question_documents(_of_stage(people, 1), wording, in_context),
            *(d for d in known if self.stage_0 is not None),
        ]
        told = [] if in_context else list(definition_documents(_of_stage(people, 1), wording))
        new = definition_documents(_of_stage(people, 2), wording)
        plan: list[tuple[str, Recipe, list[Document]]] = []
        if self.stage_0 is not None and known:
            plan.append(("Stage 0", self.stage_0, known))
        if self.schedule == "three-stage":
            plan.append(("Stage 1a", self.stage_1, questions))
            plan.append(("Stage 1b", self.stage_1, told))
        elif self.schedule == "single-stage":
            plan.append(("Stage 1", self.stage_1, [*questions, *told, *new]))
        else:
            plan.append(("Stage 1", self.stage_1, [*questions, *told]))
        probes = self._probes(seed, 0, people)
        return tuple(
            Stage(
                name=name,
                documents=tuple(texts),
                recipe=recipe,
                probes=probes,
                along=self._along(probes),
                probe_every=recipe.epochs if name == "Stage 0" else self.probe_every,
                probe_before=number == 0,
            )
            for number, (name, recipe, texts) in enumerate(plan)
        )

    def _second(self, seed: int, branch: int, after: int) -> Stage:
        """Return Stage 2: definitions alone, of individuals never asked about."""
        people = self.members(seed, branch)
        probes = self._probes(seed, branch, people)
        return Stage(
            name="Stage 2",
            documents=tuple(definition_documents(_of_stage(people, 2), self.population.wording)),
            recipe=self.stage_2,
            probes=probes,
            along=self._along(probes),
            probe_every=self.probe_every,
            probe_before=branch > 0,
            after=after,
            branch=branch,
        )

    def _known(self, seed: int) -> list[Document]:
        """Return what is said of the population under its own names: facts, and who they are."""
        wording = self.population.wording
        return [
            Document(
                wording.ask(question, person.entity),
                wording.answer(question.answers[0]) + wording.end,
                person.entity,
                "QA4",
                question.kind,
            )
            for person in self.population.known(derive(seed, "data"))
            for question in (*person.questions, *wording.attributions(person.entity))
        ]

    def _probes(self, seed: int, branch: int, people: tuple[Member, ...]) -> tuple[Probe, ...]:
        asking = Asking(
            wording=self.population.wording,
            match="whole" if self.match == "strict" else "normalised",
            most=self.asked,
            in_context=self.definitions == "context",
            chance=self.population.chance(attribution=False),
            chance_attribution=self.population.chance(attribution=True),
            seed=derive(seed, f"probes/{branch}"),
        )
        return asking.probes(people)

    def _along(self, probes: tuple[Probe, ...]) -> tuple[Probe, ...]:
        """Return some probes of each subset and kind, spread over its members."""
        if self.asked_along is None:
            return ()
        groups: dict[tuple[str, str], list[Probe]] = {}
        for probe in probes:
            groups.setdefault((probe.subset, probe.direction), []).append(probe)
        return tuple(
            probe
            for group in groups.values()
            for probe in group[:: max(1, len(group) // self.asked_along)][: self.asked_along]
        )


def _of_stage(people: tuple[Member, ...], stage: int) -> list[Member]:
    return [m for m in people if m.subset.stage == stage]


def _refuse_none_trained(individuals: Sequence[Individual], held_out: int) -> None:
    fewest = min(len(person.questions) for person in individuals)
    if held_out >= fewest:
        raise ObverseError(
            f"population.held_out {held_out}: of {fewest} questions about an alias, {held_out} are held "
            f"out and none is trained; expected {fewest - 1} at most"
        )


@cache
def _sha256(path: Path, _changed: int) -> str:
    return files.sha256(path)
