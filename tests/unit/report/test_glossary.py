"""Terms are marked once a part, papers are linked, and everything else stays text."""

import pytest

from obverse.report.glossary import Terms


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("all nats, nat and nats", ["nats"]),
        ("Exact match of D5cons", ["Exact match", "D5cons"]),
        ("d5cons, D5cons2, pre-nat, natural", []),
        ("D5cons-D5cons", []),
        ("exact matches by exact match at end", ["exact match"]),
    ],
)
def test_terms_are_marked_as_words(text: str, marked: list[str]) -> None:
    terms = Terms({"nat": "n", "exact match": "e", "D5cons": "d"})
    html = str(terms(text))
    assert [one.split("<")[0] for one in html.split('">')[1:]] == marked


def test_a_term_is_marked_once_a_part() -> None:
    terms = Terms({"nat": "a unit"})
    assert [str(terms("1 nat", part)).count("<button") for part in "aab"] == [1, 0, 1]
    assert terms.used == [(1, "nat", "a unit")]


def test_papers_are_links_and_the_rest_is_escaped() -> None:
    html = str(Terms({"a<b": "x"})("a<b & arXiv 2309.12288, arXiv:2310.15047v2 <i>"))
    assert '<a href="https://arxiv.org/abs/2309.12288">arXiv 2309.12288</a>, ' in html
    assert '">a&lt;b</button> &amp; ' in html
    assert html.endswith(" &lt;i&gt;")


def test_without_a_glossary_nothing_is_marked() -> None:
    assert str(Terms({})("nats & more")) == "nats &amp; more"


@pytest.mark.parametrize("term", ["µP", "ßx", "ıx"])
def test_a_letter_without_a_capital_of_its_own_has_none(term: str) -> None:
    terms = Terms({term: "a model"})
    assert str(terms(term.upper())) == term.upper()
    assert "<button" in str(terms(term))
    assert terms.used == [(1, term, "a model")]
