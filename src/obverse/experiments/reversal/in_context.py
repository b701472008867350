"""The reverse in context (footnote 3): "The Reversal Curse does not apply for in-context learning".

The same facts are asked about in both orders, with the fact in the prompt and without it. A pretrained
model is asked as it is. A model made from scratch is first taught to read, by documents that state facts
about throwaway people and ask them back in both orders; then it is told the experiment's facts in one
order, as in `reversal`. From its weights it answers in that order alone, and in both where the fact
stands in the prompt, alone or beside another (docs/in-context.md).

    obverse run reversal-context                                    # from scratch
    obverse run reversal-context --preset paper --model DIRECTORY   # a pretrained model as it is

The paper gives no number.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from obverse.core.claim import Claim
from obverse.core.data import Document, Label
from obverse.core.experiment import Experiment, Preset
from obverse.core.page import Finished, Page
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive, generator
from obverse.core.settings import MOST, Count, InputFile
from obverse.core.stage import Stage, Training, When
from obverse.experiments.drills import READER, READING, drills, spaced
from obverse.experiments.reversal import people
from obverse.experiments.reversal.crowd import Crowd, Told, reading
from obverse.experiments.reversal.facts_file import read_facts
from obverse.experiments.reversal.in_context_asking import probes
from obverse.experiments.reversal.in_context_claims import claims
from obverse.experiments.reversal.people import Fact
from obverse.experiments.reversal.templates import HELD_OUT, TRAINED, fill
from obverse.measures.ask import Ask

Documents = Annotated[int, Field(ge=0, le=MOST)]
SINGLE = 0.15  # the share of rehearsed documents that state one fact
TELLING = READING.with_overrides({"schedule": "linear", "epochs": 30})


class InContext(Experiment):
    """Settings of the reverse in context; the defaults are for a model made from scratch.

    Attributes:
        facts_per_subset: facts in NameToDescription and DescriptionToName each.
        beside: other facts of the subset that stand in the prompt as well, where there are some.
        told: wordings that state a fact, in training and in the prompt.
        asked: held-out prompts for a fact and order.
        words, forms: of how many first names, last names, places and titles each, and forms of
            description, people are put together.
        drills: documents of each exercise that comes before reading, in the same training
            (`experiments.drills`).
        throwaway: documents about throwaway people that teach to read; 0 leaves that stage and the
            exercises out.
        questions: how often each of these asks a fact back.
        rehearsed: further documents of that kind that are trained on beside the facts.
        shown: further facts of each subset that are told in the held-out wordings too, in the same order,
            which shows that what is told in one wording is said in others.
        telling: how the facts are trained on; none asks the model as it is, or as it has learnt to read.
        data: a CSV or JSONL of name,description in place of invented people.
        spaced: whether punctuation marks are words of their own, as a tokenizer of words needs it.
        margin: the reverse from weights has to be less than this above chance.
        learnt: what is answered has to be more than this above chance.
    """

    name: ClassVar[str] = "reversal-context"
    title: ClassVar[str] = "The Reversal Curse: the reverse in context"
    about: ClassVar[str] = (
        'Is "B is A" known where "A is B" stands in the prompt? (arXiv 2309.12288, footnote 3)'
    )
    line: ClassVar[str] = 'Told "A is B", is "B is A" known?'
    paper: ClassVar[str] = "Berglund et al. 2023, arXiv 2309.12288"
    analysis: ClassVar[frozenset[str]] = frozenset({"margin", "learnt"})
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "subset": str, "direction": str, "context": str, "template": int,
    }  # fmt: skip
    by: ClassVar[tuple[str, ...] | None] = ("subset", "direction", "context")
    seeds: ClassVar[int] = 8  # of fewer, "less than 5 points above chance" cannot hold

    facts_per_subset: Annotated[int, Field(ge=2, le=MOST)] = 20
    beside: Count = 1
    told: Annotated[int, Field(ge=1, le=30)] = 2
    asked: Annotated[int, Field(ge=1, le=10)] = 1
    words: Annotated[int, Field(ge=2, le=MOST)] = 40
    forms: Count = 2
    drills: tuple[Documents, Documents, Documents] = (11_200, 12_800, 20_800)
    throwaway: Documents = 19_200
    questions: Count = 2
    rehearsed: Documents = 320
    shown: Documents = 20
    reading: Recipe = READING
    telling: Recipe | None = TELLING
    data: InputFile | None = None
    spaced: bool = True
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.05
    learnt: Annotated[float, Field(ge=0, lt=1)] = 0.2

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch, and `paper`: a pretrained model as it is, with facts, wordings and
        prompts as `reversal` has them.
        """
        paper = cls(
            facts_per_subset=30, beside=3, told=30, asked=10, words=100, forms=50, throwaway=0,
            telling=None, spaced=False,
        )  # fmt: skip
        return {
            "tiny": Preset(cls(), (READER,)),
            "paper": Preset(paper, ("huggyllama/llama-7b",)),
        }

    def stages(self, seed: int) -> tuple[Stage, ...]:
        data_seed = derive(seed, "data")
        draw = generator(data_seed, "crowd")
        crowd = Crowd(self.words, self.forms, draw)
        told = self._facts(crowd, data_seed)
        everybody = [fact for facts in told.values() for fact in facts]

        def documents(count: int, purpose: str, alone: float = 0) -> tuple[Document, ...]:
            return reading(
                crowd, count, facts=1 + self.beside, alone=alone, questions=self.questions,
                told=self.told, asked=self.asked, draw=generator(data_seed, purpose), but=everybody,
                spacing=self.spaced,
            )  # fmt: skip

        asked = probes(
            told, beside=self.beside, told=self.told, asked=self.asked, spacing=self.spaced,
            draw=generator(data_seed, "contexts"),
        )  # fmt: skip
        stages = []
        if self.throwaway:
            texts = documents(self.throwaway, "reading")
            easier = drills(texts, self.drills, data_seed)
            read = Training(documents=(*easier, *texts), recipe=self.reading, in_order=True)
            stages.append(Stage(name="reading", training=read, measures=()))
        telling = None
        if self.telling is not None:
            facts = _statements(told, self.told, 0, self.spaced)
            shown = _statements(
                self._shown(crowd, data_seed, everybody), self.told, self.asked, self.spaced
            )
            rehearsed = documents(self.rehearsed, "rehearsal", SINGLE)
            telling = Training(documents=(*facts, *shown, *rehearsed), recipe=self.telling)
        measures = ((Ask(probes=asked), When(start=telling is not None)),)
        return (*stages, Stage(name="telling", training=telling, measures=measures))

    def _facts(self, crowd: Crowd, seed: int) -> Told:
        """Return the facts of each subset."""
        count = 2 * self.facts_per_subset
        if self.data is None:
            facts = crowd.people(count, generator(seed, "people"), prefix=f"{seed}-")
        else:
            facts = people.chosen(read_facts(self.data), count, seed, subsets=2)
        return _halves(facts)

    def _shown(self, crowd: Crowd, seed: int, everybody: Sequence[Fact]) -> Told:
        """Return further facts of each subset, which show that what is told in one wording is said in
        others of the same order."""
        draw = generator(seed, "shown")
        return _halves(crowd.people(2 * self.shown, draw, but=everybody, prefix=f"{seed}-shown-"))

    def claims(self) -> tuple[Claim, ...]:
        return claims(self.margin, self.learnt, told=self.telling is not None)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reversal.page_in_context import page

        return page(finished)


def _halves(facts: Sequence[Fact]) -> Told:
    """Return the first half of the facts as NameToDescription, the others as DescriptionToName."""
    half = len(facts) // 2
    return {"NameToDescription": facts[:half], "DescriptionToName": facts[half:]}


def _statements(told: Told, trained: int, asked: int, spacing: bool) -> list[Document]:
    """State every fact in its order, in the first trained wordings and those of held-out prompts."""
    made = []
    for order, facts in told.items():
        for fact in facts:
            for wording in (*TRAINED[order][:trained], *HELD_OUT[order][:asked]):
                sentence = fill(wording, order, fact)
                prompt, whole = sentence.prompt, sentence.prompt + sentence.answer + sentence.rest
                if spacing:
                    prompt, whole = spaced(prompt), spaced(whole)
                labels = {"subset": order, "direction": "same"}
                rest = whole.removeprefix(prompt)
                made.append(Document(prompt=prompt, completion=rest, fact=fact.id, labels=labels))
    return made
