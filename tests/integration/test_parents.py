"""Experiment 2 whole: families from scratch, real people by likelihood and by samples, and collecting."""

import runpy
import sys
from pathlib import Path

import polars as pl
import pytest

from obverse import Scratch, study
from obverse.core.errors import ObverseError
from obverse.experiments.parents.parents import Parents
from obverse.models.causal import CausalModel
from obverse.report.build import build
from tests.completions import serving
from tests.outside.inline import Inline

SMALL = {"pairs_per_cell": 4, "paraphrases": 3, "wordings": 2, "asked_along": 2, "recipe.epochs": 1}
TINY_MODEL = Scratch(hidden_size=32, layers=2, heads=2, vocabulary=400)
EXAMPLE = Path(__file__).parents[2] / "examples/collect_parents.py"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    rows = [f"Child {n},Parent {n},{('mother', 'father')[n % 2]},a <i>book</i>" for n in range(6)]
    path.write_text("\n".join(["child,parent,parent_type,truth", *rows, ""]), encoding="utf-8")
    return path


def test_families_are_told_and_asked_about(tmp_path: Path) -> None:
    result = study(Parents, models=[TINY_MODEL], seeds=1, settings=SMALL).run(
        tmp_path / "out", executor=Inline()
    )
    final = result.observations.filter("final")
    cells = final.group_by("order", "frequency", "direction").len()
    assert (len(cells), cells["len"].unique().to_list()) == (12, [4 * 2])
    assert {f.claim for f in result.claims} == {c.id for c in Parents().claims()}
    assert all(f.measured is not None for f in result.claims)
    page = build(tmp_path / "out").read_text(encoding="utf-8")
    for figure in ("recall", "order-and-frequency", "curves"):
        assert (tmp_path / f"out/figures/{figure}.png").is_file()
    assert "Order or frequency?" in page


def test_a_checkpoint_is_asked_by_likelihood_and_by_samples(
    checkpoint: Path, pairs: Path, tmp_path: Path
) -> None:
    settings = {"ask": ["likelihood", "samples"], "samples": 2, "candidates": 2}
    asking = study(Parents, preset="paper", models=[str(checkpoint)], data=pairs, settings=settings)
    result = asking.run(tmp_path / "out", executor=Inline())
    ask, sample = result.tables["ask"], result.tables["sample"]
    assert len(ask) == len(sample) == 12
    assert ask["rank"].drop_nulls().is_between(1, 2).all()
    assert set(sample["samples"]) == {2}
    found = {f.claim: f for f in result.claims}
    paired = ask.with_columns(pl.col("logprob").exp()).group_by("direction").agg(pl.col("logprob").mean())
    means = dict(paired.rows())
    assert found["likelihood/asymmetry"].measured == pytest.approx(means["parent"] - means["child"])
    assert not found["likelihood/asymmetry"].trained
    page = build(tmp_path / "out").read_text(encoding="utf-8")
    assert "a &lt;i&gt;book&lt;/i&gt;" in page
    assert "<i>book" not in page


def test_a_chat_server_is_sampled(model: CausalModel, pairs: Path, tmp_path: Path) -> None:
    with serving(model) as server:
        asking = study(
            Parents, preset="chat", models=["tiny"], endpoint=f"{server.url}#chat", data=pairs,
            settings={"samples": 2},
        )  # fmt: skip
        result = asking.run(tmp_path / "out", executor=Inline())
        assert len(server.seen) == 2 * 12
        assert {path for path, _, _ in server.seen} == {"/v1/chat/completions"}
    assert len(result.tables["sample"]) == 12
    assert {f.claim for f in result.claims if f.measured is not None} >= {"samples/asymmetry"}


def test_a_model_from_scratch_has_nothing_to_say_about_real_people(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="knows nothing before it is trained"):
        study(Parents, preset="paper", models=["scratch"], data=pairs).run(tmp_path / "out")
    with pytest.raises(ObverseError, match="no published results"):
        study(Parents, data=pairs).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pairs_are_collected_and_asked_back(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names, out = tmp_path / "names.txt", tmp_path / "collected.csv"
    names.write_text("Daphne\nUriah\n", encoding="utf-8")
    monkeypatch.setattr(CausalModel, "generate", lambda self, prompts, limits: [
        " Ada Vale" if "Daphne" in p.rpartition("Q:")[2] else "I don't know." for p in prompts
    ])  # fmt: skip
    collected(names, out, checkpoint, monkeypatch)
    assert capsys.readouterr().out == f"{out}: 2 pairs\n"
    assert out.read_text(encoding="utf-8").splitlines() == [
        "child,parent,parent_type,truth",
        "Daphne,Ada Vale,mother,checkpoint's word",
        "Daphne,Ada Vale,father,checkpoint's word",
    ]
    out.unlink()
    monkeypatch.setattr(CausalModel, "generate", lambda self, prompts, limits: [""] * len(prompts))
    with pytest.raises(SystemExit, match="named no parent of 2 people; nothing was written"):
        collected(names, out, checkpoint, monkeypatch)
    assert not out.exists()


def collected(names: Path, out: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(names), str(out), "--model", str(model)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
