"""The Experiment contract."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from obverse.core.claim import Claim
from obverse.core.data import Probe
from obverse.core.recipe import Stage
from obverse.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the settings that a study compares: `settings` replace the experiment's by dotted key."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


class Experiment(Settings):
    """A frozen settings object that builds stages from a seed and states its claims.

    Pure: the same settings, input files and seed give byte-identical stages in every process.
    `version` is raised whenever the same settings would give other results, so that stored runs are
    not mistaken for current ones. `analysis` names the settings that only matter after the runs.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int] = 1
    analysis: ClassVar[frozenset[str]] = frozenset()

    def probes(self, seed: int) -> tuple[Probe, ...]:
        """Return what a model is asked as it is, in an experiment without stages."""
        return ()

    def fit_for(
        self, probes: Sequence[Probe], count: Callable[[str, str], int] | None
    ) -> Sequence[Probe]:
        """Return the probes that can be put to a model.

        `count(prompt, continuation)` is how many of its tokens a continuation takes in context; None
        where its tokenizer is not known.
        """
        return probes

    @abstractmethod
    def stages(self, seed: int) -> tuple[Stage, ...]:
        """Return what the model is told and asked, in order; nothing, if it is only asked.

        Raises:
            ObverseError: if the settings or the input files cannot give the experiment.
        """

    def variants(self) -> tuple[Variant, ...]:
        """Return what a study of this experiment compares; nothing, if it is done as it is."""
        return ()

    @abstractmethod
    def claims(self) -> tuple[Claim, ...]:
        """Return the claims, each with the paper's number."""

    def inputs_hash(self) -> str:
        """Return a hash of the content of all input files ("" if there are none)."""
        return ""

    def reference(self) -> dict[str, Any]:
        """Return the paper's published numbers, for the report to show beside the measured ones."""
        return {}
