"""From a study's directory to report.html and figures/."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from obverse.core.errors import ObverseError
from obverse.report import figures, reliability, repetition, reversal
from obverse.report.format import FILTERS
from obverse.store import files, observations

PAGES = {"reversal": reversal.page, "repetition": repetition.page, "reliability": reliability.page}


@dataclass(frozen=True, slots=True)
class Left:
    """What a study left behind."""

    out: Path
    study: dict[str, Any]
    claims: list[dict[str, Any]]
    observations: pl.DataFrame
    runs: list[dict[str, Any]]


def build(out: str | Path) -> Path:
    """Write report.html and figures/ under `out`, and return the page's path.

    Raises:
        ObverseError: if `out` holds no finished study.
    """
    left = _read(Path(out))
    kind = left.study["experiment"]
    if kind not in PAGES:
        raise ObverseError(f"{out}: no report is known for the experiment {kind!r}")
    page = PAGES[kind](left.study, left.observations)
    drawn = [
        {"name": f.name, "caption": f.caption, "svg": Markup(_save(left.out, f.name, f.chart))}
        for f in page["figures"]
    ]
    html = template(
        f"{kind}.html.j2",
        **{"title": left.study["title"]} | page | {"figures": drawn},
        study=left.study, claims=left.claims, runs=left.runs, repeated=_repeated(left.runs),
        left_out=_left_out(left.runs),
    )  # fmt: skip
    path = left.out / "report.html"
    files.write_text(path, html)
    return path


def template(name: str, **values: Any) -> str:
    """Return the page that a template makes of `values`; all text in them is escaped."""
    environment = Environment(
        loader=PackageLoader("obverse", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    source = environment.loader
    assert source is not None
    style = Markup(source.get_source(environment, "page.css")[0])
    return environment.get_template(name).render(values, style=style)


def _read(out: Path) -> Left:
    for name in ("study.json", "claims.json", "observations.parquet"):
        if not (out / name).is_file():
            raise ObverseError(f"{out}: no {name}; expected the directory of a finished study")
    study = files.read_json(out / "study.json")
    runs = []
    for name in study["runs"]:
        record = files.read_json(out / "runs" / name / "provenance.json")
        spec = files.read_json(out / "runs" / name / "run.json")
        model = spec["model"]
        # A seed matters to what is trained; a model asked as it is runs once, whatever the seed.
        trained = bool(record["stages"]) or model["kind"] == "grown"
        about = {"name": name, "model": model["name"], "seed": spec["seed"], "trained": trained}
        runs.append(record | about)
    return Left(
        out,
        study,
        files.read_json(out / "claims.json")["claims"],
        observations.read(out / "observations.parquet"),
        runs,
    )


def _repeated(runs: list[dict[str, Any]]) -> str:
    """Say over which seeds models were trained, and which were asked as they are."""
    seeds = sorted({run["seed"] for run in runs if run["trained"]})
    once = len({run["model"] for run in runs if not run["trained"]})
    said = [f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"] if seeds else []
    if once:
        which = f"{once} asked as {'they are' if once > 1 else 'it is'}" if seeds else "asked as it is"
        said.append(f"{which}, once" if seeds or once == 1 else "each asked as it is, once")
    return "; ".join(said)


def _left_out(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how many prompts of each model were left out, and why; runs of a model agree in that."""
    found = {
        (run["model"], reason): count
        for run in runs
        for reason, count in run.get("left_out", {}).items()
        if count
    }
    return [{"model": m, "reason": reason, "count": n} for (m, reason), n in found.items()]


def _save(out: Path, name: str, chart: alt.TopLevelMixin) -> str:
    svg, png = figures.render(chart)
    files.write_text(out / "figures" / f"{name}.svg", svg)
    files.write_bytes(out / "figures" / f"{name}.png", png)
    return svg
