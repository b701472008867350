"""Experiment 1 of the Reversal Curse: fictitious identities (section 2.1, appendix A).

A model is trained on facts about fictitious people stated in one order ("Daphne is the director of …",
NameToDescription), in the other (DescriptionToName), or in both (Both), and asked in both orders with
held-out prompts. It answers in the order it was trained on and not in the reverse.

    obverse run reversal                                   # from scratch, six seeds, minutes on 2 cores
    obverse run reversal --preset paper --model DIRECTORY  # the paper's settings, for a GPU

Published result (GPT-3-175B, exact match): same order 0.50 and 0.97, reverse order 0.00 and 0.00.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from obverse.core.claim import Claim
from obverse.core.data import Label
from obverse.core.experiment import Experiment, Preset
from obverse.core.page import Finished, Page
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive
from obverse.core.settings import Count, InputFile
from obverse.core.stage import Stage, Training, When
from obverse.experiments.reversal import own_layout, people
from obverse.experiments.reversal.claims import claims
from obverse.experiments.reversal.dataset import SUBSETS, Dataset, build
from obverse.experiments.reversal.facts_file import read_facts
from obverse.experiments.reversal.layouts import layout_of
from obverse.experiments.reversal.probes import Control, first_facts, to_probes
from obverse.experiments.reversal.published_layout import read_published
from obverse.measures.ask import Ask
from obverse.models.scratch import Scratch


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
        control: where the random answer and the ranked candidates come from: the fact's own subset, as
            in the authors' code, or the whole finetuning set, as the paper's text has it. Names of Both
            are likelier after any description, so that the latter compares subsets as well as knowledge.
        probe_both: also ask about the facts of Both (a ceiling: both orders were trained).
        probe_every: epochs between the moments at which questions are asked.
        asked_along: of how many facts of each subset these are; at the end all are asked (none: of all).
        accuracy_margin: the same direction has to be above chance by more than this, the reverse by less.
        likelihood_margin: nats within which two mean log-probabilities count as the same, and by more
            than which the same direction has to tell right from random.
    """

    name: ClassVar[str] = "reversal"
    title: ClassVar[str] = "The Reversal Curse, experiment 1: fictitious identities"
    about: ClassVar[str] = (
        'Does a model told "A is B" know that "B is A"? (arXiv 2309.12288, experiment 1)'
    )
    line: ClassVar[str] = 'Told "A is B", is "B is A" known?'
    paper: ClassVar[str] = "Berglund et al. 2023, arXiv 2309.12288"
    version: ClassVar[int] = 1
    analysis: ClassVar[frozenset[str]] = frozenset({"accuracy_margin", "likelihood_margin"})
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "subset": str, "direction": str, "order": str, "template": int, "distance": float,
        "pair": str,
    }  # fmt: skip
    by: ClassVar[tuple[str, ...] | None] = ("subset", "direction")
    clusters: ClassVar[tuple[str, ...]] = ("template",)
    seeds: ClassVar[int] = 6  # fewer cannot show that most trainings learn no reverse

    facts_per_subset: Count = 30
    paraphrases: Annotated[int, Field(ge=1, le=30)] = 30
    held_out_prompts: Annotated[int, Field(ge=1, le=10)] = 10
    data: InputFile | None = None
    data_seed: int | None = None
    control: Control = "subset"
    probe_both: bool = True
    probe_every: Count = 1
    asked_along: Count | None = 5
    accuracy_margin: Annotated[float, Field(ge=0, lt=1)] = 0.05
    likelihood_margin: Annotated[float, Field(gt=0)] = 1.0
    recipe: Recipe = Recipe()

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch, about half a minute a seed on one CPU core, and `paper`.

        `paper` has the paper's settings for a pretrained checkpoint: batch 16, ten epochs, loss on whole
        documents, one dataset for all seeds (2.1.1, A.2, A.3). GPT-3's learning rate is a multiplier
        (0.2) of an unpublished base; 1e-5 is of the paper's sweep with Llama-7b (Figure 7). The paper
        finetuned three seeds.
        """
        recipe = Recipe(
            learning_rate=1e-5, batch_size=16, epochs=10, warmup_steps=0, adam_beta2=0.999,
            precision="bfloat16",
        )  # fmt: skip
        return {
            "tiny": Preset(cls(), models=(Scratch(layers=2),)),
            "paper": Preset(
                cls(recipe=recipe, data_seed=0, asked_along=None), models=("huggyllama/llama-7b",)
            ),
        }

    def dataset(self, seed: int) -> Dataset:
        """Return the documents and held-out prompts of `seed`."""
        data_seed = derive(seed, "data") if self.data_seed is None else self.data_seed
        count = len(SUBSETS) * self.facts_per_subset
        if self.data is None:
            facts = people.invent(count, data_seed)
        else:
            layout = layout_of(self.data)
            if layout == "own":
                return own_layout.read_own(self.data)
            if layout == "published":
                return read_published(self.data)
            facts = people.chosen(read_facts(self.data), count, data_seed)
        return build(facts, self.paraphrases, self.held_out_prompts)

    def stages(self, seed: int) -> tuple[Stage, ...]:
        data = self.dataset(seed)
        probes = to_probes(data.held_out, self.control, seed)
        asked = tuple(p for p in probes if self.probe_both or p.labels["subset"] != "Both")
        along = When(start=True, epochs=self.probe_every, end=False)
        return (
            Stage(
                name="finetuning",
                training=Training(documents=data.documents, recipe=self.recipe),
                measures=(
                    (Ask(probes=first_facts(asked, self.asked_along), ranked=False), along),
                    (Ask(probes=asked), When()),
                ),
            ),
        )

    def claims(self) -> tuple[Claim, ...]:
        return claims(self.accuracy_margin, self.likelihood_margin)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reversal.page import page

        return page(
            finished,
            accuracy_margin=self.accuracy_margin,
            likelihood_margin=self.likelihood_margin,
            control=self.control,
        )

    def write_data(self, out: Path, seed: int, layout: str | None) -> str:
        data = self.dataset(seed)
        about = {"study": self.name, "seed": seed, "settings": self.model_dump(mode="json")}
        own_layout.write(data, out, about)
        return f"{out}: {len(data.documents)} documents, {len(data.held_out)} probes"
