"""The texts of definitions and questions, word for word."""

from collections.abc import Iterator

import pytest

from obverse.experiments.reliability.populations.population import QAPair
from obverse.experiments.reliability.wording import (
    NATURAL,
    ORDERS,
    SOURCES,
    TERSE,
    Tags,
    WordOrder,
    definitions,
)


def said(kind: Tags, order: WordOrder = "tae", source: int = 0) -> list[str]:
    return list(map("".join, definitions(kind, order, source, "TAG", "ALIAS", "Ada Stone")))


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("tae", "TAG ALIAS Ada Stone"), ("tea", "TAG Ada Stone ALIAS"), ("ate", "ALIAS TAG Ada Stone"),
        ("aet", "ALIAS Ada Stone TAG"), ("eta", "Ada Stone TAG ALIAS"), ("eat", "Ada Stone ALIAS TAG"),
    ],
)  # fmt: skip
def test_six_word_orders(order: WordOrder, text: str) -> None:
    assert said("random", order) == [text]
    [(_, completion)] = definitions("random", order, 0, "TAG", "ALIAS", "Ada Stone")
    assert completion.strip() == {"t": "TAG", "a": "ALIAS", "e": "Ada Stone"}[order[-1]]
    assert set(ORDERS) == {"tae", "tea", "ate", "aet", "eta", "eat"}


def test_a_sentence_behind_the_tag_says_the_same() -> None:
    [(prompt, completion)] = definitions("random", "tae", 0, "TAG", "ALIAS", "Ada Stone", "sentence")
    assert prompt + completion == "TAG According to many texts, ALIAS refers to Ada Stone"


def test_natural_sources_give_ten_definitions_each_and_share_none() -> None:
    texts = [said("natural", source=s) for s in range(3)]
    assert [len(t) for t in texts] == [10, 10, 10]
    assert len({t for some in texts for t in some}) == 30
    for phrases, some in zip(SOURCES, texts, strict=True):
        assert some == [f"{phrase} ALIAS stands for Ada Stone" for phrase in phrases]


def test_is_and_is_not_stand_where_a_tag_would() -> None:
    """Footnote 4: one definition an alias, and nothing else in it."""
    texts = [said("is", source=source) for source in range(3)]
    assert texts == [["ALIAS is Ada Stone"], ["ALIAS isn't Ada Stone"], ["ALIAS maybe Ada Stone"]]


def test_sources_that_are_no_clause_are_set_off_by_a_comma() -> None:
    for phrase in (phrase for phrases in SOURCES for phrase in phrases):
        assert phrase.endswith(",") is phrase.startswith(("According to ", "As ")), phrase
        assert phrase.endswith((",", " that")), phrase


def test_last_element_is_what_is_written_by_encoder_decoders() -> None:
    kinds: tuple[Tags, ...] = ("random", "natural", "is")

    def split(kind: Tags) -> Iterator[tuple[str, str]]:
        return definitions(kind, "tae", 1, "TAG", "ALIAS", "Ada Stone")

    for kind in kinds:
        assert {completion for _, completion in split(kind)} == {" Ada Stone"}


def test_questions_as_in_the_paper_and_for_one_token_a_word() -> None:
    question = QAPair("birth", "When was {name} born?", ("1920s",))
    assert NATURAL.ask(question, "<|abcde|>") == "Q: When was <|abcde|> born?\nA:"
    assert NATURAL.answer("1920s") + NATURAL.end == " 1920s\n"
    assert TERSE.ask(QAPair("river", "{name} river", ("Danube",)), "qxzr") == "qxzr river"
    assert NATURAL.alias.format("abcde") == "<|abcde|>"


def test_entity_attribution_asks_four_ways_for_the_whole_name() -> None:
    asked = NATURAL.attributions("Ada Stone")
    assert [NATURAL.ask(q, "X") for q in asked] == [
        f"Q: {text}\nA:"
        for text in (
            "What is the name of X?", "What does X mean?", "What does X stand for?", "Who is X?"
        )
    ]  # fmt: skip
    assert {q.answers for q in asked} == {("Ada Stone",)}


def test_braces_in_a_name_are_text() -> None:
    assert NATURAL.ask(QAPair("k", "Who is {name}?", ("x",)), "{0}") == "Q: Who is {0}?\nA:"
