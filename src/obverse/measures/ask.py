"""Asking a model questions: what it answers, and how likely the right answer is to it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, isfinite, log
from typing import Any, ClassVar

import polars as pl

from obverse.core.abilities import Beginning, Capability, Foresees, Generates, Model, Scores
from obverse.core.data import Label, Match, Probe, probe_row
from obverse.core.errors import ObverseError
from obverse.core.measure import Measure, Moment
from obverse.measures.frame import to_frame
from obverse.measures.match import exact_match, judged_early, prefix_match
from obverse.measures.room import NO_ROOM, has_room

ROOM = 4  # tokens beyond the answer: for an end of text, or to see what a wrong answer goes on to say


@dataclass(frozen=True, kw_only=True)
class Ask(Measure):
    """Generate and score the probes; one row each, in their order.

    The answer and its control are always scored, all candidates if `ranked`. A model that gives answers
    alone is asked for one to every probe with candidates, and its log-probabilities are missing. Probes
    that a model has no room for are left out, and counted.

    Log-probabilities are natural, summed over the tokens of the answer (nats). A value that was not
    measured is null, never 0.

    Where the scores tell how an answer begins, and this decides whether it is right, it is not generated.

    Of a model that gives answers alone, `named` says whether an answer is one of the candidates: one that
    is none of them ("LIST") is wrong, and is no choice of another.

    Attributes:
        probes: what is asked.
        ranked: whether all candidates are scored, or the targets and the control alone.
        generated: how many answers, spread evenly over the probes, are generated at a run's last moment
            for their texts' sake; None: all. Before it no text is kept.
    """

    name: ClassVar[str] = "ask"
    columns: ClassVar[Mapping[str, type[Label]]] = {
        "probe": str, "prompt": str, "target": str, "generation": str, "exact_match": bool,
        "prefix_match": bool, "named": bool, "tie": bool, "logprob": float, "control": str,
        "logprob_control": float, "logprob_others": float, "rank": int, "n_candidates": int,
        "chance": float, "loss": float, "mass": float,
    }  # fmt: skip
    requires: ClassVar[frozenset[Capability]] = frozenset({"generates"})
    version: ClassVar[int] = 3

    probes: tuple[Probe, ...]
    ranked: bool = True
    generated: int | None = 200

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for probe in self.probes:
            if probe.id in seen:
                raise ObverseError(f"two probes have the id {probe.id!r}; expected ids that differ")
            seen.add(probe.id)

    def labels(self) -> Iterable[Mapping[str, Label]]:
        return (probe.labels for probe in self.probes)

    def rows(self) -> Iterable[Mapping[str, object]]:
        return map(probe_row, self.probes)

    def texts(self) -> Iterable[str]:
        for probe in self.probes:
            yield from (probe.prompt, *probe.targets, *probe.candidates)
            if probe.control is not None:
                yield probe.control

    def unfit(self, model: Model, probe: Probe) -> str | None:
        """Return why a probe cannot be put to a model, or None if it can."""
        longest = max((*probe.targets, *probe.candidates), key=len)
        return None if has_room(model, probe.prompt + longest) else NO_ROOM

    def refuse(self, moment: Moment, reasons: Sequence[str | None]) -> None:
        """Refuse to ask if too little is left; `reasons` are those of `unfit`, one a probe.

        Raises:
            ObverseError: if no probe can be put to the model.
        """
        if reasons and None not in reasons:
            raise ObverseError(
                f"{moment.model}: every question is left out ({counted(reasons)}); expected at least one "
                "that can be asked"
            )

    def __call__(self, model: Model, moment: Moment) -> pl.DataFrame:
        """Return one row a probe, with the columns above, `fact` and the probes' labels.

        Raises:
            ObverseError: if no probe can be put to the model.
        """
        probes = self._fit(model, moment)
        scorer = model if isinstance(model, Scores) else None
        if scorer is None:
            probes = [p for p in probes if p.match or p.candidates]
        rules: list[Match | None] = [p.match if scorer or p.match else "words" for p in probes]
        limits = _limits(model, probes, rules)
        scores: list[dict[str, float]] = [{} for _ in probes]
        begun: list[Beginning | None] = [None] * len(probes)
        if scorer is not None:
            prompts, options = [p.prompt for p in probes], [self.options(p) for p in probes]
            if isinstance(scorer, Foresees) and any(limits):
                closed = [len(p.targets) if limit else 0 for p, limit in zip(probes, limits, strict=True)]
                values, begun = scorer.logprobs_and_beginnings(prompts, options, limits, closed)
            else:
                values = scorer.logprobs(prompts, options)
            scores = [dict(zip(o, v, strict=True)) for o, v in zip(options, values, strict=True)]
        answers = _answers(model, probes, rules, limits, begun, self._shown(probes, moment), moment.final)
        rows = [
            _row(probe, answer, score, probe.candidates if self.ranked else ())
            for probe, answer, score in zip(probes, answers, scores, strict=True)
        ]
        return to_frame(rows)

    def _fit(self, model: Model, moment: Moment) -> list[Probe]:
        reasons = [self.unfit(model, probe) for probe in self.probes]
        for reason, count in Counter(filter(None, reasons)).items():
            moment.leave_out(reason, count)
        self.refuse(moment, reasons)
        return [probe for probe, reason in zip(self.probes, reasons, strict=True) if reason is None]

    def _shown(self, probes: Sequence[Probe], moment: Moment) -> frozenset[int]:
        """Return the numbers of the probes whose answers are to have a text."""
        if not moment.final:
            return frozenset()
        most = len(probes) if self.generated is None else min(self.generated, len(probes))
        return frozenset(i * len(probes) // most for i in range(most))

    def options(self, probe: Probe) -> list[str]:
        """Return the possible answers that are scored, the targets first."""
        control = [] if probe.control is None else [probe.control]
        candidates = probe.candidates if self.ranked else ()
        return list(dict.fromkeys([*probe.targets, *candidates, *control]))


def counted(reasons: Sequence[str | None]) -> str:
    """Return how often each reason is given, in words."""
    return ", ".join(f"{count}: {reason}" for reason, count in Counter(filter(None, reasons)).items())


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is known of a greedy answer: whether it is right, and its text where that is kept."""

    exact: bool
    prefix: bool
    text: str | None
    tie: bool | None
    named: bool | None = None


def _limits(model: Model, probes: Sequence[Probe], rules: Sequence[Match | None]) -> list[int]:
    """Return how many tokens of each answer are looked at; 0 for probes without a rule."""
    limits = [0] * len(probes)
    asking = [i for i, rule in enumerate(rules) if rule is not None]
    if asking:
        assert isinstance(model, Generates)  # it is required, and checked before the run
        counts = iter(model.count_tokens([t for i in asking for t in probes[i].targets]))
        for i in asking:
            limits[i] = max(next(counts) for _ in probes[i].targets) + ROOM
    return limits


def _answers(
    model: Model,
    probes: Sequence[Probe],
    rules: Sequence[Match | None],
    limits: Sequence[int],
    begun: Sequence[Beginning | None],
    shown: frozenset[int],
    keep: bool,
) -> list[_Answer | None]:
    """Return the answers to the probes that have a rule to compare them by, None for the others.

    An answer is generated where its beginning does not decide whether it is right, where that hangs on a
    tie, and, if its text is to be `shown`, where its end was not seen. Texts are kept if `keep` is set.
    """
    answers: list[_Answer | None] = [None] * len(probes)
    asking: list[int] = []
    for i, (probe, rule, seen) in enumerate(zip(probes, rules, begun, strict=True)):
        if rule is None:
            continue
        early = None
        if seen is not None and not seen.tie and (seen.ended or i not in shown):
            early = judged_early(seen.text, seen.ended, probe.targets, rule)
        if early is None or seen is None:
            asking.append(i)
        else:
            answers[i] = _Answer(*early, seen.text if keep and seen.ended else None, tie=False)
    if asking:
        assert isinstance(model, Generates)
        given = model.generate([probes[i].prompt for i in asking], [limits[i] for i in asking])
        for i, text in zip(asking, given, strict=True):
            rule, seen = rules[i], begun[i]
            assert rule is not None
            exact = any(exact_match(text, t, rule) for t in probes[i].targets)
            prefix = any(prefix_match(text, t) for t in probes[i].targets)
            named = None
            if probes[i].candidates and not isinstance(model, Scores):
                named = any(exact_match(text, candidate, rule) for candidate in probes[i].candidates)
            tie = None if seen is None else seen.tie
            answers[i] = _Answer(exact, prefix, text if keep else None, tie, named)
    return answers


def _row(
    probe: Probe, answer: _Answer | None, score: Mapping[str, float], candidates: Sequence[str]
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "fact": probe.fact, "probe": probe.id, "prompt": probe.prompt, "target": probe.targets[0],
        "control": probe.control, "chance": probe.chance, **probe.labels,
    }  # fmt: skip
    if answer is not None:
        row |= {
            "generation": answer.text, "exact_match": answer.exact, "prefix_match": answer.prefix,
            "tie": answer.tie, "named": answer.named,
        }  # fmt: skip
    if score:
        row |= _likelihoods(probe, score, candidates)
    return row


def _likelihoods(probe: Probe, score: Mapping[str, float], candidates: Sequence[str]) -> dict[str, Any]:
    """Return what the log-probabilities of a probe's options say.

    With s(c) the log-probability of candidate c and t the likeliest target, over all candidates C:

        mass = Σ_C exp s(c)        loss = ln Σ_C exp s(c) − s(t)        rank = 1 + #{c wrong: s(c) ≥ s(t)}

    so that the loss is −ln of the target's share, and a tie counts against the target.
    """
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
