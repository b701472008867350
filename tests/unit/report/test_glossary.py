"""Terms are marked once a part, papers are linked, and everything else stays text."""

import re

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
    assert re.findall("<button[^>]*>([^<]*)", html) == marked


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("5 (seed), and so on", ["(seed),"]),
        ("by Holm’s method", ["Holm’s"]),
        ("no seed at all", []),
        ("“seed”; (Holm) [seed]", ["“seed”;", "(Holm)"]),
        ("(arXiv 2309.12288)/Holm/seed.", [")/Holm/", "seed."]),
    ],
)
def test_what_stands_at_a_term_goes_with_it(text: str, joined: list[str]) -> None:
    """A browser may break a line before and behind a button, which would leave a bracket alone."""
    html = str(Terms({"seed": "s", "Holm": "h"})(text))
    assert re.sub("<[^>]*>", "", html) == text
    spans = re.findall('<span class="joined">(.*?)</span>', html)
    assert [re.sub("<[^>]*>", "", one) for one in spans] == joined


def test_percentages_and_intervals_are_not_broken() -> None:
    html = str(Terms({"95 % interval": "i"})("up to 52 %, 95 % interval [−0.038, –], n = 5, 6 seeds"))
    said = re.sub("<[^>]*>", "", html)
    assert said == "up to 52\u00a0%, 95\u00a0% interval [−0.038,\u00a0–], n\u00a0=\u00a05, 6 seeds"
    assert html.count("<button") == 1


def test_a_term_is_marked_once_a_part() -> None:
    terms = Terms({"nat": "a unit"})
    assert [str(terms("1 nat", part)).count("<button") for part in "aab"] == [1, 0, 1]
    assert terms.used == [("1", "nat", "a unit")]


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
    assert terms.used == [("1", term, "a model")]
