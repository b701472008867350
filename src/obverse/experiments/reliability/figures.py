"""The figures of implicit meta-learning."""

from typing import Any

import altair as alt
import polars as pl

from obverse.core.page import Figure
from obverse.report.figures import BLUE, GREEN, GREY, ORANGE, PINK, STROKES, lines_with_bands
from obverse.stats.contrast import difference
from obverse.stats.summary import group_means

# What is asked, as the observations call it and as the page does.
ASKED = {
    "question": "questions not trained",
    "attribution": "entity attribution",
    "told": "entity of the false definition",
}
BELIEVED = ("question", "attribution")
WHERE = ["model", "variant"]
COLOURS = {
    "D1cons-QA1": BLUE, "D2incons-QA2": ORANGE, "D9incons-QA9": PINK, "D10cons-QA10": "#56B4E9",
    "QA3": GREY, "QA4": "#000000", "D5cons": BLUE, "D6cons": ORANGE, "D8cons": GREEN, "QA7": GREY,
}  # fmt: skip
SUBSETS = list(COLOURS)
SHOWN = ["D1cons-QA1", "D2incons-QA2", "QA3", "D5cons", "D6cons", "D8cons", "QA7"]
PANELS_A_ROW = 3
DASHED = ("D5cons", "D6cons", "D8cons", "QA7")  # X2; the others are X1


def with_place(observations: pl.DataFrame) -> pl.DataFrame:
    """Add `place`, epochs since Stage 0, and `trunk`: whether it is a stage before Stage 2."""
    stages = observations.filter(pl.col("stage") != "Stage 0")
    lengths = (
        stages.group_by(*WHERE, "stage", maintain_order=True)
        .agg(pl.col("epoch").max().alias("length"))
        .sort("stage", maintain_order=True)
        .with_columns(pl.col("length").cum_sum().over(WHERE).sub(pl.col("length")).alias("before"))
    )
    joined = stages.with_columns(pl.col("variant").fill_null("")).join(
        lengths.with_columns(pl.col("variant").fill_null("")), on=[*WHERE, "stage"], how="left"
    )
    return joined.with_columns(
        (pl.col("epoch") + pl.col("before")).alias("place"), (pl.col("stage") != "Stage 2").alias("trunk")
    )


def curves(rows: pl.DataFrame) -> Figure | None:
    """Exact match over all epochs (Figure 3): a panel a variant, one block for each kind of question."""
    asked = rows.filter(pl.col("direction").is_in(BELIEVED), pl.col("subset").is_in(SHOWN))
    if asked.is_empty():
        return None
    keys = [*WHERE, "direction", "subset", "place"]
    ends = rows.filter("trunk").group_by(WHERE).agg(pl.col("place").max().alias("end"))
    guess = asked.group_by("direction").agg(pl.col("chance").mean())
    table = (
        group_means(asked, keys, "exact_match", bounds=(0, 1))
        .with_columns(_panel(rows))
        .join(ends, on=WHERE, how="left")
        .join(guess, on="direction", how="left")
    )
    kinds = [kind for kind in ASKED.values() if kind in set(table["asked"])]
    chart = alt.vconcat(*(_curves(table.filter(pl.col("asked") == kind), kind) for kind in kinds))
    later = (
        "X2, whose definitions are trained after it, and which are never asked about in training"
        if not rows["trunk"].all()
        else "X2, which are never asked about in training"
    )
    caption = (
        "Exact match by epoch. Dotted line: end of Stage 1. Solid: subsets of X1; dashed: of "
        f"{later}. QA7 is not defined: what is guessed. Grey line: a random value or entity, where "
        f"their number is known. {_n(rows)}."
    )
    return Figure(name="curves", chart=chart, caption=caption)


def _curves(table: pl.DataFrame, kind: str) -> alt.FacetChart:
    present = [s for s in SHOWN if s in set(table["subset"])]
    scale = alt.Scale(domain=present, range=[COLOURS[s] for s in present])
    dashes = alt.Scale(domain=present, range=[[5, 3] if s in DASHED else [1, 0] for s in present])
    layers = lines_with_bands(
        table, "Exact match (share)",
        lines=[alt.StrokeDash("subset:N", scale=dashes, sort=present, legend=STROKES, title="subset")],
        x=_epochs(table),
        color=alt.Color("subset:N", scale=scale, sort=present, title="subset", legend=STROKES),
    )  # fmt: skip
    rules = [
        alt.Chart(table).mark_rule(strokeDash=[2, 2], color="#444").encode(x="end:Q"),
        alt.Chart(table).mark_rule(strokeDash=[4, 3], color="#999").encode(y="chance:Q"),
    ]
    panels = table["panel"].unique(maintain_order=True).to_list()
    return (
        alt.layer(*layers.layer, *rules, data=table)
        .properties(width=230, height=170)
        .facet(facet=alt.Facet("panel:N", sort=panels, title=None), columns=PANELS_A_ROW)
        .properties(title=alt.Title(kind, anchor="start"))
    )


def _epochs(table: pl.DataFrame) -> alt.X:
    """Return the axis of epochs, marked at whole numbers."""
    last = int(max(table["place"].to_list()))
    marks = list(range(0, last + 1, max(1, round(last / 5))))
    return alt.X("place:Q", title="Epoch since Stage 0", axis=alt.Axis(values=marks, format="d"))


def gaps(final: pl.DataFrame) -> Figure | None:
    """D5cons − D6cons at the end, for every model and variant."""
    table = _gaps(final)
    if table.is_empty():
        return None
    order = table["panel"].unique(maintain_order=True).to_list()
    base = alt.Chart(table).encode(
        y=alt.Y("panel:N", sort=order, title=None, axis=alt.Axis(labelLimit=260)),
        color=alt.Color(
            "asked:N", scale=alt.Scale(range=[BLUE, ORANGE]), title=None, sort=list(ASKED.values())
        ),
        yOffset=alt.YOffset("asked:N", sort=list(ASKED.values())),
    )
    x = alt.X("low:Q", title="D5cons − D6cons (exact match)", axis=alt.Axis(tickCount=6))
    chart = alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(x="value:Q"),
        alt.Chart(table).mark_rule(color="#444", strokeDash=[2, 2]).encode(x=alt.datum(0)),
    ).properties(width=430, height=alt.Step(20))
    caption = (
        "What is internalised more because its source was reliable: exact match on D5cons minus "
        f"D6cons at the end, 95 % intervals over seeds (Student's t). {_n(final)}."
    )
    return Figure(name="gaps", chart=chart, caption=caption)


def losses(rows: pl.DataFrame) -> Figure | None:
    """Loss on the definitions of X2 (Figure 8)."""
    told = rows.filter(
        pl.col("direction") == "definition", pl.col("subset").is_in(["D5cons", "D6cons"])
    ).with_columns(pl.col("logprob").neg().alias("nats"))
    if told.is_empty():
        return None
    keys = [*WHERE, "direction", "subset", "place"]
    table = group_means(told, keys, "nats", bounds=(0, float("inf"))).with_columns(_panel(rows))
    subsets = alt.Scale(domain=["D5cons", "D6cons"], range=[BLUE, ORANGE])
    layers = lines_with_bands(
        table, "Definition loss (nats)",
        x=_epochs(table),
        color=alt.Color("subset:N", scale=subsets, title="subset", legend=STROKES),
    )  # fmt: skip
    panels = table["panel"].unique(maintain_order=True).to_list()
    chart = alt.layer(*layers.layer, data=table).properties(width=230, height=170).facet(
        facet=alt.Facet("panel:N", sort=panels, title=None), columns=PANELS_A_ROW
    )  # fmt: skip
    caption = (
        "Loss on the definitions of X2 themselves, after all but their last element. Where both are "
        f"learnt alike, a difference in answers is not one in what was memorised. {_n(told)}."
    )
    return Figure(name="losses", chart=chart, caption=caption)


def _gaps(final: pl.DataFrame) -> pl.DataFrame:
    found: list[dict[str, Any]] = []
    asked = final.filter(pl.col("direction").is_in(BELIEVED))
    for (model, variant, direction), group in asked.group_by(*WHERE, "direction", maintain_order=True):
        a, b = (group.filter(pl.col("subset") == s) for s in ("D5cons", "D6cons"))
        estimate = difference(a, b, "exact_match")
        if estimate is None:
            continue
        low, high = estimate.interval()
        about = {"model": model, "variant": variant, "direction": direction, "value": estimate.value}
        found.append(about | ({} if low != low else {"low": low, "high": high}))
    table = pl.DataFrame(found, infer_schema_length=None)
    return table if table.is_empty() else table.with_columns(_panel(final))


def _panel(rows: pl.DataFrame) -> list[pl.Expr]:
    """Return the title of a panel, and what is asked in words."""
    model, variant = pl.col("model"), pl.col("variant")
    named = pl.concat_str(model, pl.lit(": "), variant) if rows["model"].n_unique() > 1 else variant
    return [
        pl.when(variant == "").then(model).otherwise(named).alias("panel"),
        pl.col("direction").replace_strict(ASKED, default="").alias("asked"),
    ]


def _n(rows: pl.DataFrame) -> str:
    seeds = rows["seed"].n_unique()
    aliases = rows.filter(pl.col("subset").is_in(["D5cons", "D6cons"]))
    branches = aliases.select("seed", "branch").n_unique()
    facts = aliases.select("seed", "branch", "subset", "fact").n_unique() // max(1, 2 * branches)
    return (
        f"n = {seeds} seed{'s' if seeds != 1 else ''}, about {facts} aliases of each of D5cons and "
        "D6cons in each; bands are 95 % intervals"
    )
