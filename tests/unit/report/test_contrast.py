"""Every colour of text has the contrast of WCAG 2.2 (AA), on paper and on shades, in all styles."""

import re
from importlib.resources import files

import pytest

TEXTS = ("ink", "soft", "link", "holds", "fails", "undecided")
STYLES = re.findall(r":root \{(.*?)\}", (files("obverse.report") / "page.css").read_text("utf-8"), re.S)


def light(colour: str) -> float:
    """Return the relative luminance of #rrggbb or #rgb, from 0 to 1."""
    digits = colour if len(colour) == 6 else "".join(2 * one for one in colour)
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("style", STYLES, ids=["light", "dark", "print"])
def test_texts_are_told_from_what_is_behind_them(style: str) -> None:
    colours = dict(re.findall(r"--(\w+): #(\w+);", style))
    for text in TEXTS:
        for behind in ("paper", "shade"):
            low, high = sorted((light(colours[text]), light(colours[behind])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, f"{text} on {behind}"
