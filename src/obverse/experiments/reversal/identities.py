"""Experiment 1 of the Reversal Curse: fictitious identities (section 2.1, appendix A).

A model is trained on facts about fictitious people stated in one order ("Daphne is the director of …",
NameToDescription), in the other (DescriptionToName), or in both (Both), and asked in both orders with
held-out prompts. It answers in the order it was trained on and not in the reverse.

    obverse run reversal                                   # from scratch, minutes on 2 cores
    obverse run reversal --preset paper --model DIRECTORY  # the paper's settings, for a GPU

Published result (GPT-3-175B, exact match): same order 0.50 and 0.97, reverse order 0.00 and 0.00.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from obverse.core.claim import Claim
from obverse.core.data import Probe
from obverse.core.experiment import Experiment
from obverse.core.recipe import Recipe, Stage
from obverse.core.seeds import derive, generator
from obverse.experiments.reversal import dataset, people, published
from obverse.experiments.reversal.claims import claims
from obverse.experiments.reversal.dataset import Dataset, Question
from obverse.experiments.reversal.templates import Order


class Identities(Experiment):
    """Settings of experiment 1; the defaults make the paper's 3,600 documents.

    Attributes:
        facts_per_subset: facts in each of NameToDescription, DescriptionToName and Both.
        paraphrases: training sentences per fact and order.
        held_out_prompts: questions per fact and order, never trained on.
        data: a directory (published or own layout) or a CSV/JSONL of name,description, in place of
            invented people.
        data_seed: invent the same people for all seeds, as the paper does; by default every seed has
            its own, so that intervals speak of facts in general.
        control: where the random answer and the ranked candidates come from: the fact's own subset,
            or the whole finetuning set as in the paper. Names of Both are likelier after any
            description, so that the latter compares subsets as well as knowledge.
        probe_both: also ask about the facts of Both (a ceiling: both orders were trained).
        accuracy_margin: the same direction has to be above chance by more than this, the reverse by less.
        likelihood_margin: nats within which two mean log-probabilities count as the same.
    """

    analysis: ClassVar[frozenset[str]] = frozenset({"accuracy_margin", "likelihood_margin"})

    name: ClassVar[str] = "reversal"
    title: ClassVar[str] = "The Reversal Curse, experiment 1: fictitious identities"
    version: ClassVar[int] = 1

    facts_per_subset: PositiveInt = 30
    paraphrases: Annotated[int, Field(ge=1, le=30)] = 30
    held_out_prompts: Annotated[int, Field(ge=1, le=10)] = 10
    data: Path | None = None
    data_seed: int | None = None
    control: Literal["subset", "finetuning_set"] = "subset"
    probe_both: bool = True
    probe_every: PositiveInt = 1
    accuracy_margin: Annotated[float, Field(ge=0, lt=1)] = 0.05
    likelihood_margin: Annotated[float, Field(gt=0)] = 1.0
    recipe: Recipe = Recipe()

    def dataset(self, seed: int) -> Dataset:
        """Return the documents and questions of `seed`."""
        if self.data is not None:
            kind = dataset.layout(self.data)
            if kind != "facts":
                read = dataset.read_own if kind == "own" else dataset.read_published
                return _cached(read, self.data, dataset.content_hash(self.data))
        data_seed = derive(seed, "data") if self.data_seed is None else self.data_seed
        count = len(dataset.SUBSETS) * self.facts_per_subset
        facts = (
            people.invent(count, data_seed)
            if self.data is None
            else people.chosen(dataset.read_facts(self.data), count, data_seed)
        )
        return dataset.build(facts, self.paraphrases, self.held_out_prompts)

    def stages(self, seed: int) -> tuple[Stage, ...]:
        data = self.dataset(seed)
        return (
            Stage(
                name="finetuning",
                documents=data.documents,
                recipe=self.recipe,
                probes=self._probes(data, seed),
                probe_every=self.probe_every,
            ),
        )

    def claims(self) -> tuple[Claim, ...]:
        return claims(self.accuracy_margin, self.likelihood_margin)

    def inputs_hash(self) -> str:
        return dataset.content_hash(self.data) if self.data is not None else ""

    def reference(self) -> dict[str, Any]:
        return published.REFERENCE

    def _probes(self, data: Dataset, seed: int) -> tuple[Probe, ...]:
        answers: dict[tuple[str, Order, int], dict[str, str]] = {}
        for q in data.questions:
            answers.setdefault((self._pool(q), q.order, q.template), {})[q.fact] = q.answer
        partners = self._partners(data, seed)
        probes = []
        for q in data.questions:
            if q.subset == "Both" and not self.probe_both:
                continue
            pool = answers[self._pool(q), q.order, q.template]
            distinct = tuple(dict.fromkeys(pool.values()))
            name = q.order == "DescriptionToName"
            other, pair = partners[q.fact]
            control = pool.get(other)
            probes.append(
                Probe(
                    id=f"{q.fact}/{q.order}/{q.template}",
                    prompt=q.prompt,
                    targets=(q.answer,),
                    fact=q.fact,
                    subset=q.subset,
                    direction=q.direction,
                    order=q.order,
                    candidates=distinct if name else (),
                    control=control if control != q.answer else None,
                    chance=1 / len(distinct),
                    match="words" if name else "whole",
                    labels={"pair": pair},
                )
            )
        return tuple(probes)

    def _pool(self, q: Question) -> str:
        return q.subset if self.control == "subset" else "all"

    def _partners(self, data: Dataset, seed: int) -> dict[str, tuple[str, str]]:
        """Give each fact another one of its pool as control, in pairs: `{fact: (other, pair's name)}`.

        In a pair each answer is once the right and once the random one, and so is each prompt: what
        differs between right and random is whom an answer follows, not which answers are common.
        Three left over go round in a circle.
        """
        pools: dict[str, dict[str, None]] = {}
        for q in data.questions:
            pools.setdefault(self._pool(q), {})[q.fact] = None
        draw = generator(seed, "control")
        partners: dict[str, tuple[str, str]] = {}
        for members in pools.values():
            facts = list(members)
            draw.shuffle(facts)
            while facts:
                group, facts = (facts[:3], []) if len(facts) == 3 else (facts[:2], facts[2:])
                for fact, other in zip(group, group[1:] + group[:1], strict=True):
                    partners[fact] = other, group[0]
        return partners


@lru_cache(maxsize=2)
def _cached(read: Any, path: Path, _content: str) -> Dataset:
    data: Dataset = read(path)
    return data


def tiny() -> Identities:
    """Return the embedded default: from scratch, about a minute a seed on one CPU core."""
    return Identities()


def paper() -> Identities:
    """Return the paper's settings for a pretrained checkpoint.

    Batch 16, ten epochs, one dataset for all seeds, control names from the whole finetuning set, as in
    the runs released with the paper. Their learning rate is a multiplier (0.2) of an unpublished base;
    1e-5 is ours.
    """
    recipe = Recipe(
        learning_rate=1e-5, batch_size=16, epochs=10, warmup_steps=0, adam_beta2=0.999,
        precision="bfloat16",
    )  # fmt: skip
    return Identities(recipe=recipe, data_seed=0, control="finetuning_set")
