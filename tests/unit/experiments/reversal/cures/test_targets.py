"""Whether the source is a prediction target, counted in documents."""

import random
from types import SimpleNamespace

import pytest

from obverse.core.data import Document
from obverse.experiments.reversal.cures.rewriting import Method, one_pass
from obverse.experiments.reversal.cures.statements import ASYMMETRIC, invent
from obverse.experiments.reversal.cures.targets import Counts, Pair, Sees, counts, sees

PAIR = Pair(fact="f", source="Ann Lee", target="the baker", labels={})


def counted(
    completion: str, prompt: str = "", loss_on: str = "document", sees: Sees = "before"
) -> Counts:
    return counts([Document(prompt=prompt, completion=completion, fact="f")], PAIR, loss_on, sees)


def test_a_source_at_the_start_is_predicted_from_nothing() -> None:
    assert counted("Ann Lee is the baker.") == Counts(1, 0, 0)


def test_a_source_behind_the_other_has_to_be_recalled() -> None:
    assert counted("The baker is Ann Lee.") == Counts(1, 1, 1)
    assert counted(" Ann Lee.", "The baker is", "completion") == Counts(1, 1, 1)


def test_a_source_in_sight_can_be_copied() -> None:
    assert counted("Ann Lee is the baker. So the baker is Ann Lee.") == Counts(1, 1, 0)


def test_what_bears_no_loss_is_no_target() -> None:
    assert counted(" the baker.", "Ann Lee is", "completion") == Counts()
    assert counted(" the baker.", "Ann Lee is", "completion", "around") == Counts()


def test_a_name_that_comes_out_backwards_does_not_count() -> None:
    assert counted(". baker the is Lee Ann") == Counts()


def test_masked_source_is_recalled_and_shown_source_is_copied() -> None:
    text = " Ann Lee is the baker."
    assert counted(text, "Fill in: [MASK] [MASK] is the baker. Answer:", "completion") == Counts(1, 1, 1)
    assert counted(text, "Fill in: Ann Lee is the baker. Answer:", "completion") == Counts(1, 1, 0)
    assert counted(text, "Fill in: Ann Lee is [MASK] [MASK]. Answer:", "completion") == Counts(1, 0, 0)


def test_a_model_that_sees_both_sides_predicts_it_from_what_follows() -> None:
    assert counted("Ann Lee is the baker.", sees="around") == Counts(1, 1, 1)
    assert counted("The name of Ann Lee is Ann Lee.", sees="around") == Counts(1, 0, 0)


def test_what_is_in_sight_hangs_on_the_objective() -> None:
    assert sees(SimpleNamespace()) == "before", "a model of another kind predicts what follows"
    assert sees(SimpleNamespace(objective=None)) == "before"
    assert sees(SimpleNamespace(objective=object())) == "around"


@pytest.mark.parametrize(
    ("method", "from_other", "recalled"),
    [("nothing", False, False), ("reversed words", False, False), ("reversed entities", True, True),
     ("reversed segments", True, True), ("permuted", True, True), ("identity bridge", False, False),
     ("masked", True, True), ("inferred", True, False)],
)  # fmt: skip
def test_each_cure(method: Method, from_other: bool, recalled: bool) -> None:
    world = invent(per_subset=3, per_relation=2, auxiliary=3, dose=0, paraphrases=8, asked=2, seed=2)
    documents = one_pass(world, method, random.Random(0), segment_words=12, bridges=1)
    loss_on = "completion" if method == "masked" else "document"
    found = {"from_other": 0, "recalled": 0}
    for fact in world.tested:
        pair = Pair(fact=fact.id, source=fact.source, target=fact.target, labels={})
        one = counts([d for d in documents if d.fact == fact.id], pair, loss_on, "before")
        found["from_other"] += one.from_other
        found["recalled"] += one.recalled
    assert (found["from_other"] > 0, found["recalled"] > 0) == (from_other, recalled)
    assert ASYMMETRIC in {fact.subset for fact in world.tested}
