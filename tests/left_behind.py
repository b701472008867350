"""A study's directory, written by hand, of an experiment that nobody has ever run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from obverse.core.measure import LEADING
from obverse.measures.ask import Ask
from obverse.measures.frame import schema

LABELS = {"side": "str", "shots": "int"}
TYPES = {"str": str, "int": int, "float": float, "bool": bool}


class Leave(Protocol):
    """Writes a study's directory; `changes` replace keys of study.json."""

    def __call__(
        self,
        rows: Sequence[Mapping[str, Any]] | None = None,
        claims: Sequence[Mapping[str, Any]] | None = None,
        tables: Mapping[str, pl.DataFrame] | None = None,
        **changes: Any,
    ) -> Path: ...


def claim(name: str = "left", **changes: Any) -> dict[str, Any]:
    return {
        "claim": name, "text": "the left side is known", "model": "m", "unit": "exact match",
        "paper": 0.5,
        "source": "Table 1", "measured": 0.75, "low": 0.5, "high": 0.875, "level": 0.95,
        "criterion": "> 0.100", "n_facts": 4, "n_seeds": 2, "p": 0.001, "verdict": "holds",
        "by_seed": {"0": 0.625, "1": 0.875}, "note": "", "seeds_needed": None, "role": "primary",
        "counted": "facts", "trained": True, "tested_at": 0.025, "family": 1, "passes_at": 0.5,
        "meets": 2, "open_share": 0.842, "paper_outside": False,
    } | changes  # fmt: skip


def asked(
    *, seeds: Sequence[int] = (0, 1), epochs: Sequence[int] = (0, 1, 2), facts: int = 4, **more: Any
) -> list[dict[str, Any]]:
    """Return rows of `ask`: facts asked about on two sides, the left one learnt as training goes on."""
    rows = []
    for seed, epoch, side, n in product(seeds, epochs, ("left", "right"), range(facts)):
        right = side == "left" and n < epoch * facts // max(epochs) - (seed == 1)
        rows.append(
            {
                "run": f"m-seed{seed}", "model": "m", "parameters": 10, "seed": seed, "branch": 0,
                "stage": "training", "epoch": epoch, "step": 5 * epoch, "tokens": 100 * epoch,
                "final": epoch == max(epochs), "fact": f"f{seed}{n}", "side": side, "shots": 0,
                "probe": f"{side}{n}", "prompt": f"What is on the {side} of {n}?", "target": " a box",
                "generation": " a box" if right else " a cat", "exact_match": right, "logprob": -1.5 - n,
                "chance": 0.25, "rank": 1 if right else 2, "n_candidates": 4,
            } | more
        )  # fmt: skip
    return rows


def table(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str] = LABELS) -> pl.DataFrame:
    kinds = LEADING | {name: TYPES[kind] for name, kind in labels.items()} | dict(Ask.columns)
    return pl.DataFrame(list(rows), schema=schema(kinds))


def leaving(folder: Path) -> Leave:
    """Return a function that writes the directory `study` under `folder`."""

    def write(
        rows: Sequence[Mapping[str, Any]] | None = None,
        claims: Sequence[Mapping[str, Any]] | None = None,
        tables: Mapping[str, pl.DataFrame] | None = None,
        **changes: Any,
    ) -> Path:
        out = folder / "study"
        rows = asked() if rows is None else rows
        tables = {"ask": table(rows)} if tables is None else tables
        (out / "observations").mkdir(parents=True)
        for name, frame in tables.items():
            frame.write_parquet(out / "observations" / f"{name}.parquet")
        found = {"schema": 4, "study": "sides", "claims": [claim()] if claims is None else list(claims)}
        _json(out / "claims.json", found)
        runs = list(
            pl.concat([t.select("run", "model", "seed", "variant") for t in tables.values()])
            .unique(maintain_order=True)
            .iter_rows(named=True)
        ) or [{"run": "m-seed0", "model": "m", "seed": 0, "variant": None}]
        lines = [json.dumps(_record(run)) + "\n" for run in runs]
        (out / "runs.jsonl").write_text("".join(lines), encoding="utf-8")
        _json(out / "study.json", _study(out, runs, tables) | changes)
        return out

    return write


def _study(
    out: Path, runs: Sequence[Mapping[str, Any]], tables: Mapping[str, pl.DataFrame]
) -> dict[str, Any]:
    names = ["claims.json", "runs.jsonl", *(f"observations/{name}.parquet" for name in tables)]
    return {
        "schema": 4, "study": "sides", "title": "Sides", "about": "Is the left side known?",
        "paper": "Nobody 2026", "preset": "tiny", "command": "obverse run sides.py",
        "given": {"deep.a": "2"},
        "experiment": {
            "type": None, "version": 1, "settings": {"facts": 4, "deep": {"a": 2, "b": [1, 2]}},
            "columns": LABELS, "by": ["side"], "clusters": [],
        },
        "variants": {},
        "models": [{"type": "x:M", "name": name} for name in dict.fromkeys(run["model"] for run in runs)],
        "seeds": sorted({run["seed"] for run in runs}),
        "remark": None, "skipped": [],
        "files": {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names},
        "provenance": {
            "time": "2026-11-21T12:00:00+00:00", "revision": None,
            "packages": {"torch": "2", "peft": None},
            "python": "3.11", "machine": {"platform": "Linux", "processor": "P", "cpus": 2},
            "accelerator": None,
        },
    }  # fmt: skip


def _record(run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": run["run"], "run": "1", "model": run["model"], "seed": run["seed"],
        "variant": run["variant"], "trained": True,
        "seconds": 2.4, "parameters": 12345, "device": "cpu", "data_sha256": "d" * 64, "left_out": {},
        "weights_after_sha256": "w" * 64,
        "stages": [{"name": "training", "documents": 8, "steps": 10, "tokens": 200}],
    }  # fmt: skip


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def change_runs(out: Path, **keys: Any) -> None:
    """Replace keys of every run's record, as if the study had written them; ... takes one away."""
    path = out / "runs.jsonl"
    rows = [json.loads(line) | keys for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [{key: value for key, value in row.items() if value is not ...} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    study = json.loads((out / "study.json").read_text(encoding="utf-8"))
    study["files"]["runs.jsonl"] = hashlib.sha256(path.read_bytes()).hexdigest()
    _json(out / "study.json", study)
