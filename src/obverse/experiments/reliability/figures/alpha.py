"""The figure of the study of α: what is believed, by tag and by truth (Figure 4a)."""

from collections.abc import Mapping

import altair as alt
import polars as pl

from obverse.core.format import count
from obverse.core.page import Figure
from obverse.experiments.reliability.figures.drawing import DASHED, WHERE, of_subsets
from obverse.report.figures import lines_with_bands
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
    table = group_means(rows, [*WHERE, "alpha", "subset"], "exact_match", bounds=(0, 1))
    colour, dash = of_subsets(table, NAMED)
    layers = lines_with_bands(
        table, "Names the definition's entity (share)",
        lines=[dash],
        x=alt.X("alpha:Q", title="α, reliability of the tags", scale=alt.Scale(zero=False)),
        color=colour,
    )  # fmt: skip
    caption = (
        "How often the entity of its definition is named, after Stage 1 (X1, solid) and at the end (X2, "
        "dashed), by the reliability of the tags (as in Figure 4a). Where D9incons (false, tag 1) is "
        "above D10cons (true, tag 2), the tag outweighs the answers. n = "
        f"{count(rows['seed'].n_unique(), 'seed')}; bands are 95 % intervals."
    )
    return Figure(name="by-alpha", chart=layers.properties(width=380, height=260), caption=caption)
