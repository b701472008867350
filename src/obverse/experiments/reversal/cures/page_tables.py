"""The tables on the page of the cures."""

from collections.abc import Iterator, Mapping
from math import exp
from typing import Any

import polars as pl

from obverse.core.claim import Estimate
from obverse.core.format import interval, number, percent, whole
from obverse.core.page import Cell, Column, Finished, Table
from obverse.experiments.reversal.cures import reading
from obverse.experiments.reversal.cures.asking import FALSE_REVERSE, REVERSE, SAME
from obverse.experiments.reversal.cures.methods import BY_NAME, NOTHING, OBJECTIVES
from obverse.experiments.reversal.cures.reading import IDENTITY
from obverse.experiments.reversal.cures.statements import ASYMMETRIC
from obverse.stats.contrast import over_seeds

ARXIV = "arXiv "
RECALLED, COPIED, HIDDEN = "yes", "only where it can be copied", "may be hidden"


def rows_of(rows: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Yield model, cure and the order in which its facts were told, a line of the tables each."""
    lines = rows.select("model", "variant", "told").unique(maintain_order=True)
    places = {name: place for place, name in enumerate(BY_NAME)}
    order = lines.with_columns(
        pl.col("variant").replace_strict(places, default=len(places)).alias("place")
    ).sort("model", "place", "told", descending=[False, False, True])
    yield from order.select("model", "variant", "told").iter_rows()


def of_model(rows: pl.DataFrame, model: str) -> pl.DataFrame:
    return rows.filter(pl.col("model") == model)


def recalled(targets: pl.DataFrame, model: str, cure: str, told: str | None = None) -> str:
    """Say of how many tested facts the source is predicted, and from what."""
    mine = targets.filter(pl.col("model") == model, pl.col("variant") == cure)
    if told is not None:
        mine = mine.filter(pl.col("told") == told)
    if mine.is_empty():
        return "–"
    share = {
        name: float((mine[name] > 0).cast(pl.Float64).to_numpy().mean())
        for name in ("recalled", "from_other", "predicted")
    }
    if share["recalled"] > 0:
        said = HIDDEN if cure in OBJECTIVES else RECALLED
        return f"{said} ({percent(share['recalled'], 0)} % of facts)"
    if share["from_other"] > 0:
        return COPIED
    return "not from the other entity" if share["predicted"] > 0 else "never"


def learnt(rows: pl.DataFrame, targets: pl.DataFrame) -> Table:
    """Return what each cure teaches of the two directions, and what it infers wrongly."""
    several = rows["model"].n_unique() > 1
    lines: list[list[Cell]] = []
    for model, cure, told in rows_of(rows):
        mine = of_model(rows, model)
        same, reverse = (reading.cell(mine, cure, d, IDENTITY, told) for d in (SAME, REVERSE))
        inverse, false = (reading.cell(mine, cure, d, ASYMMETRIC, told) for d in (REVERSE, FALSE_REVERSE))
        lines.append(
            [
                *([model] if several else []), cure, told, _share(same), _share(reverse, True),
                _each_seed(reverse), _gap(reverse), _rank(reverse), _share(inverse), _share(false, True),
                _gap(false), recalled(targets, model, cure, told),
            ]
        )  # fmt: skip
    titles = (
        "same %", "reverse % [95 %]", "reverse, each seed %", "reverse: right − random, nats",
        "reverse: mean rank", "right inverse %", "false reverse % [95 %]",
        "false − random, nats", "source predicted from the other entity",
    )  # fmt: skip
    chance = percent(_mean(rows.filter(kind=IDENTITY), "chance"))
    chance_people = percent(_mean(rows.filter(kind=ASYMMETRIC), "chance"))
    return Table(
        columns=[
            *([Column(title="model")] if several else []), Column(title="cure"),
            Column(title="facts told in"),
            *(Column(title=title, numeric=title != titles[-1]) for title in titles),
        ],
        rows=lines,
        note="Exact match of held-out questions. Same and reverse: names and descriptions "
        f"(a random candidate is right in {chance} %). Right inverse and false reverse: asymmetric "
        "relations, whose right and false answers are ranked with those of the relation "
        f"({chance_people} %). In the false reverse a low number is good. Rank 1 is the likeliest "
        "candidate. Intervals are over facts and seeds (the wordings are the same in all rows), and of "
        "log-probabilities over pairs of facts that are one another's random answer. The last column is "
        "computed from what was trained on: whether the source entity bore loss where the other one "
        "stood before it, and could not be copied. Models that fill in may have it hidden, whole the "
        "less often the longer it is: at 15 % two tokens in one document of 44, nine in hardly any.",
    )  # fmt: skip


def costs(rows: pl.DataFrame, finished: Finished) -> Table:
    """Return what each cure costs: the same direction, perplexity, tokens and time."""
    perplexity = finished.tables["perplexity"].filter("final")
    several = rows["model"].n_unique() > 1
    lines: list[list[Cell]] = []
    for model, cure in dict.fromkeys((m, c) for m, c, _ in rows_of(rows)):
        runs = [r for r in finished.runs if (r["model"], r["variant"]) == (model, cure)]
        mine = of_model(rows, model)
        harm = [
            None if cure == NOTHING else reading.against(mine, cure, NOTHING, SAME, kind)
            for kind in (IDENTITY, ASYMMETRIC)
        ]
        asked = perplexity.filter(pl.col("model") == model, pl.col("variant") == cure)
        seconds = [r["seconds"] for r in runs if r["seconds"] is not None]
        steps, tokens = (_average([_total(r, key) for r in runs]) for key in ("steps", "tokens"))
        lines.append(
            [
                *([model] if several else []), cure, *map(_points, harm), _per_word(asked),
                whole(round(steps)), whole(round(tokens)), number(_average(seconds), 0),
            ]
        )  # fmt: skip
    titles = (
        "same, names and descriptions: points against untreated [95 %]",
        "same, asymmetric: points against untreated [95 %]",
        "held-out perplexity a word", "updates", "tokens", "seconds a run",
    )  # fmt: skip
    return Table(
        columns=[
            *([Column(title="model")] if several else []), Column(title="cure"),
            *(Column(title=title, numeric=True) for title in titles),
        ],
        rows=lines,
        note="Points: exact match of the same questions about the same facts and seeds, seeds being the "
        "unit. Perplexity is of held-out wordings in the order that was told, from the second word to "
        "the answer's end, and is counted by words, since each row has a tokenizer made from what it was "
        "told. Tokens are those trained on, without padding and the further ends of text that masked "
        "tokens come with, about eight a text. Seconds are of whole runs, questions "
        "included, on the machine as it was: runs beside them slow them down.",
    )  # fmt: skip


def sources(targets: pl.DataFrame) -> Table:
    """Return how often each fact's source entity is a prediction target, and from what."""
    names = ("predicted", "from_other", "recalled")
    means = targets.group_by("model", "variant", "told", "subset", maintain_order=True).agg(
        pl.col(*names).mean(), (pl.col("recalled") > 0).mean().alias("share")
    )
    return Table(
        title="Is the source entity ever a prediction target? Documents a fact, by subset",
        columns=[
            *(Column(title=t) for t in ("model", "cure", "facts told in", "subset")),
            *(
                Column(title=t, numeric=True, places=1)
                for t in ("bears loss", "in sight of the other", "has to be recalled")
            ),
            Column(title="facts with such a document %", numeric=True),
        ],
        rows=[
            [r["model"], r["variant"], r["told"], r["subset"], *(r[name] for name in names),
             percent(r["share"])]
            for r in means.to_dicts()
        ],
        folded=True,
        note="Counted in the documents of a whole training, where an entity stands word for word. In "
        "plain text the source bears loss, but is predicted from what stands before it. Where models "
        "fill in, each text with both counts, hidden or not.",
    )  # fmt: skip


def described(rows: pl.DataFrame) -> Table:
    """Return what each cure is, where it comes from, and what its paper reports."""
    present = dict.fromkeys(cure for _, cure, _ in rows_of(rows))
    return Table(
        columns=[
            Column(title="cure"), Column(title="what is done"), Column(title="source"),
            Column(title="its paper: reverse", numeric=True), Column(title="measured there on"),
        ],
        rows=[
            [
                name, cure.what, f"{ARXIV}{cure.source}" if cure.source else "ours",
                number(cure.claimed, 2), cure.setting,
            ]
            for name in present
            for cure in [BY_NAME.get(name)]
            if cure is not None
        ],
        note="Numbers are given where the paper's abstract has them; docs/cures.md says what was read.",
    )  # fmt: skip


def _share(rows: pl.DataFrame, limits: bool = False) -> str:
    found = reading.share(rows)
    if found is None:
        return "–"
    low, high = found.interval()
    return percent(found.value) + (f" [{percent(low)}, {percent(high)}]" if limits else "")


def _gap(rows: pl.DataFrame) -> str:
    found = reading.gap(rows)
    return "–" if found is None else f"{number(found.value, 2)} {interval(*found.interval(), 2)}"


def _rank(rows: pl.DataFrame) -> str:
    known = rows.drop_nulls("rank")
    if known.is_empty():
        return "–"
    return f"{number(_mean(known, 'rank'), 1)} of {_mean(known, 'n_candidates'):g}"


def _each_seed(rows: pl.DataFrame) -> str:
    values = (
        rows.drop_nulls("exact_match").group_by("seed").agg(pl.col("exact_match").mean()).sort("seed")
    )
    return ", ".join(percent(v, 0) for v in values["exact_match"])


def _points(found: Estimate | None) -> str:
    if found is None:
        return "–"
    low, high = found.interval()
    return f"{percent(found.value)} [{percent(low)}, {percent(high)}]"


def _per_word(rows: pl.DataFrame) -> str:
    """Return exp(−Σ ln P / Σ words), the first word left out, the mean over seeds of its logarithm."""
    known = rows.drop_nulls("logprob")
    if known.is_empty():
        return "–"
    of_seeds = known.group_by("seed").agg(
        (-pl.col("logprob").sum() / (pl.col("text").str.split(" ").list.len() - 1).sum()).alias("nats")
    )
    found = over_seeds(dict(of_seeds.sort("seed").iter_rows()))
    assert found is not None
    low, high = found.interval()
    limits = "" if found.n_seeds == 1 else f" [{_exp(low)}, {_exp(high)}]"
    return f"{_exp(found.value)}{limits}"


def _exp(nats: float) -> str:
    return number(exp(nats), 1)


def _total(run: Mapping[str, Any], key: str) -> float:
    return float(sum(stage[key] or 0 for stage in run["stages"]))


def _average(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _mean(rows: pl.DataFrame, column: str) -> float:
    known = rows[column].drop_nulls().cast(pl.Float64)
    return float(known.to_numpy().mean()) if len(known) else float("nan")
