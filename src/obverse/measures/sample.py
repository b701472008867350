"""Asking a model several times over, with answers drawn at a temperature."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from obverse.core.abilities import Capability, Generates, Model, Samples
from obverse.core.data import Label, Probe, probe_row
from obverse.core.errors import ObverseError
from obverse.core.measure import Measure, Moment
from obverse.measures.ask import ROOM
from obverse.measures.frame import to_frame
from obverse.measures.match import exact_match
from obverse.measures.room import NO_ROOM, has_room

COLDEST = 1e-4  # logits over less than this run out of what float32 tells apart


@dataclass(frozen=True, kw_only=True)
class Sample(Measure):
    """Draw several answers to each probe, and count the right ones; one row a probe, in their order.

    Each answer is drawn from a seed of its own, made of `seed`, the prompt and its number. Probes that a
    model has no room for are left out, and counted.

    Attributes:
        probes: what is asked; each has to have a rule by which answers are compared (`match`).
        samples: answers a probe.
        temperature: at which tokens are drawn, COLDEST or above.
        seed: decides the draws.
        most: tokens of an answer, at most; None: those of the longest right one, and a few.
    """

    name: ClassVar[str] = "sample"
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "probe": str, "prompt": str, "target": str, "samples": int, "share": float, "once": bool,
        "right_answer": str, "wrong_answer": str, "chance": float,
    }  # fmt: skip
    requires: ClassVar[frozenset[Capability]] = frozenset({"samples"})

    probes: tuple[Probe, ...]
    samples: int = 10
    temperature: float = 1.0
    seed: int = 0
    most: int | None = None

    def __post_init__(self) -> None:
        if self.samples < 1 or not self.temperature >= COLDEST:
            raise ObverseError(
                f"samples {self.samples}, temperature {self.temperature}: expected one or more answers, "
                f"drawn at temperature {COLDEST:g} or above; ask greedily below it (Ask)"
            )
        if type(self.samples) is not int or not (
            self.most is None or (type(self.most) is int and self.most > 0)
        ):
            raise ObverseError(
                f"samples {self.samples}, most {self.most}: expected whole numbers, 1 or more"
            )
        seen: set[str] = set()
        for probe in self.probes:
            if probe.id in seen:
                raise ObverseError(f"two probes have the id {probe.id!r}; expected ids that differ")
            seen.add(probe.id)
            if probe.match is None:
                raise ObverseError(f"the probe {probe.id!r} has no rule to compare answers by (match)")

    def labels(self) -> Iterable[Mapping[str, Label]]:
        return (probe.labels for probe in self.probes)

    def rows(self) -> Iterable[Mapping[str, object]]:
        return map(probe_row, self.probes)

    def texts(self) -> Iterable[str]:
        for probe in self.probes:
            yield from (probe.prompt, *probe.targets)

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        """Return one row a probe, with `fact` and the probes' labels beside the columns above.

        `share` is how many of the answers are right, `once` whether at least one is. The first right and
        the first wrong answer are kept at a run's last moment.

        Raises:
            ObverseError: if no probe can be put to the model.
        """
        assert isinstance(model, Samples)  # it is required, and checked before the run
        fit = [p for p in self.probes if has_room(model, p.prompt + max(p.targets, key=len))]
        if len(fit) < len(self.probes):
            moment.leave_out(NO_ROOM, len(self.probes) - len(fit))
        if self.probes and not fit:
            raise ObverseError(
                f"{moment.model}: every question is {NO_ROOM}; expected at least one that can be asked"
            )
        drawn = model.sample(
            [p.prompt for p in fit], [self._limit(model, p) for p in fit], samples=self.samples,
            temperature=self.temperature, seed=self.seed,
        )  # fmt: skip
        return to_frame([_row(p, answers, moment.final) for p, answers in zip(fit, drawn, strict=True)])

    def _limit(self, model: Model, probe: Probe) -> int:
        if self.most is not None:
            return self.most
        if isinstance(model, Generates):
            return max(model.count_tokens(list(probe.targets))) + ROOM
        return max(len(target.encode()) for target in probe.targets) + ROOM


def _row(probe: Probe, answers: list[str], keep: bool) -> dict[str, Any]:
    assert probe.match is not None
    right = [any(exact_match(answer, t, probe.match) for t in probe.targets) for answer in answers]
    row: dict[str, Any] = {
        "fact": probe.fact, "probe": probe.id, "prompt": probe.prompt, "target": probe.targets[0],
        "samples": len(answers), "share": sum(right) / len(right), "once": any(right),
        "chance": probe.chance, **probe.labels,
    }  # fmt: skip
    if keep:
        for column, wanted in (("right_answer", True), ("wrong_answer", False)):
            row[column] = next((a for a, r in zip(answers, right, strict=True) if r is wanted), None)
    return row
