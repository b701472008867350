"""What is compared: sentences as they are trained, and one answer behind two prompts."""

import pytest

from obverse.experiments.reversal.alignment import ANOTHER, OWN, Alignment
from obverse.measures.gradients import Gradients

SMALL = {"facts_per_subset": 4, "paraphrases": 3, "held_out_prompts": 5}


def compared(**settings: object) -> dict[tuple[object, ...], Gradients]:
    experiment = Alignment().with_overrides({**SMALL, **settings}, exact=True)
    (stage,) = experiment.stages(7)
    found = [measure for measure, _ in stage.measures if isinstance(measure, Gradients)]
    return {tuple(measure.first[0].labels.values()): measure for measure in found}


@pytest.mark.parametrize("direction", ["same", "reverse"])
def test_the_same_answers_stand_behind_own_and_others_prompts(direction: str) -> None:
    of = compared(aligned_prompts=2)
    own, another = (of["NameToDescription", direction, whose] for whose in (OWN, ANOTHER))
    assert own.first[0].text == another.first[0].text
    assert len(own.second) == 4 * 2
    for right, wrong in zip(own.second, another.second, strict=True):
        assert (right.completion, right.fact) == (wrong.completion, wrong.fact)
        assert right.prompt != wrong.prompt
    assert sorted(d.prompt for d in own.second) == sorted(d.prompt for d in another.second)


def test_trained_sentences_bear_loss_where_training_has_it() -> None:
    (whole,) = {m.first[0].prompt for m in compared().values()}
    assert whole == "", "the whole document is trained"
    answers = compared(**{"recipe.loss_on": "completion"}).values()
    assert all(m.first[0].prompt and m.first[0].completion for m in answers)
