"""Training losses are drawn from what runs have left, and of very many runs from some."""

import json
from pathlib import Path
from typing import Any

from obverse.core.page import Figure, Finished
from obverse.report import training_loss
from tests.drawn import datasets, render

STAGES = [{"name": "Stage 1"}, {"name": "Stage 2"}]


def left(out: Path, seeds: int, points: int = 3, **more: Any) -> Finished:
    runs = []
    for seed in range(seeds):
        name = f"m-seed{seed}"
        losses = {
            "Stage 1": [[step, 4.0 - step / points] for step in range(points)],
            "Stage 2, branch 1": [[1, 2.0], [2, None]],
        }
        (out / "runs" / name).mkdir(parents=True)
        (out / "runs" / name / "losses.json").write_text(json.dumps(losses))
        runs.append(
            {"name": name, "model": "m", "variant": None, "seed": seed, "trained": True, "stages": STAGES}
            | more
        )
    return Finished(study={}, claims=[], tables={}, runs=runs)


def drawn(found: Finished, out: Path) -> tuple[Figure, list[dict[str, Any]]]:
    section = training_loss.section(found, out)
    assert section is not None
    [figure] = section.parts
    assert isinstance(figure, Figure)
    return figure, [row for some in datasets(figure.chart) for row in some]


def test_a_panel_a_stage_and_a_line_a_seed(tmp_path: Path) -> None:
    figure, rows = drawn(left(tmp_path, 2), tmp_path)
    assert {row["stage"] for row in rows} == {"Stage 1", "Stage 2"}
    assert "n = 2 seeds, 2 trainings." in figure.caption
    svg, _ = render(figure.chart)
    assert "m, Stage 1, seed 1: from 4.000 nats a token at step 0 to 3.333 at step 2" in svg
    assert "Training loss (nats a token)" in svg
    assert "Optimizer step" in svg


def test_of_very_many_runs_some_are_read(tmp_path: Path) -> None:
    figure, rows = drawn(left(tmp_path, 300, points=500), tmp_path)
    assert len({row["seed"] for row in rows}) == 200
    assert len(rows) < 15_000
    assert "200 trainings of 300, evenly" in figure.caption


def test_models_that_were_only_asked_and_folders_without_runs_have_none(tmp_path: Path) -> None:
    assert training_loss.section(left(tmp_path, 1, trained=False), tmp_path) is None
    (tmp_path / "runs" / "m-seed0" / "losses.json").write_text('{"Stage 1": 7}')
    runs = left(tmp_path / "other", 1).runs
    assert training_loss.section(Finished(study={}, claims=[], tables={}, runs=runs), tmp_path) is None
    assert (
        training_loss.section(Finished(study={}, claims=[], tables={}, runs=runs), tmp_path / "x") is None
    )


def test_what_others_have_written_into_losses_is_passed_over(tmp_path: Path) -> None:
    found = left(tmp_path, 1)
    odd = {f"Stage {n}": [[1, 1.0]] for n in range(3, 3000)} | {"Stage 2": [["nan", 1.0], [3, 2.0]]}
    (tmp_path / "runs" / "m-seed0" / "losses.json").write_text(json.dumps(odd))
    _, rows = drawn(found, tmp_path)
    assert [(row["stage"], row["step"]) for row in rows] == [("Stage 2", 3)]


def test_of_very_many_stages_the_first_are_drawn(tmp_path: Path) -> None:
    found = left(tmp_path, 1, stages=[{"name": f"{n}"} for n in range(40)])
    losses = {f"{n}": [[1, 1.0]] for n in range(40)}
    (tmp_path / "runs" / "m-seed0" / "losses.json").write_text(json.dumps(losses))
    figure, _ = drawn(found, tmp_path)
    assert "the first 18 of 40 stages" in figure.caption
