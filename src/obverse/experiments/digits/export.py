"""The data of a run as JSON lines: definitions and questions in words, without pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

from obverse.experiments.digits.aliases import SUBSETS, documents, held_out
from obverse.experiments.digits.documents import Grid
from obverse.store import files

if TYPE_CHECKING:
    from obverse.experiments.digits.images import Digits


def write(experiment: "Digits", out: Path, seed: int) -> str:
    """Write documents.jsonl (with how often each is drawn) and cells.jsonl, and say so."""
    people, language = experiment.world(seed)
    told = documents(people, language, experiment.defined)
    asked = [g for subset in SUBSETS for g in held_out(people, language, subset)]
    files.write_jsonl(out / "documents.jsonl", (_row(g) | {"weight": g.weight} for g in told))
    files.write_jsonl(out / "cells.jsonl", map(_row, asked))
    about = {"study": experiment.name, "seed": seed, "settings": experiment.model_dump(mode="json")}
    files.write_json(out / "dataset.json", about)
    return f"{out}: {len(told):,} documents, {len(asked):,} questions"


def _row(grid: Grid) -> dict[str, object]:
    return {
        "digits": grid.digits, "targets": [None if t == grid.nothing else t for t in grid.targets],
        "highlighted": grid.highlighted, "tag": grid.tag, "fact": grid.fact, **grid.labels,
    }  # fmt: skip
