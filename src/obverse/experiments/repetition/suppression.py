"""Pattern matching suppression (Inverse Scaling Prize, McKenzie et al. 2023, arXiv 2306.09479).

Told to break a repetitive pattern, larger language models continue it more: inverse scaling.

    obverse run repetition                                            # a family grown here, in minutes
    obverse run repetition --preset paper --model pythia --model opt  # published families, on a GPU

Two classes are scored, the symbol that breaks the pattern (the truth) and the one that continues it.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from obverse.core.claim import Claim
from obverse.core.data import Probe
from obverse.core.experiment import Experiment
from obverse.core.recipe import Stage
from obverse.core.seeds import generator
from obverse.experiments.repetition import check, formats
from obverse.experiments.repetition.claims import claims
from obverse.experiments.repetition.grid import CONDITIONS, Condition, Grid, Item, items
from obverse.store.files import sha256

BETWEEN = "\n\n\n"  # between examples, as the prize does
WORDS = """
apple river stone cloud table green horse paper light north seven glass water plant voice train
house music ground winter bread silver garden window letter bridge forest summer market finger
""".split()


class Suppression(Experiment):
    """Settings of the task.

    Attributes:
        grid: "full" (13 patterns × 18 templates × 7 repetitions = 1,638 items), "released" (12 × 17 × 7
            = 1,428, as many as the prize holds), or "balanced" (13 × 18 = 234, repetitions in turn).
        data: the user's own classification data, CSV or JSONL, in place of the grid; it is asked as it
            stands, in the condition "against" alone.
        conditions: how each item is asked; "none" and "follow" are the controls.
        shots: numbers of examples before a question (0 is zero-shot), drawn without replacement from
            the other items, the same for all models; a number that the items do not suffice for is left
            out. Conditions other than "against" are zero-shot.
        shots_seed: decides which examples.
        induction: random word sequences whose second copy is compared with the first.
        margin: a range of accuracy (over the whole trend) that counts as flat.
        keep_flawed: keep items whose classes are not one token each for a model's tokenizer.
    """

    name: ClassVar[str] = "repetition"
    version: ClassVar[int] = 2
    analysis: ClassVar[frozenset[str]] = frozenset({"margin"})
    title: ClassVar[str] = "Repetition suppression: does the pattern win over the instruction?"

    grid: Grid = "full"
    data: Path | None = None
    conditions: tuple[Condition, ...] = CONDITIONS
    shots: tuple[Annotated[int, Field(ge=0)], ...] = (0, 1, 2, 4, 8, 16, 32)
    shots_seed: int = 0
    induction: Annotated[int, Field(ge=0)] = 32
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.1
    keep_flawed: bool = True

    @field_validator("conditions")
    @classmethod
    def _asks_the_task(cls, value: tuple[Condition, ...]) -> tuple[Condition, ...]:
        if "against" not in value:
            raise ValueError("'against' is the task itself and has to be among the conditions")
        return value

    @field_validator("shots")
    @classmethod
    def _has_zero(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if 0 not in value:
            raise ValueError("0 (zero-shot) has to be among the shots")
        return value

    def items(self) -> list[Item]:
        """Return the grid, or the user's data with an item for a row."""
        if self.data is None:
            return list(items(self.grid))
        return [
            Item(f"row-{number}", {"against": row.prompt}, row.classes, row.answer_index)
            for number, row in enumerate(self.rows(), start=1)
        ]

    def rows(self) -> list[formats.Row]:
        """Return the task as classification data; the user's own as it was read, `part` and all."""
        if self.data is not None:
            return formats.read(self.data)
        return [formats.Row(i.prompts["against"], i.classes, i.answer) for i in items(self.grid)]

    def probes(self, seed: int) -> tuple[Probe, ...]:
        """Return all questions; they are the same for every seed and model."""
        return _probes(self, self.inputs_hash())

    def fit_for(self, probes: Sequence[Probe], count: check.CountTokens | None) -> Sequence[Probe]:
        if self.keep_flawed:
            return probes
        return [p for p in probes if not (p.candidates and check.problems(p, count))]

    def stages(self, seed: int) -> tuple[Stage, ...]:
        return ()

    def claims(self) -> tuple[Claim, ...]:
        controls = [c for c in self.conditions if c != "against"]
        return claims(self.margin, controls if self.data is None else (), self.data is not None)

    def inputs_hash(self) -> str:
        return sha256(self.data) if self.data is not None else ""

    def reference(self) -> dict[str, Any]:
        if self.data is not None:
            return {"paper": f"own data, {self.data.name}"}
        return {
            "paper": "McKenzie et al. 2023, arXiv 2306.09479 (Inverse Scaling Prize)",
            "released_items": 1428,
        }


@lru_cache(maxsize=4)
def _probes(experiment: Suppression, _inputs: str) -> tuple[Probe, ...]:
    chosen = experiment.items()
    asked = [
        _probe(item, prompt, condition, 0)
        for condition in experiment.conditions
        for item in chosen
        if (prompt := item.prompts.get(condition)) is not None
    ]
    for shots in experiment.shots:
        if 0 < shots < len(chosen):
            asked += _with_examples(chosen, shots, experiment.shots_seed)
    return (*asked, *_induction(experiment.induction))


def _with_examples(chosen: list[Item], shots: int, seed: int) -> list[Probe]:
    draw = generator(seed, f"shots-{shots}")
    probes = []
    for number, item in enumerate(chosen):
        others = draw.sample(range(len(chosen) - 1), shots)
        examples = [chosen[i + (i >= number)] for i in others]
        texts = [e.prompts["against"] + e.classes[e.answer] for e in examples]
        prompt = BETWEEN.join([*texts, item.prompts["against"]])
        probes.append(_probe(item, prompt, "against", shots))
    return probes


def _probe(item: Item, prompt: str, condition: Condition, shots: int) -> Probe:
    return Probe(
        id=f"{item.id}/{condition}/{shots}",
        prompt=prompt,
        targets=(item.classes[item.answer],),
        fact=item.id,
        subset="suppression",
        direction="",
        order="",
        candidates=item.classes,
        chance=1 / len(item.classes),
        match=None,
        labels={"condition": condition, "shots": shots} | dict(item.labels),
    )


def _induction(count: int) -> list[Probe]:
    """Ask for a sequence of random words afresh, and again after it has stood once."""
    draw = generator(0, "induction")
    probes = []
    for number in range(count):
        words = " " + " ".join(draw.choice(WORDS) for _ in range(20))
        for direction, prompt in (("first", "Words:"), ("second", f"Words:{words}")):
            probes.append(
                Probe(
                    id=f"induction/{number}/{direction}", prompt=prompt, targets=(words,),
                    fact=f"sequence-{number}", subset="induction", direction=direction, order="",
                    match=None,
                )
            )  # fmt: skip
    return probes


def tiny() -> Suppression:
    """Return the embedded default: the balanced grid, asked of a family grown here."""
    return Suppression(grid="balanced", shots=(0, 1, 2))


def paper() -> Suppression:
    """Return the prize's size, with every number of examples."""
    return Suppression(grid="released")
