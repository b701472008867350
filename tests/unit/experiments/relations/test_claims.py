"""The claims about relations, on observations whose truth is known."""

import numpy as np
import polars as pl
import pytest

from obverse.experiments.relations.claims import claims
from obverse.stats.verdict import evaluate

CLAIMS = claims(("on", "spouse"), ("on",), (), 0.05, 1.0)
Truth = dict[str, tuple[float, float]]  # accuracy and right − random, by kind of question
CURSE: Truth = {"as told": (0.9, 8.0), "right": (0.0, 0.0), "wrong": (0.0, 0.0)}


def observed(truth: Truth, seeds: int = 6, facts: int = 20) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    rows = []
    for relation in ("on", "spouse"):
        for asked, (accuracy, gap) in truth.items():
            if (relation, asked) == ("spouse", "wrong"):
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


def verdicts(truth: Truth) -> dict[str, str]:
    return {f.claim: f.verdict for f in evaluate(CLAIMS, {"ask": observed(truth)})}


def test_curse_is_found_where_it_is() -> None:
    found = verdicts(CURSE)
    shown = {claim for claim, verdict in found.items() if verdict == "explored"}
    assert {v for claim, v in found.items() if claim not in shown} == {"holds"}
    assert shown == {
        *(f"both ways/{of}" for of in ("on/right", "on/wrong", "spouse/right")),
        *(f"{of}/all/{asked}" for of in ("accuracy", "likelihood") for asked in ("right", "wrong")),
    }
    assert "accuracy/on/wrong" in found
    assert "accuracy/spouse/wrong" not in found, "a symmetric relation has no wrong inference"


def test_right_and_wrong_are_told_apart() -> None:
    found = verdicts(CURSE | {"right": (0.5, 5.0)})
    assert (found["accuracy/on/right"], found["likelihood/on/right"]) == ("fails", "fails")
    assert (found["accuracy/on/wrong"], found["likelihood/on/wrong"]) == ("holds", "holds")
    found = verdicts(CURSE | {"wrong": (0.5, 5.0)})
    assert (found["accuracy/on/right"], found["likelihood/on/right"]) == ("holds", "holds")
    assert (found["accuracy/on/wrong"], found["likelihood/on/wrong"]) == ("fails", "fails")


@pytest.mark.parametrize("asked", ["right", "wrong"])
def test_where_nothing_was_learnt_nothing_is_said(asked: str) -> None:
    found = verdicts(CURSE | {"as told": (0.0, 0.0)})
    assert found["accuracy/on/as told"] == "fails"
    assert (found[f"accuracy/on/{asked}"], found[f"likelihood/on/{asked}"]) == ("undecided", "undecided")
