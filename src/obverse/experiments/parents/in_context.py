"""Who is whose parent, stated in the prompt and asked back in both directions (footnote 3 of the paper).

The Reversal Curse is about what a model was trained on: what stands in its context it can turn round. The
families are made here, so that nothing of them is known from elsewhere. Models are asked as they are; one
made from scratch first does exercises and reads prompts about other families (docs/parents.md).

    obverse run parents-context --preset paper --model DIRECTORY
    obverse run parents-context                                     # a model made from scratch
    obverse run parents-context --preset chat --endpoint URL#chat --model NAME
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from obverse.core.claim import Above, Claim, Criterion, Estimate, Within
from obverse.core.data import Label
from obverse.core.experiment import Experiment, Preset
from obverse.core.format import count
from obverse.core.measure import Measure
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive
from obverse.core.settings import MOST
from obverse.core.stage import Stage, Training, When
from obverse.experiments.drills import READER, READING, drills
from obverse.experiments.parents import contexts
from obverse.experiments.parents.world import ORDERS
from obverse.measures.ask import Ask
from obverse.measures.sample import Sample
from obverse.models.endpoint import Endpoint
from obverse.stats.summary import mean

MOST_TOKENS = 32  # of a sampled answer
Documents = Annotated[int, Field(ge=0, le=MOST)]
SCORES = {"answers": ("ask", "exact_match"), "samples": ("sample", "share")}
SAME = (pl.col("order") == "child first") == (pl.col("direction") == "parent")


class InContext(Experiment):
    """Settings of the study in context.

    Attributes:
        asked: prompts, each with a question in either direction.
        facts: pairs that a prompt states.
        ask: for the greedy answer (and likelihoods, where a model gives them), or for drawn ones.
        names: of how many first and last names each, people are put together.
        drills: documents of each exercise that comes before reading, in the same training
            (`experiments.drills`).
        throwaway: prompts about other families that teach a model made from scratch to read; 0 leaves
            them and the exercises out.
        reading: how these are trained on.
        samples, temperature: answers that are drawn to each question, and at which temperature.
        data_seed: of families, prompts and draws.
        margin: by more than this answers have to be above chance; a difference between the directions
            that counts as none.
    """

    name: ClassVar[str] = "parents-context"
    title: ClassVar[str] = "The Reversal Curse, experiment 2: parents and children in context"
    about: ClassVar[str] = (
        "Is a relation that stands in the prompt answered in both directions? (arXiv 2309.12288, "
        "footnote 3)"
    )
    line: ClassVar[str] = 'Told "A is B", is "B is A" known?'
    paper: ClassVar[str] = "Berglund et al. 2023, arXiv 2309.12288"
    analysis: ClassVar[frozenset[str]] = frozenset({"margin"})
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "direction": str, "order": str, "relation": str, "template": int,
    }  # fmt: skip
    by: ClassVar[tuple[str, ...] | None] = ("order", "direction")

    asked: Annotated[int, Field(ge=2, le=MOST)] = 200
    facts: Annotated[int, Field(ge=2, le=contexts.MOST)] = 3
    ask: Literal["answers", "samples"] = "answers"
    samples: Annotated[int, Field(ge=1, le=10_000)] = 10
    temperature: Annotated[float, Field(gt=0)] = 1.0
    names: Annotated[int, Field(ge=8, le=contexts.NAMES)] = contexts.NAMES
    drills: tuple[Documents, Documents, Documents] = (0, 0, 0)
    throwaway: Documents = 0
    reading: Recipe = READING
    data_seed: int = 0
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.1

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch with two pairs a prompt, `paper`, Llama by greedy answers, and
        `chat`, ten samples at temperature 1."""
        tiny = cls(asked=100, facts=2, names=40, drills=(11_200, 12_800, 20_800), throwaway=25_600)
        chat = Endpoint(name="gpt-3.5-turbo", url="https://api.openai.com/v1", api="chat")
        return {
            "tiny": Preset(tiny, (READER,)),
            "paper": Preset(cls(), ("huggyllama/llama-7b",)),
            "chat": Preset(cls(ask="samples"), (chat,)),
        }

    def stages(self, seed: int) -> tuple[Stage, ...]:
        data_seed = derive(seed, "families") if self.throwaway else self.data_seed
        made = contexts.made(self.asked, self.facts, data_seed, self.names)
        probes = contexts.probes(made, spacing=self.throwaway > 0)
        measure: Measure = Ask(probes=probes)
        if self.ask == "samples":
            measure = Sample(
                probes=probes, samples=self.samples, temperature=self.temperature, seed=self.data_seed,
                most=MOST_TOKENS,
            )  # fmt: skip
        asked = Stage(name="asked", measures=((measure, When()),))
        if not self.throwaway:
            return (asked,)
        but = {pair for context in made for pair in context.pairs}
        texts = contexts.reading(self.throwaway, self.facts, data_seed, self.names, but)
        documents = (*drills(texts, self.drills, data_seed), *texts)
        reading = Training(documents=documents, recipe=self.reading, in_order=True)
        return (Stage(name="reading", training=reading, measures=()), asked)

    def claims(self) -> tuple[Claim, ...]:
        return (
            *(self._found(order, "told", "control") for order in ORDERS),
            *(self._found(order, "reverse", "primary") for order in ORDERS),
            self._alike(),
        )

    def _found(
        self, order: str, way: Literal["told", "reverse"], role: Literal["control", "primary"]
    ) -> Claim:
        of, column = SCORES[self.ask]
        chosen = SAME if way == "told" else ~SAME

        def estimate(rows: pl.DataFrame) -> Estimate | None:
            return mean(rows.filter(chosen, pl.col("final"), order=order), column, bounds=(0, 1))

        return Claim(
            id=f"{way}/{order}",
            text=f"stated {order}, asked in the {'same order' if way == 'told' else 'reverse'}: answered "
            f"more than {count(100 * self.margin, 'point')} above chance",
            unit=column.replace("_", " "),
            counted="prompts",
            source="footnote 3, no number",
            of=of,
            estimate=estimate,
            criterion=Above(1 / self.facts + self.margin),
            role=role,
            needs=(f"told/{order}",) if way == "reverse" else (),
        )

    def _alike(self) -> Claim:
        """Return the claim that both directions are answered alike, paired by prompt."""
        of, column = SCORES[self.ask]

        def estimate(rows: pl.DataFrame) -> Estimate | None:
            signed = pl.when(SAME).then(1.0).otherwise(-1.0) * pl.col(column).cast(pl.Float64)
            of_prompts = rows.filter("final").drop_nulls(column).group_by(
                "seed", "fact", maintain_order=True
            ).agg(signed.sum().alias("difference"), pl.len())  # fmt: skip
            return mean(of_prompts.filter(len=2), "difference", bounds=(-1, 1))

        criterion: Criterion = Within(self.margin)
        return Claim(
            id="alike",
            text="answered as often in the order of the statement as in the reverse, within "
            f"{count(100 * self.margin, 'point')}",
            unit=f"Δ {column.replace('_', ' ')}",
            counted="prompts",
            source="footnote 3, no number",
            of=of,
            estimate=estimate,
            criterion=criterion,
            needs=tuple(f"told/{order}" for order in ORDERS),
        )
