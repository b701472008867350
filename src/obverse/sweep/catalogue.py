"""The studies that obverse ships, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.model import Grown, ModelSpec, Scratch
from obverse.core.settings import unknown_name
from obverse.experiments.repetition import suppression
from obverse.experiments.reversal import identities


@dataclass(frozen=True, slots=True)
class Entry:
    """A study: what it asks, its experiment, its presets, the models they take, what data it writes."""

    name: str
    about: str
    experiment: type[Experiment]
    presets: dict[str, Callable[[], Experiment]]
    models: dict[str, tuple[str | ModelSpec, ...]]
    data: Callable[[], Experiment]


STUDIES = {
    "reversal": Entry(
        name="reversal",
        about='Does a model told "A is B" know that "B is A"? (arXiv 2309.12288, experiment 1)',
        experiment=identities.Identities,
        presets={"tiny": identities.tiny, "paper": identities.paper},
        models={"tiny": (Scratch(),), "paper": ("huggyllama/llama-7b",)},
        data=identities.tiny,
    ),
    "repetition": Entry(
        name="repetition",
        about="Told to break a pattern, do larger models continue it more? (Inverse Scaling Prize)",
        experiment=suppression.Suppression,
        presets={"tiny": suppression.tiny, "paper": suppression.paper},
        models={
            "tiny": tuple(Grown(name=f"grown-{n}L", layers=n) for n in (1, 2, 3, 4)),
            "paper": ("gpt2", "gpt-neo", "opt", "pythia"),
        },
        data=suppression.Suppression,  # the full grid
    ),
}


def entry(name: str) -> Entry:
    """Return the study called `name`.

    Raises:
        ObverseError: if there is none, naming the nearest.
    """
    if name not in STUDIES:
        raise ObverseError(unknown_name(name, STUDIES, "study"))
    return STUDIES[name]
