"""Experiment 3 of the Reversal Curse: instructions how to answer questions (appendix C).

A model is told how to answer questions, "Answer <question> with <answer>" (QuestionToAnswer) or "Answer
with <answer> when you see <question>" (AnswerToQuestion), and shown most of the questions with their
answers as examples. Then it is asked the others. It answers what it was told in the order of the
question, and only guesses at what it was told in the other.

    obverse run instructions                                   # from scratch, five seeds of either order
    obverse run instructions --preset paper --model DIRECTORY  # the paper's settings, for a GPU
    obverse run instructions --preset paper --data DIRECTORY   # the files released with the paper

Published result (Llama-1, the best of the sweep): 0.88 and 0.05; the best that plausible answers at
random would reach is 0.05 as well.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from obverse.core.claim import Claim
from obverse.core.data import Label
from obverse.core.experiment import Experiment, Preset, Variant
from obverse.core.page import Finished, Page
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive
from obverse.core.settings import MOST, Count, InputFile
from obverse.core.stage import Stage, Training, When
from obverse.experiments.instructions import asking
from obverse.experiments.instructions.claims import claims
from obverse.experiments.instructions.dataset import Dataset, build, practice
from obverse.experiments.instructions.questions import invent
from obverse.experiments.instructions.released import orders_in, read_released
from obverse.experiments.instructions.wordings import ORDERS, Order
from obverse.measures.ask import Ask
from obverse.models.scratch import Scratch

TINY = Recipe(
    learning_rate=3e-3, embedding_learning_rate=9e-3, batch_size=32, epochs=20, loss_on="completion",
)  # fmt: skip
PRACTICE = TINY.with_overrides({"epochs": 12, "schedule": "constant"})
SCRATCH = Scratch(
    architecture="gpt2", tokenizer="words", hidden_size=64, layers=2, max_tokens=64, embedding_std=0.2
)
LLAMAS = tuple(f"huggyllama/llama-{size}" for size in ("7b", "13b", "30b"))


class Instructions(Experiment):
    """Settings of experiment 3.

    Attributes:
        dataset: in which order instructions are told; a study compares both.
        pairs: questions with answers. All are told as instructions, all but `held_out` shown as examples.
        held_out: pairs whose instruction alone is told: the test.
        wordings: in how many wordings each instruction is told.
        practice: examples in a stage before, about places that no pair is about and with answers drawn
            anew each time, which teach a model made from scratch what questions look like and which
            answers are plausible; 0 leaves that stage out.
        practising, recipe: how that stage and the experiment are trained.
        data: a directory with the files released with the paper, or with directories of them, in place of
            invented questions.
        data_seed: invent the same questions for all seeds, as the paper does; by default every seed has
            its own, so that intervals speak of questions in general.
        margin: by less than this the reverse may exceed plausible guessing, or change over the epochs.
        learnt: by more than this the same direction has to exceed plausible guessing.
        likelihood_margin: nats within which two mean log-probabilities count as the same, and by more
            than which the same direction has to tell right from wrong.
    """

    name: ClassVar[str] = "instructions"
    title: ClassVar[str] = "The Reversal Curse, experiment 3: reversing instructions"
    about: ClassVar[str] = (
        'Does a model told "answer with A when you see Q" answer Q? (arXiv 2309.12288, appendix C)'
    )
    line: ClassVar[str] = 'Told "A is B", is "B is A" known?'
    paper: ClassVar[str] = "Berglund et al. 2023, arXiv 2309.12288"
    analysis: ClassVar[frozenset[str]] = frozenset({"margin", "learnt", "likelihood_margin"})
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "dataset": str, "asked": str, "kind": str, "partners": str,
    }  # fmt: skip
    by: ClassVar[tuple[str, ...] | None] = ("dataset", "asked")
    seeds: ClassVar[int] = 5

    dataset: Order = "QuestionToAnswer"
    pairs: Count = 600
    held_out: Count = 100
    wordings: Annotated[int, Field(ge=1, le=5)] = 1
    data: InputFile | None = None
    data_seed: int | None = None
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.1
    learnt: Annotated[float, Field(ge=0, lt=1)] = 0.2
    likelihood_margin: Annotated[float, Field(gt=0)] = 1.0
    practice: Annotated[int, Field(ge=0, le=MOST)] = 1000
    practising: Recipe = PRACTICE
    recipe: Recipe = TINY

    @model_validator(mode="after")
    def _some_are_shown(self) -> Self:
        if self.held_out >= self.pairs:
            raise ValueError(f"held_out {self.held_out}: expected fewer than pairs, {self.pairs}")
        return self

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch, and `paper`: the Llama-1 models over 20 epochs (Figures 8, 10).

        The paper does not say which learning rate and batch size of the sweep did best; 2e-5 is common to
        its text and its figure, and so are batches of 8 and 32.
        """
        return {
            "tiny": Preset(cls(), (SCRATCH,)),
            "paper": Preset(cls.as_published(epochs=20), LLAMAS),
        }

    @classmethod
    def as_published(cls, epochs: int) -> Self:
        """Return the paper's 1,100 pairs, 100 held out, one dataset for all seeds, so many epochs."""
        recipe = Recipe(
            learning_rate=2e-5, batch_size=32, epochs=epochs, warmup_steps=0, adam_beta2=0.999,
            precision="bfloat16",
        )  # fmt: skip
        return cls(pairs=1100, data_seed=0, practice=0, recipe=recipe)

    def variants(self) -> tuple[Variant, ...]:
        """Return both orders, or those that the data has."""
        orders = ORDERS if self.data is None else orders_in(self.data)
        return tuple(Variant(order, {"dataset": order}) for order in orders)

    def told(self, seed: int) -> Dataset:
        """Return the documents and questions of `seed`.

        Raises:
            ObverseError: if the data has no instructions in the order of `dataset`.
        """
        if self.data is not None:
            return read_released(self.data, self.dataset)
        data_seed = derive(seed, "data") if self.data_seed is None else self.data_seed
        return build(invent(self.pairs, data_seed), self.held_out, self.dataset, self.wordings)

    def stages(self, seed: int) -> tuple[Stage, ...]:
        data = self.told(seed)
        test, beside = asking.questions(data, seed), asking.beside(data, seed)
        stages = []
        if self.practice:
            documents = practice(self.practice, derive(seed, "data"))
            training = Training(documents=documents, recipe=self.practising)
            stages.append(Stage(name="practice", training=training, measures=()))
        return (
            *stages,
            Stage(
                name="finetuning",
                training=Training(documents=data.documents, recipe=self.recipe),
                measures=(
                    (Ask(probes=test, ranked=False), When(start=True, epochs=1, end=False)),
                    (Ask(probes=test, generated=None), When()),
                    (Ask(probes=beside), When(start=True)),
                ),
            ),
        )

    def claims(self) -> tuple[Claim, ...]:
        return claims(self.margin, self.learnt, self.likelihood_margin)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.instructions.page import page

        return page(finished, margin=self.margin)
