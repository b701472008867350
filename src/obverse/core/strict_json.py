"""JSON that others have written, read strictly: what has two meanings, or none, is refused.

Python's reader takes the last of two equal keys, NaN, 1e999 and half a surrogate pair, and fails in ways
of its own on deep nesting and on numbers of thousands of digits. Here all of them are one error, which
names the line.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.format import CONTROLS

DEEPEST = 100  # objects and lists in one another; nobody's data comes near
LARGEST = 2**63 - 1  # what a column of whole numbers holds
LONG = 60  # letters of what is wrong that a message shows

# Text without any of these has no control character, no half surrogate pair and no noncharacter in its
# strings. Of what it has instead, an escaped backslash before a "b" say, each string is looked at.
_SUSPECT = re.compile(
    r"[\x7f-\x9f\ud800-\udfff\ufffe\uffff]|\\[bf]|\\u(?:00[0189][0-9a-f]|007f|fff[ef])"
    r"|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f]",
    re.IGNORECASE,
)
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}:,]|[-+.\w]++', re.DOTALL)
_STRINGS = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_PAIRS = re.compile(r"\[\]|\{\}")


class _RefusedError(Exception):
    """Something in a text is refused; where it stands is looked for then."""


def parse(text: str, where: object, line: int = 1, *, constants: bool = False) -> Any:
    """Return what a text of JSON says.

    Args:
        text: of a file, or of one of its lines.
        where: the file, as messages name it.
        line: the number of the text's first line in it.
        constants: take NaN and Infinity, which some libraries write.

    Raises:
        ObverseError: naming the line, if the text is no JSON, has a key twice in one object, nests deeper
            than DEEPEST, or holds a number beyond 64 bits, or text with a control character other than
            tabs and line breaks, half a surrogate pair, or a character that is none.
    """
    try:
        value = (_LENIENT if constants else _STRICT).decode(text)
    except json.JSONDecodeError as error:
        raise ObverseError(
            f"{where}, line {line + error.lineno - 1}: not valid JSON: {error.msg}"
        ) from None
    except (_RefusedError, ValueError, RecursionError):  # of numbers of thousands of digits, a ValueError
        pass
    else:
        if not (_SUSPECT.search(text) or _is_deep(text)):
            return value
        if next(_problems(text, constants), None) is None:
            return value
    at, problem = next(_problems(text, constants), (0, "not valid JSON: nested too deeply"))
    raise ObverseError(f"{where}, line {line + text.count(chr(10), 0, at)}: {problem}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _RefusedError
    return made


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(value := int(digits)) > LARGEST:
        raise _RefusedError
    return value


def _number(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise _RefusedError
    return value


def _constant(name: str) -> float:
    raise _RefusedError


_STRICT = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_number, parse_constant=_constant
)
_LENIENT = json.JSONDecoder(object_pairs_hook=_object, parse_int=_whole, parse_float=_number)


def _is_deep(text: str) -> bool:
    """Return whether a text of valid JSON nests deeper than is allowed."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    rest = _NO_BRACKETS.sub("", _STRINGS.sub("", text))
    for _ in range(DEEPEST):  # the innermost brackets go
        if not rest:
            return False
        rest = _PAIRS.sub("", rest)
    return bool(rest)


def _problems(text: str, constants: bool) -> Iterator[tuple[int, str]]:
    """Yield where something stands that is refused, and what it is."""
    open_: list[set[str] | None] = []  # the keys of each object that is open; None: a list
    token = None
    for found in _TOKEN.finditer(text):
        before, token, at = token, found[0], found.start()
        if token in ("{", "["):
            open_.append(set() if token == "{" else None)
            if len(open_) > DEEPEST:
                yield at, f"not valid JSON: nested too deeply; expected at most {DEEPEST} levels"
        elif token in ("}", "]"):
            open_ = open_[:-1]
        elif token == ":" and before is not None and open_ and (keys := open_[-1]) is not None:
            key = json.loads(before)
            if key in keys:
                yield at, f"the key {shown(key)} stands twice in one object"
            keys.add(key)
        elif token[0] == '"':
            if (odd := problem_of(json.loads(token))) is not None:
                yield at, odd
        elif (odd := _problem_of_number(token, constants)) is not None:
            yield at, odd


def _problem_of_number(token: str, constants: bool) -> str | None:
    if token.lstrip("-") in ("NaN", "Infinity"):
        return None if constants else f"not valid JSON: {token}; a missing value is null"
    try:
        if re.fullmatch(r"-?\d+", token):
            _whole(token)
        elif token[0] in "-0123456789":
            _number(token)
    except (_RefusedError, ValueError):
        long = f"a number of {len(token):,} digits" if len(token) > 20 else token
        return f"not valid JSON: {long}; expected a number that 64 bits hold"
    return None


def problem_of(text: str) -> str | None:
    """Return what is wrong with a text that is shown, stored or told to a model; None: nothing."""
    if (found := CONTROLS.search(text)) is None:
        return None
    odd = found[0]
    if "\ud800" <= odd <= "\udfff":
        return f"{shown(text)} holds half a surrogate pair"
    kind = "character that is none," if odd >= "\ufffe" else "control character"
    return f"{shown(text)} holds the {kind} U+{ord(odd):04X}"


def shown(value: object) -> str:
    """Return a value as messages show it, cut where it is long."""
    try:
        text = ascii(value) if isinstance(value, str) and CONTROLS.search(value) else repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, a list in itself
        return f"a {type(value).__name__} that is too long to be shown"
    return text if len(text) <= LONG + 20 else f"{text[:LONG]}…"
