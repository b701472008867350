"""What a study will take, said before it is run."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import obverse
from obverse.cli.running import plan
from obverse.core.errors import ObverseError
from obverse.run.loop import perform
from obverse.run.task import Execution
from obverse.stats.power import seeds_for
from obverse.studies.findings import Findings
from obverse.studies.forecast import UTILISATION, Forecast, forecast, size_in_name
from obverse.studies.gpus import flops_of, misfit, other_ways
from obverse.studies.pilot import seeds_from, table
from obverse.studies.tasks import work
from obverse.studies.workload import counter, workload_of
from tests.conftest import TINY
from tests.outside.counting import Capitals, TableSpec
from tests.outside.inline import Inline

EXECUTION = Execution(device="cpu", workers=2)


def shown(found: Forecast, **gpu: float) -> str:
    text = io.StringIO()
    Console(file=text, width=120, color_system=None).print(found.table(gpu))
    return text.getvalue()


def test_load_is_what_a_run_does(tmp_path: Path) -> None:
    """Documents, steps, tokens and questions are those that the run's own tables and record have."""
    study = obverse.study("reversal", seeds=1, settings=TINY)
    [plan] = study.plans()
    [task] = work([plan], tmp_path, EXECUTION).tasks
    perform(task, lambda done, total: None)
    result = study.run(tmp_path, execution=EXECUTION)
    [run] = result.runs.to_dicts()
    model = task.run.model.build(
        obverse.Setup(stages=plan.first[""], seed=0, device="cpu", folder=tmp_path / "x")
    )
    load = workload_of(plan.first[""], counter(model), task.run.model)
    assert load.documents == run["documents"], "once, as the page has it"
    assert load.steps == run["steps"]
    assert load.trained == pytest.approx(run["tokens"], rel=0.1), "but for ends of text"
    assert load.questions == len(result.observations)


def test_moments_are_those_of_the_stage() -> None:
    spec = obverse.Grown(checkpoints=4)
    stages = obverse.study("repetition", seeds=1).plans()[0].first[""]
    load = workload_of(stages, counter(None), spec)
    assert load.grown == load.trained == spec.tokens
    assert max(moments for stage in load.stages for moments in stage.moments) == 4


def test_forecast_of_what_is_left(tmp_path: Path) -> None:
    study = obverse.study(Capitals, models=[TableSpec(seconds=0.01)], seeds=3)
    before = forecast(study, tmp_path, EXECUTION)
    assert (before.runs, before.done, before.to_do) == (3, 0, 3)
    assert before.load[:2] == (3 * 6, 24), "the recipe has four epochs, and one batch each"
    assert before.seconds == pytest.approx(24 * 0.01, rel=0.5)
    assert (before.parameters, before.training_flops) == (None, None)
    assert "time, H100" not in shown(before, H100=989e12)
    assert not list(tmp_path.iterdir()), "nothing is kept"
    obverse.study(Capitals, models=[TableSpec(seconds=0.01)], seeds=2).run(
        tmp_path, execution=EXECUTION, executor=Inline()
    )
    after = forecast(study, tmp_path, EXECUTION)
    assert (after.runs, after.done, after.load[0]) == (3, 2, 6)
    assert "all 1 to do" in shown(after)
    changed = next(tmp_path.glob("runs/*/observations/ask.parquet"))
    changed.write_bytes(changed.read_bytes() + b" ")
    assert forecast(study, tmp_path, EXECUTION).done == 1, "one that was changed does not count"


def test_cells_of_a_grid_add_up(tmp_path: Path) -> None:
    study = obverse.study(Capitals, models=[TableSpec()], seeds=2).grid({"facts": [8, 12]})
    found = forecast(study, tmp_path, EXECUTION)
    assert (found.runs, found.load[0]) == (4, 2 * (6 + 10))


def test_local_model_is_measured(tmp_path: Path) -> None:
    study = obverse.study("reversal", seeds=2, settings=TINY)
    found = forecast(study, tmp_path, EXECUTION)
    assert found.counted
    assert found.seconds is not None
    assert found.memory is not None
    assert found.memory > 50e6
    assert found.parameters is not None
    low, high = found.parameters
    assert low == high > 1000
    assert found.training_flops is not None
    assert found.training_flops == pytest.approx(6 * low * found.load[2])
    assert found.on_gpu == 16 * low
    assert found.asking_flops is not None
    hours = (found.training_flops + found.asking_flops) / (1e12 * UTILISATION) / 3600
    assert found.hours(1e12) == pytest.approx(hours)
    said = shown(found, H100=989e12)
    assert "time, H100" in said
    assert "2 runs at a time" in said


def test_model_that_is_not_at_hand_is_planned_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    study = obverse.study("reversal", preset="paper", seeds=1, at_hand=False)
    found = forecast(study, tmp_path, EXECUTION)
    assert found.parameters == (7_000_000_000, 7_000_000_000)
    assert (found.seconds, found.memory, found.counted) == (None, None, False)
    assert found.load[0] == 3_600
    assert found.on_gpu == 16 * 7_000_000_000
    assert "110 GB" in shown(found, A100=312e12)
    said = shown(found, A100=312e12)
    assert "no tokenizer here" in said
    assert "time here" not in said
    assert "time, A100" not in said, "of what does not fit there is no time"
    assert "time, H200" in shown(found, H200=989e12)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("huggyllama/llama-7b", 7e9), ("EleutherAI/pythia-1.4b-deduped", 1.4e9), ("opt-125m", 125e6),
        ("gpt2", None), ("model-b", None),
    ],
)  # fmt: skip
def test_size_that_a_name_tells(name: str, size: float | None) -> None:
    assert size_in_name(name) == size


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"effect": 0.1}, "--effect 0.1: needs a pilot"),
        ({"claim": "told"}, "--claim told: needs a pilot"),
        (
            {"power": Path("out"), "effect": 0.1, "grid": ["a=1"], "gpu": ["a100"]},
            "no --grid, --gpu beside",
        ),
        (
            {"power": Path("out"), "effect": 0.1, "seeds": "3", "preset": "x"},
            "no --preset, --seeds beside",
        ),
        ({"power": Path("out")}, "--power: name the smallest value"),
    ],
)
def test_options_that_would_be_ignored_are_refused(given: Any, said: str) -> None:
    with pytest.raises(ObverseError, match=said):
        plan("reversal", **given)


def test_gpus_are_known_by_name_or_given_by_number() -> None:
    assert flops_of(["h100", "312e12"]) == {"H100": 989e12, "312e12": 312e12}
    with pytest.raises(ObverseError, match="unknown GPU 'h10'; did you mean"):
        flops_of(["h10"])
    with pytest.raises(ObverseError, match="expected FLOP/s above 0"):
        flops_of(["-1"])


def test_seeds_by_the_spread_of_a_pilot(tmp_path: Path) -> None:
    study = obverse.study(Capitals, models=[TableSpec()], seeds=3)
    pilot = study.run(tmp_path, execution=EXECUTION, executor=Inline())
    with pytest.raises(ObverseError, match="unknown claim 'tolt'; did you mean told"):
        seeds_from(pilot, 0.7, claim="tolt")
    values = {"0": 0.6, "1": 0.7, "2": 0.8}
    told = replace(pilot.claims[0], by_seed=values)
    [needed] = seeds_from(replace(pilot, claims=Findings((told,))), 0.7)
    seen, low, high = needed.spread
    assert seen == pytest.approx(0.1)
    assert low < seen < high
    criterion = obverse.Above(0.5)
    assert needed.seeds == (seeds_for(criterion, 0.7, low), seeds_for(criterion, 0.7, high))
    text = io.StringIO()
    Console(file=text, width=120, color_system=None).print(table([needed]))
    assert "what was told is known" in text.getvalue()
    looked = replace(pilot, claims=Findings((told,)), study={**pilot.study, "looks": 5})
    assert seeds_from(looked, 0.7)[0].seeds == (
        seeds_for(criterion, 0.7, low, looks=5), seeds_for(criterion, 0.7, high, looks=5),
    )  # fmt: skip
    assert seeds_from(replace(pilot, claims=Findings((told,))), 0.4)[0].seeds is None
    alike = replace(pilot.claims[0], by_seed={"0": 1.0, "1": 1.0})
    assert seeds_from(replace(pilot, claims=Findings((alike,))), 0.9)[0].seeds == (2, None)
    near = replace(told, bound=0.6996, by_seed={"0": 0.7, "1": 0.70001})
    shown_alike = replace(near, bound=0.7004)
    [holds], [never] = (
        seeds_from(replace(pilot, claims=Findings((f,))), 0.7) for f in (near, shown_alike)
    )
    assert holds.seeds is not None
    assert never.seeds is None, "the bound itself counts, not its words"


def test_what_does_not_fit_is_said_with_what_would() -> None:
    ways = other_ways(7_000_000_000, taken=112_000_000_000)
    assert misfit("H200", 112_000_000_000, ways) is None
    said = misfit("A100", 112_000_000_000, ways) or ""
    assert said.startswith(
        "it has 80 GB; what fits: recipe.optimizer=adafactor 63 GB; adapters on bfloat16"
    )
    assert said.endswith("a larger one: H200, B200")
    shared = misfit("A100", 112_000_000_000, ways, splits=True) or ""
    assert "2 of them, for each run (--gpus-per-run 2)" in shared
    assert "adafactor" not in (misfit("v100", 112_000_000_000, ways) or "")
    assert misfit("312e12", 112_000_000_000, ways) is None, "how much such a one holds is not known"
    assert other_ways(7_000_000_000, taken=1) == {}
