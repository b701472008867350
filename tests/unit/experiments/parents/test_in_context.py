"""Relations that stand in the prompt."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from obverse import study
from obverse.core.measure import LEADING
from obverse.experiments.parents.in_context import InContext
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from obverse.models.causal import CausalModel
from obverse.stats.verdict import evaluate
from tests.conftest import moment
from tests.outside.inline import Inline

SMALL = InContext(asked=40, facts=3)


def test_prompts_state_every_pair_and_ask_about_one() -> None:
    [stage] = SMALL.stages(0)
    [(ask, _)] = stage.measures
    assert isinstance(ask, Ask)
    orders: Counter[tuple[object, object]] = Counter()
    for probe in ask.probes:
        statements, _, question = probe.prompt.rpartition("Question:")
        names = [name.strip() for name in probe.candidates]
        assert all(statements.count(name) == 1 for name in names)
        assert not any(name in question for name in names)
        other = (
            question.split("child of ")[-1].rstrip("? Answer:")
            if "child of" in question
            else (question.removeprefix(" Who is ").partition("'s ")[0])
        )
        right = probe.targets[0].strip()
        [own] = [line for line in statements.split(".") if right in line]
        assert other in own, "the person asked about stands in the statement with the answer"
        first = own.index(other) < own.index(right)
        told = (probe.labels["order"] == "child first") == (probe.labels["direction"] == "parent")
        assert first is told
        orders[probe.labels["order"], probe.labels["direction"]] += 1
    assert set(orders.values()) == {20}


def test_a_model_from_scratch_reads_other_families_in_the_words_it_is_asked_in() -> None:
    tiny = InContext.presets()["tiny"].experiment.with_overrides({"throwaway": 60, "drills": [5, 5, 5]})
    reading, asked = tiny.stages(3)
    assert reading.training is not None
    assert reading.training.in_order
    documents = reading.training.documents
    [(ask, _)] = asked.measures
    assert isinstance(ask, Ask)
    assert len(documents) == 75
    words = {word for document in documents for word in document.text.split()}
    told = {document.text.partition("Question")[0] for document in documents}
    for probe in ask.probes:
        assert not {".", ":", "'s"} & set("".join(probe.targets))
        assert probe.prompt.partition("Question")[0] not in told
    names = {word for probe in ask.probes for name in probe.candidates for word in name.split()}
    assert len(names) <= 80
    assert {word for probe in ask.probes for word in probe.prompt.split()} <= words | names


def rows(told: float, reverse: float) -> pl.DataFrame:
    """Return observations in which these shares of the questions are answered rightly."""
    made: list[Mapping[str, object]] = []
    for n in range(200):
        order = ("child first", "parent first")[n % 2]
        for direction in ("parent", "child"):
            share = told if (order == "child first") == (direction == "parent") else reverse
            made.append(
                {
                    "model": "m", "seed": 0, "step": 0, "fact": str(n), "order": order, "final": True,
                    "direction": direction, "exact_match": n // 2 < 100 * share,
                }
            )  # fmt: skip
    return pl.DataFrame(made, schema=schema(LEADING | dict(InContext.columns) | dict(Ask.columns)))


@pytest.mark.parametrize(
    ("told", "reverse", "verdicts"),
    [
        (0.95, 0.94, ("holds", "holds", "holds")),
        (0.95, 0.1, ("holds", "fails", "fails")),
        (0.3, 0.3, ("fails", "undecided", "undecided")),
    ],
)
def test_verdicts(told: float, reverse: float, verdicts: tuple[str, ...]) -> None:
    found = {f.claim: f.verdict for f in evaluate(SMALL.claims(), {"ask": rows(told, reverse)})}
    for order in ("child first", "parent first"):
        assert (found[f"told/{order}"], found[f"reverse/{order}"], found["alike"]) == verdicts


def test_a_checkpoint_is_asked(checkpoint: Path, tmp_path: Path) -> None:
    result = study(InContext, preset="paper", models=[str(checkpoint)], settings={"asked": 6}).run(
        tmp_path / "out", executor=Inline()
    )
    assert [f.measured is not None for f in result.claims] == [True] * 5
    assert len(result.observations) == 12


def test_answers_are_drawn_where_a_model_is_sampled(model: CausalModel) -> None:
    experiment = InContext(ask="samples", asked=6, samples=2)
    [stage] = experiment.stages(0)
    [(sample, _)] = stage.measures
    table = sample(model, moment()).with_columns(
        pl.lit(0).alias("seed"), pl.lit("m").alias("model"), pl.lit(True).alias("final")
    )
    found = evaluate(experiment.claims(), {"sample": table.with_columns(pl.lit(None).alias("family"))})
    assert [f.measured is not None for f in found] == [True] * 5
