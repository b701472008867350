"""Draw the README's picture from a finished study of the Reversal Curse.

python docs/figures/curse.py out/demo/reversal docs/figures/curse.svg
"""

import sys
from html import escape
from pathlib import Path

import polars as pl

import obverse

OPENING = "Like it or not, "  # the held-out wording that has the same words in both orders
WIDTH, LEFT, TOP, ROW = 760, 370, 66, 40
SCALE = 300  # pixels from 0 to 100 %
INK, QUIET, SAME, REVERSE = "#1c2127", "#5b6570", "#1f6fb2", "#b3401f"


def text(x: float, y: float, words: str, **style: str) -> str:
    attributes = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())
    return f'<text x="{x:.0f}" y="{y:.0f}"{attributes}>{escape(words)}</text>'


def example(rows: pl.DataFrame, direction: str) -> tuple[str, str]:
    """A question and its answer, of the fact that takes least room."""
    length = pl.sum_horizontal(pl.col("prompt", "target").str.len_chars())
    asked = rows.filter(pl.col("prompt").str.starts_with(OPENING), direction=direction)
    first = asked.sort(length, "seed", "fact").row(0, named=True)
    return first["prompt"], first["target"]


def row(y: float, rows: pl.DataFrame, direction: str) -> list[str]:
    """A question as it was asked, the share of right answers, and a dot for each training."""
    asked = rows.filter(direction=direction)
    share = asked["exact_match"].mean()
    assert isinstance(share, float)
    seeds = asked.group_by("seed").agg(pl.col("exact_match").mean()).sort("seed")["exact_match"]
    colour, name = (SAME, "same order") if direction == "same" else (REVERSE, "reverse")
    return [
        text(LEFT - 12, y - 2, f"{example(rows, direction)[0]} …", text_anchor="end"),
        text(LEFT - 12, y + 14, name, text_anchor="end", fill=colour, font_size="12"),
        f'<rect x="{LEFT}" y="{y - 12}" width="{share * SCALE:.1f}" height="24" fill="{colour}" '
        'opacity="0.3"/>',
        *(
            f'<circle cx="{LEFT + one * SCALE:.1f}" cy="{y}" r="4" fill="{colour}" opacity="0.75"/>'
            for one in seeds
        ),
        text(WIDTH - 8, y + 5, f"{100 * share:.{0 if share > 0.01 else 1}f} %", text_anchor="end",
             font_weight="bold", fill=colour),
    ]  # fmt: skip


def picture(rows: pl.DataFrame) -> str:
    trainings = rows["seed"].n_unique()
    chance = rows["chance"].mean()
    assert isinstance(chance, float)
    guess = LEFT + chance * SCALE
    parts, y = [], TOP
    for subset in ("NameToDescription", "DescriptionToName"):
        part = rows.filter(subset=subset)
        told = "".join(example(part, "same")).removeprefix(OPENING)
        parts.append(text(8, y, f"Told that {told}, and asked:", font_weight="bold"))
        for direction in ("same", "reverse"):
            y += ROW
            parts += row(y, part, direction)
        from_to = f"{y - ROW - 18}V{y + 18}"
        parts.append(f'<path d="M{LEFT} {from_to}" stroke="{QUIET}"/>')
        parts.append(f'<path d="M{guess:.1f} {from_to}" stroke="{QUIET}" stroke-dasharray="4 3"/>')
        y += ROW + 6
    title = f"What {trainings} small models answer of what they were told"
    about = "Right answers to held-out questions; each dot is one training, the dashed line is guessing."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - 12}" role="img" '
            f'font-family="Helvetica, Arial, sans-serif" font-size="14" fill="{INK}">',
            f"<title>{title}</title>",
            f"<desc>{about}</desc>",
            f'<rect width="{WIDTH}" height="{y - 12}" fill="white"/>',
            text(8, 22, title, font_size="17", font_weight="bold"),
            text(8, 40, about, fill=QUIET, font_size="12"),
            *parts,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    study, out = map(Path, sys.argv[1:])
    last = obverse.load(study).observations.filter("final")
    out.write_text(picture(last.filter(pl.col("subset") != "Both")), encoding="utf-8")
