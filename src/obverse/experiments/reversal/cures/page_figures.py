"""The figures on the page of the cures."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from obverse.core.format import count, number
from obverse.core.page import Figure
from obverse.experiments.reversal.cures import page_tables, reading
from obverse.experiments.reversal.cures.asking import FALSE_REVERSE, REVERSE
from obverse.experiments.reversal.cures.methods import BY_NAME, NOTHING
from obverse.experiments.reversal.cures.page_labels import placed
from obverse.experiments.reversal.cures.page_tables import of_model, recalled, rows_of
from obverse.experiments.reversal.cures.reading import IDENTITY
from obverse.experiments.reversal.cures.statements import ASYMMETRIC
from obverse.report.figures import BLUE, GREEN, GREY, ORANGE, PINK
from obverse.report.marks import FEWEST, QUIET, SAID, cut_to, described, domain, of_seeds
from obverse.stats.summary import group_means

SOURCE = {
    page_tables.RECALLED: ("has to be recalled from the other entity", BLUE),
    page_tables.COPIED: ("can be copied in sight of it", GREEN),
    page_tables.HIDDEN: ("may be hidden and filled in", PINK),
    "": ("is never predicted in sight of it", ORANGE),
}
HEIGHT, WIDTH = 340, 340
LINE = 0.046  # between two labels, as a share of the axis
ASKED = {REVERSE: "reverse (right)", FALSE_REVERSE: "false reverse (wrong)"}


def cures(rows: pl.DataFrame, targets: pl.DataFrame) -> Figure:
    """Draw the reverse against wrong inference, a point a cure, labels beside the panel."""
    found = [
        p for model in rows["model"].unique(maintain_order=True) for p in _points(rows, targets, model)
    ]
    points = pl.DataFrame(found, infer_schema_length=None)
    seeds = _seeds(rows, points)
    means = [
        points.select(mean=axis, low=f"{axis}_low", high=f"{axis}_high", n_seeds="n_seeds")
        for axis in "xy"
    ]
    each = pl.concat([seeds.select(mean=axis) for axis in "xy"])
    ends = domain(pl.concat(means), each, (0, 1), points["chance_x"].to_list())
    points = _labelled(points, ends[1])
    # Of two trainings the interval is nearly everything, and its bars hide what they are of.
    wide_enough = rows["seed"].n_unique() >= FEWEST
    wide, narrow = (_scatter(points, seeds, ends, wide_enough, width) for width in (WIDTH, WIDTH / 2))
    over = " with 95 % intervals over facts and seeds"
    return Figure(
        name="cures",
        chart=wide,
        narrow=narrow,
        caption="Each cure: how often the reverse of a name and a description is answered, and how often "
        'the false reverse of an asymmetric relation is asserted ("B admires A", told that A admires B). '
        f"Below on the right is good. Large dots: means{over if wide_enough else ''}; small "
        "ones: each seed. Dashed: naming a random candidate for the reverse. Facts told in one order, "
        f"but for the row in which all are told in both. {_basis(rows)}.",
    )


def _scatter(
    points: pl.DataFrame, seeds: pl.DataFrame, ends: list[float], intervals: bool, width: float
) -> Any:
    base = alt.Chart(points)
    ticks = alt.Axis(tickCount=int(width / 34))
    x = alt.X(
        "x:Q", title="Reverse answered rightly (share of questions)", scale=_scale(ends), axis=ticks
    )
    y = alt.Y("y:Q", title="False reverse asserted (share of questions)", scale=_scale(ends))
    there = [(what, colour) for what, colour in SOURCE.values() if what in set(points["source"])]
    colour = alt.Color(
        "source:N",
        title="In training, the source entity",
        scale=alt.Scale(domain=[what for what, _ in there], range=[colour for _, colour in there]),
        legend=alt.Legend(orient="top", symbolOpacity=1, columns=1),
    )
    bar = base.mark_rule(strokeWidth=1.5, clip=True, **QUIET)
    bars = (
        bar.encode(x="x_low:Q", x2="x_high:Q", y="y:Q", color=colour),
        bar.encode(x="x:Q", y="y_low:Q", y2="y_high:Q", color=colour),
    )
    lead = base.transform_filter("datum.leads").mark_rule(color="#999", strokeWidth=0.7, **QUIET)
    layers = [
        base.mark_rule(color=GREY, strokeDash=[4, 3], **QUIET).encode(x="chance_x:Q"),
        # From a point to its label, which stands beside the panel, where nothing else is.
        lead.encode(x="x:Q", y="y:Q", x2="at:Q", y2="label_y:Q"),
        *(bars if intervals else ()),
        alt.Chart(seeds).mark_circle(size=14, opacity=0.5).encode(
            x="x:Q", y="y:Q", color=colour, description=SAID
        ),
        base.mark_circle(size=80, opacity=1).encode(x=x, y=y, color=colour, description=SAID),
        base.mark_text(align="left", dx=4, fontSize=11, **QUIET).encode(
            x="at:Q", y="label_y:Q", text="label:N", color=colour
        ),
    ]  # fmt: skip
    chart = alt.layer(*layers).properties(width=width, height=HEIGHT)
    if points["model"].n_unique() > 1:
        chart = chart.facet(row=alt.Row("model:N", title=None), data=points)
    return chart


def _scale(ends: list[float]) -> alt.Scale:
    room = 0.02 * ends[1]
    return alt.Scale(domain=[-room, ends[1] + room], nice=False)


def likelihood(rows: pl.DataFrame, margin: float) -> Figure:
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
        _panel(
            paired, "gap", "Answer − random log-probability (nats)", 0.0, asked, margins=(-margin, margin)
        ),
        _panel(asked, "behind", "Candidates before the answer (share)", 0.5, asked, names=False),
    ]
    seeds = rows["seed"].n_unique()
    return Figure(
        name="likelihood",
        chart=alt.hconcat(*panels, spacing=14),
        caption="How much likelier than a random one the answer is, and what share of the other "
        "candidates are ranked before it (0: none, 0.5: as by chance). Blue: the reverse of a name and a "
        "description, which is true. Orange: the false reverse, which does not follow. Dashed: chance; "
        "green: the margin within which two log-probabilities count as the same. Large dots: means; "
        "small ones: each seed; "
        + (
            "lines: 95 % intervals over facts (of log-probabilities, pairs of them) and seeds, as far "
            "as the axis goes"
            if seeds >= FEWEST
            else "of so few seeds no intervals are drawn"
        )
        + f". {_basis(rows)}.",
    )


def _panel(
    rows: pl.DataFrame, metric: str, title: str, chance: float, each: pl.DataFrame, names: bool = True,
    margins: Sequence[float] = (),
) -> Any:  # fmt: skip
    keys = ["model", "cure", "asked"]
    means = group_means(rows, keys, metric)
    seeds = of_seeds(each, keys, metric)
    order = _order(each)
    ends = domain(means, seeds, None, [chance, *margins]) if names else [0.0, 1.0]
    room = 0.02 * (ends[1] - ends[0])
    scale = alt.Scale(domain=[ends[0] - room, ends[1] + room], nice=False, zero=False)
    y = alt.Y("cure:N", sort=order, title=None, axis=alt.Axis(labels=names, ticks=names, labelLimit=260))
    offset = alt.YOffset("asked:N", sort=list(ASKED.values()))
    colour = alt.Color(
        "asked:N", title=None, scale=alt.Scale(domain=list(ASKED.values()), range=[BLUE, ORANGE]),
        legend=alt.Legend(orient="top", symbolOpacity=1),
    )  # fmt: skip
    shared: dict[str, Any] = {"y": y, "yOffset": offset, "color": colour}
    shown = described(cut_to(means, ends), keys[1:])
    base = alt.Chart(shown).encode(**shared)
    lines = alt.Chart(pl.DataFrame({"at": [chance, *margins], "margin": [False] + [True] * len(margins)}))
    layers = alt.layer(
        *(
            lines.transform_filter(f"datum.margin == {str(green).lower()}")
            .mark_rule(color=GREEN if green else GREY, strokeDash=[4, 3], **QUIET)
            .encode(x="at:Q")
            for green in (False, True)
        ),
        base.transform_filter("isValid(datum.low_shown)").mark_rule(strokeWidth=1.5, **QUIET).encode(
            x=alt.X("low_shown:Q", title=title, scale=scale), x2="high_shown:Q"
        ),
        alt.Chart(described(seeds, keys[1:])).mark_circle(size=14, opacity=0.6).encode(
            **shared, x="mean:Q", description=SAID
        ),
        base.mark_circle(size=55, opacity=1).encode(
            x=alt.X("mean:Q", title=title, scale=scale), description=SAID
        ),
        data=shown,
    ).properties(width=215, height=alt.Step(17))  # fmt: skip
    if each["model"].n_unique() > 1:
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
        said = (
            f"{cure}: reverse answered rightly {number(x.value)}, 95 % interval {number(x_low)} to "
            f"{number(x_high)}; false reverse asserted {number(y.value)}, {number(y_low)} to "
            f"{number(y_high)}; n = {count(x.n_seeds, 'seed')}"
        )
        points.append(
            {
                "model": model, "cure": cure, "label": cure, "x": x.value, "y": y.value,
                "x_low": x_low, "x_high": x_high, "y_low": y_low, "y_high": y_high,
                "source": source, "chance_x": chance, "said": said, "n_seeds": x.n_seeds,
            }
        )  # fmt: skip
    return points


def _labelled(points: pl.DataFrame, end: float) -> pl.DataFrame:
    """Add where the label of each point stands, beside a panel whose axes go to `end`."""
    parts = []
    for [_], some in points.group_by("model", maintain_order=True):
        places = placed([(p["x"] / end, p["y"] / end) for p in some.to_dicts()], LINE)
        heights, leads = zip(*places, strict=True)
        parts.append(
            some.with_columns(
                pl.lit(1.06 * end).alias("at"),
                pl.Series("label_y", heights, dtype=pl.Float64) * end,
                pl.Series("leads", leads, dtype=pl.Boolean),
            )
        )
    return pl.concat(parts)


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
            dict(cell.group_by("seed").agg(pl.col("exact_match").mean()).sort("seed").iter_rows())
            for cell in _both(of_model(rows, point["model"]), point["cure"])
        )
        found += [
            {
                "model": point["model"],
                "source": point["source"],
                "x": x[seed],
                "y": y[seed],
                "said": f"{point['cure']}, seed {seed}: reverse answered rightly {number(x[seed])}, "
                f"false reverse asserted {number(y[seed])}",
            }
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
