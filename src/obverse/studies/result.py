"""A finished study as an object: its tables, findings and runs, and claims evaluated anew."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from obverse.core.claim import Claim
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.format import count
from obverse.core.loading import load as load_class
from obverse.core.settings import unknown_name, validated
from obverse.stats.verdict import evaluate_cells
from obverse.store import finished
from obverse.store.tables import Tables
from obverse.studies.check import check_claims
from obverse.studies.findings import Findings
from obverse.studies.grid import combined

if TYPE_CHECKING:
    from altair import VConcatChart
    from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Result:
    """What a study gave, read from its directory.

    `obverse.write_report(result.out)` makes the page and the figures.

    Attributes:
        out: the directory.
        tables: the observations of each measure, by its name.
        claims: the findings; `claims.to_frame()` is a table of them.
        study: the content of study.json: settings, models, seeds, provenance.
        records: for each run its name, model, seed, variant and record.
    """

    out: Path
    tables: Mapping[str, pl.DataFrame]
    claims: Findings
    study: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]] = field(repr=False)

    def __repr__(self) -> str:
        """Say in a line what was asked of whom, and what became of the claims."""
        verdicts = Counter(finding.verdict for finding in self.claims)
        said = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common()) or "no claims"
        models, seeds = len(self.study["models"]), len(self.study["seeds"])
        return (
            f"Result({self.study['study']}: {count(models, 'model')}, {count(seeds, 'seed')}; {said}; "
            f"{self.out})"
        )

    def _repr_html_(self) -> str:
        """Show it in a notebook: its title, and the claims."""
        return f"<h4>{escape(self.study['title'])}</h4>{self.claims._repr_html_()}"

    def table(self) -> "Table":
        """Return the claims as a rich table: `rich.print(result.table())`."""
        return self.claims.table()

    def plot(self) -> "VConcatChart":
        """Return the claims as a chart of altair: each seed, mean and interval, criterion, paper.

        `.save("claims.pdf")` writes it; .svg, .png and .html as well.

        Raises:
            ObverseError: if no claim was measured.
        """
        from obverse.report.claims_figure import claims_figures
        from obverse.report.figures import styled

        figures = claims_figures([finding.to_dict() for finding in self.claims])
        if not figures:
            raise ObverseError(f"{self.out}: no claim was measured, so that there is nothing to plot")
        import altair

        drawn: VConcatChart = styled(altair.vconcat(*(figure.chart for figure in figures)))
        return drawn

    @property
    def observations(self) -> pl.DataFrame:
        """The table of what was asked, or of the first measure where nothing was.

        Raises:
            ObverseError: if nothing was measured at all.
        """
        if not self.tables:
            raise ObverseError(f"{self.out}: has no tables; nothing was measured")
        return self.tables["ask"] if "ask" in self.tables else next(iter(self.tables.values()))

    @property
    def runs(self) -> pl.DataFrame:
        """One row a run: what it was of, what it took (seconds, bytes of memory) and was trained on.

        `run` is what observations call it; axes of a grid have a column each.
        """
        columns = (
            "name", "run", "model", "variant", "seed", "parameters", "seconds", "peak_memory", "device",
            "trained",
        )  # fmt: skip
        rows = [
            {name: record[name] for name in columns}
            | {
                key: sum(stage[key] or 0 for stage in record["stages"])
                for key in ("documents", "steps", "tokens")
            }
            for record in self.records
        ]
        runs = pl.DataFrame(rows, infer_schema_length=None)
        axes = list(self.study["grid"])
        if not axes or not self.tables:
            return runs
        cells = pl.concat([table.select("run", *axes) for table in self._lazy().values()]).unique()
        return runs.join(cells.collect(engine="streaming"), on="run", how="left", maintain_order="left")

    def _lazy(self) -> dict[str, pl.LazyFrame]:
        """Return the tables as what reads only as much of them as is asked for."""
        if isinstance(self.tables, Tables):
            return self.tables.scans()
        return {name: table.lazy() for name, table in self.tables.items()}

    def experiment(
        self, settings: Mapping[str, Any] | None = None, at: Mapping[str, Any] | None = None
    ) -> Experiment:
        """Return the experiment with its settings; those that matter only after the runs may be others.

        Args:
            settings: that are to be others.
            at: the settings of a cell of its grid.

        Raises:
            ObverseError: if its class cannot be found, or a setting determines the runs.
        """
        known = self.study["experiment"]
        if known["type"] is None:
            raise ObverseError(
                f"{self.out}: its experiment was defined in a notebook or a prompt and cannot be found "
                "again; give claims of your own"
            )
        kind = load_class(known["type"], Experiment)
        made: Experiment = validated(kind, known["settings"], f"{self.out}: settings: ")
        for key in settings or {}:
            self._refuse_trained(made, key)
        here = {key: value for key, value in (at or {}).items() if not key.startswith("model.")}
        return made.with_overrides(here, exact=True).with_overrides(settings or {})

    def _refuse_trained(self, experiment: Experiment, key: object) -> None:
        """Refuse a setting that determines the runs, or is an axis of the grid."""
        whole, after = str(key).partition(".")[0], sorted(experiment.analysis)
        if key in self.study["grid"]:
            raise ObverseError(
                f"{key}: is an axis of the study's grid, which names its cells; run the study with it "
                "set instead (its runs count)"
            )
        if whole in after:
            return
        if whole == "model" or whole in type(experiment).model_fields:
            raise ObverseError(
                f"{key}: determines what is trained or asked; run the study with it. After the "
                f"runs there are: {', '.join(after) or 'none'}"
            )
        raise ObverseError(unknown_name(str(key), after, "setting that matters after the runs"))

    def evaluate(
        self, claims: Sequence[Claim] | None = None, *, settings: Mapping[str, Any] | None = None
    ) -> Findings:
        """Return the findings of claims of your own, or of the experiment's with other margins.

        Nothing is trained, and nothing is written. They are what the study would have given with these
        claims alone: in each cell of a grid those that the experiment states with the cell's settings,
        or your own.

        Args:
            claims: instead of the experiment's own.
            settings: of the experiment, among those that matter only after the runs.

        Raises:
            ObverseError: if a claim cannot be evaluated, or a setting is none of those.
        """
        if claims is not None and settings:
            raise ObverseError(
                "claims of your own and settings of the experiment's: expected one of them"
            )
        known = self.study["grid_values"]
        axes = {
            key: dict(zip(labels, known.get(key, labels), strict=True))
            for key, labels in self.study["grid"].items()
        }
        if claims is not None:
            schemas = {name: table.collect_schema() for name, table in self._lazy().items()}
            check_claims("claims of your own", claims, schemas)
        cells = [
            (cell, self.experiment(settings, at).claims() if claims is None else claims)
            for cell, at in combined(axes)
        ]
        found = evaluate_cells(
            cells, self._lazy(), as_it_is=self.study["as_it_is"], looks=self.study["looks"]
        )
        return Findings(tuple(found), self.study["looks"])


def load(out: str | Path) -> Result:
    """Return what a study left under `out`. Nothing is run.

    Raises:
        ObverseError: if `out` holds no finished study, or a file was changed since.
    """
    if not isinstance(out, str | Path):
        raise ObverseError(f"load: expected the directory of a finished study, got {out!r}")
    out = Path(out)
    read = finished.read(out)
    return Result(
        out=out,
        tables=read.tables,
        claims=Findings(tuple(finished.findings(out)), read.study["looks"]),
        study=read.study,
        records=read.runs,
    )
