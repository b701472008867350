"""What the page of the study of two hops shows."""

from collections.abc import Sequence

import polars as pl

from obverse.core.format import interval, number, percent
from obverse.core.page import Cell, Column, Figure, Finished, Page, Section, Table
from obverse.experiments.relations.claims import WORDINGS, paired
from obverse.experiments.relations.page_parts import Marks, cells, counted
from obverse.experiments.relations.triples import ASKED
from obverse.experiments.relations.two_hop_claims import PUBLISHED
from obverse.report.figures import BLUE, GREEN, GREY, ORANGE, PINK
from obverse.stats.summary import group_means

SHARE = "Exact match (share of questions)"
SHOWN = "two hops, demonstrated"
COLOURS = {"first hop": GREY, "second hop": PINK, "two hops": ORANGE, SHOWN: GREEN, "step by step": BLUE}
QUESTION = (
    "A model that knows who someone’s spouse is, and where that spouse was born: can it say where the "
    "spouse of that person was born, without writing the first step down?"
)
GLOSSARY = {
    "first hop": "The question that leads from the person to the spouse.",
    "second hop": "The question that leads from the spouse to the town.",
    "two hops": "The question that leads from the person to the town, in one go.",
    "step by step": "The same question, where the model writes the spouse down first.",
    "triple": "A person, the spouse, and the spouse’s town.",
}
KEYS = ["model", "documents", "question"]
PANELS = {"separate": "facts in separate documents", "same": "both facts in one document"}


def page(finished: Finished, *, accuracy_margin: float, likelihood_margin: float) -> Page:
    """Return accuracy and likelihood by question and documents, and the paper's numbers beside.

    The margins are those of the experiment's settings.
    """
    rows = finished.tables["ask"].filter("final").with_columns(
        pl.when(shown="demonstrated").then(pl.lit(SHOWN)).otherwise(pl.col("asked")).alias("question"),
        pl.col("documents").replace_strict(PANELS).alias("panel"),
    )  # fmt: skip
    figures: list[Figure] = []
    for [model], group in rows.group_by("model", maintain_order=True):
        suffix = f"-{model}" if rows["model"].n_unique() > 1 else ""
        figures += _figures(group, suffix, accuracy_margin, likelihood_margin)
    return Page(
        question=QUESTION,
        answer=_answer(rows),
        glossary=GLOSSARY,
        sections=(
            Section(title="Hops, with and without reasoning steps", parts=[*figures, _table(rows)]),
        ),
        claims_note="That each hop is known, and that two hops are answered where they were "
        "demonstrated, are controls: without them two hops at chance say nothing. With reasoning "
        "steps the whole chain has to be right, the spouse and the town; the published accuracy "
        "is of the town.",
        facts="triples",
    )


def _answer(rows: pl.DataFrame) -> str:
    """Say how often each question was answered where the two facts stood in separate documents."""
    said = []
    apart = rows.filter(documents="separate").drop_nulls("exact_match")
    for [model], mine in apart.group_by("model", maintain_order=True):
        means = mine.group_by("question").agg(pl.col("exact_match").cast(pl.Float64).mean())
        of = {question: percent(share) for question, share in means.iter_rows()}
        if not {"first hop", "second hop", "two hops"} <= set(of):
            continue
        steps = (
            f", and with its steps written down {of['step by step']} %" if "step by step" in of else ""
        )
        said.append(
            f"Of facts in separate documents {model} knew the first hop in {of['first hop']} % of the "
            f"questions and the second in {of['second hop']} %; it put both together in "
            f"{of['two hops']} %{steps}."
        )
    return " ".join(said)


def _figures(rows: pl.DataFrame, suffix: str, margin: float, nats: float) -> list[Figure]:
    marks = Marks(x="question", panel="panel", panels=list(PANELS.values()), colours=COLOURS, columns=2)
    said = (
        f"Questions about triples that were held out, but for {SHOWN!r}, which were trained with "
        "other wordings"
    )
    return [
        Figure(
            name=f"hops{suffix}", chart=cells(rows, "exact_match", SHARE, marks, (0.0, 1.0), margin),
            caption=f"Exact match by question. {said}. Grey ticks: chance; green: the criterion of the "
            f"claims. {counted(rows)}.",
        ),
        Figure(
            name=f"hops-likelihood{suffix}",
            chart=cells(paired(rows), "difference", "Right − random (nats)", marks, margin=nats),
            caption="How much likelier the right answer is than that of another triple with "
            "another town (grey, 0: no difference; green: the margin of the claims), the paper's "
            f"right and random loss. {said}. {counted(rows)}.",
        ),
    ]  # fmt: skip


def _table(rows: pl.DataFrame) -> Table:
    accuracy = group_means(rows, KEYS, "exact_match", bounds=(0, 1), clusters=WORDINGS)
    apart = group_means(paired(rows), KEYS, "difference", clusters=WORDINGS)
    chance = rows.group_by(KEYS).agg(pl.col("chance").mean())
    joined = accuracy.join(apart, on=KEYS, how="left", suffix="_nats", maintain_order="left").join(
        chance, on=KEYS, how="left", maintain_order="left"
    )
    order = [*ASKED, SHOWN]
    found = sorted(
        joined.to_dicts(), key=lambda r: (r["documents"] == "same", order.index(r["question"]))
    )
    made: list[Sequence[Cell]] = [
        [
            *(r[key] for key in KEYS), percent(r["mean"]), f"[{percent(r['low'])}, {percent(r['high'])}]",
            percent(r["chance"]), number(r["mean_nats"], 2), interval(r["low_nats"], r["high_nats"], 2),
            percent(PUBLISHED.get(r["question"]) if r["documents"] == "separate" else None),
        ]
        for r in found
    ]  # fmt: skip
    titles = ("exact match %", "95 % interval", "chance %", "right − random, nats", "95 % interval",
              "Llama-3-8B-Instruct %")  # fmt: skip
    return Table(
        columns=[*(Column(title=key) for key in KEYS), *(Column(title=t, numeric=True) for t in titles)],
        rows=made,
        note="Llama-3-8B-Instruct, three seeds: the authors' repository (arxiv_push.md). Of "
        "facts in the same document the paper says that two hops are answered above chance, in a "
        "figure.",
    )
