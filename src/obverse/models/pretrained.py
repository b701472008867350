"""Finding, checking and loading checkpoints. Remote code is off, and weights are safetensors."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedTokenizerBase,
)

import obverse.models.relative  # noqa: F401 - registers the type of grown models
from obverse.core.errors import CannotLoadError, ObverseError
from obverse.models import hub, untrusted
from obverse.models.adapters import add_adapters, of_adapters
from obverse.models.causal import CausalModel
from obverse.models.local import LocalModel
from obverse.models.lora import Lora
from obverse.models.quiet import quiet
from obverse.models.seq2seq import Seq2SeqModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of a checkpoint before its weights are read; see `Checkpoint` for the fields."""

    name: str
    path: str
    commit: str | None
    weights: str
    parameters: int


def find(path_or_name: str, revision: str | None) -> Found:
    """Return what is at a local directory or under a hub name; weights there are not downloaded.

    Raises:
        ObverseError: if a directory is given with a revision, or a path is no directory.
        CannotLoadError: if the checkpoint lacks a part, or the hub cannot give it.
    """
    if Path(path_or_name).is_dir():
        _refuse_revision(path_or_name, revision)
        folder = Path(path_or_name).resolve()
        check(folder)
        parameters = _parameters(folder)
        untrusted.refuse_larger(folder, parameters)
        _tokenizer(folder)
        return Found(
            name=folder.name,
            path=str(folder),
            commit=None,
            weights=_hash(folder),
            parameters=parameters,
        )
    listing = hub.listing(path_or_name, revision)
    _refuse_incomplete(path_or_name, listing.files)
    return Found(
        name=path_or_name,
        path=path_or_name,
        commit=listing.commit,
        # A commit is a hash of all files, and known before the weights are here.
        weights=f"hub:{path_or_name}@{listing.commit}",
        parameters=_parameters(listing.folder),
    )


def check(folder: Path) -> None:
    """Refuse a directory that is not a whole checkpoint, naming what is missing."""
    _refuse_incomplete(str(folder), frozenset(p.name for p in folder.glob("*") if p.is_file()))
    if untrusted.configuration(folder).get("restores_hidden"):
        raise CannotLoadError(
            f"{folder}: this model restores hidden tokens; expected one that predicts the next token"
        )


def load(path_or_name: str, commit: str | None, dtype: str) -> LocalModel:
    """Load a checkpoint that was found: with a commit from the hub, else from a directory.

    Raises:
        CannotLoadError: if the hub does not give the weights, or they are no whole language model.
    """
    quiet()
    folder = Path(path_or_name) if commit is None else hub.download(path_or_name, commit)
    check(folder)
    untrusted.refuse_larger(folder, _parameters(folder))
    with untrusted.guarded(f"{folder}: cannot be loaded as a language model"):
        kind = _kind(AutoConfig.from_pretrained(folder, trust_remote_code=False))
        loaded: Any = kind.from_pretrained(
            folder, dtype=getattr(torch, dtype), use_safetensors=True, trust_remote_code=False,
            output_loading_info=True,
        )  # fmt: skip
        model, report = loaded
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    lacking = sorted(report["missing_keys"]) + sorted(map(str, report["mismatched_keys"]))
    if lacking:
        raise CannotLoadError(
            f"{folder}: the weights lack {', '.join(lacking[:3])}{' …' if lacking[3:] else ''}; "
            "expected a whole language model, with its output layer"
        )
    made = Seq2SeqModel if model.config.is_encoder_decoder else CausalModel
    return made(model, tokenizer)


def refuse_other(folder: Path, weights: str) -> None:
    """Refuse a directory whose files do not have the hash by which a checkpoint is known.

    Raises:
        ObverseError: that says so.
    """
    if _hash(folder) != weights:
        raise ObverseError(
            f"{folder}: was changed after the study was planned, or while it was loaded; put it back, or "
            "plan the study anew (the same command, with --replace)"
        )


def tokenizer_of(path_or_name: str, revision: str | None) -> PreTrainedTokenizerBase:
    """Load the tokenizer alone of a local directory or hub name."""
    quiet()
    folder = Path(path_or_name)
    if folder.is_dir():
        _refuse_revision(path_or_name, revision)
    else:
        folder = hub.download(path_or_name, revision, hub.SMALL)
    return _tokenizer(folder)


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    with untrusted.guarded(f"{folder}: no tokenizer that can be loaded"):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False
        )
        tokenizer("a", add_special_tokens=False)  # some only fail when they are asked
    return tokenizer


def _refuse_revision(folder: str, revision: str | None) -> None:
    if revision is not None:
        raise ObverseError(
            f"{folder}@{revision}: {folder} is a directory, which holds one set of weights; a revision "
            "is for names on the Hugging Face hub"
        )


def _refuse_incomplete(where: str, files: frozenset[str]) -> None:
    """Refuse a directory or repository whose files are not those of a checkpoint."""
    if "adapter_config.json" in files and "config.json" not in files:
        raise CannotLoadError(
            f"{where}: holds adapters alone, without the model that they belong to; merge them by peft "
            "(docs/finetuning.md) and name the result"
        )
    if "config.json" not in files:
        raise CannotLoadError(f"{where}: no config.json; expected a checkpoint saved by transformers")
    top = [f for f in files if "/" not in f]
    if not any(f.endswith(".safetensors") for f in top):
        other = ", ".join(sorted(f for f in top if f.endswith(".bin")))
        found = f" ({other} is a pickle, which is not loaded)" if other else ""
        raise CannotLoadError(f"{where}: no weights; expected model.safetensors or its shards{found}")
    if not {"tokenizer.json", "tokenizer.model", "vocab.json"} & files:
        raise CannotLoadError(f"{where}: no tokenizer; expected tokenizer.json beside the weights")


@cache
def adapters(path_or_name: str, commit: str | None, lora: Lora) -> int | None:
    """Return how many parameters adapters have that are put into a model; None if it is not here.

    Raises:
        ObverseError: if the model has none of the layers that are named.
    """
    quiet()
    try:
        folder = Path(path_or_name)
        if not folder.is_dir():
            if commit is None:
                return None
            folder = hub.download(path_or_name, commit, hub.SMALL)
        model = _shape(folder)
    except CannotLoadError:
        return None
    add_adapters(model, lora, seed=0)
    return of_adapters(model)


def _shape(folder: Path) -> Any:
    """Return a model as the configuration asks for it, without its weights."""
    untrusted.configuration(folder)
    with untrusted.guarded(f"{folder}: cannot be loaded as a language model"):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        with torch.device("meta"):
            return _kind(config).from_config(config, trust_remote_code=False)


def _parameters(folder: Path) -> int:
    """Return how many parameters the configuration asks for, embeddings included, without making them."""
    model = _shape(folder)
    config = model.config
    number: int = sum(p.numel() for p in model.parameters())
    if getattr(config, "scale_decoder_outputs", None) is False:
        # T5 1.1 has output weights of its own, which transformers ties until it sees them in the file.
        number += model.get_output_embeddings().weight.numel()
    return number


def _kind(config: Any) -> Any:
    """Return transformers' class for encoder-decoders (T5) or for causal models."""
    return AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM


def _hash(folder: Path) -> str:
    """Return the SHA-256 of the files that a model or its tokenizer is made from, and their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".safetensors", ".json", ".model", ".txt"}:
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
