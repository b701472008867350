"""The figure of the study of α: what is believed, by tag and by truth (Figure 4a)."""

from collections.abc import Mapping

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure
from obverse.experiments.reliability.figures.drawing import DASHED, of_subsets
from obverse.report.lines import Look, lines
from obverse.report.marks import intervals, of_seeds
from obverse.stats.summary import group_means

# Which entity counts: that of the definition. Where it is false, it is not that of the answers.
NAMED = {
    "D1cons-QA1": "attribution", "D9incons-QA9": "told", "D2incons-QA2": "told",
    "D10cons-QA10": "attribution", "D5cons": "attribution", "D6cons": "attribution",
}  # fmt: skip


def by_alpha(trunk_end: pl.DataFrame, final: pl.DataFrame, places: Mapping[str, float]) -> Figure | None:
    """How often the entity of the definition is named, by α, for every subset that is defined.

    Args:
        trunk_end, final: what was observed after Stage 1 and at the end.
        places: α of each variant.
    """
    parts = [
        (final if subset in DASHED else trunk_end).filter(subset=subset, direction=direction)
        for subset, direction in NAMED.items()
    ]
    rows = pl.concat(parts).filter(pl.col("variant").is_in(list(places)))
    if rows.is_empty():
        return None
    rows = rows.with_columns(pl.col("variant").replace_strict(dict(places)).alias("alpha"))
    keys = ["subset", "alpha"]
    if rows["model"].n_unique() > 1:
        keys.insert(0, "model")
    colour, dash = of_subsets(set(rows["subset"]), NAMED)
    look = Look(
        x=alt.X(
            "alpha:Q", title="α, reliability of the tags", scale=alt.Scale(zero=False, padding=12),
            axis=alt.Axis(values=sorted(set(places.values()))),
        ),
        at="alpha", color=colour, dash=dash, series=keys[:-1], facts="aliases",
    )  # fmt: skip
    layers = lines(
        group_means(rows, keys, "exact_match", bounds=(0, 1)).sort("alpha", maintain_order=True),
        of_seeds(rows, keys, "exact_match").sort("alpha", maintain_order=True),
        "Names the definition's entity (share)", look, bounds=(0, 1),
    )  # fmt: skip
    seeds = rows["seed"].n_unique()
    caption = (
        "How often the entity of its definition is named, after Stage 1 (X1, solid) and at the end (X2, "
        "dashed), by the reliability of the tags (as in Figure 4a). Where D9incons (false, tag 1) is "
        "above D10cons (true, tag 2), the tag outweighs the answers. Thin lines "
        f"and small dots: each seed. n = {count(seeds, 'seed')}; {intervals(seeds, 'aliases and seeds')}."
    )
    return Figure(name="by-alpha", chart=layers.properties(width=380, height=260), caption=caption)
