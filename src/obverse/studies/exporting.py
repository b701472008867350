"""An experiment's questions as a directory that lm-evaluation-harness or Inspect AI runs as it is.

What is written needs nothing of obverse and can be moved: items.jsonl, the comparison of answers, and the
harness's own files, which find them beside them. There is a task for each group of questions that the
experiment's means are taken by.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.settings import unknown_name
from obverse.core.stage import Stage
from obverse.measures import match
from obverse.measures.ask import ROOM, Ask
from obverse.store import files
from obverse.studies import for_inspect, for_lm_eval
from obverse.studies.study import Study

Harness = Literal["lm-eval", "inspect"]
HARNESSES = get_args(Harness)
Kind = Literal["ranked", "answered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A group of questions: the name of its task, how they are asked, and at most how many tokens an
    answer has, by the bytes of the longest."""

    name: str
    kind: Kind
    tokens: int
    probes: tuple[Probe, ...]


def export(experiment: Experiment, to: str, out: Path, *, seed: int = 0, name: str = "") -> list[Path]:
    """Write the questions that a run of `seed` is asked as tasks of another harness; return the files.

    A question with a rule for answers is answered (exact match by that rule), another one's candidates
    are ranked by their likelihood. One with neither is left out.

    Args:
        experiment: whose questions.
        to: the harness, "lm-eval" or "inspect".
        out: the directory to write to.
        seed: of a run.
        name: of the whole; by default the experiment's.

    Raises:
        ObverseError: on an unknown harness, if the experiment asks nothing in words, or if the directory
            cannot be written.
    """
    if to not in HARNESSES:
        raise ObverseError(unknown_name(to, HARNESSES, "harness"))
    whole = "obverse_" + _word(name or experiment.name)
    parts = _parts(experiment, experiment.stages(seed), whole)
    if not parts:
        raise ObverseError(
            f"{experiment.name}: asks no questions in words, which {to} could ask; `obverse data` writes "
            "what it tells and measures"
        )
    items = out / "items.jsonl"
    files.write_jsonl(items, (_row(part, probe) for part in parts for probe in part.probes))
    written = for_lm_eval.files if to == "lm-eval" else for_inspect.files
    made = written(whole, [(part.name, part.kind, part.tokens) for part in parts])
    for file, text in (made := {f"{whole}_match.py": _match_alone()} | made).items():
        files.write_text(out / file, text)
    return [items, *(out / file for file in made)]


def export_study(study: Study, to: str, out: Path, seed: int) -> list[Path]:
    """Write the questions of each variant of a study, of several each in a directory of its own.

    Raises:
        ObverseError: as `export`.
    """
    arms = study.variants()
    if len(arms) == 1:
        return export(study.experiment, to, out, seed=seed)
    return [
        path
        for name, arm in arms.items()
        for path in export(
            arm.experiment, to, out / files.safe_name(name), seed=seed, name=f"{study.name} {name}"
        )
    ]


def probes_of(stages: Sequence[Stage]) -> Iterator[Probe]:
    """Yield the probes of all stages' questions, each once."""
    seen: set[str] = set()
    for stage in stages:
        for measure, _ in stage.measures:
            for probe in measure.probes if isinstance(measure, Ask) else ():
                if probe.id not in seen:
                    seen.add(probe.id)
                    yield probe


def _parts(experiment: Experiment, stages: Sequence[Stage], whole: str) -> list[Part]:
    """Return the groups of questions; where there is one alone, it is called like the whole."""
    by = experiment.by
    if by is None:
        by = tuple(name for name, kind in experiment.columns.items() if kind is str)
    asked = [(p, how) for p in probes_of(stages) if (how := _kind(p)) is not None]
    varied = [n for n in by if len({p.labels.get(n) for p, _ in asked}) > 1]
    groups: dict[tuple[str, Kind], list[Probe]] = {}
    for probe, how in asked:
        place = "_".join(_word(str(probe.labels[n])) for n in varied if probe.labels.get(n) is not None)
        groups.setdefault((place, how), []).append(probe)
    kinds = len({how for _, how in groups}) > 1
    return [
        Part(
            name="_".join(filter(None, (whole, place, how if kinds else ""))), kind=how,
            tokens=max(len(t.encode()) for p in probes for t in p.targets) + ROOM, probes=tuple(probes),
        )
        for (place, how), probes in groups.items()
    ]  # fmt: skip


def _kind(probe: Probe) -> Kind | None:
    if probe.match is not None:
        return "answered"
    return "ranked" if len(probe.candidates) > 1 else None


def _row(part: Part, probe: Probe) -> dict[str, object]:
    labels = {name: value for name, value in probe.labels.items() if name not in ("part", "choices")}
    return labels | {
        "id": probe.id,
        "part": part.name,
        "prompt": probe.prompt,
        "choices": list(probe.candidates) if part.kind == "ranked" else list(probe.targets),
        "right": [c in probe.targets for c in probe.candidates] if part.kind == "ranked" else [],
        "match": probe.match,
    }


def _match_alone() -> str:
    """Return the code that compares answers, without what it imports of obverse."""
    code = inspect.getsource(match)
    return code.replace("from obverse.core.data import Match\n", "Match = str\n")


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_")
