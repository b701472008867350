"""Right against random answer, one row a model, seed and cell (the paper's Table 3)."""

import polars as pl

from obverse.stats.tests import equivalence, holm, kolmogorov_smirnov, paired_t

KEYS = ("model", "subset", "direction", "seed")


def likelihood_tests(rows: pl.DataFrame, margin: float) -> pl.DataFrame:
    """Return, for each model, subset, direction and seed, tests of right against random answers.

    Columns: the keys, `correct` and `random` (mean log-probability, nats), `p_t` (paired t-test),
    `p_t_holm` (corrected over all rows), `p_ks` (Kolmogorov–Smirnov), `p_equivalence` (two one-sided
    tests against ± `margin` nats), `n_facts`. The t-tests are over pairs of facts that are one
    another's control, Kolmogorov–Smirnov over facts; either on means over prompts.
    """
    known = rows.drop_nulls(["logprob", "logprob_control"])
    facts, pairs = (
        known.group_by([*KEYS, unit], maintain_order=True).agg(
            pl.col("logprob").mean(), pl.col("logprob_control").mean()
        )
        for unit in ("fact", "pair")
    )
    of_pairs = dict(pairs.group_by(KEYS, maintain_order=True))
    tested = []
    for key, group in facts.group_by(KEYS, maintain_order=True):
        right, wrong = (group[c].to_numpy() for c in ("logprob", "logprob_control"))
        a, b = (of_pairs[key][c].to_numpy() for c in ("logprob", "logprob_control"))
        tested.append(
            dict(zip(KEYS, key, strict=True))
            | {
                "correct": float(right.mean()),
                "random": float(wrong.mean()),
                "p_t": paired_t(a, b),
                "p_ks": kolmogorov_smirnov(right, wrong),
                "p_equivalence": equivalence(a, b, margin),
                "n_facts": len(group),
            }
        )
    table = pl.DataFrame(tested, infer_schema_length=None)
    if table.is_empty():
        return table
    return table.with_columns(pl.Series("p_t_holm", holm(table["p_t"].to_list())))
