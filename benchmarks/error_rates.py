"""How often every verdict rule errs, by simulation: thresholds lie exactly at the true value.

    python benchmarks/error_rates.py                               # about seven minutes on one core
    python benchmarks/error_rates.py --quick                       # a minute, rougher
    python benchmarks/error_rates.py --write docs/statistics.md    # put the tables into the page

Of each kind of data many sets are drawn whose truth is known, and the project's own functions are asked
for interval, p-values and verdicts. A rule whose threshold is the true value should say *holds* in at
most 2.5 % of the sets, *fails* in at most 2.5 %, and the interval should hold the true value in 95 %.
"""

import argparse
import datetime
import re
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import simulated as sim

from obverse.core.claim import Estimate
from obverse.stats.tests import ALPHA

SEEDS = (2, 3, 6, 10)
STRICT = ALPHA / 10  # what Holm asks of the first of ten claims
START, END = "<!-- error rates: begin -->", "<!-- error rates: end -->"

# A rule draws data for a number of seeds (or models) and returns the estimate; a trial, whether it erred.
Rule = Callable[[int, np.random.Generator], Estimate]
Trial = Callable[[int, np.random.Generator], bool | None]


def boundaries(sets: int) -> Iterator[str]:
    """Yield the tables of estimates with their threshold at the true value."""
    for title, rule in (
        ("Mean over facts, each of one seed", partial(sim.mean_of_facts, False)),
        ("Mean over facts that all seeds share", partial(sim.mean_of_facts, True)),
        ("One number a seed (difference, excess, slope)", sim.mean_of_seeds),
    ):
        rows = [(kind.name, kind.truth, partial(rule, kind)) for kind in sim.KINDS]
        yield from boundary_table(title, "seeds", rows, SEEDS, sets)
    yield from boundary_table(
        "Mean over ten prompts that differ (0.5 SD of a fact), where other prompts are meant", "seeds",
        [
            ("prompts passed over", 0.0, partial(sim.mean_of_prompts, False)),
            ("prompts as a third way of clustering", 0.0, partial(sim.mean_of_prompts, True)),
        ],
        SEEDS, sets,
    )  # fmt: skip
    yield from boundary_table(
        "Share of trainings", "seeds",
        [(f"true share {truth:g}", truth, partial(sim.share_of_seeds, truth)) for truth in (0.5, 0.9)],
        (3, 6, 10, 20), sets,
    )  # fmt: skip
    yield from boundary_table(
        "Change over a scale, one run of each model", "models",
        [
            ("models without a part of their own", 0.0, partial(sim.change_of_models, 0.0, 0.0)),
            ("own part 0.05", 0.0, partial(sim.change_of_models, 0.05, 0.0)),
            ("the same, neighbours correlated 0.5", 0.0, partial(sim.change_of_models, 0.05, 0.5)),
        ],
        (3, 4, 5, 7), sets // 4,
    )  # fmt: skip
    rows = [("four models a seed, own part 0.05", 0.0, partial(sim.change_of_families, 4))]
    yield from boundary_table(
        "Change over a scale, a family for each seed", "seeds", rows, SEEDS, sets // 4
    )


def trials(sets: int) -> Iterator[str]:
    """Yield the tables of verdicts that are known to be wrong, or meant to come."""
    yield from trial_table(
        "Verdicts where none is due", "seeds",
        [
            ("within ±1, true value 1: holds", 2.5, partial(sim.within, 1.0)),
            ("within ±1, true value 1: fails", 2.5, sim.outside),
            ("two in five learn; “below 5 %” of the mean holds", 2.5, sim.absent),
            ("one in two learns; “below 5 % in most trainings” holds", 2.5, sim.absent_in_most),
            ("four topics, each seed has its own: axis found", 5.0, partial(sim.explains, False)),
            ("the same, seeds averaged first (as it was)", 5.0, partial(sim.explains, True)),
        ],
        SEEDS, sets // 4,
    )  # fmt: skip
    yield from trial_table(
        "The largest of twelve places", "seeds",
        [
            (f"{what}{correlated}", nominal, partial(rule, shared))
            for what, nominal, rule in (
                ("none above 0: “somewhere above 0” holds", 2.5, sim.found_somewhere),
                ("one at 1: “nowhere more than 1” holds", 2.5, sim.found_nowhere),
                ("one at 1: the interval covers", 95.0, sim.covers_largest),
            )
            for shared, correlated in ((0.0, ""), (0.8, ", places correlated 0.8"))
        ],
        (3, 6, 10), sets,
    )  # fmt: skip
    yield from trial_table(
        "Whole studies", "seeds",
        [
            ("ten primary claims at their thresholds: any holds", 2.5, partial(sim.any_of_ten, 0.0)),
            ("the same, correlated 0.8", 2.5, partial(sim.any_of_ten, 0.8)),
            ("needs two controls, one of them untrue: a verdict", 2.5, sim.behind_two_controls),
            ("needs what needs an untrue control: a verdict", 2.5, sim.behind_a_chain),
        ],
        (3, 10), sets // 4,
    )  # fmt: skip
    yield from trial_table(
        "Looking at 3, 6 and 10 seeds, claim at its threshold: holds at any look", "looks paid for",
        [("level divided by the number of looks", 2.5, sim.looked_at)], (1, 3), sets,
    )  # fmt: skip
    rows = [
        (f"“turns round”, {name}", 5.0, partial(sim.turns, line))
        for name, line in (("no trend", 0.0), ("a line of four times the own part", 0.2))
    ]
    yield from trial_table("One run of each model", "models", rows, (5, 7, 9), sets // 4)
    yield from trial_table(
        "A fresh study with as many seeds as the range says (true effect 1.2 SD): holds", "seeds before",
        [
            ("low end", 90.0, partial(sim.shows_again, 0)),
            ("high end, where there is one", 90.0, partial(sim.shows_again, 1)),
            ("for the effect and spread as seen (as it was)", 90.0, sim.shows_again_as_seen),
        ],
        (3, 6), sets // 2,
    )  # fmt: skip


def boundary_table(
    title: str, unit: str, rows: Sequence[tuple[str, float, Rule]], columns: Sequence[int], sets: int
) -> Iterator[str]:
    yield from head(title, unit, columns)
    for name, truth, rule in rows:
        cells = [boundary(partial(rule, n), truth, sets, f"{title} {name} {n}") for n in columns]
        yield row(name, cells)
    yield ""


def boundary(rule: Callable[[np.random.Generator], Estimate], truth: float, sets: int, label: str) -> str:
    """Return how often, in %: holds, fails, and the interval covers; and either verdict at STRICT."""
    counts = np.zeros(4)
    draw = generator(label)
    for _ in range(sets):
        found = rule(draw)
        above, below = found.p_greater(truth), found.p_less(truth)
        low, high = found.interval()
        counts += (above < ALPHA, below < ALPHA, low <= truth <= high, min(above, below) < STRICT)
    holds, fails, covers, strict = 100 * counts / sets
    return f"{holds:.1f} / {fails:.1f}, {covers:.0f}; {strict:.2f}"


def trial_table(
    title: str, unit: str, rows: Sequence[tuple[str, float, Trial]], columns: Sequence[int], sets: int
) -> Iterator[str]:
    yield from head(title, unit, columns, "nominal")
    for name, nominal, trial in rows:
        cells = [rate(partial(trial, n), sets, f"{title} {name} {n}") for n in columns]
        yield row(name, [f"{nominal:g}", *cells])
    yield ""


def rate(trial: Callable[[np.random.Generator], bool | None], sets: int, label: str) -> str:
    draw = generator(label)
    known = [hit for hit in (trial(draw) for _ in range(sets)) if hit is not None]
    return f"{100 * np.mean(known):.1f}" if len(known) > sets // 20 else "–"


def generator(label: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(label.encode()))


def head(title: str, unit: str, columns: Sequence[int], *more: str) -> Iterator[str]:
    yield f"**{title}**\n"
    yield row("", [*more, *(f"{n} {unit}" for n in columns)])
    yield row("---", ["---:"] * (len(columns) + len(more)))


def row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="an eighth of the sets")
    parser.add_argument("--write", type=Path, help="a page to put the tables into, between its marks")
    given = parser.parse_args()
    sets, begun = 120 if given.quick else 1000, time.monotonic()
    lines = [*boundaries(sets), *trials(sets)]
    lines.append(
        f"Up to {sets:,} sets each (fewer where a set is slow), {datetime.date.today():%d %B %Y}, "
        f"{time.monotonic() - begun:.0f} s on one core."
    )
    text = "\n".join(lines)
    print(text)
    if given.write:
        page = given.write.read_text(encoding="utf-8")
        parts = re.split(f"(?<={START})|(?={END})", page)
        if len(parts) != 3:
            raise SystemExit(f"{given.write}: expected the marks {START} and {END}, once each")
        given.write.write_text(f"{parts[0]}\n\n{text}\n\n{parts[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
