"""The questions of the reverse in context: each with the fact in the prompt and without it."""

from collections.abc import Sequence
from random import Random

from obverse.core.data import Probe
from obverse.experiments.drills import spaced
from obverse.experiments.reversal.crowd import Told, statements
from obverse.experiments.reversal.dataset import ORDERS
from obverse.experiments.reversal.people import Fact
from obverse.experiments.reversal.templates import HELD_OUT, TRAINED, StatementOrder, fill

NONE, ALONE, AMONG = "not in the prompt", "alone in the prompt", "among others in the prompt"
CONTEXTS = (NONE, ALONE, AMONG)


def probes(
    facts: Told, *, beside: int, told: int, asked: int, spacing: bool, draw: Random
) -> tuple[Probe, ...]:
    """Return a probe for each fact, order of the question, held-out prompt and context.

    What stands in the prompt is stated in the order that the fact is told in. Candidates are the answers
    about the facts in the prompt, where there are several, and otherwise about those of the subset.
    """
    made = []
    for order, subset in facts.items():
        for fact in subset:
            for wanted in ORDERS:
                for template in range(asked):
                    others = draw.sample([other for other in subset if other is not fact], beside)
                    among = draw.sample([fact, *others], 1 + beside)
                    for context, stand in ((NONE, []), (ALONE, [fact]), (AMONG, among)):
                        wordings = [draw.choice(TRAINED[order][:told]) for _ in stand]
                        before = statements(stand, order, wordings)
                        pool = among if context == AMONG else subset
                        made.append(_probe(fact, order, wanted, template, context, before, pool, spacing))
    return tuple(made)


def _probe(
    fact: Fact,
    order: StatementOrder,
    wanted: StatementOrder,
    template: int,
    context: str,
    before: str,
    pool: Sequence[Fact],
    spacing: bool,
) -> Probe:
    def text(said: str) -> str:
        return spaced(said) if spacing else said.strip()

    wording = HELD_OUT[wanted][template]
    question = fill(wording, wanted, fact)
    answers = [f" {text(fill(wording, wanted, other).answer)}" for other in pool]
    candidates = tuple(dict.fromkeys(answers))
    direction = "same" if wanted == order else "reverse"
    return Probe(
        id=f"{fact.id}/{wanted}/{template}/{context}",
        prompt=text(f"{before} {question.prompt}"),
        targets=(f" {text(question.answer)}",),
        fact=fact.id,
        candidates=candidates,
        chance=1 / len(candidates),
        match="words",
        labels={
            "subset": order, "direction": direction, "context": context, "template": template,
        },
    )  # fmt: skip
