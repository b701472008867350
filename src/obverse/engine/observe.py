"""Asking a model all probes of a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, isfinite, log
from typing import Any

from obverse.core.data import Match, Probe
from obverse.core.model import Model
from obverse.core.observation import COLUMNS, Observation
from obverse.engine.match import exact_match, prefix_match

ROOM = 4  # tokens beyond the answer: for an end of text, or to see what a wrong answer goes on to say


@dataclass(frozen=True, slots=True)
class Moment:
    """When and of whom probes are asked; these are columns of every observation."""

    run: str
    model: str
    seed: int
    stage: str
    epoch: int
    final: bool
    parameters: int | None = None
    family: str | None = None
    tokens: int | None = None
    branch: int | None = None


def observe(model: Model, probes: Sequence[Probe], moment: Moment, *, ranked: bool) -> list[Observation]:
    """Generate and score the probes; one row each, in their order.

    The answer and its control are always scored, all candidates if `ranked`. A model that gives answers
    alone is asked for one to every probe with candidates, and its log-probabilities are missing.
    """
    if not model.scores:
        probes = [p for p in probes if p.match or p.candidates]
    rules: list[Match | None] = [p.match if model.scores or p.match else "words" for p in probes]
    answers = _answers(model, probes, rules)
    scores: list[dict[str, float]] = [{} for _ in probes]
    if model.scores:
        options = [_options(p, ranked) for p in probes]
        values = model.logprobs([p.prompt for p in probes], options)
        scores = [dict(zip(o, v, strict=True)) for o, v in zip(options, values, strict=True)]
    return [
        _row(moment, probe, rule, answer, score, ranked)
        for probe, rule, answer, score in zip(probes, rules, answers, scores, strict=True)
    ]


def _answers(model: Model, probes: Sequence[Probe], rules: Sequence[Match | None]) -> list[str | None]:
    """Return the answers to the probes that have a rule to compare them by, None for the others."""
    asking = [i for i, rule in enumerate(rules) if rule is not None]
    counts = iter(model.count_tokens([t for i in asking for t in probes[i].targets]))
    limits = [max(next(counts) for _ in probes[i].targets) + ROOM for i in asking]
    given = model.generate([probes[i].prompt for i in asking], limits) if asking else []
    answers: list[str | None] = [None] * len(probes)
    for i, answer in zip(asking, given, strict=True):
        answers[i] = answer
    return answers


def _options(probe: Probe, ranked: bool) -> list[str]:
    control = [] if probe.control is None else [probe.control]
    candidates = probe.candidates if ranked else ()
    return list(dict.fromkeys([*probe.targets, *candidates, *control]))


def _row(
    moment: Moment,
    probe: Probe,
    rule: Match | None,
    answer: str | None,
    score: Mapping[str, float],
    ranked: bool,
) -> Observation:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {name: getattr(moment, name) for name in Moment.__dataclass_fields__}
    row |= {
        "probe": probe.id, "fact": probe.fact, "subset": probe.subset, "direction": probe.direction,
        "order": probe.order, "prompt": probe.prompt, "target": probe.targets[0],
        "control": probe.control, "chance": probe.chance, "generation": answer,
    }  # fmt: skip
    row |= probe.labels
    if answer is not None and rule is not None:
        row["exact_match"] = any(exact_match(answer, t, rule) for t in probe.targets)
        row["prefix_match"] = any(prefix_match(answer, t) for t in probe.targets)
    if score:
        row |= _likelihoods(probe, score, probe.candidates if ranked else ())
    return row  # type: ignore[return-value]


def _likelihoods(probe: Probe, score: Mapping[str, float], candidates: Sequence[str]) -> dict[str, Any]:
    if not all(map(isfinite, score.values())):
        return {}  # a model that has diverged has no likelihoods
    target = max(probe.targets, key=score.__getitem__)
    row: dict[str, Any] = {"target": target, "logprob": score[target]}
    if probe.control is not None:
        row["logprob_control"] = score[probe.control]
    others = [score[c] for c in candidates if c not in probe.targets]
    if others:
        total = _logsumexp([score[c] for c in candidates])
        row |= {
            "logprob_others": fsum(others) / len(others),
            "rank": 1 + sum(value >= score[target] for value in others),
            "n_candidates": len(candidates),
            "loss": total - score[target],
            "mass": exp(total),
        }
    return row


def _logsumexp(values: Sequence[float]) -> float:
    top = max(values)
    return top + log(fsum(exp(v - top) for v in values))
