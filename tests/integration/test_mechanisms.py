"""Gradients, hidden states and images as studies, small: from the settings to tables, claims and the
page.
"""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.core.format import number, percent
from obverse.experiments.reversal.alignment import ANOTHER, OWN
from tests.conftest import TINY
from tests.outside.inline import Inline

EXECUTION = obverse.Execution(workers=1, device="cpu")
WORLD: dict[str, Any] = {
    "population.individuals": 120,
    "population.people": 8,
    "population.attributes": 3,
    "population.held_out": 1,
    "stage_0.epochs": 1,
    "stage_1.epochs": 2,
    "stage_2.epochs": 1,
    "asked": 9,
    "probe_every": 1,
    "model.hidden_size": 16,
    "model.layers": 1,
}


def done(name: str, settings: dict[str, Any], out: Path, seeds: int = 1) -> obverse.Result:
    result = obverse.study(name, seeds=seeds, settings=settings).run(
        out, executor=Inline(), execution=EXECUTION
    )
    assert "MISSING" not in obverse.write_report(out).read_text(encoding="utf-8")
    return result


def found(out: Path) -> str:
    """Return what a study's page says first of what came out."""
    page = (out / "report.html").read_text(encoding="utf-8")
    page = page.replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"<[^>]*>", "", page[page.index("<strong>Found") : page.index("<strong>Not shown")])


def test_alignment_of_sources(tmp_path: Path) -> None:
    result = done("reliability-alignment", WORLD | {"aligned": 6}, tmp_path)
    rows = result.tables["gradients"]
    assert set(rows["stage"]) == {"Stage 1"}
    assert sorted(rows.filter(space="gradient")["epoch"].unique()) == [0, 1, 2]
    assert rows.filter(space="adam")["epoch"].unique().to_list() == [2], "at the end alone"
    last = rows.filter(epoch=2, space="gradient", variant="base")
    assert last.group_by("subset", "partner").len()["len"].to_list() == [6] * 8
    assert set(last.filter(partner="own")["pairs"]) == {3}, "every question about the alias"
    assert set(last.filter(partner="other")["pairs"]) == {15}
    # What is compared in X2 is not trained yet, and is compared alias by alias with what is learnt.
    measured = {f.claim: f.measured for f in result.claims}
    assert measured["predicts/D5cons+D6cons"] is None, "six aliases are too few for a correlation"
    for id in (
        "own/D5cons",
        "X2/cosine",
        "alike/inner",
        "excess/cosine",
        "X1/squared_distance",
        "X2/adam",
    ):
        assert measured[id] is not None, id
    own = last.filter(partner="own")
    means = dict(own.group_by("subset").agg(pl.col("cosine").mean()).rows())
    assert measured["X2/cosine"] == pytest.approx(means["D5cons"] - means["D6cons"])
    assert f"of {number(means['D5cons'])} and {number(means['D6cons'])} (base); " in found(tmp_path)
    assert {"alignment", "alignment-x1", "norms"} <= {
        p.stem for p in (tmp_path / "figures").glob("*.svg")
    }


def test_alignment_of_orders(tmp_path: Path) -> None:
    result = done("reversal-alignment", TINY | {"aligned": 2}, tmp_path)
    rows = result.tables["gradients"]
    assert sorted(rows["epoch"].unique()) == [0, 1, 2]
    groups = rows.filter(epoch=2).group_by("subset", "direction", "prompted", "partner").len()
    assert groups.height == 16
    assert set(groups["len"]) == {2 * 3}, "two sentences of each of three facts"
    assert all(f.measured is not None for f in result.claims)
    assert (tmp_path / "figures/alignment.svg").is_file()
    learning = rows.filter(pl.col("epoch") <= 1, partner="own")
    means = dict(learning.group_by("direction", "prompted").agg(pl.col("cosine").mean()).select(
        pl.format("{} {}", "direction", "prompted"), "cosine").rows())  # fmt: skip
    same, reverse = ([number(means[f"{way} {whose}"]) for whose in (OWN, ANOTHER)]
                     for way in ("same", "reverse"))  # fmt: skip
    said = found(tmp_path)
    assert f"a cosine of {same[0]} behind a prompt about its own fact, and of {same[1]}" in said
    assert f"in the reverse order {reverse[0]} and {reverse[1]}" in said


def test_probes(tmp_path: Path) -> None:
    settings = WORLD | {"folds": 2, "shuffles": 1, "population.attributes": 4, "population.held_out": 3}
    result = done("reliability-probes", settings, tmp_path, seeds=2)
    rows = result.tables["hidden"]
    assert set(result.observations["stage"]) == {"Stage 0", "Stage 1"}, "X2 is not told"
    places = rows.select("layer", "position").unique().sort("layer", "position").rows()
    assert places == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert set(rows["task"]) == {"defined or not", "which tag"}
    assert set(rows["variant"]) == {"TAE", "ATE", "ATE, uninformative tags"}
    last_of_embeddings = rows.filter(layer=0, position=1)
    # The second token is the question itself, the same in all: nothing can be read there.
    assert last_of_embeddings["accuracy"].mean() == pytest.approx(0.5, abs=0.1)
    claims = {f.claim: f for f in result.claims}
    read = rows.filter(variant="ATE", task="which tag")
    best = (
        read.group_by("layer", "position", "seed")
        .agg((pl.col("accuracy") - pl.col("baseline")).mean().alias("gap"))
        .group_by("layer", "position")
        .agg(pl.col("gap").mean())["gap"]
        .max()
    )
    assert claims["read/ATE/which tag"].measured == pytest.approx(best)
    assert (tmp_path / "figures/probes.svg").is_file()
    places_of = ["task", "layer", "position"]
    means = rows.filter(variant="ATE").group_by(places_of).agg(pl.col("accuracy").mean())
    most = dict(means.group_by("task").agg(pl.col("accuracy").max()).rows())
    both = f"{percent(most['defined or not'])} % and {percent(most['which tag'])} % (ATE)"
    assert both in found(tmp_path)


def test_images(tmp_path: Path) -> None:
    settings = {"each": 6, "steps": 12, "asked": 1, "renderings": 1, "model.widths": "[8, 16]"}
    result = done("digits", settings, tmp_path)
    rows = result.tables["cells"]
    assert rows["stage"].unique().to_list() == ["X1 and X2"]
    counts = dict(rows.filter("final", variant="base").group_by("subset").len().rows())
    assert counts == {"D1cons-QA1": 6, "D2incons-QA2": 6, "QA3": 6, "D5cons": 24, "D6cons": 24}
    assert rows.filter(pl.col("step") == 0).height == rows.filter("final").height
    assert all(f.measured is not None for f in result.claims)
    assert {"curves", "pictures"} <= {p.stem for p in (tmp_path / "figures").glob("*.svg")}
    of = rows.filter("final", variant="base").group_by("subset").agg(pl.col("exact_match").mean())
    right = {subset: percent(share) for subset, share in of.rows()}
    said = found(tmp_path)
    assert f"{right['D5cons']} % were filled in rightly where the tag was the reliable one" in said
    assert f"{right['D6cons']} % where it was the other (base); uninformative tags: " in said


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    t5 = WORLD | {"model.architecture": "t5"}
    with pytest.raises(ObverseError, match="cannot give hidden states"):
        obverse.study("reliability-probes", seeds=1, settings=t5).run(tmp_path)
    with pytest.raises(ObverseError, match="cannot do what a measure needs"):
        obverse.study("digits", models=["scratch"], seeds=1).run(tmp_path)
