"""Numbers published for experiment 1 (Berglund et al. 2023, arXiv 2309.12288)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAccuracy:
    """Exact match of a subset and direction in Table 1, and the ± printed beside it."""

    mean: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLikelihood:
    """A row of Table 3, one finetuning seed: mean log-probabilities (nats) and two tests' p-values."""

    model: str
    correct: float
    random: float
    p_t: float
    p_ks: float


# Table 1, exact match. The caption calls the ± a standard deviation; recomputed from the released runs it
# is the standard error over three seeds (the standard deviations are 0.037 and 0.021 in the same order).
TABLE_1_MODEL = "GPT-3-175B"
TABLE_1 = {
    ("NameToDescription", "same"): PublishedAccuracy(mean=0.500, spread=0.021),
    ("DescriptionToName", "same"): PublishedAccuracy(mean=0.967, spread=0.012),
    ("NameToDescription", "reverse"): PublishedAccuracy(mean=0.000, spread=0.000),
    ("DescriptionToName", "reverse"): PublishedAccuracy(mean=0.001, spread=0.001),
}

# Table 3: mean log-probability of the correct and of a random name after NameToDescription facts'
# reverse prompts; three finetuning seeds a size.
TABLE_3 = tuple(
    PublishedLikelihood(model=model, correct=correct, random=random, p_t=p_t, p_ks=p_ks)
    for model, correct, random, p_t, p_ks in (
        ("GPT-3-2.7B", -10.69, -10.54, 0.77, 0.96),
        ("GPT-3-2.7B", -10.71, -10.28, 0.47, 0.81),
        ("GPT-3-2.7B", -11.12, -10.15, 0.15, 0.24),
        ("GPT-3-6.7B", -10.31, -9.32, 0.11, 0.39),
        ("GPT-3-6.7B", -9.93, -9.65, 0.62, 0.39),
        ("GPT-3-6.7B", -11.43, -10.98, 0.43, 0.24),
        ("GPT-3-13B", -10.41, -9.61, 0.24, 0.14),
        ("GPT-3-13B", -10.56, -10.00, 0.32, 0.59),
        ("GPT-3-13B", -10.20, -9.26, 0.07, 0.14),
        ("GPT-3-175B", -10.47, -10.28, 0.81, 0.59),
        ("GPT-3-175B", -19.49, -18.79, 0.66, 0.81),
        ("GPT-3-175B", -10.87, -11.15, 0.62, 0.81),
    )
)


def mean_difference(model: str) -> float:
    """Return the mean of correct minus random over the seeds of a model of Table 3, in nats."""
    differences = [row.correct - row.random for row in TABLE_3 if row.model == model]
    return sum(differences) / len(differences)
