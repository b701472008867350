"""Which layout a path has: facts alone, obverse's own, or that of the files released with the paper."""

from pathlib import Path
from typing import Literal

from obverse.core.errors import ObverseError
from obverse.experiments.reversal import own_layout, published_layout

Layout = Literal["own", "published", "facts"]


def layout_of(path: Path) -> Layout:
    """Find out which layout `path` has.

    Raises:
        ObverseError: if it is none, naming what is missing.
    """
    if path.is_file():
        if path.suffix in (".csv", ".jsonl"):
            return "facts"
        raise ObverseError(f"{path}: expected facts as .csv or .jsonl with name and description")
    if not path.is_dir():
        raise ObverseError(f"{path}: no such file or directory")
    found = {p.name for p in path.iterdir()}
    own, published = (
        [name for name in layout.READ if name not in found] for layout in (own_layout, published_layout)
    )
    if not own:
        return "own"
    if not published:
        return "published"
    inside = [p.parent for p in sorted(path.glob("**/p2d_prompts_train.jsonl"))]
    hint = f"\nthere is published data in {inside[0]}" if inside else ""
    raise ObverseError(
        f"{path}: neither layout is whole.\n"
        f"  obverse's own lacks {', '.join(own)}\n"
        f"  the published one lacks {', '.join(published)}{hint}"
    )
