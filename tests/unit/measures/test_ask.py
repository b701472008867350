"""What is found out by asking: answers, likelihoods, and what is missing where there is none."""

import math
from collections import Counter
from collections.abc import Sequence
from math import exp, log
from typing import Any

import polars as pl
import pytest

from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.measures.ask import ROOM, Ask
from obverse.measures.frame import conform
from obverse.measures.room import NO_ROOM
from obverse.models.causal import CausalModel
from tests.conftest import moment


class Chat:
    """Answers everything alike, and gives no log-probabilities."""

    parameters = None

    def __init__(self, answer: str = " Ada Stone, I think") -> None:
        self.answer = answer
        self.asked: list[tuple[str, int]] = []

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        self.asked += zip(prompts, max_new_tokens, strict=True)
        return [self.answer] * len(prompts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


class Table(Chat):
    """Gives log-probabilities that are written down."""

    def __init__(self, scores: dict[str, float]) -> None:
        super().__init__()
        self.scores = scores
        self.scored: list[list[str]] = []

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        self.scored += map(list, continuations)
        return [[self.scores[c] for c in options] for options in continuations]


def probe(id: str = "one", **about: Any) -> Probe:
    usual: dict[str, Any] = {"prompt": "Who is it?", "targets": (" Ada Stone",), "fact": "ada"}
    return Probe(id=id, **usual | about)


def only(table: pl.DataFrame) -> dict[str, Any]:
    """Return the one row of a table, with what it says of what it lacks."""
    [row] = conform(table, {"fact": str, "kind": str, **Ask.columns}, "ask").to_dicts()
    return row


SCORES = {" Ada": log(0.4), " Bo": log(0.2), " Cy": log(0.1), " Di": log(0.4)}


def test_row_says_what_was_asked_and_answered() -> None:
    asked = probe(labels={"kind": "name"}, control=" Bo Reed", chance=0.25)
    row = only(Ask(probes=(asked,))(Chat(), moment()))
    assert {name for name, value in row.items() if value is not None} == {
        "fact", "kind", "probe", "prompt", "target", "control", "chance", "generation", "exact_match",
        "prefix_match",
    }  # fmt: skip
    assert (row["fact"], row["kind"], row["probe"]) == ("ada", "name", "one")
    assert (row["prompt"], row["target"], row["chance"]) == ("Who is it?", " Ada Stone", 0.25)
    assert row["generation"] == " Ada Stone, I think"
    assert (row["exact_match"], row["prefix_match"]) == (True, True)


def test_an_answer_that_names_no_candidate_is_told_from_a_wrong_choice() -> None:
    asked = probe(candidates=(" Ada Stone", " Bo Reed"))
    for answer, right, named in (
        (" Ada Stone.", True, True),
        ("Bo Reed", False, True),
        ("LIST", False, False),
    ):
        row = only(Ask(probes=(asked,))(Chat(answer), moment()))
        assert (row["exact_match"], row["named"]) == (right, named)
    scored = Table({" Ada Stone": -1.0, " Bo Reed": -2.0})
    assert only(Ask(probes=(asked,))(scored, moment()))["named"] is None, "its scores tell"


def test_any_accepted_answer_is_right_and_the_likeliest_is_the_target() -> None:
    asked = probe(targets=(" Bo", " Ada"), candidates=tuple(SCORES))
    row = only(Ask(probes=(asked,))(Table(SCORES), moment()))
    assert row["exact_match"]
    assert row["target"] == " Ada"
    assert row["logprob"] == SCORES[" Ada"]
    assert row["logprob_others"] == pytest.approx((log(0.1) + log(0.4)) / 2), "wrong ones alone"


def test_likelihoods_of_candidates() -> None:
    asked = probe(targets=(" Ada",), candidates=tuple(SCORES), control=" Cy")
    row = only(Ask(probes=(asked,))(Table(SCORES), moment()))
    assert row["mass"] == pytest.approx(1.1)
    assert exp(-row["loss"]) == pytest.approx(0.4 / 1.1)
    assert row["rank"] == 2, "a tie counts against the target"
    assert row["n_candidates"] == 4
    assert row["logprob_control"] == SCORES[" Cy"]


def test_candidates_are_not_scored_unless_ranked() -> None:
    table = Table(SCORES)
    asked = probe(targets=(" Ada",), candidates=tuple(SCORES), control=" Cy")
    row = only(Ask(probes=(asked,), ranked=False)(table, moment()))
    assert table.scored == [[" Ada", " Cy"]]
    assert (row["logprob"], row["logprob_control"]) == (SCORES[" Ada"], SCORES[" Cy"])
    assert {row[name] for name in ("rank", "loss", "mass", "n_candidates", "logprob_others")} == {None}


def test_probe_without_a_rule_is_scored_and_not_answered() -> None:
    table = Table(SCORES)
    asked = (probe(targets=(" Ada",), match=None), probe("two", targets=(" Bo",), match="whole"))
    rows = Ask(probes=asked)(table, moment()).to_dicts()
    assert table.asked == [("Who is it?", len(" Bo") + ROOM)]
    assert [row["generation"] for row in rows] == [None, " Ada Stone, I think"]
    assert [row["exact_match"] for row in rows] == [None, False]


def test_model_that_only_answers_is_asked_what_has_candidates() -> None:
    chat = Chat(" Ada it is")
    asked = (
        probe("ranked", targets=(" Ada",), candidates=(" Ada", " Bo"), match=None),
        probe("scored", match=None),
        probe("answered", prompt="And?"),
    )
    rows = Ask(probes=asked)(chat, moment()).to_dicts()
    assert [row["probe"] for row in rows] == ["ranked", "answered"]
    assert [row["exact_match"] for row in rows] == [True, False]
    assert "logprob" not in rows[0]
    assert [prompt for prompt, _ in chat.asked] == ["Who is it?", "And?"]


def test_model_that_has_diverged_has_no_likelihoods() -> None:
    asked = probe(targets=(" Ada",), candidates=tuple(SCORES), control=" Cy")
    row = only(Ask(probes=(asked,))(Table(SCORES | {" Bo": math.nan}), moment()))
    for name in ("logprob", "logprob_control", "rank", "loss", "mass", "logprob_others"):
        assert row[name] is None
    assert row["target"] == " Ada"
    assert row["exact_match"] is True, "it was asked all the same"


def test_questions_that_are_too_long_are_left_out_and_counted(model: CausalModel) -> None:
    left_out: Counter[str] = Counter()

    def note(reason: str, count: int) -> None:
        left_out[reason] += count

    long = probe("long", prompt="Daphne is " * 600)
    rows = Ask(probes=(long, probe("short")))(model, moment(leave_out=note))
    assert rows["probe"].to_list() == ["short"]
    assert left_out == {NO_ROOM: 1}
    with pytest.raises(ObverseError, match=f"tiny: every question is left out .1: {NO_ROOM}"):
        Ask(probes=(long,))(model, moment())


def test_local_model_is_asked_for_answers_and_likelihoods(model: CausalModel) -> None:
    prompts = ("Daphne is", "The composer of the opera is called")
    names = (" Uriah", " Daphne")
    asked = tuple(
        probe(p, prompt=p, targets=(name,), candidates=names)
        for p, name in zip(prompts, names, strict=True)
    )
    rows = Ask(probes=asked)(model, moment()).to_dicts()
    scores = model.logprobs(prompts, [names, names])
    assert [row["logprob"] for row in rows] == pytest.approx([scores[0][0], scores[1][1]], abs=1e-5)
    limits = [count + ROOM for count in model.count_tokens(names)]
    assert [row["generation"] for row in rows] == model.generate(prompts, limits)


def test_two_probes_of_one_id_are_refused() -> None:
    with pytest.raises(ObverseError, match="two probes have the id 'one'"):
        Ask(probes=(probe(), probe(prompt="And?")))


def test_every_word_is_known_beforehand() -> None:
    ask = Ask(probes=(probe(candidates=(" Bo",), control=" Cy"),))
    assert sorted(ask.texts()) == [" Ada Stone", " Bo", " Cy", "Who is it?"]


def test_nothing_asked_is_no_row() -> None:
    table = conform(Ask(probes=())(Table({}), moment()), Ask.columns, "ask")
    assert table.height == 0
    assert table.columns == list(Ask.columns)
