"""Directories of models that others have made: whatever is wrong with one, it is left out by its reason.

Libraries read configurations, tokenizers and weights; what they raise of a wrong one is of any type, and
a number in it can make them build a model that no memory holds.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from obverse.core.errors import CannotLoadError, ObverseError, is_failure
from obverse.core.strict_json import parse

LONG = 300  # letters of a library's message
MOST_LAYERS = 1000  # or experts; of published models none has 300
MOST_SIZE = 2**31 - 1  # of anything else that a configuration counts
COUNTED = re.compile(r"layers?$|depth|blocks?$|experts?$")  # what models are built of, one by one
# Beyond this the configuration is of another model than the weights: some have weights twice (tied ones).
AS_LARGE = 3


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Make whatever a library raises of a file that it cannot use a reason to leave the model out.

    Raises:
        CannotLoadError: beginning with `what`.
    """
    try:
        yield
    except CannotLoadError:
        raise
    except BaseException as error:
        if not is_failure(error):
            raise
        said = " ".join(str(error).split()) or "nothing was said"
        known = isinstance(error, OSError | ValueError | RuntimeError)
        kind = "" if known else f"{type(error).__name__}: "
        raise CannotLoadError(f"{what}: {kind}{said[:LONG]}{'…' * (len(said) > LONG)}") from error


def configuration(folder: Path) -> Mapping[str, Any]:
    """Return config.json, checked as far as it decides how much is built, and by whom.

    Raises:
        CannotLoadError: if it is no JSON object, or counts what no model has.
    """
    path = folder / "config.json"
    try:
        settings = parse(path.read_text(encoding="utf-8"), path, constants=True)
    except OSError as error:
        raise CannotLoadError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise CannotLoadError(f"{path}: not valid JSON: {error}") from None
    except ObverseError as error:
        raise CannotLoadError(str(error)) from None
    if not isinstance(settings, dict):
        raise CannotLoadError(f"{path}: expected an object, got {str(settings)[:60]}")
    for key, value in _numbers(settings):
        most = MOST_LAYERS if COUNTED.search(key.rpartition(".")[2]) else MOST_SIZE
        if value > most:
            raise CannotLoadError(f"{path}: {key} is {value:,}; expected at most {most:,}")
    return settings


def _numbers(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int]]:
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{key}.")
        elif isinstance(value, int):
            yield f"{prefix}{key}", value


def refuse_larger(folder: Path, parameters: int) -> None:
    """Refuse weights that are cut short, or far fewer than the configuration asks for, before making any.

    Raises:
        CannotLoadError: naming the file.
    """
    there = 0
    for shard in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(shard, "pt") as file:
                there += sum(prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
        except (SafetensorError, OSError, ValueError, TypeError) as error:
            raise CannotLoadError(f"{shard}: not a whole safetensors file: {error}") from None
    if parameters > AS_LARGE * there:
        raise CannotLoadError(
            f"{folder}: config.json asks for {parameters:,} parameters, and the weights have {there:,}"
        )
