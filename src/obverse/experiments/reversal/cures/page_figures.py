"""The figures on the page of the cures."""

from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure
from obverse.experiments.reversal.cures import page_tables, reading
from obverse.experiments.reversal.cures.asking import FALSE_REVERSE, REVERSE
from obverse.experiments.reversal.cures.methods import BY_NAME, NOTHING
from obverse.experiments.reversal.cures.page_labels import placed
from obverse.experiments.reversal.cures.page_tables import of_model, recalled, rows_of
from obverse.experiments.reversal.cures.reading import IDENTITY
from obverse.experiments.reversal.cures.statements import ASYMMETRIC
from obverse.report.figures import BLUE, GREEN, GREY, ORANGE, PINK
from obverse.stats.summary import group_means

SOURCE = {
    page_tables.RECALLED: ("has to be recalled from the other entity", BLUE),
    page_tables.COPIED: ("can be copied in sight of it", GREEN),
    page_tables.HIDDEN: ("may be hidden and filled in", PINK),
    "": ("is never predicted in sight of it", ORANGE),
}
HEIGHT, WIDTH = 420, 420
FEWEST = 3  # seeds of which intervals are drawn
LINE = 0.038  # between two labels, as a share of the axis
ASKED = {REVERSE: "reverse (right)", FALSE_REVERSE: "false reverse (wrong)"}


def cures(rows: pl.DataFrame, targets: pl.DataFrame) -> Figure:
    """Draw the reverse against wrong inference, a point a cure, labels beside the panel."""
    points = pl.DataFrame(
        [p for model in rows["model"].unique(maintain_order=True) for p in _points(rows, targets, model)],
        infer_schema_length=None,
    )
    seeds = _seeds(rows, points)
    base = alt.Chart(points)
    unit = alt.Scale(domain=[0, 1])
    x = alt.X("x:Q", title="Reverse answered rightly (share of questions)", scale=unit)
    y = alt.Y("y:Q", title="False reverse asserted (share of questions)", scale=unit)
    colour = alt.Color(
        "source:N",
        title="In training, the source entity",
        scale=alt.Scale(domain=[t for t, _ in SOURCE.values()], range=[c for _, c in SOURCE.values()]),
        legend=alt.Legend(orient="top", symbolOpacity=1, columns=1),
    )
    # Of two trainings the interval is nearly everything, and its bars hide what they are of.
    wide_enough = rows["seed"].n_unique() >= FEWEST
    bar = base.mark_rule(strokeWidth=1.5)
    intervals = (
        bar.encode(x="x_low:Q", x2="x_high:Q", y="y:Q", color=colour),
        bar.encode(x="x:Q", y="y_low:Q", y2="y_high:Q", color=colour),
    )
    layers = [
        base.mark_rule(color=GREY, strokeDash=[4, 3]).encode(x="chance_x:Q"),
        # From a point to its label, which stands beside the panel, where nothing else is.
        base.transform_filter("datum.leads").mark_rule(color="#999", strokeWidth=0.7, clip=False).encode(
            x="x:Q", y="y:Q", x2="at:Q", y2="label_y:Q"
        ),
        *(intervals if wide_enough else ()),
        alt.Chart(seeds).mark_circle(size=12, opacity=0.45).encode(x="x:Q", y="y:Q", color=colour),
        base.mark_circle(size=80, opacity=1).encode(x=x, y=y, color=colour),
        base.mark_text(align="left", dx=4, fontSize=11, clip=False).encode(
            x="at:Q", y="label_y:Q", text="label:N", color=colour
        ),
    ]  # fmt: skip
    chart: Any = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)
    if rows["model"].n_unique() > 1:
        chart = chart.facet(row=alt.Row("model:N", title=None), data=points)
    over = " with 95 % intervals over facts and seeds"
    return Figure(
        name="cures",
        chart=chart,
        caption="Each cure: how often the reverse of a name and a description is answered, and how often "
        'the false reverse of an asymmetric relation is asserted ("B admires A", told that A admires B). '
        f"Below on the right is good. Large dots: means{over if wide_enough else ''}; small "
        "ones: each seed. Dashed: naming a random candidate for the reverse. Facts told in one order, "
        f"but for the row in which all are told in both. {_basis(rows)}.",
    )


def likelihood(rows: pl.DataFrame) -> Figure:
    """Draw right minus random log-probability, and the rank, of the reverse and of the false reverse."""
    asked = pl.concat(
        [
            rows.filter(pl.col("direction") == REVERSE, pl.col("kind") == IDENTITY),
            rows.filter(pl.col("direction") == FALSE_REVERSE, pl.col("kind") == ASYMMETRIC),
        ]
    ).with_columns(
        pl.col("direction").replace_strict(ASKED).alias("asked"),
        pl.format("{}{}", "variant", pl.when(_partly(rows)).then(pl.format(" ({})", "told"))
                  .otherwise(pl.lit(""))).alias("cure"),
    )  # fmt: skip
    paired = asked.with_columns(pl.col("pair").alias("fact"))
    panels = [
        _panel(paired, "gap", "Answer − random log-probability (nats)", 0.0, asked),
        _panel(asked, "behind", "Candidates before the answer (share)", 0.5, asked, names=False),
    ]
    return Figure(
        name="likelihood",
        chart=alt.hconcat(*panels, spacing=14),
        caption="How much likelier than a random one the answer is, and what share of the other "
        "candidates are ranked before it (0: none, 0.5: as by chance). Blue: the reverse of a name and a "
        "description, which is true. Orange: the false reverse, which does not follow. Large dots: means "
        "with 95 % intervals over facts (pairs of them on the left) and seeds; small ones: each seed. "
        f"{_basis(rows)}.",
    )


def _panel(
    rows: pl.DataFrame, metric: str, title: str, chance: float, of_seeds: pl.DataFrame, names: bool = True
) -> Any:
    keys = ["model", "cure", "asked"]
    means = group_means(rows, keys, metric)
    seeds = of_seeds.group_by(*keys, "seed", maintain_order=True).agg(pl.col(metric).mean().alias("mean"))
    order = _order(of_seeds)
    scale = alt.Scale(zero=False) if names else alt.Scale(domain=[0, 1])
    y = alt.Y("cure:N", sort=order, title=None, axis=alt.Axis(labels=names, ticks=names, labelLimit=260))
    offset = alt.YOffset("asked:N", sort=list(ASKED.values()))
    colour = alt.Color(
        "asked:N", title=None, scale=alt.Scale(domain=list(ASKED.values()), range=[BLUE, ORANGE]),
        legend=alt.Legend(orient="top", symbolOpacity=1),
    )  # fmt: skip
    base = alt.Chart(means).encode(y=y, yOffset=offset, color=colour)
    layers = alt.layer(
        alt.Chart(means).mark_rule(color=GREY, strokeDash=[4, 3]).encode(x=alt.datum(chance)),
        base.mark_rule(strokeWidth=1.5).encode(x="low:Q", x2="high:Q"),
        alt.Chart(seeds).mark_circle(size=12, opacity=0.45).encode(
            x="mean:Q", y=y, yOffset=offset, color=colour
        ),
        base.mark_circle(size=55, opacity=1).encode(x=alt.X("mean:Q", title=title, scale=scale)),
        data=means,
    ).properties(width=250, height=alt.Step(15))  # fmt: skip
    if of_seeds["model"].n_unique() > 1:
        return layers.facet(row=alt.Row("model:N", title=None))
    return layers


def _points(rows: pl.DataFrame, targets: pl.DataFrame, model: str) -> list[dict[str, Any]]:
    """Return a point for each cure, and the height of its label."""
    mine = of_model(rows, model)
    points: list[dict[str, Any]] = []
    chance = _both(mine, NOTHING)[0]["chance"].mean()  # among all facts of a kind, as in most rows
    for cure in dict.fromkeys(c for m, c, _ in rows_of(rows) if m == model):
        right, wrong = _both(mine, cure)
        x, y = reading.share(right), reading.share(wrong)
        if x is None or y is None:
            continue
        (x_low, x_high), (y_low, y_high) = x.interval(), y.interval()
        told = right["told"][0]
        said = recalled(targets, model, cure, told)
        source, _ = SOURCE[next(start for start in SOURCE if said.startswith(start))]
        points.append(
            {
                "model": model, "cure": cure, "label": cure, "x": x.value, "y": y.value,
                "x_low": x_low, "x_high": x_high, "y_low": y_low, "y_high": y_high,
                "source": source,
                "chance_x": chance, "at": 1.06,
            }
        )  # fmt: skip
    places = placed([(p["x"], p["y"]) for p in points], LINE)
    return [
        p | {"label_y": height, "leads": leads} for p, (height, leads) in zip(points, places, strict=True)
    ]


def _both(rows: pl.DataFrame, cure: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    return (
        reading.cell(rows, cure, REVERSE, IDENTITY),
        reading.cell(rows, cure, FALSE_REVERSE, ASYMMETRIC),
    )


def _seeds(rows: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Return each seed's own point."""
    found = []
    for point in points.to_dicts():
        x, y = (
            dict(cell.group_by("seed").agg(pl.col("exact_match").mean()).iter_rows())
            for cell in _both(of_model(rows, point["model"]), point["cure"])
        )
        found += [
            {"model": point["model"], "source": point["source"], "x": x[seed], "y": y[seed]}
            for seed in x
            if seed in y
        ]
    return pl.DataFrame(found, infer_schema_length=None)


def _partly(rows: pl.DataFrame) -> pl.Expr:
    """Return whether a cure has facts told in one order and facts told in both."""
    both = rows.group_by("variant").agg(pl.col("told").n_unique().alias("n")).filter(pl.col("n") > 1)
    return pl.col("variant").is_in(both["variant"].to_list())


def _order(rows: pl.DataFrame) -> list[str]:
    places = {name: place for place, name in enumerate(BY_NAME)}
    found = rows.select("variant", "told", "cure").unique().to_dicts()
    found.sort(key=lambda r: (places.get(r["variant"], len(places)), -len(r["told"]), r["told"]))
    return [r["cure"] for r in found]


def _basis(rows: pl.DataFrame) -> str:
    seeds = rows["seed"].n_unique()
    facts = {
        kind: rows.filter(pl.col("kind") == kind).select("seed", "fact").n_unique() // max(1, seeds)
        for kind in (IDENTITY, ASYMMETRIC)
    }
    return (
        f"n = {count(seeds, 'seed')}, in each {facts[IDENTITY]} names with descriptions and "
        f"{facts[ASYMMETRIC]} pairs of people"
    )
