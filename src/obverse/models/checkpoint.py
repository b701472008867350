"""Finding, checking and loading checkpoints of transformers."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from obverse.core.errors import ObverseError
from obverse.core.model import Checkpoint
from obverse.models import families
from obverse.models.causal import CausalModel

TOKENIZER = ("*.json", "*.txt", "*.model")
NEEDED = ("*.safetensors", "*.json", "*.txt", "*.model")


def resolve(path_or_name: str, revision: str | None = None, family: str | None = None) -> Checkpoint:
    """Return the checkpoint at a local directory or under a hub name, with the hash of its weights.

    `family` is taken from the name where it begins with that of a known family.

    Raises:
        ObverseError: if the directory lacks a part, or the hub cannot give the checkpoint.
    """
    folder = Path(path_or_name)
    name = folder.name if folder.is_dir() else path_or_name
    if not folder.is_dir():
        folder = _from_hub(path_or_name, revision)
    check(folder)
    return Checkpoint(
        name=f"{name}@{revision}" if revision else name,
        path=str(folder.resolve()),
        revision=revision,
        weights=_hash(folder),
        family=family or families.family_of(name) or "",
        tokens=families.tokens_of(name, revision),
    )


def check(folder: Path) -> None:
    """Refuse a directory that is not a whole causal checkpoint, naming what is missing."""
    config = folder / "config.json"
    if not config.is_file():
        raise ObverseError(f"{folder}: no config.json; expected a checkpoint saved by transformers")
    try:
        json.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ObverseError(f"{config}: not valid JSON: {error}") from None
    for shard in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(shard, "pt"):
                pass
        except (SafetensorError, OSError) as error:
            raise ObverseError(f"{shard}: not a whole safetensors file: {error}") from None
    if not any(folder.glob("*.safetensors")):
        other = sorted(p.name for p in folder.glob("*.bin"))
        found = f" ({', '.join(other)} is a pickle, which is not loaded)" if other else ""
        raise ObverseError(f"{folder}: no weights; expected model.safetensors or its shards{found}")
    if not any((folder / n).is_file() for n in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise ObverseError(f"{folder}: no tokenizer; expected tokenizer.json beside the weights")


def load(spec: Checkpoint) -> CausalModel:
    """Load a resolved checkpoint in float32 (remote code off, safetensors only)."""
    import obverse.models.relative  # noqa: F401 - registers the type of grown models

    folder = Path(spec.path)
    check(folder)
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
            output_loading_info=True,
        )  # fmt: skip
        model, report = loaded
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ObverseError(f"{folder}: cannot be loaded as a causal model: {error}") from error
    lacking = sorted(report["missing_keys"]) + sorted(map(str, report["mismatched_keys"]))
    if lacking:
        raise ObverseError(
            f"{folder}: the weights lack {', '.join(lacking[:3])}{' …' if lacking[3:] else ''}; "
            "expected a whole causal language model, with its output layer"
        )
    return CausalModel(model, tokenizer)


def load_tokenizer(path_or_name: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer alone of a local directory or hub name."""
    folder = Path(path_or_name)
    if not folder.is_dir():
        folder = _from_hub(path_or_name, None, TOKENIZER)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise ObverseError(f"{folder}: no tokenizer that can be loaded: {error}") from None
    return tokenizer


def _from_hub(name: str, revision: str | None, files: Sequence[str] = NEEDED) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ObverseError(f"{name}: no such directory")
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(files)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ObverseError(
            f"{name}: not a local directory, and the Hugging Face hub did not give it ({first}).\n"
            "Pass --model DIRECTORY with a checkpoint saved by transformers' save_pretrained, or "
            "leave --model out to train a small model from scratch."
        ) from None


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".safetensors", ".json", ".model", ".txt"}:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
