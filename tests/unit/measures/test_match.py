"""When a generated answer is right."""

import pytest

from obverse.measures.match import exact_match, judged_early, prefix_match


@pytest.mark.parametrize(
    ("generation", "strict", "prefix"),
    [
        (" Ada Stone", True, True),
        (" Ada Stone.", True, True),
        (" Ada Stone, who lives nearby", True, True),
        (" ada stone", False, True),
        (" Ada Stonefield", False, True),
        (" Ada", False, False),
        (" called Ada Stone", False, False),
        ("", False, False),
    ],
)
def test_names_compare_first_and_last_name(generation: str, strict: bool, prefix: bool) -> None:
    assert exact_match(generation, " Ada Stone", "words") is strict
    assert prefix_match(generation, " Ada Stone") is prefix


@pytest.mark.parametrize(
    ("generation", "strict", "prefix"),
    [
        (" the baker of the moon.", True, True),
        (" the baker of the moon", True, True),
        (" The Baker of the moon", False, True),
        (" the baker of the moon and the sun", False, True),
        (" the baker", False, False),
    ],
)
def test_descriptions_compare_whole(generation: str, strict: bool, prefix: bool) -> None:
    assert exact_match(generation, " the baker of the moon", "whole") is strict
    assert prefix_match(generation, " the baker of the moon") is prefix


@pytest.mark.parametrize(
    ("generation", "target", "same"),
    [
        (" The Financial Times.", " financial times", True),
        (" an  Apple-a-day", " appleaday", True),
        (" U.S.A", " usa", True),
        (" theatre", " atre", False),
        (" 1920s", " 1930s", False),
        (" actor and painter", " actor", False),
        ("", " actor", False),
    ],
)
def test_normalised_knows_no_case_punctuation_or_articles(
    generation: str, target: str, same: bool
) -> None:
    assert exact_match(generation, target, "normalised") is same


@pytest.mark.parametrize(
    ("generation", "target", "named"),
    [
        (" Mary Lee Pfeiffer", "Mary Lee Pfeiffer", True),
        ("It's MARY pfeiffer.", "Mary Lee Pfeiffer", True),
        ("Mary Ann Lee Grace Pfeiffer", "Mary Pfeiffer", True),
        ("Mary and her friends from the old town Pfeiffer", "Mary Pfeiffer", False),
        ("Pfeiffer, Mary", "Mary Pfeiffer", False),
        ("I don't know.\nQ: Who is Mary Pfeiffer?", "Mary Pfeiffer", False),
        ("Maryanne Pfeiffer", "Mary Pfeiffer", False),
        ("Irene Joliot-Curie's", "Irène Joliot-Curie", True),
        ("Irène Joliot", "Irène Joliot-Curie", False),
        ("Robert Downey", "Robert Downey Jr.", True),
        ("Sean O'Brien", "Sean O’Brien", True),
        ("Cher", "Cher", True),
        ("Cherie", "Cher", False),
        ("", "Cher", False),
    ],
)
def test_a_name_counts_by_first_and_last_name(generation: str, target: str, named: bool) -> None:
    assert exact_match(generation, target, "name") is named


def test_a_name_is_not_judged_before_the_answer_ends() -> None:
    assert judged_early(" It is", False, (" Ada Vale",), "name") is None
    assert judged_early(" It is Ada Vale", True, (" Ada Vale",), "name") == (True, False)
