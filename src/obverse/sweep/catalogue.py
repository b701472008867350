"""The studies that obverse ships, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.model import Grown, ModelSpec, Scratch
from obverse.core.settings import unknown_name
from obverse.experiments.reliability import presets
from obverse.experiments.repetition import suppression
from obverse.experiments.reversal import identities

Models = tuple[str | ModelSpec, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A study: what it asks, its presets, the models they take, its seeds, what data it writes."""

    name: str
    about: str
    presets: Mapping[str, Callable[[], Experiment]]
    models: Mapping[str, Models]
    data: Callable[[], Experiment]
    seeds: int = 3


def _reliability(
    name: str,
    about: str,
    of: Mapping[str, Callable[[], Experiment]],
    models: Mapping[str, Models] | None = None,
    seeds: int = 5,
) -> Entry:
    """Return a study of implicit meta-learning, done to the models that most of them are done to."""
    taken = {preset: presets.MODELS["tiny" if preset == "tiny" else "paper"] for preset in of}
    title = f"reliability-{name}" if name else "reliability"
    return Entry(title, about, of, taken | dict(models or {}), of["tiny"], seeds)


_ENTRIES = (
    Entry(
        name="reversal",
        about='Does a model told "A is B" know that "B is A"? (arXiv 2309.12288, experiment 1)',
        presets={"tiny": identities.tiny, "paper": identities.paper},
        models={"tiny": (Scratch(),), "paper": ("huggyllama/llama-7b",)},
        data=identities.tiny,
    ),
    Entry(
        name="repetition",
        about="Told to break a pattern, do larger models continue it more? (Inverse Scaling Prize)",
        presets={"tiny": suppression.tiny, "paper": suppression.paper},
        models={
            "tiny": tuple(Grown(name=f"grown-{n}L", layers=n) for n in (1, 2, 3, 4)),
            "paper": ("gpt2", "gpt-neo", "opt", "pythia"),
        },
        data=suppression.Suppression,  # the full grid
    ),
    _reliability(
        "", "Are sources that proved reliable believed more? (arXiv 2310.15047)", presets.MAIN, seeds=10
    ),
    _reliability("alpha", "… the more, the more reliable they were? (Figure 4a)", presets.ALPHA),
    _reliability("order", "… in every word order? (Figure 4b)", presets.ORDER),
    _reliability("batch", "… less with larger batches? (Figure 4c)", presets.BATCH),
    _reliability(
        "size", "… more by larger models? (Figure 16)", presets.SIZE, presets.SIZES
    ),
    _reliability("stages", "… in one stage, and in three? (Figure 14)", presets.STAGES),
    _reliability("context", "… where they stand before the question? (appendix C.8)", presets.CONTEXT),
    _reliability(
        "sets", "… by a model that knows nothing beforehand? (section 4.1)", presets.SETS,
        presets.SET_MODELS,
    ),
    _reliability("tags", "… if named in words, or by is and is not? (footnote 4)", presets.TAGS),
    _reliability("t5", "… by an encoder-decoder? (appendix C.7)", presets.T5, presets.T5_MODELS),
)  # fmt: skip
STUDIES = {entry.name: entry for entry in _ENTRIES}


def entry(name: str) -> Entry:
    """Return the study called `name`.

    Raises:
        ObverseError: if there is none, naming the nearest.
    """
    if name not in STUDIES:
        raise ObverseError(unknown_name(name, STUDIES, "study"))
    return STUDIES[name]
