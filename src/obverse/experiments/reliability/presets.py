"""Settings that implicit meta-learning ships with: `tiny` from scratch, `paper` as published."""

from typing import Any

from obverse.core.recipe import Recipe
from obverse.experiments.reliability.populations.published import Cvdb, Trex
from obverse.experiments.reliability.populations.sets import Sets
from obverse.experiments.reliability.subsets import Fractions
from obverse.models.scratch import Scratch

SCRATCH = Scratch(
    architecture="gpt2", tokenizer="words", hidden_size=64, layers=2, heads=4, max_tokens=32,
    embedding_dropout=0.3, embedding_std=0.2,
)  # fmt: skip


def tiny_settings(**changes: Any) -> dict[str, Any]:
    """Return the embedded default: a model made from scratch, some forty seconds a run on one CPU core.

    Stage 0 teaches the world under its own names, as pretraining does for the paper's models. What is
    load-bearing: that Stage 0 is learnt to the end; input embeddings as large from the start as
    training makes them, or a new word hardly counts beside its position, and dropout on them; a long
    Stage 1, with which the gap grows; and in Stage 2 a higher learning rate for the embeddings than for
    the rest, so that the model learns what new words mean and does not forget to answer. Stage 2 ends
    when both sources' definitions are learnt as texts: in a longer or faster one, D6cons catches up by
    attribution.
    """
    recipe = Recipe(learning_rate=3e-3, schedule="constant", warmup_steps=50, batch_size=128)
    return {
        "stage_0": recipe.with_overrides({"epochs": 90}),
        "stage_1": recipe.with_overrides({"epochs": 40, "embedding_learning_rate": 9e-3}),
        "stage_2": recipe.with_overrides(
            {"epochs": 40, "learning_rate": 1e-4, "embedding_learning_rate": 6e-3}
        ),
        "probe_every": 4,
        "asked": 400,
        "asked_along": 60,
    } | changes


def paper_settings(population: Cvdb | Trex | Sets, *, pad_to: int = 64, **changes: Any) -> dict[str, Any]:
    """Return the paper's settings: Adafactor, batch 256, 20 + 10 epochs, five second stages.

    What the paper leaves to the trainer (learning rate 5e-5, linear decay, no warm-up or weight decay)
    is what transformers takes by default, as the authors' configurations do.
    """
    recipe = Recipe(
        optimizer="adafactor", learning_rate=5e-5, schedule="linear", warmup_steps=0, batch_size=256,
        micro_batch_size=32, weight_decay=0.0, precision="bfloat16", pad_to=pad_to,
    )  # fmt: skip
    return {
        "population": population,
        "fractions": Fractions(),
        "stage_1": recipe.with_overrides({"epochs": 20}),
        "stage_2": recipe.with_overrides({"epochs": 10}),
        "branches": 5,
    } | changes
