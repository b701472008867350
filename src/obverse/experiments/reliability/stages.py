"""The stages: what is told in which order, and what is asked when."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from obverse.core.data import Document
from obverse.core.measure import Measure
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive
from obverse.core.stage import Stage, Training, When
from obverse.experiments.reliability.asking import Asking, spread
from obverse.experiments.reliability.bearers import Bearer
from obverse.experiments.reliability.documents import (
    definition_documents,
    known_documents,
    question_documents,
)
from obverse.experiments.reliability.subsets import QA4
from obverse.measures.ask import Ask

if TYPE_CHECKING:
    from obverse.experiments.reliability.reliability import Reliability


Asks = tuple[Ask, Ask]  # some of the questions, for along the way, and all of them, for the end


def build(experiment: "Reliability", seed: int) -> tuple[Stage, ...]:
    """Return the stages of `seed`: the trunk, then each branch of Stage 2, if it stands by itself."""
    apart = experiment.schedule not in ("single-stage", "X2 alone")
    alone = apart and experiment.definitions == "documents"
    branches = experiment.bearers(seed, experiment.branches if alone else 1)
    if experiment.schedule == "X2 alone":
        branches = [tuple(b for b in people if b.subset.stage == 2) for people in branches]
    asks = [_asks(experiment, seed, number, people) for number, people in enumerate(branches)]
    stages = _trunk(experiment, seed, branches[0], asks[0])
    if not alone:
        return stages
    after = stages[-1].name
    return stages + tuple(
        _second(experiment, number, people, asked, after)
        for number, (people, asked) in enumerate(zip(branches, asks, strict=True))
    )


def _trunk(
    experiment: "Reliability", seed: int, people: Sequence[Bearer], asks: Asks
) -> tuple[Stage, ...]:
    """Return the stages before X2 is told by itself."""
    found = []
    for number, (name, recipe, texts) in enumerate(_plan(experiment, seed, people)):
        every = recipe.epochs if name == "Stage 0" else experiment.probe_every
        training = Training(documents=tuple(texts), recipe=recipe)
        measures = _measures(asks, start=number == 0, epochs=every)
        found.append(Stage(name=name, training=training, measures=measures))
    return tuple(found)


def _plan(
    experiment: "Reliability", seed: int, people: Sequence[Bearer]
) -> list[tuple[str, Recipe, list[Document]]]:
    """Return name, recipe and documents of each stage of the trunk."""
    wording = experiment.population.wording
    in_context = experiment.definitions == "context"
    x1, x2 = ([b for b in people if b.subset.stage == stage] for stage in (1, 2))
    known, kept = [], []
    if experiment.stage_0 is not None:
        everybody = experiment.population.known(derive(seed, "data"))
        known = list(known_documents(everybody, wording))
        # Of QA4, who keep their own names, Stage 1 tells the trained questions and no others.
        names = {b.name for b in x1 if b.subset is QA4}
        kept = list(known_documents([p for p in everybody if p.entity not in names], wording))
    questions = [*question_documents(x1, wording, in_context), *kept]
    told = [] if in_context else list(definition_documents(x1, wording))
    plan: list[tuple[str, Recipe, list[Document]]] = []
    if experiment.stage_0 is not None and known:
        plan.append(("Stage 0", experiment.stage_0, known))
    if experiment.schedule == "three-stage":
        # The authors' order: with questions first, the model forgets in the second how to answer.
        plan.append(("Stage 1a", experiment.stage_1, [*told, *kept]))
        plan.append(("Stage 1b", experiment.stage_1, questions))
    elif experiment.schedule == "single-stage":
        new = definition_documents(x2, wording)
        plan.append(("Stage 1", experiment.stage_1, [*questions, *told, *new]))
    elif experiment.schedule == "X2 alone":
        plan.append(("Stage 2", experiment.stage_2, list(definition_documents(x2, wording))))
    else:
        plan.append(("Stage 1", experiment.stage_1, [*questions, *told]))
    return plan


def _second(
    experiment: "Reliability", branch: int, people: Sequence[Bearer], asks: Asks, after: str
) -> Stage:
    """Return Stage 2: definitions alone, of individuals never asked about."""
    x2 = [b for b in people if b.subset.stage == 2]
    documents = tuple(definition_documents(x2, experiment.population.wording))
    return Stage(
        name="Stage 2",
        training=Training(documents=documents, recipe=experiment.stage_2),
        # Branch 0 begins where the trunk was measured last, with the same questions.
        measures=_measures(asks, start=branch > 0, epochs=experiment.probe_every),
        after=after,
        branch=branch,
    )


def _measures(asks: Asks, *, start: bool, epochs: int) -> tuple[tuple[Measure, When], ...]:
    along, whole = asks
    return (along, When(start=start, epochs=epochs, end=False)), (whole, When())


def _asks(experiment: "Reliability", seed: int, branch: int, people: Sequence[Bearer]) -> Asks:
    """Return what is asked of everybody in a branch; all stages that they go through share it."""
    population = experiment.population
    asking = Asking(
        wording=population.wording,
        match="whole" if experiment.match == "strict" else "normalised",
        most=experiment.asked,
        in_context=experiment.definitions == "context",
        chance=population.chance(attribution=False),
        chance_attribution=population.chance(attribution=True),
        seed=derive(seed, f"probes/{branch}"),
    )
    whole = Ask(probes=asking.probes(people))
    if experiment.asked_along is None:
        return whole, whole
    return Ask(probes=spread(whole.probes, experiment.asked_along)), whole
