"""Ways to spoil a file: as bytes, as lines, and as what its JSON or CSV says."""

import json
import random
import re
from collections.abc import Callable
from typing import Any

ODD = (
    "\x00", "\x1b[31m", "\x7f", "\u0085", "\u202e", "\ufeff", "\uffff", "\\ud800", "\\udc00\\ud800", '"',
    "\\", "'", ",", "\n", "\r", "\t", "{}", "[]", "{{}}", "%s", "漢" * 300, "A" * 20_000, "é", "e\u0301",
)  # fmt: skip
NUMBERS = (
    "0", "-1", "1.5", "1e999", "-1e999", "NaN", "Infinity", "null", "true", "9" * 30, "9" * 5000,
    "2147483648", "1000000000", "9223372036854775808", "-0", "1e-400", '"7"', "[]", "{}",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**9, 2**63, 10**30, "", " ", "x", "\x00", "\x1b]0;x\x07", "a" * 5000,
    [], {}, [[]], [None], {"": {}}, ["x", 5], {"x": [1, {"y": None}]}, "nan", "漢" * 200,
)  # fmt: skip
Mutation = Callable[[bytes, random.Random], bytes]


def _flip(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 3, 20))):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _insert(content: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content) + 1)
    return content[:at] + draw.choice(ODD).encode() + content[at:]


def _lines(content: bytes, draw: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    i, j = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(7):
        case 0:
            del lines[i]
        case 1:
            lines.insert(j, lines[i])
        case 2:
            lines[i], lines[j] = lines[j], lines[i]
        case 3:
            lines = [lines[i]] * 120
        case 4:
            lines[i] = lines[i].swapcase()
        case 5:
            lines = lines[:i]
        case _:
            lines[i:i] = [b"\n"]
    return b"".join(lines)


def _number(content: bytes, draw: random.Random) -> bytes:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", content))
    if not found:
        return _insert(content, draw)
    place = draw.choice(found)
    return content[: place.start()] + draw.choice(NUMBERS).encode() + content[place.end() :]


def _words(content: bytes, draw: random.Random) -> bytes:
    """Put a word of the file in the place of another: names, labels and answers that do not agree."""
    found = list(re.finditer(rb"[A-Za-z][\w'-]*", content))
    if len(found) < 2:
        return _insert(content, draw)
    one, other = draw.choice(found), draw.choice(found)
    word = other[0] if draw.random() < 0.7 else one[0].swapcase()
    if draw.random() < 0.3:
        return content.replace(one[0], word)
    return content[: one.start()] + word + content[one.end() :]


def _nest(content: bytes, draw: random.Random) -> bytes:
    deep = draw.choice((50, 101, 500, 5000, 100_000))
    opened, closed = draw.choice(((b"[", b"]"), (b'{"a":', b"}")))
    whole = opened * deep + (b"1" + closed * deep if draw.random() < 0.7 else b"")
    found = list(re.finditer(rb":\s*", content))
    if not found or draw.random() < 0.3:
        return whole
    at = draw.choice(found).end()
    return content[:at] + whole + b"," + content[at:]


def _twice(content: bytes, draw: random.Random) -> bytes:
    """Repeat a key of an object, or a column of a header, with another value."""
    found = list(re.finditer(rb'"[^"\\]+":\s*("[^"\\]*"|\d+)', content))
    if not found:
        first, _, rest = content.partition(b"\n")
        return first + b"," + first.split(b",")[0] + b"\n" + rest.replace(b"\n", b",x\n")
    place = draw.choice(found)
    key = place[0].split(b":")[0]
    return content[: place.end()] + b", " + key + b': "again"' + content[place.end() :]


def _json(content: bytes, draw: random.Random) -> bytes:
    """Take a key away, or give it a value of another type, anywhere in a document or one line."""
    lines = content.split(b"\n")
    try:
        whole, at = json.loads(content), None
    except (ValueError, RecursionError):
        at = draw.randrange(len(lines))
        try:
            whole = json.loads(lines[at])
        except (ValueError, RecursionError):
            return _number(content, draw)
    places = list(_places(whole))
    if not places:
        return json.dumps(draw.choice(VALUES)).encode()
    holder, key = draw.choice(places)
    if draw.random() < 0.3:
        del holder[key]
    else:
        holder[key] = draw.choice(VALUES)
    text = json.dumps(whole).encode()
    return text if at is None else b"\n".join([*lines[:at], text, *lines[at + 1 :]])


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


MUTATIONS: dict[str, tuple[int, Mutation]] = {
    "bytes": (2, _flip), "cut": (1, _cut), "insert": (2, _insert), "lines": (4, _lines),
    "numbers": (3, _number), "words": (4, _words), "nesting": (1, _nest), "twice": (1, _twice),
    "values": (6, _json),
}  # fmt: skip


def mutate(content: bytes, draw: random.Random) -> bytes:
    """Return a file spoilt in one to three ways."""
    weights, ways = zip(*MUTATIONS.values(), strict=True)
    for way in draw.choices(ways, weights, k=draw.choice((1, 1, 1, 2, 3))):
        content = way(content, draw)[:2_000_000]
    return content
