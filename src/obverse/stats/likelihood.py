"""Right against random answer, one row a model, seed and cell (the paper's Table 3)."""

import polars as pl

from obverse.stats.tests import equivalence, holm, kolmogorov_smirnov, paired_t

KEYS = ("model", "subset", "direction", "seed")


def likelihood_tests(observations: pl.DataFrame, margin: float) -> pl.DataFrame:
    """Return, for each model, subset, direction and seed, tests over facts (means of their prompts).

    Columns: the keys, `correct` and `random` (mean log-probability, nats), `p_t` (paired t-test),
    `p_t_holm` (corrected over all rows), `p_ks` (Kolmogorov–Smirnov), `p_equivalence` (two one-sided
    tests against ± `margin` nats), `n_facts`.
    """
    facts = (
        observations.drop_nulls(["logprob", "logprob_control"])
        .group_by([*KEYS, "fact"], maintain_order=True)
        .agg(pl.col("logprob").mean(), pl.col("logprob_control").mean())
    )
    rows = []
    for key, group in facts.group_by(KEYS, maintain_order=True):
        right, wrong = group["logprob"].to_numpy(), group["logprob_control"].to_numpy()
        rows.append(
            dict(zip(KEYS, key, strict=True))
            | {
                "correct": float(right.mean()),
                "random": float(wrong.mean()),
                "p_t": paired_t(right, wrong),
                "p_ks": kolmogorov_smirnov(right, wrong),
                "p_equivalence": equivalence(right, wrong, margin),
                "n_facts": len(group),
            }
        )
    table = pl.DataFrame(rows, infer_schema_length=None)
    if table.is_empty():
        return table
    return table.with_columns(pl.Series("p_t_holm", holm(table["p_t"].to_list())))
