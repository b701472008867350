"""One run: an experiment, a model and a seed."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.model import ModelSpec
from obverse.store.files import content_hash, safe_name
from obverse.store.runs import RunFolder
from obverse.sweep.train import train_and_ask

OnStep = Callable[[int, int], None]
# Why prompts are left out, as provenance.json and the page have it.
FLAWED = "classes are flawed for the tokenizer"
NO_ROOM = "longer than the model can read"


@dataclass(frozen=True, slots=True)
class Run:
    """An experiment × model × seed. `id` is a hash of what determines its result.

    `variant` is what a study calls this experiment among those it compares.
    """

    experiment: Experiment
    model: ModelSpec
    seed: int
    variant: str = ""

    @property
    def label(self) -> str:
        return ", ".join(filter(None, (self.model.name, self.variant, f"seed {self.seed}")))

    @property
    def id(self) -> str:
        settings = self.experiment.model_dump(mode="json", exclude=set(self.experiment.analysis))
        if "data" in settings:
            settings["data"] = self.experiment.inputs_hash()  # content counts, not where it lies
        kind = type(self.experiment)
        determining = {
            "experiment": f"{kind.__module__}:{kind.__qualname__}",
            "version": self.experiment.version,
            "settings": settings,
            "model": self.model.identity(),
            "seed": self.seed,
        }
        text = json.dumps(determining, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def folder_name(self) -> str:
        name = safe_name("-".join(filter(None, (self.model.name, self.variant))))
        return f"{name or 'model'}-seed{self.seed}-{self.id[:8]}"

    def spec(self) -> dict[str, Any]:
        """Return what run.json holds: all settings, resolved, and where the experiment is defined."""
        kind = type(self.experiment)
        return {
            "id": self.id,
            "experiment": self.experiment.name,
            "type": f"{kind.__module__}:{kind.__qualname__}",
            "version": self.experiment.version,
            "settings": self.experiment.model_dump(mode="json"),
            "model": self.model.model_dump(mode="json"),
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Execution:
    """How runs are carried out; none of it changes their results beyond the last bits.

    Attributes:
        workers: runs at a time; None takes one for each CPU core, or one where there is a GPU.
        threads: CPU threads a run; with one, the same run gives the same bits on every repeat.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.
        checkpoint_every: epochs between checkpoints to resume from; None: about every half minute.
        keep_weights: keep each trained model in its run folder, as safetensors.
    """

    workers: int | None = None
    threads: int = 1
    device: str = "auto"
    checkpoint_every: int | None = None
    keep_weights: bool = False


def perform(run: Run, folder: RunFolder, execution: Execution, on_step: OnStep) -> None:
    """Carry out `run` in `folder`, going on from wherever an earlier try was cut off.

    `on_step(done, total)` counts optimizer steps over all stages.
    """
    with folder.locked():
        if folder.finished:
            return
        folder.describe(run.spec())
        stages = run.experiment.stages(run.seed)
        device = _prepare(execution)
        began = time.monotonic()
        record = (
            train_and_ask(run, stages, folder, execution, device, on_step)
            if stages
            else _ask(run, folder, execution, device, on_step)
        )
        seconds = round(time.monotonic() - began, 1)
        about = {"run": run.id, "seconds": seconds, "execution": asdict(execution), "device": device}
        folder.finish(about | record)


def _ask(
    run: Run, folder: RunFolder, execution: Execution, device: str, on_step: OnStep
) -> dict[str, Any]:
    """Ask a model as it is, or at each moment of its growth."""
    from obverse.engine.observe import Moment, observe
    from obverse.models.load import moments

    probes = run.experiment.probes(run.seed)
    record: dict[str, Any] = {"stages": [], "data_sha256": content_hash([asdict(p) for p in probes])}
    for moment in moments(run.model, run.seed, folder.path / "unfinished", device, on_step):
        # Examples before the question cost most and are of interest for the finished model.
        asked = probes if moment.last else [p for p in probes if not p.labels.get("shots")]
        fit = run.experiment.fit_for(asked, moment.count_in_context())
        room = [probe for probe in fit if moment.has_room_for(probe)]
        left_out = {FLAWED: len(asked) - len(fit), NO_ROOM: len(fit) - len(room)}
        if not any(p.candidates for p in room) and any(p.candidates for p in asked):
            raise ObverseError(
                f"{run.model.name}: every item is left out ({_reasons(left_out)}); expected at least one "
                "that can be asked (keep_flawed=true asks flawed ones too; --check says what is wrong)"
            )
        if not folder.has_moment(0, moment.number):
            now = Moment(
                run.id, run.model.name, run.seed, "", moment.number, moment.last, moment.parameters,
                moment.family, moment.tokens,
            )  # fmt: skip
            folder.add_moment(0, moment.number, observe(moment.model, room, now, ranked=True))
        if moment.last:
            record |= {"parameters": moment.parameters, "tokens": moment.tokens, "left_out": left_out}
            record |= {"weights_after_sha256": moment.weights_hash()}
            if execution.keep_weights:
                moment.save(folder.path / "weights")
    return record


def _reasons(left_out: dict[str, int]) -> str:
    return ", ".join(f"{count}: {reason}" for reason, count in left_out.items() if count)


def _prepare(execution: Execution) -> str:
    import torch
    from transformers.utils import logging

    logging.set_verbosity_error()
    torch.set_num_threads(execution.threads)
    if execution.device != "auto":
        return execution.device
    return "cuda" if torch.cuda.is_available() else "cpu"
