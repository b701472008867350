"""What could be answered without any definition by a reader who knows everybody (docs/reliability.md).

The reader knows all facts of the built-in world, who can be meant by an alias of X1, and the trained
answers about it. Of those whom they fit, it gives the answer that most of them have.
"""

from collections import Counter

import pytest

from obverse.experiments.reliability.bearers import Bearer
from obverse.experiments.reliability.populations.population import Individual
from obverse.experiments.reliability.reliability import Reliability


def ideal(**population: object) -> tuple[float, float]:
    """Return how many held-out answers about QA3 such a reader gets right, and how often it knows who
    is meant, over six seeds."""
    shares: list[float] = []
    known: list[bool] = []
    for seed in range(6):
        settings = {f"population.{key}": value for key, value in population.items()}
        people = Reliability.tiny().with_overrides(settings).bearers(seed)[0]
        x1 = [b for b in people if b.subset.stage == 1 and b.subset.name != "QA4"]
        candidates = {b.individual for b in x1}
        for bearer in (b for b in x1 if b.subset.name == "QA3"):
            fitting = [c for c in candidates if set(bearer.trained) <= set(c.questions)]
            known.append(len(fitting) == 1)
            shares += [_guessed(question.kind, bearer, fitting) for question in bearer.held_out]
    return sum(shares) / len(shares), sum(known) / len(known)


def _guessed(kind: str, bearer: Bearer, fitting: list[Individual]) -> float:
    """Return how often a guess among the commonest answers is right."""
    votes = Counter(q.answers for c in fitting for q in c.questions if q.kind == kind)
    best = [answer for answer, count in votes.items() if count == max(votes.values())]
    [right] = [q.answers for q in bearer.held_out if q.kind == kind]
    return (right in best) / len(best)


@pytest.mark.parametrize(
    ("population", "answered", "told_apart"),
    [
        ({}, 0.78, 0.47),
        ({"people": 80}, 0.64, 0.20),
        ({"held_out": 9}, 0.47, 0.01),
        ({"shared": True, "people": 20, "held_out": 6}, 0.99, 0.98),
    ],
    ids=["default", "80 people", "one trained", "as once was"],
)
def test_ideal_reader(population: dict[str, object], answered: float, told_apart: float) -> None:
    assert ideal(**population) == pytest.approx((answered, told_apart), abs=0.04)
