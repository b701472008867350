"""What experiment 3 claims, as tests of its observations.

Controls come first: what is told in the order of the question is answered; what is told in the other
order is known as it was told; and the form of the question is known there too. Without them, that the
reverse is not answered says nothing.
"""

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Below, Claim, Criterion, Estimate, Within
from obverse.core.format import count
from obverse.experiments.instructions import published
from obverse.experiments.instructions.asking import PLAUSIBLE, QUESTION
from obverse.experiments.instructions.baseline import with_baseline
from obverse.experiments.instructions.dataset import EXAMPLE, INSTRUCTION
from obverse.experiments.instructions.wordings import ORDERS, Order
from obverse.stats.contrast import difference
from obverse.stats.summary import mean

SAME, REVERSE = ORDERS
CONTROLS = ("accuracy/same", "accuracy/examples", "likelihood/told")


def claims(margin: float, learnt: float, likelihood_margin: float) -> tuple[Claim, ...]:
    """Return the claims: of accuracy above plausible guessing, of likelihood, and of its trend."""
    return (
        *accuracy_claims(margin, learnt, likelihood_margin),
        _likelihood(SAME, likelihood_margin),
        _likelihood(REVERSE, likelihood_margin),
        _trend(margin),
        _explored("reverse", REVERSE, "exact match", published.REVERSE, QUESTION),
        _explored("same", SAME, "baseline of plausible answers", None),
        _explored("reverse", REVERSE, "baseline of plausible answers", None),
        _explored("reverse", REVERSE, "share of answers that are plausible", None, PLAUSIBLE),
    )


def accuracy_claims(margin: float, learnt: float, likelihood_margin: float) -> tuple[Claim, ...]:
    """Return those about exact match at the end, with their controls, which a sweep has too."""
    return (
        _same(learnt),
        _examples(learnt),
        _told(likelihood_margin),
        Claim(
            id="accuracy/reverse",
            text=f"{REVERSE}: held-out questions are answered less than {_points(margin)} better than by "
            "plausible guessing",
            unit="exact match above the baseline",
            counted="questions",
            paper=published.REVERSE - published.BASELINE,
            source="C.1, the best of the sweep minus the best of plausible guessing",
            estimate=lambda rows: _excess(rows, REVERSE),
            criterion=Below(margin),
            needs=CONTROLS,
        ),
        Claim(
            id="accuracy/order",
            text=f"held-out questions are answered more often after {SAME} than after {REVERSE}",
            unit="Δ exact match",
            counted="questions",
            paper=published.SAME - published.REVERSE,
            source="C.1, the best of the sweep",
            estimate=lambda rows: difference(_final(rows, SAME), _final(rows, REVERSE), "exact_match"),
            criterion=Above(0.0),
            needs=CONTROLS,
        ),
    )


def _final(rows: pl.DataFrame, order: Order, asked: str = QUESTION) -> pl.DataFrame:
    return rows.filter("final", pl.col("dataset") == order, pl.col("asked") == asked)


def _guessing(rows: pl.DataFrame, order: Order) -> float:
    """Return the mean baseline of one order; 0 where it was not measured."""
    return float(mean_of(with_baseline(rows).filter(pl.col("dataset") == order), "baseline") or 0.0)


def mean_of(rows: pl.DataFrame, column: str) -> float | None:
    """Return the plain mean of what is known; None if nothing is."""
    known = rows[column].drop_nulls()
    return float(known.cast(pl.Float64).to_numpy().mean()) if len(known) else None


def _excess(rows: pl.DataFrame, order: Order) -> Estimate | None:
    return mean(with_baseline(rows).filter(pl.col("dataset") == order), "excess", bounds=(-1.0, 1.0))


def _same(learnt: float) -> Claim:
    def criterion(rows: pl.DataFrame) -> Criterion:
        return Above(_guessing(rows, SAME) + learnt)

    return Claim(
        id="accuracy/same",
        text=f"{SAME}: held-out questions are answered more than {_points(learnt)} better than by "
        "plausible guessing",
        unit="exact match",
        counted="questions",
        paper=published.SAME,
        source="C.1, the best of the sweep",
        estimate=lambda rows: mean(_final(rows, SAME), "exact_match", bounds=(0.0, 1.0)),
        criterion=criterion,
        role="control",
        hint=NOT_LEARNT,
    )


def _examples(learnt: float) -> Claim:
    def criterion(rows: pl.DataFrame) -> Criterion:
        return Above(_guessing(rows, REVERSE) + learnt)

    return Claim(
        id="accuracy/examples",
        text=f"{REVERSE}: questions whose example was trained on are answered more than "
        f"{_points(learnt)} better than by plausible guessing",
        unit="exact match",
        counted="questions",
        source="not reported",
        estimate=lambda rows: mean(_final(rows, REVERSE, EXAMPLE), "exact_match", bounds=(0.0, 1.0)),
        criterion=criterion,
        role="control",
        hint=NOT_LEARNT,
    )


def _told(margin: float) -> Claim:
    return Claim(
        id="likelihood/told",
        text=f"{REVERSE}: in the words that were told, behind its answer, a held-out question is "
        f"likelier than another of its kind by more than {count(margin, 'nat')}",
        unit="Δ log-prob, nats",
        counted="pairs of questions",
        source="not reported",
        estimate=lambda rows: _gap(_final(rows, REVERSE, INSTRUCTION)),
        criterion=Above(margin),
        role="control",
        hint=NOT_LEARNT,
    )


def _likelihood(order: Order, margin: float) -> Claim:
    same = order == SAME
    return Claim(
        id=f"likelihood/{'same' if same else 'reverse'}",
        text=f"{order}: the right answer is "
        + (
            f"likelier than another plausible one by more than {count(margin, 'nat')}"
            if same
            else f"as likely as another plausible one, within {count(margin, 'nat')}"
        ),
        unit="Δ log-prob, nats",
        counted="pairs of questions",
        source="not reported",
        estimate=lambda rows: _gap(_final(rows, order)),
        criterion=Above(margin) if same else Within(margin),
        role="control" if same else "primary",
        hint=NOT_LEARNT if same else "",
        needs=() if same else (*CONTROLS, "likelihood/same"),
    )


def _gap(rows: pl.DataFrame) -> Estimate | None:
    """Return right minus wrong log-probability, two questions that are each other's control as a unit."""
    known = rows.filter(pl.col("partners") != "").with_columns(
        (pl.col("logprob") - pl.col("logprob_control")).alias("gap"), pl.col("partners").alias("fact")
    )
    return mean(known, "gap")


def _trend(margin: float) -> Claim:
    return Claim(
        id="trend/reverse",
        text=f"{REVERSE}: from the first epoch to the last, answers become neither more nor less often "
        f"right, within {_points(margin)}",
        unit="change of exact match",
        counted="questions",
        source="Figure 10, no number",
        estimate=lambda rows: change(rows.filter(pl.col("dataset") == REVERSE)),
        criterion=Within(margin),
        needs=CONTROLS,
    )


def change(rows: pl.DataFrame) -> Estimate | None:
    """Return how much exact match of the test changes from the first to the last epoch, on its line.

    With x the epochs and y (questions, epochs) the answers after each, least squares give every question
    the slope Σ_e w_e y_e, w = (x − x̄) / Σ (x − x̄)². Times the length of x it is the change, whose mean is
    over questions and seeds. None with fewer than two epochs.
    """
    asked = rows.filter(pl.col("asked") == QUESTION, pl.col("epoch") > 0).drop_nulls("exact_match")
    epochs = asked["epoch"].unique().sort().cast(pl.Float64).to_numpy()
    if len(epochs) < 2:
        return None
    away = epochs - epochs.mean()
    weights = away / (away**2).sum() * (epochs[-1] - epochs[0])
    table = pl.DataFrame({"epoch": epochs, "weight": weights}).with_columns(
        pl.col("epoch").cast(asked.schema["epoch"])
    )
    changes = (
        asked.join(table, on="epoch")
        .group_by("seed", "fact", maintain_order=True)
        .agg((pl.col("exact_match").cast(pl.Float64) * pl.col("weight")).sum().alias("change"))
    )
    reach = float(abs(weights).sum()) / 2
    return mean(changes, "change", bounds=(-reach, reach))


def _explored(name: str, order: Order, unit: str, paper: float | None, asked: str | None = None) -> Claim:
    """Return a number that is shown and not tested; without `asked`, the baseline."""

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        if asked is None:
            baseline = with_baseline(rows).filter(pl.col("dataset") == order)
            return mean(baseline, "baseline", bounds=(0.0, 1.0))
        return mean(_final(rows, order, asked), "exact_match", bounds=(0.0, 1.0))

    what = {QUESTION: "exact", PLAUSIBLE: "plausible", None: "baseline"}[asked]
    return Claim(
        id=f"{what}/{name}",
        text=f"{order}: {unit}",
        unit="share of answers",
        counted="questions",
        paper=paper,
        source="C.1, the best of the sweep" if paper is not None else "not reported",
        estimate=estimate,
        role="explored",
    )


def _points(margin: float) -> str:
    return count(round(100 * margin, 6), "point")
