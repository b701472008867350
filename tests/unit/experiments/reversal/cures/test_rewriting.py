"""What each cure makes of the sentences."""

import random
from collections import Counter
from itertools import permutations

import pytest

from obverse.core.data import Document
from obverse.experiments.reversal.cures import rewriting
from obverse.experiments.reversal.cures.relations import RELATIONS
from obverse.experiments.reversal.cures.rewriting import Method, one_pass
from obverse.experiments.reversal.cures.statements import ASYMMETRIC, Fact, Sentence, invent, state

ADMIRES = Fact("f", "Ann Lee", "Bo Ray", ASYMMETRIC, RELATIONS[0])
WORLD = invent(per_subset=2, per_relation=2, auxiliary=3, dose=0, paraphrases=2, asked=2, seed=1)


def said(template: str = "It is true that {a} admires {b}.") -> Sentence:
    return state(ADMIRES, template, ADMIRES.slots())


def passed(method: Method, seed: int = 0) -> list[Document]:
    return one_pass(WORLD, method, random.Random(seed), segment_words=4, bridges=3)


def test_words_are_reversed_and_nothing_marks_it() -> None:
    assert rewriting.by_word(said()) == ". Ray Bo admires Lee Ann that true is It"


def test_entities_are_kept_whole_and_say_what_does_not_follow() -> None:
    assert rewriting.by_entity(said("{a} admires {b}.")) == ". Bo Ray admires Ann Lee"
    assert rewriting.by_entity(said()) == ". Bo Ray admires Ann Lee that true is It"


def test_segments_are_as_they_were_inside_and_come_in_reverse_order() -> None:
    text = said().text
    for seed in range(20):
        segments = rewriting.by_segment(said(), 3, random.Random(seed)).split(" [REV] ")
        assert " ".join(reversed(segments)).replace(" .", ".") == text
        assert all(1 <= len(rewriting.words(segment)) <= 3 for segment in segments)


def test_a_segment_has_quotes_as_they_were() -> None:
    fact = Fact("x", 'the author of "Golden Summit"', "Ann Lee", "DescriptionToName")
    sentence = state(fact, "{Description} is {name}.", fact.slots())
    kept = rewriting.by_segment(sentence, 40, random.Random(3)).split(" [REV] ")
    assert any(fact.source[1:] in segment for segment in kept)


def test_rewritten_sentences_have_no_capital_of_a_start_within() -> None:
    fact = Fact("x", "the mayor of Oskahurst", "Ann Lee", "DescriptionToName")
    sentence = state(fact, "{Description} is {name}.", fact.slots())
    assert sentence.text == "The mayor of Oskahurst is Ann Lee."
    assert rewriting.by_entity(sentence) == ". Ann Lee is the mayor of Oskahurst"


def test_permuted_phrases_stay_whole_in_each_of_three_orders() -> None:
    draw, text = random.Random(0), said().text
    phrases = ["It is true that", "Ann Lee", "admires", "Bo Ray", "."]
    made = Counter(rewriting.permuted(said(), draw) for _ in range(3000))
    possible = {" ".join(order) for order in permutations(phrases)}
    assert set(made) - {text} <= possible
    assert len(made) > 100, "all orders come"
    assert made[text] / 3000 == pytest.approx(1 / 3, abs=0.04)
    assert made[" ".join(reversed(phrases))] / 3000 == pytest.approx(1 / 3 + 1 / 360, abs=0.04)


def test_masked_prompt_hides_words_at_any_rate_and_the_completion_has_them_all() -> None:
    draw, shares = random.Random(0), []
    for _ in range(500):
        document = rewriting.masked(said(), draw)
        assert document.completion == f" {said().text}"
        hidden = document.prompt.removeprefix("Fill in: ").removesuffix(" Answer:")
        words = rewriting.words(said().text)
        shares.append(hidden.count("[MASK]") / len(words))
    assert min(shares) == 0
    assert max(shares) == 1
    assert sum(shares) / len(shares) == pytest.approx(0.5, abs=0.05)


def test_bridge_says_of_every_entity_that_it_is_itself() -> None:
    texts = Counter(d.text for d in rewriting.identities(WORLD, 3))
    assert set(texts.values()) >= {3}
    for fact in WORLD.facts:
        described = fact.relation is None and fact.slots()["description"]
        for entity in (fact.source, fact.target):
            start = f"What {entity} is: it is" if entity == described else f"The name of {entity} is"
            assert texts[f"{start} {entity}."] >= 3


def test_inference_is_the_right_inverse_and_not_the_false_reverse() -> None:
    facts = {fact.id: fact for fact in WORLD.tested}
    seen = 0
    for document in rewriting.inferences(WORLD, random.Random(0)):
        if (fact := facts.get(document.fact)) is None or fact.relation is None:
            continue
        told, inferred = document.text.split(" It follows: ")
        assert told.index(fact.source) < told.index(fact.target)
        assert inferred.index(fact.target) < inferred.index(fact.source)
        slots = fact.slots()
        right = {state(fact, t, slots).text for t in fact.relation.told("inverse")}
        assert inferred in right
        seen += 1
    assert seen


@pytest.mark.parametrize(
    ("method", "times"),
    [("nothing", 1), ("permuted", 1), ("reversed words", 2), ("reversed entities", 2),
     ("reversed segments", 2), ("masked", 2), ("inferred", 2)],
)  # fmt: skip
def test_a_pass_has_every_sentence_and_what_a_cure_adds(method: Method, times: int) -> None:
    told = [s.text for s in WORLD.sentences()]
    made = passed(method)
    assert len(made) == times * len(told)
    assert passed(method) == made
    assert passed(method, seed=1) != made
    if method != "permuted":
        assert not set(told) - {d.text for d in made}, "the facts are told as they are as well"
