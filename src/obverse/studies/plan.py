"""What a study will do: its runs, each with its identity."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from obverse.core.claim import Claim
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.measure import LEADING
from obverse.core.model import ModelSpec
from obverse.core.stage import Stage
from obverse.measures.frame import schema
from obverse.run.identity import Identity, identify
from obverse.run.run import Run, built
from obverse.studies.check import check_claims, check_models, check_portable, check_stages
from obverse.studies.grid import Cell
from obverse.studies.known import Known
from obverse.studies.models import refuse_averaged, refuse_same


@dataclass(frozen=True, slots=True)
class Arm:
    """One of what a study compares: an experiment, and the models that it is done to."""

    experiment: Experiment
    models: tuple[ModelSpec, ...]


class Plan:
    """A study's runs. The data of each seed and variant is built once; that of the first seed is kept.

    Args:
        arms: experiments with their models, by the name of the variant; "" for one alone.
        seeds: over which what is trained, and what grows by itself, is repeated.
        cell: the values at which this is the plan of a grid.
        claims: what is claimed of what the experiments give.

    Raises:
        ObverseError: if the first seed's data cannot be built.
    """

    def __init__(
        self,
        arms: Mapping[str, Arm],
        seeds: Sequence[int],
        cell: Cell | None = None,
        claims: Sequence[Claim] = (),
    ) -> None:
        if not seeds:
            raise ObverseError("a study needs at least one seed")
        self.arms, self.seeds = arms, seeds
        self.cell, self.claims = cell or {}, claims
        self.first = {name: built(arm.experiment, seeds[0]) for name, arm in arms.items()}

    @property
    def trains(self) -> bool:
        """Whether models are told something, and not only asked."""
        return any(stage.training is not None for stages in self.first.values() for stage in stages)

    def check(self, keep_weights: bool = False, processes: int = 1) -> None:
        """Refuse what cannot go well, before any training.

        Raises:
            ObverseError: that says what, and what to do instead.
        """
        for name, stages in self.first.items():
            experiment, models = self.arms[name].experiment, self.arms[name].models
            for model in models:
                check_portable(model, model.name)
            check_portable(experiment, experiment.name)
            check_stages(experiment, stages)
            check_models(models, stages, keep_weights, processes)
        every = [stage for stages in self.first.values() for stage in stages]
        measures = {measure.name: measure.columns for stage in every for measure, _ in stage.measures}
        experiment = next(iter(self.arms.values())).experiment
        labels = LEADING | dict(experiment.columns)
        tables = {name: schema(labels | dict(columns)) for name, columns in measures.items()}
        check_claims(experiment.name, self.claims, tables)
        for key in self.cell:
            if any(key in columns for columns in measures.values()):
                raise ObverseError(f"{key}: a measure has a column of this name; it cannot be an axis")
        for arm in self.arms.values():
            refuse_same(arm.models)
            if not self.trains or any(claim.by == "family" for claim in self.claims):
                refuse_averaged(arm.models)

    def runs(self) -> Iterator[Run]:
        """Yield every run. A model asked as it is gives the same whatever the seed."""
        return chain.from_iterable(self._groups())

    def __len__(self) -> int:
        """Return how many runs there are."""
        return sum(map(len, self._groups()))

    def _groups(self) -> Iterator[list[Run]]:
        """Yield runs of the same data together."""
        for seed in self.seeds:
            for variant, arm in self.arms.items():
                runs = [
                    Run(experiment=arm.experiment, model=model, seed=seed, variant=variant)
                    for model in arm.models
                    if self.trains or seed == self.seeds[0] or not model.same_for_all_seeds
                ]
                if runs:
                    yield runs

    def identified(self) -> Iterator[tuple[Run, Identity]]:
        """Yield every run with its identity, for which its data is built."""
        for runs in self._groups():
            yield from self._identify(runs)

    def _identify(self, runs: Sequence[Run]) -> Iterator[tuple[Run, Identity]]:
        stages = self.stages_of(runs[0])
        hashes: dict[int, str] = {}
        for run in runs:
            yield run, identify(run, stages, hashes)

    def ids(self, known: Known) -> Iterator[tuple[Run, str]]:
        """Yield every run with its id. Data is built of the first seed, and where an id is not known."""
        for runs in self._groups():
            ids = [known.of(run) for run in runs]
            if None not in ids and runs[0].seed != self.seeds[0]:
                yield from zip(runs, map(str, ids), strict=True)
                continue
            for run, identity in self._identify(runs):
                if not known.agrees(run, identity.id):
                    known.forget()
                known.note(run, identity.id)
                yield run, identity.id

    def stages_of(self, run: Run) -> tuple[Stage, ...]:
        """Return a run's stages; those of the first seed are built already."""
        return self.first[run.variant] if run.seed == self.seeds[0] else run.stages()
