"""How `--grid` is read."""

import pytest

from obverse.cli.typed import axes_of
from obverse.core.errors import ObverseError


def test_values_stand_between_commas_or_in_a_json_list() -> None:
    assert axes_of(["recipe.learning_rate=1e-3, 3e-3", 'trained=[[2,4],[4,8]]', 'word=["a,b","[c"]']) == {
        "recipe.learning_rate": ["1e-3", "3e-3"], "trained": [[2, 4], [4, 8]], "word": ["a,b", "[c"],
    }  # fmt: skip
    assert axes_of(['word="a","b"', "flag=true"]) == {"word": ['"a"', '"b"'], "flag": ["true"]}


@pytest.mark.parametrize(
    "text", ['word="a,b",c', "recipe.epochs=[1,2", "trained=[2,4],[4,8]", "word={a,b}", "word=(a,b)"]
)
def test_value_that_is_cut_in_two_is_refused(text: str) -> None:
    with pytest.raises(ObverseError, match=r"is not closed; .* stand in a JSON list: --grid '\w"):
        axes_of([text])


@pytest.mark.parametrize("text", ["word", "word=", "=a"])
def test_key_and_values_are_needed(text: str) -> None:
    with pytest.raises(ObverseError, match="expected KEY=VALUE"):
        axes_of([text])


def test_numbers_of_thousands_of_digits_are_text() -> None:
    assert axes_of(["x=[" + "9" * 5000 + "]"]) == {"x": ["[" + "9" * 5000 + "]"]}
