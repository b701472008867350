"""What is attacked beside the readers of data: settings, what a study left, directories of models."""

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attacking.mutations import NUMBERS, ODD
from attacking.targets import Target, odd_texts
from obverse.core.experiment import Experiment
from obverse.core.settings import Settings, leaf_keys
from obverse.models.checkpoint import resolve
from obverse.models.grown import Grown
from obverse.models.scratch import Scratch
from obverse.report.build import build
from obverse.store import finished
from obverse.studies.catalogue import find, registered
from obverse.studies.result import load
from obverse.studies.study import Study
from obverse.studies.which_seeds import which_seeds

TYPED = (
    *NUMBERS, *("1", "2", "3", "4", "8", "20", "64", "0.1", "0.5", "0.9", "100000") * 2,
    "-5", "1000000", "999999999999", "1e9", "none", "[1,2]", "[1e9,1e9]", '{"a": 1, "a": 2}',
    "[" * 5000, "x" * 20_000, "1,2", "true", *ODD,
)  # fmt: skip
BUILT = 0.04  # of the settings that were accepted, whose data is built as well


def settings() -> dict[str, Settings]:
    """Return all settings that `--set` reaches."""
    found: dict[str, Settings] = {"scratch": Scratch(), "grown": Grown()}
    for name in registered():
        for preset, chosen in find(name).presets().items():
            found[f"{name}, {preset}"] = chosen.experiment
    return found


def set_one(every: dict[str, Settings], draw: random.Random) -> tuple[str, Any]:
    """Override a setting or two by what somebody typed, and return what was typed and what came of it.

    Raises:
        ObverseError: as obverse does.
    """
    name = draw.choice(sorted(every))
    chosen = every[name]
    keys = sorted(leaf_keys(chosen))
    typed = {draw.choice(keys): draw.choice(TYPED) for _ in range(draw.choice((1, 1, 2)))}
    if draw.random() < 0.05:
        typed[draw.choice(ODD)] = "1"
    return f"{name} {typed!s:.200}", lambda: _made(chosen, typed, draw)


def _made(chosen: Settings, typed: dict[str, str], draw: random.Random) -> Any:
    if draw.random() < 0.05:
        which_seeds(draw.choice(TYPED))
    if not isinstance(chosen, Experiment):
        return chosen.with_overrides(typed)
    study = Study(experiment=chosen, models=(), seeds=(0,))
    if draw.random() < 0.1:
        key, value = next(iter(typed.items()))
        return study.grid({key: [value, draw.choice(TYPED)]}).experiment
    made = study.with_settings(typed).experiment
    if draw.random() < BUILT and "data" not in typed:
        made.stages(0)
    return made


def wrong_settings(made: Settings) -> Iterator[str]:
    values = json.loads(made.model_dump_json())
    values.pop("data", None)  # a path may be called anything
    yield from odd_texts(values)


def study_files(place: Path) -> dict[str, bytes]:
    from tests.left_behind import leaving

    out = leaving(place)()
    return {
        path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


def _rehashed(out: Path) -> Path:
    """Make the hashes in study.json those of the files, as somebody would who tampers with care."""
    path = out / "study.json"
    try:
        study = json.loads(path.read_bytes())
        study["files"] = {
            name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in study["files"]
        }
        path.write_text(json.dumps(study), encoding="utf-8")
    except (ValueError, TypeError, KeyError, OSError, RecursionError, AttributeError):
        pass
    return out


def _drawn(out: Path) -> Path:
    """Draw the page, of which there is a whole one or none."""
    page = out / "report.html"
    page.unlink(missing_ok=True)
    build(_rehashed(out))
    return page


def _half(page: Path) -> Iterator[str]:
    if not page.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        yield "half a page"


def studies(place: Path) -> dict[str, Target]:
    left = study_files(place)
    of_text = tuple(name for name in left if name.endswith((".json", ".jsonl")))
    return {
        "a study's files": Target(weight=2, files=left, read=finished.read),
        "a study's files, rehashed": Target(
            weight=2, files=left, spoilt=of_text, read=lambda out: load(_rehashed(out)).runs
        ),
        "the report": Target(weight=0.06, files=left, read=_drawn, wrong=_half, spoilt=of_text),
    }


def models(place: Path) -> dict[str, Target]:
    """Return a directory of a model; what is accepted by its files is loaded now and then."""
    from obverse import Document, Recipe, Setup
    from obverse.core.stage import Stage, Training

    told = Training(documents=(Document(completion="Ada Stone is kind."),), recipe=Recipe())
    stage = Stage(name="told", training=told, measures=())
    small = Scratch(hidden_size=16, layers=1, heads=1, vocabulary=257, max_tokens=16)
    made: Any = small.build(Setup(stages=(stage,), seed=0, device="cpu", folder=place))
    made.save(place / "model")
    held = {path.name: path.read_bytes() for path in (place / "model").iterdir()}
    text = tuple(name for name in held if name.endswith(".json"))

    def loaded(folder: Path) -> Any:
        spec = resolve(str(folder))
        return spec.build(Setup(stages=(), seed=0, device="cpu", folder=folder))

    return {
        "a model's directory": Target(
            weight=0.3, files=held, spoilt=(*text, *text, "model.safetensors"),
            read=lambda folder: resolve(str(folder)),
        ),
        "a model, loaded": Target(weight=0.05, files=held, spoilt=text, read=loaded),
    }  # fmt: skip
