"""Numbers published for experiment 1 (Berglund et al. 2023, arXiv 2309.12288)."""

from typing import Any

# Table 1: GPT-3-175B, exact match. The ± printed there is, recomputed from the released runs, the
# standard error over three seeds (their standard deviations are 0.037 and 0.021 in the same order).
TABLE_1 = {
    ("NameToDescription", "same"): (0.500, 0.021),
    ("DescriptionToName", "same"): (0.967, 0.012),
    ("NameToDescription", "reverse"): (0.000, 0.000),
    ("DescriptionToName", "reverse"): (0.001, 0.001),
}

# Table 3: mean log-probability of the correct and of a random name after NameToDescription facts'
# reverse prompts; three finetuning seeds a size.
TABLE_3 = (
    ("GPT-3-350M", -10.69, -10.54, 0.77, 0.96),
    ("GPT-3-350M", -10.71, -10.28, 0.47, 0.81),
    ("GPT-3-350M", -11.12, -10.15, 0.15, 0.24),
    ("GPT-3-1.3B", -10.31, -9.32, 0.11, 0.39),
    ("GPT-3-1.3B", -9.93, -9.65, 0.62, 0.39),
    ("GPT-3-1.3B", -11.43, -10.98, 0.43, 0.24),
    ("GPT-3-6.7B", -10.41, -9.61, 0.24, 0.14),
    ("GPT-3-6.7B", -10.56, -10.00, 0.32, 0.59),
    ("GPT-3-6.7B", -10.20, -9.26, 0.07, 0.14),
    ("GPT-3-175B", -10.47, -10.28, 0.81, 0.59),
    ("GPT-3-175B", -19.49, -18.79, 0.66, 0.81),
    ("GPT-3-175B", -10.87, -11.15, 0.62, 0.81),
)


def mean_difference(model: str) -> float:
    """Return the mean of correct minus random over the seeds of a row of Table 3, in nats."""
    rows = [correct - random for name, correct, random, _, _ in TABLE_3 if name == model]
    return sum(rows) / len(rows)


REFERENCE: dict[str, Any] = {
    "paper": "Berglund et al. 2023, arXiv 2309.12288",
    "table_1": [
        {"subset": subset, "direction": direction, "mean": mean, "spread": spread}
        for (subset, direction), (mean, spread) in TABLE_1.items()
    ],
    "table_1_model": "GPT-3-175B",
    "table_3": [
        {"model": m, "correct": c, "random": r, "p_t": t, "p_ks": k} for m, c, r, t, k in TABLE_3
    ],
}
