"""Writing and checking a study's data."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.experiments.repetition import check, formats
from obverse.experiments.repetition.suppression import Suppression
from obverse.experiments.reversal import dataset
from obverse.experiments.reversal.identities import Identities

SHOWN = 3


def write_data(experiment: Experiment, out: Path, seed: int, hub: bool) -> str:
    """Write the data of `seed`, and return a line that says what was written.

    Raises:
        ObverseError: if `out` cannot be written, or is of the wrong kind for the experiment.
    """
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
        return f"{out}: {len(rows)} items"
    raise ObverseError(f"{experiment.name}: there is no data to write")


def check_data(experiment: Experiment, models: Sequence[str]) -> tuple[bool, list[str]]:
    """Check classification items, for each model's tokenizer if there are any.

    Returns:
        Whether nothing is wrong, and what to say.
    """
    if not isinstance(experiment, Suppression):
        raise ObverseError(f"{experiment.name}: --check is for classification items (repetition)")
    probes = [p for p in experiment.probes(0) if p.candidates and p.labels.get("shots") == 0]
    clean, lines = True, []
    for model in models or [None]:  # type: ignore[list-item]
        found = check.summary(probes, _counter(model) if model else None)
        clean = clean and not found
        lines.append(f"{model or 'text'}: {len(probes)} items, {'nothing wrong' if not found else ''}")
        for problem, ids in found.items():
            more = f" … and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
            lines.append(f"  {problem}: {', '.join(ids[:SHOWN])}{more}")
    return clean, [line.rstrip(", ") for line in lines]


def _counter(model: str) -> check.CountTokens:
    from obverse.engine.tokens import count_in_context
    from obverse.models.checkpoint import load_tokenizer

    return partial(count_in_context, load_tokenizer(model))
