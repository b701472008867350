"""The studies that obverse ships, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.settings import unknown_name
from obverse.experiments.reversal import identities


@dataclass(frozen=True, slots=True)
class Entry:
    """A study: what it asks, its experiment, its presets, and the hub model its paper preset takes."""

    name: str
    about: str
    experiment: type[Experiment]
    presets: dict[str, Callable[[], Experiment]]
    default_model: dict[str, str | None]


STUDIES = {
    "reversal": Entry(
        name="reversal",
        about='Does a model told "A is B" know that "B is A"? (arXiv 2309.12288, experiment 1)',
        experiment=identities.Identities,
        presets={"tiny": identities.tiny, "paper": identities.paper},
        default_model={"tiny": None, "paper": "huggyllama/llama-7b"},
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
