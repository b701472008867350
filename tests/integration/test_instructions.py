"""Experiment 3 and the reverse in context, small: from settings to pages."""

from pathlib import Path

import polars as pl

import obverse
from obverse.experiments.instructions.instructions import Instructions
from obverse.experiments.instructions.wordings import ORDERS
from obverse.experiments.reversal.in_context import InContext
from obverse.experiments.reversal.in_context_asking import CONTEXTS
from tests.outside.inline import Inline

EXECUTION = obverse.Execution(workers=1, device="cpu")
SMALL = {
    "pairs": 26, "held_out": 6, "practice": 20, "practising.epochs": 1, "recipe.epochs": 2,
    "model.hidden_size": 16,
        "model.layers": 1, "model.heads": 2,
}  # fmt: skip


def test_instructions_of_both_orders(tmp_path: Path) -> None:
    result = obverse.study(Instructions, seeds=1, settings=SMALL).run(
        tmp_path, executor=Inline(), execution=EXECUTION
    )
    rows = result.observations
    assert rows["dataset"].unique().sort().to_list() == sorted(ORDERS)
    assert (rows["variant"] == rows["dataset"]).all()
    test = rows.filter(pl.col("asked") == "question")
    assert test["epoch"].unique().sort().to_list() == [0, 1, 2]
    assert len(test) == 2 * 3 * 6
    assert test.filter("final")["generation"].null_count() == 0
    assert test.filter("final")["mass"].null_count() == 0
    obverse.write_report(tmp_path)
    assert (tmp_path / "figures/epochs.png").read_bytes()[:4] == b"\x89PNG"


def test_reverse_in_context_from_scratch(tmp_path: Path) -> None:
    settings = {
        "facts_per_subset": 2, "throwaway": 20, "rehearsed": 4, "shown": 1, "words": 6,
        "forms": 1, "asked": 1, "telling.epochs": 1, "model.hidden_size": 16,
        "model.layers": 1, "model.heads": 2,
    }  # fmt: skip
    result = obverse.study(InContext, seeds=1, settings=settings).run(
        tmp_path, executor=Inline(), execution=EXECUTION
    )
    final = result.observations.filter("final")
    assert sorted(final["context"].unique()) == sorted(CONTEXTS)
    assert len(final) == 2 * 2 * 2 * 3
    assert "fact in the prompt" in obverse.write_report(tmp_path).read_text()


def test_reverse_in_context_of_a_checkpoint_as_it_is(checkpoint: Path, tmp_path: Path) -> None:
    settings = {"facts_per_subset": 4, "asked": 1}
    study = obverse.study(InContext, preset="paper", models=[str(checkpoint)], seeds=1, settings=settings)
    result = study.run(tmp_path / "out", executor=Inline(), execution=EXECUTION)
    assert result.observations["step"].unique().to_list() == [0]
    assert {f.claim.split("/")[0] for f in result.claims} == {"alone", "among"}
    assert all(f.n_facts == 4 for f in result.claims)
