"""Two hundred people with six questions each, divided into subsets, and a small experiment."""

from collections.abc import Sequence
from typing import Any

from obverse.core.data import Document, Probe
from obverse.core.recipe import Recipe
from obverse.core.stage import Stage
from obverse.experiments.reliability.bearers import Bearer, Division, Language, split
from obverse.experiments.reliability.populations.population import Individual, QAPair
from obverse.experiments.reliability.populations.world import World
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.subsets import Fractions, size_of_x1
from obverse.experiments.reliability.wording import NATURAL, Form, Tags, Wording, WordOrder
from obverse.measures.ask import Ask

KINDS = ("birth", "death", "region", "work", "nation", "gender")
ENTITIES = tuple(
    Individual(
        f"Person {i:03}",
        tuple(QAPair(k, f"Which {k} has {{name}}?", (f"{k}{i}", f"also {k}{i}")) for k in KINDS),
    )
    for i in range(200)
)


def language(
    tags: Tags = "random",
    order: WordOrder = "tae",
    form: Form = "words",
    wording: Wording = NATURAL,
    letters: int = 5,
) -> Language:
    return Language(
        wording=wording, tags=tags, order=order, form=form, alias_length=letters, tag_length=letters + 1
    )  # fmt: skip


def divided(individuals: Sequence[Individual], seed: int = 0, alpha: float = 1.0, **of: Any) -> Division:
    first, second = split(individuals, size_of_x1(len(individuals), Fractions()), seed)
    return Division(
        first=first, second=second, language=language(**of), fractions=Fractions(), alpha=alpha,
        held_out=1, seed=seed,
    )  # fmt: skip


def people(seed: int = 0, branch: int = 0, alpha: float = 1.0, **of: Any) -> tuple[Bearer, ...]:
    return divided(ENTITIES, seed, alpha, **of).branches(branch + 1)[branch]


def in_subset(found: Sequence[Bearer], name: str) -> list[Bearer]:
    return [b for b in found if b.subset.name == name]


def small(**settings: Any) -> Reliability:
    """200 aliases of the built-in world, whose people are few; nobody is QA4."""
    fractions = Fractions(qa3=0.2, qa4=0.0)
    recipe = Recipe(epochs=2)
    base = {
        "population": World(individuals=200, people=20, held_out=6, unaliased=0),
        "fractions": fractions,
        "stage_1": recipe,
    }
    return Reliability(**base | settings)


def documents(stage: Stage) -> tuple[Document, ...]:
    assert stage.training is not None
    return stage.training.documents


def asked(stage: Stage) -> tuple[Probe, ...]:
    """Return the probes of a stage's end."""
    [probes] = [m.probes for m, when in stage.measures if when.end and isinstance(m, Ask)]
    return probes
