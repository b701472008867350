"""The jobs of services that a study has started, and how to cancel those that still run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.core.loading import reference_of
from obverse.core.settings import validated
from obverse.models.hosted import Hosted
from obverse.run.folder import RunFolder
from obverse.store import files

HOSTED = reference_of(Hosted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A job of a run, with its id at the service; `cost` and `model` are known once it is finished."""

    run: str
    job: str
    spec: Hosted
    over: bool
    model: str | None = None
    cost: float | None = None

    def status(self, *, cancel: bool = False) -> str:
        """Return what the service says of the job, which is cancelled first if asked for.

        Raises:
            ObverseError: if the service is not reached or refuses.
        """
        if self.over:
            return "succeeded"
        from obverse.models.jobs import status_of

        return status_of(self.spec, self.job, cancel=cancel)


def started(out: Path) -> Iterator[Started]:
    """Yield the jobs of a study's runs, as they were written down.

    Raises:
        ObverseError: if the directory has no runs, or a file cannot be read.
    """
    if not (out / "runs").is_dir():
        raise ObverseError(f"{out}: no study is there; expected what `obverse run` wrote")
    for path in sorted((out / "runs").iterdir()):
        if not (path / "run.json").is_file():
            continue
        spec, label = _spec(path / "run.json")
        if spec is None:
            continue
        folder = RunFolder(path)
        if folder.finished:
            for stage in folder.record().get("stages", []):
                if "job" in stage:
                    yield Started(
                        run=label, job=stage["job"], spec=spec, over=True, model=stage["model"],
                        cost=stage["cost"],
                    )  # fmt: skip
            continue
        for ledger in sorted(path.glob("stage-*/job.json")):
            known = files.read_json(ledger)
            if not isinstance(known, dict):
                raise ObverseError(f"{ledger}: expected an object")
            if known.get("job"):
                over = known.get("status") == "succeeded"
                yield Started(run=label, job=known["job"], spec=spec, over=over, model=known.get("model"))


def _spec(path: Path) -> tuple[Hosted | None, str]:
    """Return the model of a run, None if no service trains it, and what the run is called.

    The folder may be somebody else's: no class that it names is loaded.

    Raises:
        ObverseError: if the file is not as `obverse run` wrote it.
    """
    run = files.read_json(path)
    try:
        kind, settings, label = run["model"]["type"], run["model"]["settings"], str(run["label"])
    except (KeyError, TypeError):
        raise ObverseError(f"{path}: expected the model and the label of a run") from None
    return (validated(Hosted, settings, f"{path}: ") if kind == HOSTED else None), label
