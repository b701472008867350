"""Training a ConvNet on grids, each step on pictures that are drawn anew, and asking it.

AdamW; the learning rate rises over the warm-up and stays (the paper names no schedule behind its warm-up
of 2,000 steps). Everything that is drawn at a step follows from seed and step, so that a resumed training
goes on as the undisturbed one.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from torch.nn import functional
from transformers import ConvNextV2Config, ConvNextV2ForImageClassification

from obverse.core.abilities import Point, Watch
from obverse.core.errors import ObverseError
from obverse.core.seeds import derive
from obverse.core.stage import Timetable, Training
from obverse.experiments.digits.documents import Grid
from obverse.experiments.digits.pictures import Part, draw, handwriting
from obverse.models.module import ModuleModel

if TYPE_CHECKING:
    from obverse.experiments.digits.network import ConvNext

PER_BATCH = 512  # pictures asked at a time
SECONDS_BETWEEN_CHECKPOINTS = 30.0


class GridModel(ModuleModel):
    """A ConvNeXt V2 that gives for each cell of a grid how likely every target is, and none."""

    def __init__(self, spec: "ConvNext", example: Grid, seed: int) -> None:
        self.cells, self.classes = len(example.digits), example.nothing + 1
        classes: dict[str, Any] = {"num_labels": self.cells * self.classes}
        torch.manual_seed(derive(seed, "initialisation"))
        self.model: ConvNextV2ForImageClassification = ConvNextV2ForImageClassification(
            ConvNextV2Config(
                num_channels=1, patch_size=spec.patch, num_stages=len(spec.widths),
                hidden_sizes=list(spec.widths), depths=list(spec.depths),
                drop_path_rate=spec.drop_path, **classes,
            )
        )  # fmt: skip

    def read(self, grids: Sequence[Grid], seed: int) -> list[list[int]]:
        """Return the likeliest target of each cell, no answer left out (`asking.ReadsGrids`)."""
        self.model.eval()
        chance = np.random.default_rng(derive(seed, "handwriting asked"))
        found: list[list[int]] = []
        with torch.inference_mode():
            for start in range(0, len(grids), PER_BATCH):
                logits = self._logits(grids[start : start + PER_BATCH], "test", chance)
                found += logits[:, :, :-1].argmax(2).tolist()
        return found

    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        """Train for as many steps as the recipe says, on grids drawn by their weights.

        Raises:
            ObverseError: if the recipe asks for what is not done here.
        """
        recipe, grids = training.recipe, [d for d in training.documents if isinstance(d, Grid)]
        if recipe.optimizer != "adamw" or recipe.schedule != "constant":
            raise ObverseError(
                f"{recipe.optimizer}, {recipe.schedule}: grids are trained by adamw at a constant rate"
            )
        ends = recipe.epoch_ends(len(grids))
        size = min(recipe.batch_size, len(grids))
        table = Timetable(
            steps=ends[-1],
            epoch_ends=tuple(ends),
            tokens=tuple(size * step for step in range(ends[-1] + 1)),
        )
        stops = frozenset(watch.stops(table))
        optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay,
            betas=(recipe.adam_beta1, recipe.adam_beta2),
        )  # fmt: skip
        done = self._resume(folder, optimizer)
        if done == 0 and 0 in stops:
            watch.at(self._point(table, 0))
        weights = np.array([grid.weight for grid in grids])
        weights /= weights.sum()
        saved = time.monotonic()
        for step in range(done + 1, table.steps + 1):
            chance = np.random.default_rng(derive(seed, f"step {step}"))
            batch = [grids[i] for i in chance.choice(len(grids), size, p=weights)]
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * min(1.0, step / max(1, recipe.warmup_steps))
            loss = self._step(batch, chance, optimizer, recipe.max_grad_norm)
            watch.on_step(step, table.steps)
            if step % max(1, table.steps // 100) == 0:
                watch.on_loss(step, loss)
            if step in stops:
                watch.at(self._point(table, step))
            if step < table.steps and self._due(table, step, saved, watch):
                self._checkpoint(folder, optimizer, step)
                saved = time.monotonic()
        return {"steps": table.steps, "tokens": table.tokens[-1], "resumed_from_step": done or None}

    def save(self, folder: Path) -> None:
        self.model.save_pretrained(folder)

    def restore(self, folder: Path) -> None:
        load_model(self.model, str(folder / "model.safetensors"))

    def _logits(self, grids: Sequence[Grid], part: Part, chance: np.random.Generator) -> torch.Tensor:
        """Return the scores of each cell's classes, (grids, cells, classes)."""
        pictures = draw(grids, handwriting(grids[0].data, part), chance)
        pixels = torch.from_numpy(pictures)[:, None].to(self.model.device)
        logits: torch.Tensor = self.model(pixel_values=pixels).logits
        return logits.view(len(grids), self.cells, self.classes)

    def _step(
        self,
        batch: Sequence[Grid],
        chance: np.random.Generator,
        optimizer: torch.optim.Optimizer,
        most: float,
    ) -> float:
        """Take one step, and return the loss: nats a cell."""
        self.model.train()
        torch.manual_seed(int(chance.integers(2**31)))  # for stochastic depth
        optimizer.zero_grad(set_to_none=True)
        logits = self._logits(batch, "train", chance)
        targets = torch.tensor([grid.targets for grid in batch], device=logits.device)
        loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), most)
        optimizer.step()
        return float(loss.detach())

    @staticmethod
    def _point(table: Timetable, step: int) -> Point:
        return Point(
            step=step, epoch=table.epochs_at(step), tokens=table.tokens[step], last=step == table.steps
        )

    @staticmethod
    def _due(table: Timetable, step: int, saved: float, watch: Watch) -> bool:
        if watch.checkpoint_every is None:
            return time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS
        return step in table.epoch_ends and table.epochs_at(step) % watch.checkpoint_every == 0

    def _checkpoint(self, folder: Path, optimizer: torch.optim.Optimizer, step: int) -> None:
        """Write weights, then the state that names them: whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = folder / f"weights-{step}.safetensors"
        save_model(self.model, str(folder / "weights.partial"))
        (folder / "weights.partial").replace(weights)
        torch.save({"step": step, "optimizer": optimizer.state_dict()}, folder / "state.partial")
        (folder / "state.partial").replace(folder / "state.pt")
        for old in folder.glob("weights-*.safetensors"):
            if old != weights:
                old.unlink()

    def _resume(self, folder: Path, optimizer: torch.optim.Optimizer) -> int:
        """Take back the last checkpoint, and return its step; 0 without one."""
        if not (folder / "state.pt").is_file():
            return 0
        state = torch.load(folder / "state.pt", weights_only=True)
        load_model(self.model, str(folder / f"weights-{state['step']}.safetensors"))
        optimizer.load_state_dict(state["optimizer"])
        return int(state["step"])
