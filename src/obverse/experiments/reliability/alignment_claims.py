"""What the alignment of gradients is claimed to be.

Every value is of the end of Stage 1, before X2 is told. Seeds are the unit: each has its own world and
model. Where two subsets have to be alike in their inner products, these are taken as a share of their
mean over both in a seed, since how large a gradient is depends on the model.
"""

from collections.abc import Callable

import polars as pl

from obverse.core.claim import Above, Claim, Criterion, Estimate, Role, Within
from obverse.experiments.reliability.claims import BASE, CONTROL, COUNTED, after_stage_1, at_the_end
from obverse.stats.contrast import Pair, difference, excess, over_seeds

CONSISTENT, UNRELIABLE = "D5cons", "D6cons"
TRAINED, CONTRADICTED = "D1cons-QA1", "D2incons-QA2"
UNITS = {
    "cosine": "Δ cosine", "inner": "Δ inner product", "relative": "Δ inner product, share of its mean",
    "squared_distance": "Δ squared distance", "norm": "Δ norm", "norm_other": "Δ norm",
}  # fmt: skip
LEAST_ALIASES = 8  # for a correlation over aliases

Cited = Callable[..., str]


def alignment_claims(cosine_margin: float, relative_margin: float, cited: Cited) -> tuple[Claim, ...]:
    """Return the claims of section 5.1 and appendix F, controls beside them."""
    fig_24, fig_26 = cited("Figures 6 and 24"), cited("Figure 26")
    margins = {"cosine": cosine_margin, "inner": relative_margin}
    return (
        *(_own(subset, "primary") for subset in (CONSISTENT, UNRELIABLE)),
        *(claim for metric in margins for claim in _with_control(metric, margins[metric], fig_24)),
        *(
            _gap(f"X1/{metric}", f"X1: {said}, D1cons than D2incons", metric, criterion,
                 of=(TRAINED, CONTRADICTED), source=fig_26)
            for metric, said, criterion in (
                ("cosine", "larger cosine", Above(0.0)),
                ("inner", "larger inner product", Above(0.0)),
            )
        ),
        _predicts((CONSISTENT, UNRELIABLE), "primary"),
        *(_predicts((subset,), "explored") for subset in (CONSISTENT, UNRELIABLE)),
        _gap("X1/squared_distance", "X1: squared distance, D1cons − D2incons", "squared_distance", None,
             of=(TRAINED, CONTRADICTED), source=cited("Figure 26, smaller")),
        _gap("X1/squared_distance/other", "X1: the same of pairs that do not belong together",
             "squared_distance", None, of=(TRAINED, CONTRADICTED), partner="other",
             source="the baseline"),
        _gap("X2/distance", "X2: squared distance, D5cons − D6cons", "squared_distance", None,
             source=cited("Figure 24, none or the opposite")),
        _gap("X2/norm", "X2: norm of definitions' gradients, D5cons − D6cons", "norm", None,
             source=cited("Figure 25, larger")),
        _gap("X2/norm_other", "X2: norm of questions' gradients, D5cons − D6cons", "norm_other", None,
             source=cited("Figure 25, larger")),
        _gap("X2/adam", "X2, in Adam's metric: cosine, D5cons − D6cons", "cosine", None, space="adam"),
        _gap("X1/cosine/control", f"X1, {CONTROL}: cosine, D1cons − D2incons", "cosine", None,
             of=(TRAINED, CONTRADICTED), variant=CONTROL, source="the control"),
        *(_own(subset, "explored") for subset in (TRAINED, CONTRADICTED)),
    )  # fmt: skip


def _with_control(metric: str, margin: float, source: str) -> tuple[Claim, ...]:
    """Return that D5cons is better aligned than D6cons, and what that needs of uninformative tags."""
    said, scaled = {"cosine": ("cosine", "cosine"), "inner": ("inner product", "relative")}[metric]
    alike, beyond = f"alike/{metric}", f"excess/{metric}"
    return (
        _gap(
            f"X2/{metric}", f"X2: larger {said}, D5cons than D6cons", metric, Above(0.0), source=source,
            needs=(alike, beyond),
        ),
        _excess(beyond, f"X2: the gap in {said} is larger than in its negative control", metric),
        _gap(
            alike, f"{CONTROL}, {said} (negative control): D5cons, D6cons alike within ±{margin:g}",
            scaled, Within(margin), variant=CONTROL, role="control", source="the control",
        ),
    )  # fmt: skip


def _gap(
    id: str,
    text: str,
    metric: str,
    criterion: Criterion | None,
    *,
    of: tuple[str, str] = (CONSISTENT, UNRELIABLE),
    variant: str = BASE,
    space: str = "gradient",
    partner: str = "own",
    role: Role | None = None,
    source: str = "",
    needs: tuple[str, ...] = (),
) -> Claim:
    """Return a claim about the difference of two subsets' pairs; without a criterion, an explored one."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        return difference(*_pair(observations, variant, of, metric, space, partner), metric)

    return Claim(
        id=id, text=text, unit=UNITS[metric], source=source, estimate=estimate, criterion=criterion,
        role=role or ("explored" if criterion is None else "primary"), counted=COUNTED, needs=needs,
        of="gradients",
    )  # fmt: skip


def _excess(id: str, text: str, metric: str) -> Claim:
    of = (CONSISTENT, UNRELIABLE)

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        pairs = [_pair(observations, variant, of, metric, "gradient") for variant in (BASE, CONTROL)]
        return excess(pairs[0], pairs[1], metric)

    return Claim(
        id=id, text=text, unit=UNITS[metric].replace("Δ", "Δ of Δ"), source="the control",
        estimate=estimate, criterion=Above(0.0), role="control", counted=COUNTED, of="gradients",
    )  # fmt: skip


def _own(subset: str, role: Role) -> Claim:
    """Return that definitions are aligned with questions about their own alias, and not with others."""

    def estimate(observations: pl.DataFrame) -> Estimate | None:
        rows = cell(after_stage_1(observations), BASE, subset)
        own, other = (rows.filter(pl.col("partner") == pair) for pair in ("own", "other"))
        return difference(own, other, "cosine")

    return Claim(
        id=f"own/{subset}", text=f"{subset}: own pairs better aligned than others, cosine",
        unit=UNITS["cosine"], source="no such baseline in the paper", estimate=estimate,
        criterion=Above(0.0), role=role, counted=COUNTED, of="gradients",
    )  # fmt: skip


def _predicts(subsets: tuple[str, ...], role: Role) -> Claim:
    """Return that aliases whose gradients are better aligned before Stage 2 are better known after it.

    Pearson's correlation over the aliases of a subset, of the cosine with own questions and the mean
    log-probability of right answers at the end; the mean over subsets, seeds the unit.
    """

    def estimate(observations: pl.DataFrame, asked: pl.DataFrame) -> Estimate | None:
        found, aliases = _correlations(observations, asked, subsets)
        return over_seeds(found, aliases)

    of = " and ".join(subsets)
    return Claim(
        id=f"predicts/{'+'.join(subsets)}",
        text=f"{of}: the better aligned after Stage 1, the better known at the end",
        unit="correlation over aliases", source="not in the paper", estimate=estimate,
        criterion=Above(0.0), role=role, counted=COUNTED, of="gradients", beside=("ask",),
    )  # fmt: skip


def _correlations(
    observations: pl.DataFrame, asked: pl.DataFrame, subsets: tuple[str, ...]
) -> tuple[dict[int, float], int]:
    """Return each seed's correlation, averaged over subsets, and how many aliases there are."""
    before = after_stage_1(observations).filter(pl.col("partner") == "own")
    after = at_the_end(asked).filter(pl.col("direction") == "question", pl.col("branch") == 0)
    values: dict[int, list[float]] = {}
    aliases = 0
    for subset in subsets:
        known = after.filter(pl.col("variant") == BASE, pl.col("subset") == subset)
        both = cell(before, BASE, subset).join(
            known.group_by("seed", "fact").agg(pl.col("logprob").mean()), on=["seed", "fact"]
        )
        enough = both.group_by("seed").agg(
            pl.corr("cosine", "logprob").alias("r"), pl.len().alias("n")
        ).filter(pl.col("n") >= LEAST_ALIASES, pl.col("r").is_finite())  # fmt: skip
        for seed, r, n in enough.select("seed", "r", "n").iter_rows():
            values.setdefault(seed, []).append(r)
            aliases += n
    return {seed: sum(rs) / len(rs) for seed, rs in values.items() if len(rs) == len(subsets)}, aliases


def cell(rows: pl.DataFrame, variant: str, subset: str, space: str = "gradient") -> pl.DataFrame:
    return rows.filter(pl.col("variant") == variant, pl.col("subset") == subset, pl.col("space") == space)


def _pair(
    observations: pl.DataFrame,
    variant: str,
    of: tuple[str, str],
    metric: str,
    space: str,
    partner: str = "own",
) -> Pair:
    """Return the pairs of two subsets after Stage 1."""
    rows = after_stage_1(observations).filter(
        pl.col("partner") == partner, pl.col("subset").is_in(of), pl.col("space") == space,
        pl.col("variant") == variant,
    )  # fmt: skip
    if metric == "relative":
        mean = pl.col("inner").mean().abs().over("seed")
        rows = rows.with_columns((pl.col("inner") / mean).alias("relative"))
    return rows.filter(pl.col("subset") == of[0]), rows.filter(pl.col("subset") == of[1])
