"""What is known of a model by its name."""

import pytest

from obverse.models import families


@pytest.mark.parametrize(
    ("name", "revision", "tokens"),
    [
        ("EleutherAI/pythia-1.4b-deduped", "step512", 512 * 2_097_152),
        ("EleutherAI/pythia-70m", "step0", 0),
        ("EleutherAI/pythia-70m", "main", None),
        ("EleutherAI/pythia-70m", None, None),
        ("EleutherAI/pythia-70m", "step", None),
        ("someone/other", "step1000", None),
    ],
)
def test_tokens_are_known_where_the_revision_tells(
    name: str, revision: str | None, tokens: int | None
) -> None:
    assert families.tokens_of(name, revision) == tokens


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("openai-community/gpt2", "gpt2"),
        ("gpt2-xl", "gpt2"),
        ("gpt2-imdb", None),
        ("lvwerra/gpt2-imdb", None),
        ("someone/gpt2", None),
        ("EleutherAI/gpt-neo-2.7B", "gpt-neo"),
        ("EleutherAI/gpt-neox-20b", None),
        ("facebook/opt-1.3b", "opt"),
        ("eleutherai/Pythia-70M", "pythia"),
        ("EleutherAI/pythia-70m-deduped", "pythia-deduped"),
        ("EleutherAI/pythia-160m-seed3", None),
        ("facebook/opt-iml-1.3b", None),
        ("someone/optimist", None),
        ("distilgpt2", None),
        ("pythia/other", None),
    ],
)
def test_family_is_told_by_the_name(name: str, family: str | None) -> None:
    assert families.family_of(name) == family


def test_members_belong_to_their_family_and_grow() -> None:
    for family, members in families.FAMILIES.items():
        assert {families.family_of(m.name) for m in members} == {family}
        sizes = [m.parameters for m in members]
        assert sizes == sorted(set(sizes))
