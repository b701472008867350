"""What a study's page says, kept beside it for the index that leads to it."""

from collections.abc import Mapping
from pathlib import Path

from obverse.core.content import file_hash
from obverse.core.errors import ObverseError
from obverse.report.glossary import GENERAL
from obverse.report.words import outcome
from obverse.store import files

KEPT = ".cache/page.json"  # of a study's directory
Said = tuple[str, dict[str, str]]  # what was found, and the glossary


def keep(out: Path, found: str, glossary: Mapping[str, str]) -> None:
    """Keep what the page of a study has just said."""
    kept = {"study": file_hash(out / "study.json"), "found": found, "glossary": dict(glossary)}
    files.write_json(out / KEPT, kept)


def said(out: Path, claims: list[dict[str, object]]) -> Said:
    """Return what the page of a study says; where that is not known, what the claims say."""
    try:
        kept = files.read_json(out / KEPT) if (out / KEPT).is_file() else {}
        if kept["study"] == file_hash(out / "study.json"):
            return str(kept["found"]), {str(term): str(said) for term, said in kept["glossary"].items()}
    except (ObverseError, KeyError, TypeError, AttributeError):
        pass  # the page was made by another version, or the file is none
    return " ".join(outcome(claims)), GENERAL
