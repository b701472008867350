"""Writing and checking a study's data."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.experiments.repetition import check, formats, grid
from obverse.experiments.repetition.suppression import Suppression
from obverse.experiments.reversal import dataset
from obverse.experiments.reversal.identities import Identities
from obverse.store import files
from obverse.sweep.models import named
from obverse.sweep.study import Study

SHOWN = 3


def write_data(study: Study, out: Path, seed: int, hub: bool) -> str:
    """Write the data of `seed`, and return lines that say what was written.

    Raises:
        ObverseError: if `out` cannot be written, or is of the wrong kind for the experiment.
    """
    experiment = study.experiment
    if isinstance(experiment, Identities):
        built = experiment.dataset(seed)
        about = {
            "study": experiment.name, "seed": seed, "settings": experiment.model_dump(mode="json"),
        }  # fmt: skip
        dataset.write(built, out, about)
        return f"{out}: {len(built.documents)} documents, {len(built.questions)} probes"
    if isinstance(experiment, Suppression):
        if out.suffix not in (".csv", ".jsonl"):
            raise ObverseError(f"--out {out}: expected a file that ends in .csv or .jsonl")
        rows = experiment.rows()
        formats.write(rows, out, hub)
        return f"{out}: {len(rows):,} items"
    return "\n".join(
        _write_stages(variant, out / files.safe_name(name) if name else out, seed)
        for name, variant in study.variants().items()
    )


def _write_stages(experiment: Experiment, out: Path, seed: int) -> str:
    """Write each stage's documents and probes as JSON lines."""
    stages = experiment.stages(seed)
    for number, stage in enumerate(stages):
        folder = out / f"{number:02d}-{stage.name.lower().replace(' ', '-')}"
        files.write_jsonl(folder / "documents.jsonl", map(asdict, stage.documents))
        files.write_jsonl(folder / "probes.jsonl", map(asdict, stage.probes))
    about = {"study": experiment.name, "seed": seed, "settings": experiment.model_dump(mode="json")}
    files.write_json(out / "dataset.json", about)
    documents = sum(len(stage.documents) for stage in stages)
    return f"{out}: {len(stages)} stages, {documents:,} documents"


def extent(experiment: Experiment) -> str | None:
    """Return a line that says which part of all items is asked, or None if it is all."""
    if not isinstance(experiment, Suppression) or experiment.data is not None:
        return None
    asked, every = len(experiment.items()), len(list(grid.items("full")))
    if asked == every:
        return None
    return f"grid: {experiment.grid}, {asked:,} of {every:,} items; --set grid=full asks them all"


def check_data(experiment: Experiment, models: Sequence[str]) -> tuple[bool, list[str]]:
    """Check classification items, for each model's tokenizer if there are any.

    `models` are named as for a run: directories, hub names, `name@revision`, families.

    Returns:
        Whether nothing is wrong, and what to say.
    """
    if not isinstance(experiment, Suppression):
        raise ObverseError(f"{experiment.name}: --check is for classification items (repetition)")
    if "scratch" in models:
        raise ObverseError(
            "--model scratch: its tokenizer is made from what it is trained on; name another"
        )
    probes = [p for p in experiment.probes(0) if p.candidates and p.labels.get("shots") == 0]
    items = len({p.fact for p in probes})  # each is asked in several conditions
    counters: list[tuple[str, check.CountTokens | None]] = [
        (f"{path}@{revision}" if revision else path, _counter(path, revision))
        for model in models
        for path, revision, _ in named(model)
    ]
    clean, lines = True, []
    for label, count in counters or [("text", None)]:
        found = check.summary(probes, count)
        clean = clean and not found
        about = f"{items:,} items, {len(probes):,} prompts"
        lines.append(f"{label}: {about}{'' if found else ', nothing wrong'}")
        for problem, ids in found.items():
            more = f" … and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
            lines.append(f"  {problem}: {', '.join(ids[:SHOWN])}{more}")
    return clean, lines


def _counter(path: str, revision: str | None) -> check.CountTokens:
    from obverse.engine.tokens import count_in_context
    from obverse.models.checkpoint import load_tokenizer

    return partial(count_in_context, load_tokenizer(path, revision))
