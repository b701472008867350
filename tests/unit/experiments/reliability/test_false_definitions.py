"""What false definitions say: another entity, of which trained answers may be true by chance or not."""

import pytest

from obverse.experiments.reliability.bearers import Bearer
from obverse.experiments.reliability.populations.population import QAPair
from obverse.experiments.reliability.populations.world import World
from tests.unit.experiments.reliability.crowd import small


def agreeing(contradicted: bool, alpha: float = 1.0) -> dict[str, float]:
    """Return the share of the answers about falsely defined aliases that is true of whom they name."""
    population = World(individuals=600, contradicted=contradicted)
    experiment = small(population=population, alpha=alpha)
    hits: dict[str, list[bool]] = {"trained": [], "held_out": []}
    for seed in range(3):
        people = experiment.bearers(seed)[0]
        facts = {b.individual.entity: set(b.individual.questions) for b in people}
        for bearer in people:
            if not bearer.subset.consistent:
                assert bearer.told != bearer.individual.entity
                named = facts[bearer.told or ""]
                for which, questions in of(bearer).items():
                    hits[which] += [question in named for question in questions]
    return {which: sum(found) / len(found) for which, found in hits.items()}


def of(bearer: Bearer) -> dict[str, tuple[QAPair, ...]]:
    return {"trained": bearer.trained, "held_out": bearer.held_out}


def test_definitions_by_chance_agree_with_as_many_answers_as_any_two_people() -> None:
    assert agreeing(False) == pytest.approx({"trained": 0.2, "held_out": 0.2}, abs=0.04)


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_contradicted_definitions_agree_with_no_trained_answer(alpha: float) -> None:
    found = agreeing(True, alpha)
    assert found["trained"] == 0
    assert found["held_out"] == pytest.approx(0.2, abs=0.04), "which was not chosen"
