"""One page that leads to the reports of several studies."""

from collections import Counter
from pathlib import Path
from typing import Any

from obverse.core.errors import ObverseError
from obverse.report.build import build, fitting
from obverse.report.read import study_and_claims
from obverse.report.render import fill
from obverse.store import files


def build_index(out: str | Path) -> Path:
    """Write index.html under `out`, whose subdirectories are studies with reports; return its path.

    Raises:
        ObverseError: if there is none, or one of them cannot be read.
    """
    out = Path(out)
    folders = sorted(page.parent for page in out.glob("*/study.json"))
    for folder in folders:
        if not (folder / "report.html").is_file():
            build(folder)  # it was run from Python
    studies = [_read(folder) for folder in folders]
    if not studies:
        raise ObverseError(f"{out}: no study; expected study.json in it or in its folders")
    studies.sort(key=lambda study: study["time"])
    path = out / "index.html"
    with fitting(out):
        files.write_text(path, fill("index.html.j2", studies=studies))
    return path


def _read(folder: Path) -> dict[str, Any]:
    study, claims = study_and_claims(folder)
    return {
        "folder": folder.name,
        "title": study["title"],
        "about": study["about"],
        "paper": study["paper"],
        "command": study["command"] or "(run from Python)",
        "time": study["provenance"]["time"],
        "claims": claims,
        "verdicts": Counter(claim["verdict"] for claim in claims),
    }
