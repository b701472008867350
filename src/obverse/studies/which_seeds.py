"""Which seeds a study is repeated over."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from numbers import Integral
from operator import index

from obverse.core.errors import ObverseError
from obverse.core.strict_json import LARGEST, shown

MOST = 10_000
EXPECTED = "expected how many (6), from which to which (1000-1009), or which (1000,1003)"


def which_seeds(given: int | str | Sequence[int]) -> tuple[int, ...]:
    """Return the seeds that are meant by a number of them (0, 1, …), by text, or by a sequence.

    Text is what the command line takes: "6", "1000-1009" with both ends, or "100,103,200-202".

    Raises:
        ObverseError: if there is none, one is there twice, or the text cannot be read.
    """
    if isinstance(given, str):
        given = int(given) if _is_number(given.strip()) else _listed(given)
    if _is_whole(given):
        given = range(_allowed(index(given)))  # type: ignore[arg-type]
    if not isinstance(given, Iterable) or not all(_is_whole(seed) and seed >= 0 for seed in given):
        raise ObverseError(f"seeds: {shown(given)} are no whole numbers from 0 on; {EXPECTED}")
    if any(seed > LARGEST for seed in given):
        raise ObverseError(f"seeds: {shown(given)}: one is above {LARGEST} (2^63 - 1), the largest")
    seeds = tuple(map(index, given))
    if not seeds:
        raise ObverseError("seeds: at least one is needed")
    twice = next((seed for seed, count in Counter(seeds).items() if count > 1), None)
    if twice is not None:
        raise ObverseError(f"seeds: {twice} is there twice")
    return seeds


def _listed(text: str) -> list[int]:
    seeds: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?", part)
        if found is None:
            raise ObverseError(f"seeds: {text!r} cannot be read; {EXPECTED}")
        first = int(found[1])
        last = first if found[2] is None else int(found[2])
        if last < first:
            raise ObverseError(f"seeds: {part.strip()!r} runs backwards; {EXPECTED}")
        _allowed(len(seeds) + last - first + 1)
        seeds += range(first, last + 1)
    return seeds


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,9}", text) is not None


def _allowed(count: int) -> int:
    if count < 1:
        raise ObverseError(f"seeds: at least one is needed, got {count}")
    if count > MOST:
        raise ObverseError(f"seeds: {count} are more than {MOST}, the most of one study")
    return count
