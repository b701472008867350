"""The Experiment contract."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from obverse.core.claim import Claim
from obverse.core.data import Label, Probe
from obverse.core.model import ModelSpec
from obverse.core.page import Finished, Page
from obverse.core.settings import Settings
from obverse.core.stage import Stage

# Counts the tokens that a continuation takes behind a prompt.
CountTokens = Callable[[str, str], int]


@dataclass(frozen=True, slots=True)
class Variant:
    """One of what a study compares: `settings` replace the experiment's by dotted key, and those called
    `model.KEY` replace settings of its models, which have to be made here."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preset:
    """An experiment with its settings, and the models that it is done to unless others are named.

    A model is named as on the command line ("scratch", a directory, a hub name, a family), or given by
    its settings. A `grid` does it at every combination of some settings' values.
    """

    experiment: "Experiment"
    models: tuple[str | ModelSpec, ...] = ("scratch",)
    grid: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)


class Experiment(Settings):
    """What is told, asked and claimed: frozen settings that build stages from a seed.

    Pure: the same settings, input files and seed give byte-identical stages in every process, which is
    checked when a run is carried out. Draw with `core.seeds.generator`; Python's `hash` and the order of
    a set differ between processes. A path that is read has the type `core.settings.InputFile`.

    Attributes:
        name: what it is called on the command line and in files.
        title: the heading of its page.
        about: the question it asks, in one line; stands in `obverse list` and opens the page.
        line: the line of work that it belongs to, under which `obverse list` has it.
        paper: the publication it follows.
        version: raised whenever the same settings would give other results and neither the data nor the
            engine shows it.
        analysis: the settings that matter only after the runs (margins of claims).
        columns: the labels that probes and measured rows have, with their types; a property where
            they depend on the data.
        by: the labels that means are taken by on the generic page; None: all columns that are text.
        clusters: labels that intervals resample beside facts and seeds.
        seeds: how many a study takes unless told.
        layouts: the layouts, beside the usual one, in which `write_data` writes.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str] = ""
    line: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    version: ClassVar[int] = 1
    analysis: ClassVar[frozenset[str]] = frozenset()
    columns: ClassVar[Mapping[str, type[Label]]] = {}
    by: ClassVar[tuple[str, ...] | None] = None
    clusters: ClassVar[tuple[str, ...]] = ()
    seeds: ClassVar[int] = 3
    layouts: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return the settings that it ships with, by name; the first is the default."""
        return {"tiny": Preset(cls())}

    @classmethod
    def whole(cls) -> Self:
        """Return the experiment whose data is written and exported unless a preset is named."""
        return cls()

    @abstractmethod
    def stages(self, seed: int) -> tuple[Stage, ...]:
        """Return what the model is told and when it is measured, in order.

        Raises:
            ObverseError: if the settings or the input files cannot give the experiment.
        """

    @abstractmethod
    def claims(self) -> tuple[Claim, ...]:
        """Return the claims, each with the paper's number."""

    def models(self) -> tuple[ModelSpec, ...]:
        """Return the models that its settings bring along, such as those of which an input file has the
        results; they take the place of its preset's. None, if it is done to others."""
        return ()

    def variants(self) -> tuple[Variant, ...]:
        """Return what a study of this experiment compares; nothing, if it is done as it is."""
        return ()

    def page(self, finished: Finished) -> Page:
        """Return what its page shows beside the generic part; imported late, so that training is not
        held up by drawing."""
        return Page()

    def remark(self) -> str | None:
        """Return a line to be said beside the results, such as which part of all items is asked."""
        return None

    def flaws(self, probe: Probe, count: CountTokens | None) -> list[str] | None:
        """Return what is wrong with a probe, for a tokenizer or (None) for any; None if it is nothing
        that is checked."""
        return None

    def write_data(self, out: Path, seed: int, layout: str | None) -> str | None:
        """Write the data of `seed` to `out` in a layout of its own, and return lines that say what was
        written; None leaves it to the harness, which writes every stage as JSON lines.

        Raises:
            ObverseError: if `out` cannot be written, or is of the wrong kind.
        """
        return None
