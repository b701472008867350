"""The claims about relations, on observations whose truth is known."""

import numpy as np
import polars as pl
import pytest

from obverse.experiments.relations.claims import claims
from obverse.stats.verdict import evaluate

ASYMMETRIC = ("on", "left", "parent", "boss", "implication")
SYMMETRIC = ("spouse", "twin")
CLAIMS = claims((*ASYMMETRIC, *SYMMETRIC), ASYMMETRIC, (), 0.05, 1.0)
Truth = dict[str, tuple[float, float]]  # accuracy and right − random, by kind of question
CURSE: Truth = {"as told": (0.9, 8.0), "right": (0.0, 0.0), "wrong": (0.0, 0.0)}


def observed(truth: Truth, seeds: int = 6, facts: int = 20) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    rows = []
    for relation in (*ASYMMETRIC, *SYMMETRIC):
        for asked, (accuracy, gap) in truth.items():
            if relation in SYMMETRIC and asked == "wrong":
                continue
            for n in range(seeds * facts * 6):
                seed, fact, opening = n // (6 * facts), n // 6, n % 6
                control = draw.normal(-10, 1)
                rows.append(
                    {
                        "model": "m", "family": None, "final": True, "seed": seed, "step": 9,
                        "relation": relation, "told": "one way", "asked": asked, "opening": opening,
                        "fact": str(fact), "pair": str(fact // 2), "chance": 0.05,
                        "exact_match": bool(draw.random() < accuracy),
                        "logprob": control + gap + draw.normal(0, 1), "logprob_control": control,
                    }
                )  # fmt: skip
    return pl.DataFrame(rows)


def verdicts(truth: Truth, seeds: int = 6) -> dict[str, str]:
    return {f.claim: f.verdict for f in evaluate(CLAIMS, {"ask": observed(truth, seeds)})}


def test_single_relations_are_shown_and_all_together_claimed() -> None:
    roles = {claim.id: claim.role for claim in CLAIMS}
    primary = {id for id, role in roles.items() if role == "primary"}
    assert primary == {f"{w}/all/{a}" for w in ("accuracy", "likelihood") for a in ("right", "wrong")}
    assert roles["accuracy/on/wrong"] == roles["both ways/on/wrong"] == "explored"
    assert "accuracy/spouse/wrong" not in roles, "a symmetric relation has no wrong inference"


def test_curse_is_found_where_it_is() -> None:
    found = verdicts(CURSE)
    assert set(found.values()) == {"holds", "explored"}
    assert found["accuracy/all/right"] == found["likelihood/all/wrong"] == "holds"


def test_right_and_wrong_are_told_apart() -> None:
    for said, other in (("right", "wrong"), ("wrong", "right")):
        found = verdicts(CURSE | {said: (0.5, 5.0)}, seeds=8)
        assert (found[f"accuracy/all/{said}"], found[f"likelihood/all/{said}"]) == ("fails", "fails")
        assert (found[f"accuracy/all/{other}"], found[f"likelihood/all/{other}"]) == ("holds", "holds")


@pytest.mark.parametrize("asked", ["right", "wrong"])
def test_where_nothing_was_learnt_nothing_is_said(asked: str) -> None:
    found = verdicts(CURSE | {"as told": (0.0, 0.0)})
    assert found["accuracy/on/as told"] == "fails"
    assert (found[f"accuracy/all/{asked}"], found[f"likelihood/all/{asked}"]) == (
        "undecided",
        "undecided",
    )
