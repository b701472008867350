"""A model whose answers follow from a hash, so that numbers are the same on every machine."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from obverse import Ask, Model, ModelSpec, Point, Setup, Timetable, Training, Watch
from obverse.core.content import content_hash


def share(*texts: object) -> float:
    """Return a number between 0 and 1 that follows from `texts` alone."""
    digest = hashlib.sha256("/".join(map(str, texts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


class Fake:
    """Answers six questions in ten right, and scores by a hash; what it is told changes the draw."""

    def __init__(self, name: str, parameters: int, setup: Setup) -> None:
        self.name, self.parameters, self.seed = name, parameters, setup.seed
        self.step, self.told = 0, ""
        self.right = {
            probe.prompt: probe.targets[0]
            for stage in setup.stages
            for measure, _ in stage.measures
            if isinstance(measure, Ask)
            for probe in measure.probes
        }

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        return [
            [
                -0.01 - 8 * share(self.name, self.seed, self.step, self.told, prompt, option)
                for option in options
            ]
            for prompt, options in zip(prompts, continuations, strict=True)
        ]

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return [
            self.right[prompt] if share(self.seed, self.step, self.told, prompt) < 0.6 else " nothing"
            for prompt in prompts
        ]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def train(self, training: Training, *, folder: Path, seed: int, watch: Watch) -> dict[str, Any]:
        ends = tuple(training.recipe.epoch_ends(len(training.documents)))
        table = Timetable(steps=ends[-1], epoch_ends=ends, tokens=tuple(range(ends[-1] + 1)))
        self.told = content_hash([self.told, training.documents])[:16]
        for step in sorted(watch.stops(table)):
            self.step = step
            point = Point(step=step, epoch=table.epochs_at(step), tokens=step, last=step == table.steps)
            watch.at(point)
        return {"steps": table.steps, "tokens": table.tokens[-1]}

    def weights_hash(self) -> str:
        return f"{self.step} {self.told}"

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "state").write_text(f"{self.step} {self.told}", encoding="utf-8")

    def restore(self, folder: Path) -> None:
        step, self.told = (folder / "state").read_text(encoding="utf-8").split()
        self.step = int(step)


class FakeSpec(ModelSpec):
    can = frozenset({"scores", "generates", "trains", "saves"})
    same_for_all_seeds = False

    name: str = "fake"
    parameters: int = 1000

    def build(self, setup: Setup) -> Model:
        return Fake(self.name, self.parameters, setup)

    def size(self) -> int:
        return self.parameters
