"""The studies of implicit meta-learning with their settings: `tiny` from scratch, `paper` as published.

`trex` is `paper` on T-REx instead of CVDB.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from obverse.core.model import ModelSpec, Scratch
from obverse.core.recipe import Recipe
from obverse.experiments.reliability import ablations
from obverse.experiments.reliability.published import Cvdb, Trex
from obverse.experiments.reliability.reliability import Population, Reliability
from obverse.experiments.reliability.sets import Sets
from obverse.experiments.reliability.subsets import Fractions

R = TypeVar("R", bound=Reliability)
Presets = Mapping[str, Callable[[], Reliability]]

SCRATCH = Scratch(
    architecture="gpt2", tokenizer="words", hidden_size=64, layers=2, heads=4, max_tokens=32,
    embedding_dropout=0.3,
)  # fmt: skip
MODELS: dict[str, tuple[str | ModelSpec, ...]] = {
    "tiny": (SCRATCH,),
    "paper": ("EleutherAI/pythia-2.8b-deduped",),
}
SIZES: dict[str, tuple[str | ModelSpec, ...]] = {
    "tiny": tuple(
        SCRATCH.model_copy(update={"name": f"scratch-{d}", "family": "scratch", "hidden_size": d})
        for d in (16, 32, 64, 128)
    ),
    "paper": tuple(
        f"EleutherAI/pythia-{size}-deduped"
        for size in ("70m", "160m", "410m", "1b", "1.4b", "2.8b", "6.9b")
    ),
}
SET_MODELS: dict[str, tuple[str | ModelSpec, ...]] = {
    "tiny": (SCRATCH,),
    # The shape of Pythia-70M.
    "paper": (Scratch(tokenizer="words", hidden_size=512, layers=6, heads=8, max_tokens=32),),
}
T5_MODELS: dict[str, tuple[str | ModelSpec, ...]] = {
    "tiny": (Scratch(architecture="t5", tokenizer="words", hidden_size=64, layers=2, dropout=0.1),),
    "paper": ("google-t5/t5-3b",),
}


def tiny(kind: type[R], **settings: Any) -> R:
    """Return the embedded default: a model made from scratch, under half a minute a run on one CPU core.

    Stage 0 teaches the world under its own names, as pretraining does for the paper's models. What is
    load-bearing: that Stage 0 is learnt to the end, dropout on the input embeddings, and in Stage 2 a
    high learning rate for them and a low one for the rest, so that the model learns what new words mean
    and does not forget to answer.
    """
    recipe = Recipe(learning_rate=3e-3, schedule="constant", warmup_steps=50, batch_size=128)
    defaults: dict[str, Any] = {
        "stage_0": recipe.with_overrides({"epochs": 90}),
        "stage_1": recipe.with_overrides({"epochs": 10, "embedding_learning_rate": 9e-3}),
        "stage_2": recipe.with_overrides(
            {"epochs": 10, "learning_rate": 1e-4, "embedding_learning_rate": 1e-2}
        ),
        "asked": 200,
        "asked_along": 60,
    }
    return kind(**defaults | settings)


def paper(kind: type[R], population: Population | None = None, **settings: Any) -> R:
    """Return the paper's settings: Adafactor, batch 256, 20 + 10 epochs, five second stages.

    What the paper leaves to the trainer (learning rate 5e-5, linear decay, no warm-up or weight decay)
    is what transformers takes by default, as the authors' configurations do.
    """
    recipe = Recipe(
        optimizer="adafactor", learning_rate=5e-5, schedule="linear", warmup_steps=0, batch_size=256,
        micro_batch_size=32, weight_decay=0.0, precision="bfloat16", pad_to=64,
    )  # fmt: skip
    defaults: dict[str, Any] = {
        "population": population or Cvdb(),
        "fractions": Fractions(),
        "stage_1": recipe.with_overrides({"epochs": 20}),
        "stage_2": recipe.with_overrides({"epochs": 10}),
        "branches": 5,
    }
    return kind(**defaults | settings)


def _ablation(kind: type[Reliability]) -> Presets:
    """Return the presets of an ablation; small models are asked every fifth epoch and at the ends."""
    return {
        "tiny": lambda: tiny(kind, probe_every=5),
        "paper": lambda: paper(kind),
        "trex": lambda: paper(kind, Trex()),
    }


def _sets_tiny() -> Reliability:
    """Return set inclusion at a size for a CPU: numbers 0 to 9, lists of four, loss on the answers."""
    recipe = Recipe(
        learning_rate=3e-3, schedule="constant", warmup_steps=50, batch_size=256, loss_on="completion"
    )
    return tiny(
        Reliability,
        population=Sets(individuals=2800, numbers=10, members=4, questions=8, held_out=4),
        fractions=_SET_FRACTIONS,
        stage_0=None,
        stage_1=recipe.with_overrides({"epochs": 15, "embedding_learning_rate": 9e-3}),
        stage_2=recipe.with_overrides(
            {"epochs": 10, "learning_rate": 1e-4, "embedding_learning_rate": 1e-2}
        ),
        probe_every=3,
    )


_SET_FRACTIONS = Fractions(
    d1cons_qa1=0.4, d2incons_qa2=0.4, qa3=0.0, qa4=0.0, d5cons=0.1, d6cons=0.1, qa7=0.0, d8cons=0.0
)


def _sets_paper() -> Reliability:
    """Return set inclusion as in section 4.1: 8,000 variables, 100 + 40 epochs, batch 512."""
    recipe = Recipe(
        optimizer="adafactor", learning_rate=5e-5, warmup_steps=0, batch_size=512, weight_decay=0.0,
        precision="bfloat16",
    )  # fmt: skip
    return paper(
        Reliability,
        population=Sets(),
        fractions=_SET_FRACTIONS,
        stage_1=recipe.with_overrides({"epochs": 100}),
        stage_2=recipe.with_overrides({"epochs": 40}),
        branches=3,
        asked=2000,
        probe_every=5,
    )


def _t5_tiny() -> Reliability:
    """Return the built-in world for a T5 made here, which learns it more slowly than a decoder."""
    recipe = Recipe(
        learning_rate=1e-3, schedule="constant", warmup_steps=50, batch_size=128, loss_on="completion"
    )
    return tiny(
        Reliability,
        stage_0=recipe.with_overrides({"epochs": 200}),
        stage_1=recipe.with_overrides({"epochs": 20, "embedding_learning_rate": 5e-3}),
        stage_2=recipe.with_overrides(
            {"epochs": 20, "learning_rate": 1e-4, "embedding_learning_rate": 2e-2}
        ),
        probe_every=2,
    )


MAIN: Presets = {
    "tiny": lambda: tiny(Reliability),
    "paper": lambda: paper(Reliability),
    "trex": lambda: paper(Reliability, Trex()),
}
ALPHA = _ablation(ablations.Alpha)
ORDER = _ablation(ablations.WordOrder)
BATCH = _ablation(ablations.BatchSize)
SIZE = _ablation(ablations.ModelSize)
STAGES = _ablation(ablations.Schedules)
CONTEXT = _ablation(ablations.InContext)
TAGS = _ablation(ablations.TagKinds)
SETS: Presets = {"tiny": _sets_tiny, "paper": _sets_paper}
T5: Presets = {**MAIN, "tiny": _t5_tiny}
