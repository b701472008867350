"""What is told, asked and claimed of two hops."""

from collections import Counter

import numpy as np
import polars as pl

from obverse.experiments.relations.two_hop import TwoHop
from obverse.experiments.relations.two_hop_claims import claims
from obverse.stats.verdict import evaluate
from tests import built

SMALL = TwoHop(held_out=20, demonstrated=6, openings=2, held_out_openings=1)


def test_held_out_triples_are_told_in_the_documents_of_their_group_alone() -> None:
    told = Counter(
        (d.labels["documents"], d.labels["shown"], d.labels["asked"]) for d in built.told(SMALL)
    )
    assert told == {
        ("separate", "held out", "first hop"): 40,
        ("separate", "held out", "second hop"): 40,
        ("separate", "held out", "behind another"): 40,
        ("separate", "demonstrated", "behind another"): 12,
        ("separate", "demonstrated", "first hop"): 12,
        ("separate", "demonstrated", "second hop"): 12,
        ("separate", "demonstrated", "two hops"): 12,
        ("separate", "demonstrated", "step by step"): 12,
        ("same", "held out", "both facts"): 40,
        ("same", "demonstrated", "both facts"): 12,
        ("same", "demonstrated", "two hops"): 12,
        ("same", "demonstrated", "step by step"): 12,
    }


def test_separate_documents_never_name_person_and_town_together() -> None:
    probes = {
        (p.fact, p.labels["asked"]): p
        for p in built.asked(SMALL)
        if (p.labels["documents"], p.labels["shown"]) == ("separate", "held out")
    }
    told: dict[str, list[str]] = {}
    for document in built.told(SMALL):
        told.setdefault(document.fact, []).append(document.text)
    facts = {fact for fact, _ in probes}
    every = [text for texts in told.values() for text in texts]
    assert len(facts) == 20
    for fact in facts:
        [spouse] = probes[fact, "first hop"].targets
        [town] = probes[fact, "two hops"].targets
        person = probes[fact, "two hops"].prompt.split("spouse of ")[1].removesuffix(" was born in")
        assert probes[fact, "step by step"].targets == (f"{spouse}. then{spouse} was born in{town}",)
        assert not [text for text in every if person in text and " was born in " in text]
        assert [text for text in told[fact] if person in text and spouse in text]
        assert [text for text in told[fact] if spouse in text and town in text]


def test_towns_are_shared_evenly_and_random_ones_differ() -> None:
    two_hops = [
        p
        for p in built.asked(TwoHop(held_out=40, held_out_openings=1))
        if (p.labels["asked"], p.labels["shown"]) == ("two hops", "held out")
    ]
    assert set(Counter(p.targets for p in two_hops).values()) == {2}, "one in each group"
    assert {p.chance for p in two_hops} == {1 / 40}
    for probe in two_hops:
        assert probe.control in probe.candidates
        assert probe.control not in probe.targets
    wrong = [p for p in built.asked(SMALL) if p.labels["asked"] == "step by step"]
    for probe in wrong:
        [target], control = probe.targets, probe.control
        assert control is not None
        assert target.rsplit(" ", 1)[0] == control.rsplit(" ", 1)[0], "the town alone differs"


Truth = dict[tuple[str, str, str], tuple[float, float]]
CURSE: Truth = {
    ("separate", "held out", "first hop"): (0.95, 8.0),
    ("separate", "held out", "second hop"): (0.95, 8.0),
    ("separate", "held out", "two hops"): (0.03, 0.0),
    ("separate", "held out", "step by step"): (0.8, 5.0),
    ("separate", "demonstrated", "two hops"): (0.95, 8.0),
    ("same", "held out", "two hops"): (0.5, 4.0),
}


def verdicts(truth: Truth) -> dict[str, str]:
    draw = np.random.default_rng(1)
    rows = []
    for (documents, shown, asked), (accuracy, gap) in truth.items():
        for n in range(6 * 40 * 6):
            control = draw.normal(-3, 1)
            rows.append(
                {
                    "model": "m", "family": None, "final": True, "seed": n // 240, "step": 9,
                    "documents": documents, "shown": shown, "asked": asked, "opening": n % 6,
                    "fact": str(n // 6), "pair": str(n // 12), "chance": 0.05,
                    "exact_match": bool(draw.random() < accuracy),
                    "logprob": control + gap + draw.normal(0, 1), "logprob_control": control,
                }
            )  # fmt: skip
    found = evaluate(claims(0.5, 0.05, 0.5), {"ask": pl.DataFrame(rows)})
    return {f.claim: f.verdict for f in found if f.role != "explored"}


def test_two_hop_curse_is_found_where_it_is() -> None:
    assert set(verdicts(CURSE).values()) == {"holds"}


def test_hops_that_are_put_together_are_no_curse() -> None:
    found = verdicts(CURSE | {("separate", "held out", "two hops"): (0.6, 4.0)})
    assert (found["separate/accuracy"], found["separate/likelihood"]) == ("fails", "fails")
    assert found["steps/accuracy"] == "holds"


def test_without_both_hops_chance_says_nothing() -> None:
    found = verdicts(CURSE | {("separate", "held out", "second hop"): (0.1, 1.0)})
    assert found["known/second hop"] == "fails"
    assert (found["separate/accuracy"], found["separate/likelihood"]) == ("undecided", "undecided")


def test_without_demonstrations_that_are_known_chance_says_nothing() -> None:
    found = verdicts(CURSE | {("separate", "demonstrated", "two hops"): (0.1, 0.1)})
    assert (found["separate/accuracy"], found["separate/likelihood"]) == ("undecided", "undecided")


def test_same_document_at_chance_fails() -> None:
    found = verdicts(CURSE | {("same", "held out", "two hops"): (0.03, 0.0)})
    assert (found["same/accuracy"], found["same/likelihood"]) == ("fails", "fails")
    assert found["separate/accuracy"] == "holds"
