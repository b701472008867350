"""The claims of the main experiment: Figures 2, 3, 8 and 9, and those of other data and schedules."""

from dataclasses import dataclass

from obverse.core.claim import Above, Claim, Within
from obverse.core.format import count
from obverse.experiments.reliability.claims import (
    BASE,
    Guess,
    after_stage_1,
    contrast,
    definitions_learnt,
    with_control,
)

UNREPORTED = "not reported"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the paper has each of the claims."""

    stage_1: str = UNREPORTED
    gap: str = UNREPORTED
    new_tag: str = UNREPORTED
    losses: str = UNREPORTED


# By population and schedule. Figures 10 and 15 do not tell whether D8cons is among what they show.
SOURCES = {
    ("cvdb", "two-stage"): Sources("Figure 3a", "Figure 3", "Figure 3b", "Figure 8"),
    ("cvdb", "single-stage"): Sources("Figure 14", "Figure 14", "Figure 14"),
    ("trex", "two-stage"): Sources("Figure 10", "Figure 10"),
    ("trex", "single-stage"): Sources("Figure 15", "Figure 15"),
}


def main(
    *,
    margin: float,
    loss_margin: float,
    attribution: bool,
    qa3: bool,
    new_tag: bool,
    told_in: str,
    guess: Guess,
    sources: Sources,
) -> tuple[Claim, ...]:
    """Return the claims, with the negative control.

    Args:
        margin, loss_margin: exact match and nats within which two subsets count as alike.
        attribution: whether there are questions about which entity is meant.
        qa3: whether there are aliases without definitions in Stage 1.
        new_tag: whether there are definitions with a tag not seen before (D8cons).
        told_in: the stage that tells the definitions of X2; "" if none does, since they are read before
            questions alone.
        guess: what definitions have to be learnt beyond in the control.
        sources: where the paper has them.
    """
    kinds = ("question", "attribution") if attribution else ("question",)
    return (
        *_stage_1(qa3, sources.stage_1),
        *(
            claim
            for kind in kinds
            for claim in with_control(kind, margin, source=sources.gap, guess=guess)
        ),
        *(
            [_new_tag(told_in != "Stage 1", sources.new_tag)]
            if attribution and new_tag and told_in
            else []
        ),
        *(_losses_alike(loss_margin, told_in, sources.losses) if told_in else []),
    )


def _stage_1(qa3: bool, source: str) -> tuple[Claim, ...]:
    if not qa3:
        return (
            contrast(
                "stage 1/D1cons-D2incons", "after Stage 1, D1cons above D2incons",
                "D1cons-QA1", "D2incons-QA2", Above(0.0), at=after_stage_1, source=source,
            ),
        )  # fmt: skip
    return (
        contrast(
            "stage 1/D1cons-QA3", "after Stage 1, true definitions help: D1cons above QA3",
            "D1cons-QA1", "QA3", Above(0.0), at=after_stage_1, source=source,
        ),
        contrast(
            "stage 1/QA3-D2incons", "after Stage 1, false definitions hurt: QA3 above D2incons",
            "QA3", "D2incons-QA2", Above(0.0), at=after_stage_1, source=source,
        ),
    )  # fmt: skip


def _new_tag(apart: bool, source: str) -> Claim:
    """Return what the paper saw of a tag not seen before: above the reliable one in two stages (section
    3.2), and below it in one (appendix C.5)."""
    if apart:
        return contrast(
            "new tag/attribution",
            "entity attribution: a tag never seen is believed more, D8cons above D5cons",
            "D8cons", "D5cons", Above(0.0), direction="attribution", source=source,
        )  # fmt: skip
    return contrast(
        "new tag/attribution",
        "entity attribution: the reliable tag is believed more than a new one, D5cons above D8cons",
        "D5cons", "D8cons", Above(0.0), direction="attribution", source=source,
    )  # fmt: skip


def _losses_alike(margin: float, told_in: str, source: str) -> tuple[Claim, ...]:
    shown = definitions_learnt(BASE, margin, told_in)  # two that are hardly learnt are always alike
    return (
        shown,
        contrast(
            "loss/definition",
            f"definitions are learnt alike: losses of D5cons and D6cons within ±{count(margin, 'nat')}",
            "D5cons", "D6cons", Within(margin), direction="definition", metric="logprob",
            source=source, needs=(shown.id,),
        ),
        *(
            contrast(
                f"loss/stage 1/{direction}",
                f"after Stage 1, log-probability of {texts}, D1cons minus D2incons",
                "D1cons-QA1", "D2incons-QA2", None, direction=direction, metric="logprob",
                at=after_stage_1, role="explored", source=source,
            )
            for direction, texts in (("trained", "trained questions"), ("definition", "definitions"))
        ),
    )  # fmt: skip
