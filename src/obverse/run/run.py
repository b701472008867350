"""What a run is: an experiment, a model and a seed."""

from dataclasses import dataclass
from typing import Any, Self

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.loading import load, reference_of
from obverse.core.model import ModelSpec
from obverse.core.settings import validated
from obverse.core.stage import Stage
from obverse.store.files import safe_name

SHORT_ID = 8  # letters of a run's id that are part of its folder's name


def built(experiment: Experiment, seed: int) -> tuple[Stage, ...]:
    """Return an experiment's stages.

    Raises:
        ObverseError: if it ends the program instead.
    """
    try:
        return tuple(experiment.stages(seed))
    except SystemExit as error:
        raise ObverseError(f"{experiment.name}: stages() ended with SystemExit({error})") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An experiment × model × seed.

    `variant` is what a study calls this experiment among those it compares.
    """

    experiment: Experiment
    model: ModelSpec
    seed: int
    variant: str = ""

    @property
    def label(self) -> str:
        return ", ".join(filter(None, (self.model.name, self.variant, f"seed {self.seed}")))

    def stages(self) -> tuple[Stage, ...]:
        """Build what is told and asked; costly, so done once where a run is planned and once where it
        is carried out."""
        return built(self.experiment, self.seed)

    def folder_name(self, id: str) -> str:
        name = safe_name("-".join(filter(None, (self.model.name, self.variant))))
        return f"{name or 'model'}-seed{self.seed}-{id[:SHORT_ID]}"

    @property
    def portable(self) -> bool:
        """Whether another process can find the experiment and the model."""
        return None not in (reference_of(type(self.experiment)), reference_of(type(self.model)))

    def spec(self) -> dict[str, Any]:
        """Return what another process, and run.json, need to have: all settings, resolved, and where the
        classes are defined."""
        return {
            "label": self.label,
            "experiment": {
                "name": self.experiment.name,
                "type": reference_of(type(self.experiment)),
                "settings": self.experiment.model_dump(mode="json"),
            },
            "model": {
                "type": reference_of(type(self.model)),
                "settings": self.model.model_dump(mode="json"),
            },
            "seed": self.seed,
            "variant": self.variant,
        }

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Return the run that `spec` described."""
        experiment, model = spec["experiment"], spec["model"]
        return cls(
            experiment=validated(load(experiment["type"], Experiment), experiment["settings"]),
            model=validated(load(model["type"], ModelSpec), model["settings"]),
            seed=spec["seed"],
            variant=spec["variant"],
        )
