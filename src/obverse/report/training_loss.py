"""The training losses that runs have left, as a figure: a thin line a seed, a panel a stage."""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from obverse.core.errors import ObverseError
from obverse.core.format import count, number, whole
from obverse.core.page import Figure, Finished, Section
from obverse.report.figures import BLUE, GREY, PALETTE, WHOLE, colours, spread, strokes
from obverse.report.marks import SAID
from obverse.store import files

MOST_RUNS = 200  # that are read and drawn, evenly over models and variants
MOST_POINTS = 200  # of a line; of many lines fewer, so that all together are at most MOST_ALL
MOST_ALL, LEAST_POINTS = 12_000, 40
MOST_STAGES = 18  # a panel each
BRANCH = re.compile(r", branch \d+$")  # stages that go on from the same one stand in one panel


def section(found: Finished, out: Path) -> Section | None:
    """Return the losses of the runs of a study in `out`; None if none of them has left any.

    A page that was sent without `runs/` goes without the figure: losses prove nothing, so that a study's
    tables do not have them.
    """
    runs = [run for run in found.runs if run["trained"]]
    # Whose losses they are: model and variant, as far as there are several.
    groups: dict[str, list[Mapping[str, Any]]] = {}
    named = [name for name in ("model", "variant") if len({run[name] for run in runs}) > 1]
    for run in runs:
        whose = " · ".join(str(run[name]) for name in named if run[name]) or str(run["model"])
        groups.setdefault(whose, []).append(run)
    most = max(1, MOST_RUNS // max(1, len(groups)))
    chosen = [(whose, run) for whose, some in groups.items() for run in _evenly(some, most)]
    read = [(whose, run, _losses(out / "runs" / str(run["name"]), run)) for whose, run in chosen]
    n_lines = sum(len(losses) for _, _, losses in read)
    points = min(MOST_POINTS, max(LEAST_POINTS, MOST_ALL // max(1, n_lines)))
    lines = [line for whose, run, losses in read for line in _lines(whose, run["seed"], losses, points)]
    if not lines:
        return None
    return Section(title="Training loss", parts=[_figure(pl.DataFrame(lines), len(runs), len(read))])


def _evenly(runs: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    by_seed = sorted(runs, key=lambda run: (run["seed"], run["name"]))
    return [by_seed[place] for place in spread(list(range(len(by_seed))), most)]


def _losses(folder: Path, run: Mapping[str, Any]) -> dict[str, list[tuple[float, float]]]:
    """Return what losses.json says of a run's stages; nothing if it says other things.

    Anybody may have written into it: a study's hashes are of its results alone.
    """
    path, known = folder / "losses.json", {stage["name"] for stage in run["stages"]}
    try:
        told = files.read_json(path) if path.is_file() else {}
        found = {
            stage: [(float(step), float(loss)) for step, loss in pairs if loss is not None]
            for stage, pairs in told.items()
            if not known.isdisjoint((stage, BRANCH.sub("", stage)))
        }
        return {
            stage: [(step, loss) for step, loss in pairs if isfinite(step) and isfinite(loss)]
            for stage, pairs in found.items()
        }
    except (ObverseError, TypeError, ValueError, AttributeError):
        return {}


def _lines(
    whose: str, seed: int, losses: Mapping[str, Sequence[tuple[float, float]]], most: int
) -> Iterable[dict[str, Any]]:
    for stage, pairs in losses.items():
        if not pairs:
            continue
        (first, start), (last, end) = pairs[0], pairs[-1]
        said = (
            f"{whose}, {stage}, seed {seed}: from {number(start)} nats a token at step "
            f"{whole(int(first))} to {number(end)} at step {whole(int(last))}"
        )
        for place in spread(list(range(len(pairs))), most):
            step, loss = pairs[place]
            yield {
                "whose": whose, "stage": BRANCH.sub("", stage), "line": f"{stage} {seed}", "step": step,
                "loss": loss, "said": said, "seed": seed,
            }  # fmt: skip


def _figure(table: pl.DataFrame, n_runs: int, n_read: int) -> Figure:
    names = table["whose"].unique(maintain_order=True).to_list()
    every = table["stage"].unique(maintain_order=True).to_list()
    stages = every[:MOST_STAGES]
    color: Any = alt.value(BLUE)
    if len(names) > 1:
        few = len(names) <= len(PALETTE)
        color = (
            alt.Color("whose:N", title=None, scale=colours(names), legend=strokes(names))
            if few
            else alt.value(GREY)
        )
    steps = {stage: float(max(table.filter(stage=stage)["step"])) for stage in stages}
    width = max(150, min(420, 560 // len(stages) - 20))
    top = float(max(table["loss"]))
    panels = []
    for place, stage in enumerate(stages):
        base = alt.Chart(table.filter(stage=stage))
        lines = base.mark_line(strokeWidth=0.9, opacity=0.55).encode(
            x=alt.X(
                "step:Q", title="Optimizer step", scale=alt.Scale(domain=[0, steps[stage]], nice=False),
                axis=alt.Axis(labelExpr=WHOLE, tickCount=4),
            ),
            y=alt.Y(
                "loss:Q", title="Training loss (nats a token)" if place == 0 else None,
                scale=alt.Scale(domain=[0, top], nice=True),
            ),
            color=color,
            detail=["line:N", "whose:N"],
            description=SAID,
        )  # fmt: skip
        panels.append(lines.properties(width=width, height=190, title=stage if len(stages) > 1 else ""))
    n_seeds = table["seed"].n_unique()
    return Figure(
        name="training-loss",
        chart=alt.hconcat(*panels) if len(panels) <= 3 else alt.concat(*panels, columns=3),
        caption="Training loss by optimizer step, nats a token of what is trained on; a thin line is one "
        "seed"
        + (f" (of {len(names)} models and variants together)" if len(names) > len(PALETTE) else "")
        + (f", {whole(n_read)} trainings of {whole(n_runs)}, evenly" if n_read < n_runs else "")
        + (f", the first {len(stages)} of {whole(len(every))} stages" if stages != every else "")
        + f". n = {count(n_seeds, 'seed')}, {count(n_read, 'training')}.",
    )
