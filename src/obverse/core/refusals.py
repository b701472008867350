"""What pydantic finds wrong with settings, in the words that all other refusals have."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from obverse.core.strict_json import shown

# By the type of an error; what stands in braces is what pydantic says of the setting.
EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "path_type": "a path",
    "literal_error": "{expected}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "at most {le}",
    "multiple_of": "a multiple of {multiple_of}",
    "tuple_type": "a list in square brackets",
    "list_type": "a list in square brackets",
    "dict_type": "names with values in curly brackets",
    "model_type": "names with values in curly brackets",
    "string_too_short": "text of {min_length} letters or more",
    "string_too_long": "text of at most {max_length} letters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "too_short": "{min_length} or more values",
    "too_long": "{max_length} or fewer values",
}
OTHERS = {"missing": "is missing", "extra_forbidden": "is not known"}
CONSTANTS = {True: "true", False: "false", None: "none"}


def in_words(error: ValidationError, kind: str, where: str = "") -> str:
    """Return a line for each problem: `where`, the key and what is expected of it.

    What is about the whole is named by where it stands, or by its kind where that says nothing.
    """
    lines = []
    for item in error.errors():
        loc = ".".join(str(part) for part in item["loc"])
        key = f"{where}{loc}" if loc else where.rstrip(".: ") or kind
        lines.append(f"{key}: {_problem(item)}")
    return "\n".join(lines)


def _problem(item: Mapping[str, Any]) -> str:
    what = item["type"]
    if what in OTHERS:
        return OTHERS[what]
    if what == "value_error":  # a check of our own, which names the values that it is about
        return str(item["ctx"]["error"])
    given = item["input"]
    got = CONSTANTS[given] if given is None or isinstance(given, bool) else shown(given)
    if what in EXPECTED:
        bounds = {k: _bound(v) if isinstance(v, float) else v for k, v in item.get("ctx", {}).items()}
        return f"expected {EXPECTED[what].format(**bounds)}, got {got}"
    # What is read from a file is no instance of a class that nobody else knows.
    said = re.sub(r" or instance of _\w+$", "", item["msg"])
    return f"{said}, got {got}"


def _bound(value: float) -> str:
    """Write a bound as short as says it whole: 0 and not 0.0."""
    short = format(value, "g")
    return short if float(short) == value else shown(value)
