"""What is claimed of two hops (Balesni, Korbak and Evans 2024, arXiv 2411.16353).

Controls: each hop is known, and two hops are answered where they were demonstrated, so that the question
and the measure of likelihood work. Then: facts from separate documents are not put together, in accuracy
and in likelihood against a random town; those from one document are; and with reasoning steps it works.
"""

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Below, Claim, Criterion, Estimate, Role, Within
from obverse.core.format import count
from obverse.experiments.relations.claims import WORDINGS, paired
from obverse.stats.summary import mean

# Exact match, Llama-3-8B-Instruct, three seeds, facts in separate documents: "Full Experiment 1 results
# table" of the authors' repository (github.com/mbalesni/synthetic-two-hop, arxiv_push.md).
PUBLISHED = {"first hop": 1.000, "second hop": 1.000, "two hops": 0.004, "step by step": 0.772}
SOURCE = "authors' repository, Llama-3-8B-Instruct"
KNOWN = ("known/first hop", "known/second hop", "demonstrated/accuracy")


def claims(known: float, accuracy_margin: float, likelihood_margin: float) -> tuple[Claim, ...]:
    """Return four controls, five primary claims, and what is only shown."""
    nats = count(likelihood_margin, "nat")
    points = count(100 * accuracy_margin, "point")
    controls = (
        *(
            _accuracy(
                f"known/{hop}", f"separate documents: the {hop} is known, more often than {known:g}",
                ("separate", "held out", hop), Above(known), role="control", paper=PUBLISHED[hop],
            )
            for hop in ("first hop", "second hop")
        ),
        _accuracy(
            "demonstrated/accuracy",
            f"separate documents: two hops that were demonstrated are known, more often than {known:g}",
            ("separate", "demonstrated", "two hops"), Above(known), role="control",
        ),
        _likelihood(
            "demonstrated/likelihood",
            "separate documents: of those the right town is likelier than a random one by more "
            f"than {nats}",
            ("separate", "demonstrated", "two hops"), Above(likelihood_margin), role="control",
        ),
    )  # fmt: skip
    primary = (
        _accuracy(
            "separate/accuracy",
            f"separate documents: two hops are answered less than {points} above chance",
            ("separate", "held out", "two hops"), ("below", accuracy_margin), needs=KNOWN,
            paper=PUBLISHED["two hops"],
        ),
        _likelihood(
            "separate/likelihood",
            f"separate documents: the right town is as likely as a random one, within {nats}",
            ("separate", "held out", "two hops"), Within(likelihood_margin),
            needs=(*KNOWN, "demonstrated/likelihood"),
        ),
        _accuracy(
            "steps/accuracy",
            f"separate documents: with reasoning steps it is answered more than {points} above chance",
            ("separate", "held out", "step by step"), ("above", accuracy_margin),
            paper=PUBLISHED["step by step"],
        ),
        _accuracy(
            "same/accuracy", f"same document: two hops are answered more than {points} above chance",
            ("same", "held out", "two hops"), ("above", accuracy_margin),
        ),
        _likelihood(
            "same/likelihood",
            f"same document: the right town is likelier than a random one by more than {nats}",
            ("same", "held out", "two hops"), Above(likelihood_margin),
        ),
    )  # fmt: skip
    shown = tuple(
        _accuracy(f"same/{what}", f"same document, {what}", ("same", "held out", what), role="explored")
        for what in ("first hop", "second hop", "step by step")
    )
    return (*controls, *primary, *shown)


Cell = tuple[str, str, str]  # documents, shown, asked


def cell(rows: pl.DataFrame, of: Cell) -> pl.DataFrame:
    """Return the answers to one kind of question at the end of training."""
    documents, shown, asked = of
    return rows.filter("final", documents=documents, shown=shown, asked=asked)


def _accuracy(
    id: str, text: str, of: Cell, criterion: Above | tuple[str, float] | None = None,
    role: Role = "primary", needs: tuple[str, ...] = (), paper: float | None = None,
) -> Claim:  # fmt: skip
    """Return a claim about exact match; ("below", m) and ("above", m) are relative to chance."""

    def limit(rows: pl.DataFrame) -> Criterion:
        assert isinstance(criterion, tuple)
        side, margin = criterion
        chance = float(cell(rows, of)["chance"].drop_nulls().to_numpy().mean())
        return Below(chance + margin) if side == "below" else Above(chance + margin)

    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return mean(cell(rows, of), "exact_match", bounds=(0.0, 1.0), clusters=WORDINGS)

    return Claim(
        id=id, text=text, unit="exact match", estimate=estimate, role=role, needs=needs, paper=paper,
        hint=NOT_LEARNT * (role == "control"),
        criterion=limit if isinstance(criterion, tuple) else criterion,
        source=SOURCE if paper is not None else "not reported as a number",
    )  # fmt: skip


def _likelihood(
    id: str, text: str, of: Cell, criterion: Criterion, role: Role = "primary",
    needs: tuple[str, ...] = (),
) -> Claim:  # fmt: skip
    def estimate(rows: pl.DataFrame) -> Estimate | None:
        return mean(paired(cell(rows, of)), "difference", clusters=WORDINGS)

    return Claim(
        id=id, text=text, unit="Δ log-prob, nats", counted="pairs of facts", estimate=estimate,
        criterion=criterion, role=role, needs=needs, source="a figure of losses in the paper",
        hint=NOT_LEARNT * (role == "control"),
    )  # fmt: skip
