"""What the page of the study of relations shows."""

from collections.abc import Sequence

import polars as pl

from obverse.core.format import interval, number, percent
from obverse.core.page import Cell, Column, Figure, Finished, Page, Section, Table
from obverse.experiments.relations.claims import WORDINGS, paired
from obverse.experiments.relations.facts import ASKED
from obverse.experiments.relations.page_parts import Marks, cells, counted
from obverse.report.figures import BLUE, GREEN, GREY, ORANGE
from obverse.stats.summary import group_means, mean

SHARE = "Exact match (share of questions)"
COLOURS = {"as told": GREY, "in order": GREEN, "right": BLUE, "wrong": ORANGE}
QUESTION = (
    "Does a model know what follows from what it was told, and only that? It was told facts of several "
    "relations, half of them one way only, and asked what it was told, what follows from it the other "
    "way round, and what does not follow."
)
GLOSSARY = {
    "one way": "Facts that were told in one order only.",
    "both ways": "Facts that were told in both orders.",
    "modus ponens": "From “if A then B”, and A, to B.",
    "false converse": "From “if A then B”, and B, to A: it does not follow.",
}
KEYS = ["model", "relation", "told", "asked"]


def page(finished: Finished, *, accuracy_margin: float, likelihood_margin: float) -> Page:
    """Return accuracy and likelihood by relation, and a table of both; margins as the settings say."""
    final = finished.tables["ask"].filter("final")
    parts: list[Figure | Table] = []
    for [model], rows in final.group_by("model", maintain_order=True):
        suffix = f"-{model}" if final["model"].n_unique() > 1 else ""
        parts += [*_figures(rows, suffix, accuracy_margin, likelihood_margin)]
    return Page(
        sections=(
            Section(title="What was told, what follows from it, and what does not", parts=parts),
            Section(title="Each relation", parts=[_table(final)]),
        ),
        question=QUESTION,
        answer=_answer(final),
        glossary=GLOSSARY,
        claims_note="What was told is the control of each relation. What follows and what does "
        "not are asked apart, of facts that were told one way only; of facts told both ways the "
        "claims are explored.",
    )


def _figures(rows: pl.DataFrame, suffix: str, margin: float, nats: float) -> list[Figure]:
    relations = rows["relation"].unique(maintain_order=True).to_list()
    colours = {what: COLOURS[what] for what in ASKED if what in set(rows["asked"])}
    marks = Marks(x="asked", panel="relation", panels=relations, colours=colours)
    one, both = (rows.filter(told=told) for told in ("one way", "both ways"))
    said = (
        "as told: the statement as it was told; in order: what follows as well, in the order "
        "that was told (modus ponens; other members of a group); right: what follows from it, "
        "the other way round; wrong: what does not follow (a false converse, or an asymmetric "
        "relation read as a symmetric one)"
    )
    return [
        Figure(
            name=f"one-way{suffix}",
            chart=cells(one, "exact_match", SHARE, marks, (0.0, 1.0), margin),
            caption="Exact match, of facts that were told one way, after openings that were "
            f"never trained on. {said}. Grey ticks: chance; green: the criterion of the claims. "
            f"{counted(one)}.",
        ),
        Figure(
            name=f"likelihood{suffix}",
            chart=cells(paired(one), "difference", "Right − random (nats)", marks, margin=nats),
            caption="How much likelier the answer is than a random other one, of facts that were "
            f"told one way (grey, 0: no difference; green: the margin of the claims). n is of pairs "
            f"of facts. {counted(one)}.",
        ),
        Figure(
            name=f"both-ways{suffix}",
            chart=cells(both, "exact_match", SHARE, marks, (0.0, 1.0)),
            caption="Exact match, of facts that were told both ways: what follows was trained, "
            f"what does not was not. Grey ticks: chance. {counted(both)}.",
        ),
    ]


def _table(final: pl.DataFrame) -> Table:
    accuracy = group_means(final, KEYS, "exact_match", bounds=(0, 1), clusters=WORDINGS)
    apart = group_means(paired(final), KEYS, "difference", clusters=WORDINGS)
    chance = final.group_by(KEYS).agg(pl.col("chance").mean())
    joined = accuracy.join(apart, on=KEYS, how="left", suffix="_nats", maintain_order="left").join(
        chance, on=KEYS, how="left", maintain_order="left"
    )
    rows: list[Sequence[Cell]] = [
        [
            *(r[key] for key in KEYS), percent(r["mean"]), f"[{percent(r['low'])}, {percent(r['high'])}]",
            percent(r["chance"]), number(r["mean_nats"], 2), interval(r["low_nats"], r["high_nats"], 2),
            r["n_facts"],
        ]
        for r in joined.to_dicts()
    ]  # fmt: skip
    titles = (
        "exact match %",
        "95 % interval",
        "chance %",
        "right − random, nats",
        "95 % interval",
        "facts",
    )
    return Table(
        columns=[*(Column(title=key) for key in KEYS), *(Column(title=t, numeric=True) for t in titles)],
        rows=rows,
        note="Chance is naming a random answer to the same question about the facts of the "
        "relation that are told alike. The random answer is drawn among these, in pairs, each "
        "once right and once random.",
    )


def _answer(final: pl.DataFrame) -> str:
    said = []
    for [model], rows in final.filter(told="one way").group_by("model", maintain_order=True):
        means = {
            what: mean(rows.filter(asked=what), "exact_match") for what in ("as told", "right", "wrong")
        }
        told, right, wrong = (percent(None if m is None else m.value) for m in means.values())
        said.append(
            f"Over all relations the model {model} said {told} % of what it was told, {right} % "
            f"of what follows and {wrong} % of what does not."
        )
    return " ".join(said)
