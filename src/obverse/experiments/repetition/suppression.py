"""Pattern matching suppression (Inverse Scaling Prize, McKenzie et al. 2023, arXiv 2306.09479).

Told to break a repetitive pattern, larger language models continue it more: inverse scaling.

    obverse run repetition                                            # a family grown here, in minutes
    obverse run repetition --preset paper --model pythia --model opt  # published families, on a GPU

Two classes are scored, the symbol that breaks the pattern (the truth) and the one that continues it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from obverse.core.claim import Claim
from obverse.core.data import Label, Probe
from obverse.core.errors import ObverseError
from obverse.core.experiment import CountTokens, Experiment, Preset
from obverse.core.format import whole
from obverse.core.page import Finished, Page
from obverse.core.settings import MOST, InputFile
from obverse.core.stage import Stage, When
from obverse.experiments.repetition import check, formats, questions
from obverse.experiments.repetition.answers import CLUSTERS
from obverse.experiments.repetition.claims import Margins, claims
from obverse.experiments.repetition.grid import CONDITIONS, Condition, Grid, Item, items
from obverse.experiments.repetition.questions import Questions
from obverse.models.grown import Grown


class Suppression(Experiment):
    """Settings of the task.

    Attributes:
        grid: "full" (13 patterns × 18 templates × 7 repetitions = 1,638 items), "released" (12 × 17 × 7
            = 1,428, as many as the prize holds), or "balanced" (13 × 18 = 234, repetitions in turn).
            Which symbol of a pair comes first alternates over the grid.
        data: the user's own classification data, CSV or JSONL, in place of the grid. It is asked as it
            stands, in the condition "against" alone.
        conditions: how each item is asked; "none" (each sequence once) and "follow" are the controls.
        shots: numbers of examples before a question (0 is zero-shot), drawn without replacement from
            the other items, the same for all models. A number for which there are too few items is left
            out. Conditions other than "against" are zero-shot.
        shots_seed: decides which examples.
        induction: random word sequences whose second copy is compared with the first.
        margin: a difference of accuracy that counts as none, over a whole trend or between instructions.
        margin_loss: a change of the loss over a whole trend that counts as none, nats.
        keep_flawed: keep items whose classes are not one token each for a model's tokenizer.
    """

    name: ClassVar[str] = "repetition"
    title: ClassVar[str] = "Repetition suppression: does the pattern win over the instruction?"
    about: ClassVar[str] = "Told to break a pattern, do larger models continue it more?"
    line: ClassVar[str] = "Does a pattern win over an instruction?"
    paper: ClassVar[str] = "McKenzie et al. 2023, arXiv 2306.09479 (Inverse Scaling Prize)"
    version: ClassVar[int] = 3
    analysis: ClassVar[frozenset[str]] = frozenset({"margin", "margin_loss"})
    columns: ClassVar[Mapping[str, type[Label]]] = questions.COLUMNS
    by: ClassVar[tuple[str, ...] | None] = ("subset", "condition", "shots")
    clusters: ClassVar[tuple[str, ...]] = CLUSTERS
    seeds: ClassVar[int] = 6
    layouts: ClassVar[tuple[str, ...]] = ("hub",)

    grid: Grid = "full"
    data: InputFile | None = None
    conditions: tuple[Condition, ...] = CONDITIONS
    shots: tuple[Annotated[int, Field(ge=0, le=10_000)], ...] = (0, 1, 2, 4, 8, 16, 32)
    shots_seed: int = 0
    induction: Annotated[int, Field(ge=0, le=MOST)] = 32
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.1
    margin_loss: Annotated[float, Field(gt=0)] = 0.1
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

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return the balanced grid, asked of a family grown here, and the prize's size with every number
        of examples, asked of published families."""
        grown = tuple(Grown(name=f"grown-{n}L", layers=n) for n in (1, 2, 3))
        return {
            "tiny": Preset(cls(grid="balanced", shots=(0, 1, 2)), grown),
            "paper": Preset(cls(grid="released"), ("gpt2", "gpt-neo", "opt", "pythia")),
        }

    def items(self) -> list[Item]:
        """Return the grid, or the user's data with an item for a row."""
        if self.data is None:
            return list(items(self.grid))
        return [
            Item(f"row-{number}", {"against": case.prompt}, case.classes, case.answer_index)
            for number, case in enumerate(self.cases(), start=1)
        ]

    def cases(self) -> list[formats.Case]:
        """Return the task as classification data; the user's own as it was read, `part` and all."""
        if self.data is not None:
            return formats.read(self.data)
        return [formats.Case(i.prompts["against"], i.classes, i.answer) for i in items(self.grid)]

    def stages(self, seed: int) -> tuple[Stage, ...]:
        """Return one stage, the same for every seed: a model as it is.

        Questions without examples are asked at every moment of a model's growth. Those with examples
        cost most and are of interest for the finished model, so they are asked at the end alone.
        """
        chosen = self.items()
        always = questions.zero_shot(chosen, self.conditions) + questions.induction(self.induction)
        few = [p for n in self.shots if n > 0 for p in questions.few_shot(chosen, n, self.shots_seed)]
        asked = ((always, When(start=True)), (few, When()))
        measures = tuple(
            (Questions(probes=tuple(probes), keep_flawed=self.keep_flawed), when)
            for probes, when in asked
            if probes
        )
        return (Stage(name="as it is", measures=measures),)

    def claims(self) -> tuple[Claim, ...]:
        controls = [c for c in self.conditions if c != "against"]
        margins = Margins(accuracy=self.margin, loss=self.margin_loss)
        return claims(margins, controls if self.data is None else (), self.data is not None)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.repetition.page import page

        return page(self, finished)

    def remark(self) -> str | None:
        """Return which part of all items is asked, or None if it is all."""
        asked, every = len(self.items()), len(list(items("full")))
        if self.data is not None or asked == every:
            return None
        part = f"{whole(asked)} of {whole(every)} items (grid={self.grid})"
        return f"What is asked are {part}; --set grid=full asks them all."

    def flaws(self, probe: Probe, count: CountTokens | None) -> list[str] | None:
        """Return what is wrong with the classes of an item; with examples before it they are the same."""
        return check.problems(probe, count) if probe.candidates and probe.labels["shots"] == 0 else None

    def write_data(self, out: Path, seed: int, layout: str | None) -> str | None:
        """Write the task as CSV or JSONL, by the ending of `out`."""
        if out.suffix not in (".csv", ".jsonl"):
            raise ObverseError(f"--out {out}: expected a file that ends in .csv or .jsonl")
        cases = self.cases()
        formats.write(cases, out, hub=layout == "hub")
        return f"{out}: {len(cases):,} items"
