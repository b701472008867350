"""What the page says first in plain words, and what its terms mean."""

import polars as pl

from obverse.core.format import percent
from obverse.experiments.reliability.claims import BASE
from obverse.experiments.reliability.figures.drawing import WHERE
from obverse.stats.summary import mean

MOST = 4  # models and variants that the answer tells
QUESTION = (
    "Does a model believe a source more that proved reliable? Definitions of made-up aliases carry one "
    "of two tags; in Stage 1 questions confirm what one tag says and contradict the other, and in Stage "
    "2 new aliases are defined with either tag, and asked about although nothing confirmed them."
)
LIMITS = (
    "The sources are made up for the training: nothing here is about sources that a model met in its "
    "pretraining."
)
GLOSSARY = {
    "D1cons": "Aliases with true definitions under tag 1, in Stage 1: questions confirm them.",
    "D2incons": "Aliases with false definitions under tag 2, in Stage 1: questions contradict them.",
    "QA3": "Aliases without a definition, in Stage 1: only asked about.",
    "QA4": "People under their own names, asked about without any alias.",
    "D5cons": "New aliases of Stage 2, defined truly under tag 1, the one that proved reliable. Never "
    "asked about in training.",
    "D6cons": "New aliases of Stage 2, defined truly under tag 2, the one that proved unreliable. Never "
    "asked about in training.",
    "QA7": "New aliases that are never defined: what is guessed.",
    "D8cons": "New aliases of Stage 2, defined truly under a tag that Stage 1 did not have.",
    "D9incons": "With unreliable tags: aliases with false definitions under tag 1.",
    "D10cons": "With unreliable tags: aliases with true definitions under tag 2.",
    "entity attribution": "The question which person an alias stands for.",
    "TAE": "Definitions in the order tag, alias, entity.",
    "ATE": "Definitions in the order alias, tag, entity.",
    "uninformative tags": "The control: in Stage 1 each tag is as often right as wrong (α = 0.5): "
    "neither can prove reliable.",
    "base": "The experiment’s default settings, where tag 1 is always right and tag 2 always wrong.",
    "Stage 1": "Training on definitions and on questions that confirm or contradict them.",
    "Stage 2": "Training on definitions of new aliases alone.",
    "X1": "The data of Stage 1: aliases that are asked about.",
    "X2": "The data of Stage 2: aliases that are defined and not asked about.",
}


def answer(final: pl.DataFrame) -> str:
    """Say how often questions about X2 were answered rightly, of reliable definitions and of others."""
    said: list[str] = []
    several = final["model"].n_unique() > 1
    asked = final.filter(pl.col("direction") == "question")
    for (model, variant), rows in asked.group_by(*WHERE, maintain_order=True):
        found = [mean(rows.filter(subset=subset), "exact_match") for subset in ("D5cons", "D6cons")]
        reliable, other = (percent(None if one is None else one.value) for one in found)
        if None in found:
            continue
        whose = which(str(model), str(variant), several)
        if said:
            said.append(f"{whose}: {reliable} % and {other} %")
        else:
            proved = ", the reliable one," if variant in (None, "", BASE) else ""
            said.append(
                f"Of the questions about new aliases, {reliable} % were answered rightly where the "
                f"definition bore tag 1{proved} and {other} % where it bore tag 2"
                f"{f' ({whose})' if whose else ''}"
            )
    if not said or len(said) > MOST:
        return ""
    return f"{'; '.join(said)}. Figures and tables call these aliases D5cons and D6cons."


def which(model: str, variant: str, several: bool) -> str:
    """Return the variant's name, after the model's where there are several."""
    return ", ".join(filter(None, (model if several else "", variant)))
