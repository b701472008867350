"""What has been claimed to cure the Reversal Curse, on the same facts, seeds, updates and questions.

A row for each cure (`methods.CURES`): facts told in both orders, reversed or permuted sentences, an
identity bridge, masked sentences, inferences. Beside the reverse direction stands what a cure costs
(the same direction, perplexity, tokens, time) and what it infers wrongly: asymmetric relations are told
as well ("A admires B"), cured by the same method, and it is asked whether the model then says that B
admires A.

    obverse run reversal-cures                        # five seeds
    obverse run reversal-cures --preset short --seeds 2
    obverse run reversal-cures --preset objectives    # models that fill in hidden tokens
"""

from collections.abc import Mapping
from itertools import count
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from obverse.core.claim import Claim
from obverse.core.data import Document, Label
from obverse.core.experiment import Experiment, Preset, Variant
from obverse.core.page import Finished, Page
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive, generator
from obverse.core.settings import MOST, Count
from obverse.core.stage import Stage, Training, When
from obverse.experiments.reversal.cures import asking, methods, statements
from obverse.experiments.reversal.cures.claims import claims
from obverse.experiments.reversal.cures.rewriting import Method, one_pass
from obverse.experiments.reversal.cures.targets import Pair, Targets
from obverse.measures.ask import Ask
from obverse.measures.perplexity import Perplexity
from obverse.models.scratch import Scratch


class Cures(Experiment):
    """Settings of the table; those of a row are `method`, `dose`, `budget`, or a model's.

    Attributes:
        cures: the rows, by their names.
        method: what is done to the sentences (`rewriting.py`).
        dose: the share of the tested facts that are told in both orders.
        budget: how many times `updates` are trained.
        updates: optimizer steps, the same for every row, however much a cure adds to the data: passes
            over it go on until they are reached, and what a cure draws is drawn anew in each.
        facts_per_subset: facts in each of NameToDescription, DescriptionToName and Both.
        facts_per_relation: tested facts of each of the five asymmetric relations.
        auxiliary: people of each relation who are told of in both orders, in every row alike.
        paraphrases: training sentences per fact and order, of relations at most 16.
        held_out_prompts: questions per fact and direction, in wordings that no tested fact is told in.
        segment_words: the longest random segment, in words. It has to hold a name or a description.
        bridges: how often in a pass it is said of each entity that it is itself.
        masked_alone: whether masked sentences take the place of the plain ones, as in their paper, where
            a pretrained model has them. A model from scratch has to learn what a plain prompt is, too.
        data_seed: invent the same people for all seeds; by default every seed has its own.
        margin: how much exact match has to differ to count.
        likelihood_margin: nats, the same of log-probability.
    """

    name: ClassVar[str] = "reversal-cures"
    title: ClassVar[str] = "The Reversal Curse: what is claimed to cure it"
    about: ClassVar[str] = (
        'Which cure teaches "B is A", at what price, and does it also say "B admires A"?'
    )
    line: ClassVar[str] = 'Told "A is B", is "B is A" known?'
    paper: ClassVar[str] = "arXiv 2309.12288, and for each cure the paper that it stands for"
    analysis: ClassVar[frozenset[str]] = frozenset({"cures", "margin", "likelihood_margin"})
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "subset": str, "relation": str, "told": str, "direction": str, "template": int, "pair": str,
    }  # fmt: skip
    by: ClassVar[tuple[str, ...] | None] = ("subset", "direction", "told")
    seeds: ClassVar[int] = 5

    cures: tuple[str, ...] = methods.USUAL
    method: Method = "nothing"
    dose: Annotated[float, Field(ge=0, le=1)] = 0.0
    budget: Annotated[float, Field(gt=0, le=10)] = 1.0
    updates: Count = 700
    facts_per_subset: Annotated[int, Field(ge=2, le=MOST)] = 8
    facts_per_relation: Annotated[int, Field(ge=2, le=MOST)] = 3
    auxiliary: Annotated[int, Field(ge=3, le=MOST)] = 5
    paraphrases: Annotated[int, Field(ge=1, le=30)] = 10
    held_out_prompts: Annotated[int, Field(ge=1, le=4)] = 4
    segment_words: Count = 12
    bridges: Count = 4
    masked_alone: bool = False
    data_seed: int | None = None
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.05
    likelihood_margin: Annotated[float, Field(gt=0)] = 1.0
    recipe: Recipe = Recipe(epochs=1, batch_size=16, warmup_steps=100)

    @model_validator(mode="after")
    def _rows_are_known(self) -> Self:
        for name in self.cures:
            if name not in methods.BY_NAME:
                raise ValueError(f"no cure is called {name!r}; there are {', '.join(methods.BY_NAME)}")
        if methods.NOTHING not in self.cures:
            raise ValueError(
                f"cures: expected {methods.NOTHING!r} among them, with which all are compared"
            )
        return self

    @model_validator(mode="after")
    def _updates_decide(self) -> Self:
        if self.recipe.epochs != 1:
            raise ValueError("recipe.epochs: how long is trained is set by updates; expected 1")
        return self

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        """Return `tiny`, from scratch; `short`, four telling rows, smaller; `objectives`; and `paper`.

        `objectives` has what is trained otherwise than on the next token alone, with few facts and many
        updates: models that fill in hidden tokens learn less from a step.

        `paper` does what is a matter of data to a pretrained model, with the settings of experiment 1 of
        the Reversal Curse (batch 16, as many updates as ten epochs of 3,600 documents; of Figure 7 the
        model and the rate). The papers of the cures agree in no model or rate that could be read.
        """
        # All know where a word stands: what fills in has nothing else to tell hidden words apart by.
        small = (Scratch(layers=2, rotary=1.0),)
        recipe = Recipe(
            learning_rate=1e-5, batch_size=16, epochs=1, warmup_steps=0, adam_beta2=0.999,
            precision="bfloat16",
        )  # fmt: skip
        data_only = tuple(c.name for c in methods.CURES if not any("model." in k for k in c.settings))
        return {
            "tiny": Preset(cls(), models=small),
            "short": Preset(
                cls(
                    cures=methods.SHORT,
                    updates=450,
                    facts_per_subset=5,
                    facts_per_relation=2,
                    auxiliary=3,
                ),
                models=small,
            ),
            "objectives": Preset(
                cls(
                    cures=methods.OBJECTIVES,
                    # Of 3e-3, which the others take, what fills in learns half as many nats.
                    recipe=cls.model_fields["recipe"].default.with_overrides({"learning_rate": 1e-3}),
                    updates=4000,
                    facts_per_subset=6,
                    facts_per_relation=2,
                    auxiliary=3,
                    held_out_prompts=2,
                ),
                models=small,
            ),
            "paper": Preset(
                cls(
                    recipe=recipe,
                    cures=data_only,
                    updates=2250,
                    facts_per_subset=30,
                    paraphrases=30,
                    masked_alone=True,
                    data_seed=0,
                ),
                models=("huggyllama/llama-7b",),
            ),
        }

    def variants(self) -> tuple[Variant, ...]:
        return tuple(methods.BY_NAME[name].variant for name in self.cures)

    def world(self, seed: int) -> statements.World:
        """Return the facts of `seed`."""
        return statements.invent(
            per_subset=self.facts_per_subset, per_relation=self.facts_per_relation,
            auxiliary=self.auxiliary, dose=self.dose, paraphrases=self.paraphrases,
            asked=self.held_out_prompts,
            seed=derive(seed, "data") if self.data_seed is None else self.data_seed,
        )  # fmt: skip

    def documents(self, world: statements.World, seed: int) -> tuple[Document, ...]:
        """Return all documents that are trained on, in passes, as many as the updates take."""
        wanted = max(1, round(self.budget * self.updates)) * self.recipe.batch_size
        documents: list[Document] = []
        for number in count():
            draw = generator(seed, f"pass {number}")
            documents += one_pass(
                world, self.method, draw, segment_words=self.segment_words, bridges=self.bridges,
                masked_alone=self.masked_alone,
            )  # fmt: skip
            if len(documents) >= wanted:
                return tuple(documents[:wanted])
        raise AssertionError

    def stages(self, seed: int) -> tuple[Stage, ...]:
        world = self.world(seed)
        documents = self.documents(world, seed)
        # What is filled in is in the completion; what is not masked is all completion, then.
        recipe = self.recipe
        if self.method == "masked":
            recipe = recipe.model_copy(update={"loss_on": "completion"})
        pairs = tuple(
            Pair(fact=f.id, source=f.source, target=f.target, labels=statements.labels(f))
            for f in world.tested
        )
        measures = (
            Ask(probes=asking.probes(world, self.held_out_prompts, seed)),
            Perplexity(documents=asking.sentences(world, 2)),
            Targets(documents=documents, pairs=pairs, loss_on=recipe.loss_on),
        )
        training = Training(documents=documents, recipe=recipe)
        return (Stage(name="telling", training=training, measures=tuple((m, When()) for m in measures)),)

    def claims(self) -> tuple[Claim, ...]:
        return claims(self.cures, self.margin, self.likelihood_margin)

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.reversal.cures.page import page

        return page(finished, likelihood_margin=self.likelihood_margin)
