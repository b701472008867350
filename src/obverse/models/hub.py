"""What the Hugging Face hub holds of a model, and getting it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from obverse.core.errors import CannotLoadError, ObverseError

SMALL = ("*.json", "*.txt", "*.model")  # configuration and tokenizer
ALL = ("*.safetensors", *SMALL)


@dataclass(frozen=True, slots=True)
class Listing:
    """One commit of a repository: its files, and the directory that has the small ones."""

    commit: str
    files: frozenset[str]
    folder: Path


def listing(name: str, revision: str | None) -> Listing:
    """Return what the hub holds under `name`, weights not downloaded.

    Raises:
        ObverseError: if the name is a path.
        CannotLoadError: if the hub does not give it, and it was not downloaded before.
    """
    folder = download(name, revision, SMALL)
    return Listing(folder.name, _files(name, folder), folder)


def download(name: str, revision: str | None, files: Sequence[str] = ALL) -> Path:
    """Return the directory with those files of a repository, downloaded if they are not there yet.

    Raises:
        As `listing`.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ObverseError(f"{name}: no such directory")
    try:
        # Folders hold other formats of the same weights.
        found = snapshot_download(
            name, revision=revision, allow_patterns=list(files), ignore_patterns=["*/*"]
        )
        return Path(found)
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CannotLoadError(
            f"{name}: not a local directory, and the Hugging Face hub did not give it ({first}).\n"
            "Pass --model DIRECTORY with a checkpoint saved by transformers' save_pretrained, or a "
            "preset whose model is made from scratch (--preset tiny of most studies)."
        ) from None


def _files(name: str, folder: Path) -> frozenset[str]:
    from huggingface_hub import HfApi

    try:
        return frozenset(HfApi().list_repo_files(name, revision=folder.name))
    except Exception:
        # Which exceptions say that the hub is out of reach differs between versions of its client. What
        # was downloaded before can still be used.
        return frozenset(p.name for p in folder.iterdir())
