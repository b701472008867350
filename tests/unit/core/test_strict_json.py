"""JSON that has two meanings, or none, is refused, and the line is named."""

import pytest

from obverse.core.errors import ObverseError
from obverse.core.strict_json import DEEPEST, parse, shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', r"f, line 1: the key 'a' stands twice in one object"),
        ('{"a": [{"b": 1},\n{"b": 1,\n"c": {"b": 1},\n"b": 2}]}', r"f, line 4: the key 'b' stands twice"),
        ("[" * 5000, "line 1: not valid JSON: nested too deeply"),
        ("\n" + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "line 2: not valid JSON: nested too deeply"),
        ("[1,\n" + "9" * 5000 + "]", "line 2: not valid JSON: a number of 5,000 digits"),
        ("[9223372036854775808]", "9223372036854775808; expected a number that 64 bits hold"),
        ("[1e999]", "1e999; expected a number that 64 bits hold"),
        ("[1,\nNaN]", "line 2: not valid JSON: NaN; a missing value is null"),
        ("[-Infinity]", "-Infinity; a missing value"),
        (r'["\ud800"]', "holds half a surrogate pair"),
        (r'["\udc00\ud800"]', "holds half a surrogate pair"),
        ('{"a\\u001bb": 1}', r"holds the control character U\+001B"),
        ('["a\x7fb"]', r"holds the control character U\+007F"),
        (r'["\b"]', r"U\+0008"),
        ('["\ufffe"]', r"U\+FFFE"),
        ('{"a"', "line 1: not valid JSON: Expecting ':' delimiter"),
        ("", "line 1: not valid JSON: Expecting value"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(ObverseError, match=said):
        parse(text, "f")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[" * DEEPEST + "]" * DEEPEST, None),
        ('["' + "[" * 500 + '"]', ["[" * 500]),
        (r'["\ud83d\ude00 \\ud800 \\b \n\t"]', ["\U0001f600 \\ud800 \\b \n\t"]),
        ('{"a": {"a": [1, {"a": -2}]}, "b": 1e5}', {"a": {"a": [1, {"a": -2}]}, "b": 1e5}),
        ("[9223372036854775807, -9223372036854775807]", [2**63 - 1, 1 - 2**63]),
    ],
)
def test_what_is_read(text: str, value: object) -> None:
    assert parse(text, "f") == value or value is None


def test_lines_go_on_from_that_of_the_text_and_constants_may_be_taken() -> None:
    with pytest.raises(ObverseError, match="f, line 8"):
        parse("[1,\n2", "f", 7)
    assert parse("[Infinity]", "f", constants=True) == [float("inf")]


def test_values_are_shown_short() -> None:
    assert shown(10**5000) == "a int that is too long to be shown"
    assert shown("\x1b" + "x" * 500).startswith("'\\x1bxxx")
    assert len(shown("x" * 500)) < 100
