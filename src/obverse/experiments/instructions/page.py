"""What the page of experiment 3 shows: accuracy beside guessing, epochs, likelihood, samples."""

import polars as pl

from obverse.core.format import percent
from obverse.core.page import Finished, Page, Section, Text
from obverse.experiments.instructions import page_figures, page_tables
from obverse.experiments.instructions.asking import QUESTION
from obverse.experiments.instructions.baseline import with_baseline
from obverse.experiments.instructions.claims import mean_of
from obverse.experiments.instructions.wordings import ORDERS

QUESTION_ASKED = (
    "Told how to answer a question, does a model answer it? Instructions had the question before its "
    "answer or behind it; what is asked are questions of which the model was shown the instruction and "
    "nothing else."
)
GLOSSARY = {
    "QuestionToAnswer": "Instructions that name the question before its answer.",
    "AnswerToQuestion": "Instructions that name the answer before its question.",
    "plausible guessing": "How often the model’s answer to one question is the right one to another of "
    "the same kind: what it would reach without knowing which answer belongs where.",
}
BASELINE = (
    "It is measured on each trained model's own answers: how often its answer to one question is the "
    "right one to another question of the same kind."
)


def page(finished: Finished, *, margin: float) -> Page:
    """Return the page's sections; the margin as the experiment's settings say."""
    rows = finished.tables["ask"].filter(pl.col("dataset").is_in(ORDERS))
    tested = with_baseline(rows)
    return Page(
        sections=[
            Section(
                title="Accuracy (the paper's Figure 8)",
                parts=[
                    page_figures.accuracy(tested, margin),
                    page_tables.accuracy(tested, margin),
                    Text(text=BASELINE, lead="Plausible guessing."),
                ],
            ),
            Section(title="Epochs (Figure 10)", parts=[page_figures.epochs(rows, tested)]),
            Section(
                title="What else was asked",
                parts=[page_tables.beside(rows), page_tables.likelihood(rows)],
            ),
            Section(title="Samples", parts=page_tables.samples(tested)),
        ],
        question=QUESTION_ASKED,
        answer=answer(tested),
        main="accuracy",
        glossary=GLOSSARY,
        claims_note="That something is not learnt is shown by a bound on how far it exceeds plausible "
        "guessing, or by equivalence, and only where the controls hold.",
        facts="questions",
        generic=False,
    )


def answer(tested: pl.DataFrame) -> str:
    """Say what came out, for each model and order."""
    said = []
    for (model, order), rows in tested.group_by("model", "dataset", maintain_order=True):
        right, guess = (
            mean_of(rows.filter(pl.col("asked") == QUESTION), "exact_match"),
            mean_of(rows, "baseline"),
        )
        beside = "" if guess is None else f", where plausible guessing gives {percent(guess)} %"
        said.append(
            f"After {order} the model {model} answered {percent(right)} % of such questions "
            f"rightly{beside}."
        )
    return " ".join(said)
