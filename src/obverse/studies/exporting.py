"""An experiment's questions as a directory that lm-evaluation-harness or Inspect AI runs as it is.

What is written needs nothing of obverse and can be moved: items.jsonl, the comparison of answers, and the
harness's own files, which find them beside them. There is a task for each group of questions that the
experiment's means are taken by.
"""

import inspect
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal, get_args

from obverse.core.data import Label, Probe
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
MOST_VALUES = 60  # of a label that questions are grouped by


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
    whole = _free("obverse_" + _word(name or experiment.name), ())
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
    folders = folders_of(study, out)
    return [
        path
        for name, arm in arms.items()
        for path in export(arm.experiment, to, folders[name], seed=seed, name=f"{study.name} {name}")
    ]


def folders_of(study: Study, out: Path) -> dict[str, Path]:
    """Return the directory of each variant of a study; of an experiment alone it is `out`.

    Raises:
        ObverseError: if two would have the same.
    """
    folders = {name: out / files.safe_name(name) if name else out for name in study.variants()}
    if len(set(folders.values())) < len(folders):
        raise ObverseError(
            f"{study.name}: the names of two variants make one directory: {', '.join(folders)}"
        )
    return folders


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
    """Return the groups of questions; where there is one alone, it is called like the whole.

    As on a study's page, a label of very many values makes no groups.
    """
    by = experiment.by
    if by is None:
        by = tuple(name for name, kind in experiment.columns.items() if kind is str)
    asked = [(p, how) for p in probes_of(stages) if (how := _kind(p)) is not None]
    varied = [n for n in by if 1 < len({p.labels.get(n) for p, _ in asked}) <= MOST_VALUES]
    groups: dict[tuple[tuple[Label | None, ...], Kind], list[Probe]] = {}
    for probe, how in asked:
        groups.setdefault((tuple(probe.labels.get(n) for n in varied), how), []).append(probe)
    kinds = len({how for _, how in groups}) > 1
    names: set[str] = {whole} if len(groups) > 1 else set()
    parts = []
    for (values, how), probes in groups.items():
        said = [_word(str(value)) for value in values if value is not None]
        name = _free("_".join(filter(None, (whole, *said, how if kinds else ""))), names)
        names.add(name)
        tokens = max(len(t.encode()) for p in probes for t in p.targets) + ROOM
        parts.append(Part(name=name, kind=how, tokens=tokens, probes=tuple(probes)))
    return parts


def _free(name: str, taken: Collection[str]) -> str:
    """Return a name, shortened for a file and with a number behind it if it is taken."""
    name = name.encode()[: files.LONGEST].decode(errors="ignore")
    numbered = (f"{name}_{number}" for number in count(2))
    return name if name not in taken else next(one for one in numbered if one not in taken)


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
    """Return a text as part of a name in Python."""
    text = unicodedata.normalize("NFKC", text)  # as Python reads names
    return re.sub("_+", "_", "".join(c if f"_{c}".isidentifier() else "_" for c in text)).strip("_")
