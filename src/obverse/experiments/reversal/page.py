"""What the page of experiment 1 shows: accuracy, likelihood, learning curves, samples."""

import polars as pl

from obverse.core.format import count, percent
from obverse.core.page import Figure, Finished, Page, Section, Table
from obverse.experiments.reversal import page_figures, page_prompts, page_tables
from obverse.experiments.reversal.claims import TESTED
from obverse.experiments.reversal.probes import Control
from obverse.stats.summary import mean

QUESTION = (
    "Told that “A is B”, does a model know that “B is A”? Facts about made-up people were stated in one "
    "order only, and asked in both with openings that were never trained on."
)
LIMITS = (
    "The facts are made up, and told in a training of their own: what a model does with facts that it "
    "meets in many orders and wordings is another question."
)
GLOSSARY = {
    "NameToDescription": "Facts that were told with the name first: “Daphne Barrington is the director "
    "of …”. The same direction asks for the description, the reverse for the name.",
    "DescriptionToName": "Facts that were told with the description first: “The director of … is Daphne "
    "Barrington”. The same direction asks for the name, the reverse for the description.",
    "held-out prompt": "An opening of a question that no training text had.",
    "KS test": "The Kolmogorov–Smirnov test: whether right and random answers differ in the whole "
    "distribution of their log-probabilities, and not in the mean alone.",
    "Δ log-prob": "How much likelier the model finds the right answer than a random other one, in nats; "
    "0 is no difference.",
}


def page(
    finished: Finished, *, accuracy_margin: float, likelihood_margin: float, control: Control
) -> Page:
    """Return the page's sections; margins and `control` as the experiment's settings say."""
    rows = named(finished.tables["ask"])
    tested = rows.filter(pl.col("subset").is_in(TESTED))
    final, final_tested = rows.filter("final"), tested.filter("final")
    sections = [
        Section(
            title="Accuracy (the paper's Table 1)",
            parts=[
                page_tables.accuracy(final, accuracy_margin),
                page_figures.accuracy(final, accuracy_margin),
            ],
        ),
        Section(title="Each held-out prompt", parts=prompts(final_tested)),
        Section(
            title="Likelihood (the paper's Table 3)",
            parts=[
                page_figures.likelihood(final_tested),
                page_tables.likelihood(final_tested, likelihood_margin, control),
                page_tables.PUBLISHED_LIKELIHOOD,
                page_tables.ranks(final),
            ],
        ),
        Section(title="Learning curves", parts=[page_figures.curves(tested, likelihood_margin)]),
        Section(title="Samples", parts=page_tables.samples(final_tested)),
    ]
    return Page(
        sections=sections,
        question=QUESTION,
        answer=answer(final_tested),
        limits=LIMITS,
        main="accuracy",
        glossary=GLOSSARY,
        claims_note="That two likelihoods are the same is shown by equivalence (two one-sided tests "
        f"against ±{count(likelihood_margin, 'nat')}), not by a large p-value. The claims in the "
        "same direction are controls: where nothing was learnt, the reverse says nothing.",
        generic=False,
    )


def prompts(final_tested: pl.DataFrame) -> list[Table | Figure]:
    """Return how each held-out prompt was answered."""
    drawn = page_prompts.figure(final_tested, page_figures.basis(final_tested, "facts and seeds"))
    return [*([drawn] if drawn else []), page_prompts.table(final_tested)]


def named(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the variant in the model's name, where a study compares settings."""
    return rows.with_columns(pl.concat_str("model", "variant", separator=", ", ignore_nulls=True))


def answer(final: pl.DataFrame) -> str:
    """Say what came out, for each model."""
    said = []
    for [model], rows in final.group_by("model", maintain_order=True):
        right = {
            direction: mean(rows.filter(direction=direction), "exact_match")
            for direction in ("same", "reverse")
        }
        same, reverse = (None if r is None else r.value for r in right.values())
        chance = rows["chance"].mean()
        assert isinstance(chance, float)
        said.append(
            f"The model {model} gave the right answer to {percent(same)} % of the questions in the order "
            f"that it was told, and to {percent(reverse)} % in the reverse; naming a random candidate is "
            f"right in {percent(chance)} %."
        )
    return " ".join(said)
