"""Relations and two hops, small: trained, asked and claimed."""

from pathlib import Path

import pytest

import obverse
from obverse.core.experiment import Experiment
from obverse.core.recipe import Recipe
from obverse.experiments.relations.relations import Relations
from obverse.experiments.relations.two_hop import TwoHop
from tests.outside.inline import Inline

RECIPE = Recipe(epochs=1, warmup_steps=2)
MODEL = obverse.Scratch(hidden_size=16, layers=1, heads=2)


@pytest.mark.parametrize(
    "experiment",
    [
        Relations(facts=4, openings=1, held_out_openings=2, recipe=RECIPE),
        TwoHop(held_out=4, demonstrated=4, openings=1, held_out_openings=2, recipe=RECIPE),
    ],
)
def test_study_is_whole(experiment: Experiment, tmp_path: Path) -> None:
    study = obverse.study(experiment, models=[MODEL], seeds=[7])
    result = study.run(tmp_path, executor=Inline(), execution=obverse.Execution(device="cpu"))
    final = result.observations.filter("final")
    assert len(final) > 50
    assert not final["exact_match"].null_count()
    assert not final["logprob_control"].null_count()
    assert {f.claim for f in result.claims} == {claim.id for claim in experiment.claims()}
    assert all(f.measured is not None for f in result.claims)
