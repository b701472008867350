"""Asking the trained models that a study has kept: its own questions again, or others."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from obverse.core.abilities import Generates, Model, Trains
from obverse.core.errors import ObverseError
from obverse.core.measure import Moment
from obverse.core.model import Setup
from obverse.core.stage import Stage
from obverse.measures.ask import Ask
from obverse.measures.frame import conform
from obverse.models.untrusted import guarded
from obverse.run.folder import RunFolder
from obverse.run.loop import prepare
from obverse.run.run import Run
from obverse.run.task import Execution
from obverse.store import files, tables

MEASURED = ("exact_match", "logprob")  # what is compared with the answers of the run
ANSWER = 50  # tokens of an answer to a question of the user's own, at most


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A finished run whose trained model is there; of one with branches there is one for each."""

    run: Run
    folder: RunFolder
    weights: Path
    branch: int

    @property
    def label(self) -> str:
        return self.run.label + (f", branch {self.branch}" if self.weights.name != "weights" else "")


def kept(out: Path) -> list[Kept]:
    """Return the trained models that a study has kept, in the order of their runs' folders.

    Classes that run.json names are loaded: the folder is executed as a program is.

    Raises:
        ObverseError: if there are none.
    """
    found = []
    for path in sorted((out / "runs").glob("*/weights")):
        folder = RunFolder(path.parent)
        if folder.finished:
            run = Run.from_spec(files.read_json(folder.path / "run.json"))
            branches = {int(p.name[7:]): p for p in path.glob("branch-*") if p.name[7:].isdecimal()}
            for branch, place in sorted(branches.items()) or [(0, path)]:
                found.append(Kept(run=run, folder=folder, weights=place, branch=branch))
    found.sort(key=lambda one: (one.run.model.name, one.run.variant, one.run.seed))
    if not found:
        raise ObverseError(
            f"{out}: no trained model is kept there; `obverse run STUDY --keep-weights` keeps them, in a "
            "directory of its own (--out) if the study is finished already"
        )
    return found


@contextmanager
def loaded(one: Kept, execution: Execution) -> Iterator[tuple[Model, tuple[Stage, ...]]]:
    """Make the model of a run, with the weights that were kept, and the run's stages."""
    stages, device = one.run.stages(), prepare(execution)
    with tempfile.TemporaryDirectory() as place:
        setup = Setup(stages=stages, seed=one.run.seed, device=device, folder=Path(place))
        model = one.run.model.build(setup)
        if not isinstance(model, Trains):
            raise ObverseError(
                f"{one.label}: a {type(one.run.model).__name__} takes no weights back; ask the directory "
                f"as a checkpoint: obverse run STUDY --model {one.weights}"
            )
        with guarded(str(one.weights)):
            model.restore(one.weights)
        yield model, stages


def answers(one: Kept, prompts: Sequence[str], execution: Execution) -> list[str]:
    """Return the model's greedy answers to prompts of the user's own.

    Raises:
        ObverseError: if it generates nothing.
    """
    with loaded(one, execution) as (model, _):
        if not isinstance(model, Generates):
            raise ObverseError(f"{one.label}: gives no answers in words")
        return model.generate(prompts, [ANSWER] * len(prompts))


def asked_again(one: Kept, execution: Execution) -> pl.DataFrame:
    """Ask a model the questions that its run asked last; one row each, as in the run's table.

    Raises:
        ObverseError: if the run asked none.
    """
    with loaded(one, execution) as (model, stages):
        stage = next((s for s in reversed(stages) if s.branch == one.branch), None)
        if stage is None:
            raise ObverseError(f"{one.weights}: its run has no branch {one.branch}")
        measures = [m for m, when in stage.measures if when.end and isinstance(m, Ask)]
        moment = Moment(
            run=one.run.label, model=one.run.model.name, parameters=model.parameters, family=None,
            variant=one.run.variant or None, seed=one.run.seed, branch=one.branch, stage=stage.name,
            epoch=0, step=0, tokens=None, final=True,
        )  # fmt: skip
        labels = dict(one.run.experiment.columns)
        found = [
            conform(m(model, moment), {"fact": str} | labels | dict(m.columns), f"the measure {m.name!r}")
            for m in measures
        ]
    if not found:
        raise ObverseError(f"{one.label}: its run asked no questions at its end")
    first = {"model": one.run.model.name, "variant": one.run.variant or None, "seed": one.run.seed}
    table = pl.concat(found)
    return table.select(*(pl.lit(v).alias(k) for k, v in first.items()), *table.columns)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far answers are those of the run: how many there are, how many are right in one and wrong in
    the other, and by how much log-probabilities differ at most (nats); None: there are none."""

    answers: int
    others: int
    logprob: float | None

    def __str__(self) -> str:
        said = f"{self.answers:,} answers, "
        said += "as in the run" if not self.others else f"{self.others:,} other than in the run"
        if self.logprob is None:
            return said
        near = f"within {self.logprob:.1g} nats" if self.logprob else "the same"
        return f"{said}; log-probabilities {near}"


def agreement(one: Kept, asked: pl.DataFrame) -> Agreement:
    """Compare answers with those that the run's table has of its end."""
    stored = tables.read(one.folder.path / "observations" / "ask.parquet")
    before = stored.filter(pl.col("final"), pl.col("branch") == one.branch).select("probe", *MEASURED)
    both = asked.select("probe", *MEASURED).join(before, on="probe", suffix="_before")
    other = both["exact_match"].ne_missing(both["exact_match_before"])
    apart = (both["logprob"] - both["logprob_before"]).abs().max()
    return Agreement(
        answers=len(both),
        others=int(other.sum()),
        logprob=float(apart) if isinstance(apart, float) else None,
    )
