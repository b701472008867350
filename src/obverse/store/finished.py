"""What a study left in its directory, read and checked."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field

from obverse.core.claim import Finding
from obverse.core.content import file_hash
from obverse.core.errors import ObverseError
from obverse.core.measure import LEADING
from obverse.core.page import SCHEMA, Finished
from obverse.core.settings import validated
from obverse.store import files, tables

TABLES = "observations/"
RUNS = "runs.jsonl"


class _Part(BaseModel):
    """Keys that are needed; others are kept as they are."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class _Machine(_Part):
    platform: str
    processor: str
    cpus: int | None = None


class _Provenance(_Part):
    time: str
    revision: str | None = None
    packages: dict[str, str | None]
    python: str
    machine: _Machine
    accelerator: str | None = None


class _Experiment(_Part):
    type: str | None = None
    settings: dict[str, Any]
    columns: dict[str, str]
    by: list[str] | None = None
    clusters: list[str] = Field(default_factory=list)


class _ModelSettings(_Part):
    name: str


class _Skipped(_Part):
    name: str
    reason: str


class _Study(_Part):
    study: str
    title: str
    about: str = ""
    paper: str = ""
    preset: str
    command: str | None = None
    given: dict[str, Any] = Field(default_factory=dict)
    experiment: _Experiment
    variants: dict[str, dict[str, Any]] = Field(default_factory=dict)
    models: list[_ModelSettings]
    seeds: list[int]
    looks: int = Field(default=1, ge=1)
    grid: dict[str, list[str | int | float | bool]] = Field(default_factory=dict)
    grid_values: dict[str, list[Any]] = Field(default_factory=dict)
    as_it_is: list[str] | None = None
    made_of: str | None = None
    remark: str | None = None
    skipped: list[_Skipped] = Field(default_factory=list)
    files: dict[str, str]
    provenance: _Provenance


K = TypeVar("K", bound=_Part)


class _Claims(_Part):
    model_config = ConfigDict(extra="ignore")  # a finding has no place for keys of its own

    claims: list[Finding]


class _Stage(_Part):
    name: str
    documents: int | None = None
    steps: int | None = None
    tokens: int | None = None


class _Record(_Part):
    name: str
    run: str
    model: str
    seed: int
    variant: str | None = None
    trained: bool
    seconds: float | None = None
    parameters: int | None = None
    stages: list[_Stage] = Field(default_factory=list)
    left_out: dict[str, int] = Field(default_factory=dict)
    data_sha256: str | None = None
    weights_after_sha256: str | None = None
    device: str | None = None
    peak_memory: int | None = None


def read(out: Path) -> Finished:
    """Read the directory of a finished study.

    `runs` holds each run's record with `name` (of its folder), `run` (as tables call it), `model`,
    `seed`, `variant` and `trained`: whether its seed mattered, which it does not to a model that is only
    asked.

    Raises:
        ObverseError: if a file or a key is missing, or a file was changed since the study wrote it;
            of what `runs` holds, when it is first asked for.
    """
    study = _study(out)
    _refuse_changed(out, study)
    labels = (*study.experiment.columns, *study.grid)
    paths = [out / name for name in study.files if name.startswith(TABLES) and name.endswith(".parquet")]
    for path in paths:
        _check_columns(path, labels)
    return Finished(
        study=study.model_dump(),
        claims=_claims(out),
        tables=tables.Tables({path.stem: path for path in paths}),
        runs=Records(out / RUNS),
    )


def study_and_claims(out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read study.json and claims.json alone.

    Raises:
        ObverseError: if a file or a key is missing.
    """
    return _study(out).model_dump(), _claims(out)


def findings(out: Path) -> list[Finding]:
    """Return what became of a study's claims.

    Raises:
        ObverseError: if claims.json is missing, or is none.
    """
    return _read(_Claims, out / "claims.json").claims


def _claims(out: Path) -> list[dict[str, Any]]:
    return [finding.to_dict() for finding in findings(out)]


def _study(out: Path) -> _Study:
    path = out / "study.json"
    try:
        there = path.is_file()
    except OSError as error:  # a name too long
        raise ObverseError(f"{str(out)[:60]}…: cannot be read: {error.strerror}") from None
    if not there:
        if (out / "runs").is_dir():
            raise ObverseError(
                f"{out}: no study.json: the study there is not finished; the same `obverse run` goes on "
                "with it, and keeps the runs that are done"
            )
        raise ObverseError(f"{out}: no study.json; expected the directory of a finished study")
    raw = files.read_json(path)
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if schema != SCHEMA:
        raise ObverseError(
            f"{path}: schema: expected {SCHEMA}, got {schema!r}; it was written by another version of "
            "obverse: the same `obverse run` with this one writes it anew, from the runs that are there"
        )
    return validated(_Study, raw, f"{path}: ")


def _read(kind: type[K], path: Path) -> K:
    return validated(kind, files.read_json(path), f"{path}: ")


def _refuse_changed(out: Path, study: _Study) -> None:
    again = f"run again: {study.command}" if study.command else "run the study again"
    for name in ("claims.json", RUNS):
        if name not in study.files:
            raise ObverseError(f"{out / 'study.json'}: files.{name}: is missing")
    for name, wanted in study.files.items():
        if file_hash(out / name) != wanted:
            raise ObverseError(
                f"{out / name}: changed since the study wrote it, so that it proves nothing; {again}"
            )


def _check_columns(path: Path, labels: Iterable[str]) -> None:
    columns = tables.columns(path)
    for name in (*LEADING, *labels):
        if name not in columns:
            raise ObverseError(f"{path}: no column {name!r}; it has {', '.join(columns)}")


class Records(Sequence[dict[str, Any]]):
    """The records of runs, read when they are first asked for: there may be very many, and who only
    wants to know whether anything is to do needs none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _read(self) -> list[dict[str, Any]]:
        return _records(self._path)

    def __len__(self) -> int:
        return len(self._read)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._read[index]


def _records(path: Path) -> list[dict[str, Any]]:
    """Read the records; what one has in common with the one before (packages, machine) is kept once."""
    records: list[dict[str, Any]] = []
    before: dict[str, Any] = {}
    for line, row in files.read_jsonl(path, ("name", "run", "model")):
        record = validated(_Record, row, f"{path}, line {line}: ").model_dump()
        for key, value in record.items():
            if isinstance(value, str | dict | list) and value == before.get(key):
                record[key] = before[key]
        records.append(record)
        before = record
    return records
