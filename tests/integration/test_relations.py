"""Relations and two hops, small: trained, asked, claimed and drawn."""

from pathlib import Path

import pytest

import obverse
from obverse.core.experiment import Experiment
from obverse.core.recipe import Recipe
from obverse.experiments.relations.relations import Relations
from obverse.experiments.relations.two_hop import TwoHop

RECIPE = Recipe(epochs=1, warmup_steps=2, batch_size=32)
MODEL = obverse.Scratch(hidden_size=16, layers=1, heads=2)


@pytest.mark.parametrize(
    ("experiment", "figures"),
    [
        (
            Relations(facts=4, openings=1, held_out_openings=2, recipe=RECIPE),
            ("one-way", "likelihood", "both-ways"),
        ),
        (
            TwoHop(held_out=4, demonstrated=4, openings=1, held_out_openings=2, recipe=RECIPE),
            ("hops", "hops-likelihood"),
        ),
    ],
)
def test_study_is_whole(experiment: Experiment, figures: tuple[str, ...], tmp_path: Path) -> None:
    study = obverse.study(experiment, models=[MODEL], seeds=2)
    result = study.run(tmp_path, execution=obverse.Execution(workers=1, device="cpu"))
    final = result.observations.filter("final")
    assert final["seed"].unique().sort().to_list() == [0, 1]
    assert not final["exact_match"].null_count()
    assert not final["logprob_control"].null_count()
    assert {f.claim for f in result.claims} == {claim.id for claim in experiment.claims()}
    assert all(f.measured is not None for f in result.claims)
    obverse.write_report(tmp_path)
    for figure in figures:
        assert (tmp_path / "figures" / f"{figure}.png").read_bytes()[:4] == b"\x89PNG"
