"""What a run does, in numbers that are known before it: documents, steps, tokens, questions."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from obverse.core.abilities import Model
from obverse.core.data import Probe
from obverse.core.measure import Measure
from obverse.core.model import ModelSpec
from obverse.core.stage import Stage, Timetable, When
from obverse.measures.ask import ROOM, Ask
from obverse.measures.sample import Sample

BYTES = 4  # of a token, where no tokenizer is at hand
Count = Callable[[Sequence[str]], list[int]]  # the tokens of texts


@dataclass(frozen=True, slots=True)
class StageWorkload:
    """What one stage does: `moments` are those of each of its measures."""

    documents: int
    steps: int
    trained: int
    questions: int
    asked: int
    moments: tuple[int, ...]


@dataclass(frozen=True)
class Workload:
    """What a run does; tokens `grown` are those of a model that is trained by itself beforehand."""

    stages: tuple[StageWorkload, ...]
    grown: int = 0

    @cached_property
    def documents(self) -> int:
        """Documents told, each counted once, whatever the epochs."""
        return sum(stage.documents for stage in self.stages)

    @cached_property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    @cached_property
    def trained(self) -> int:
        """Tokens trained on, padding left out."""
        return self.grown + sum(stage.trained for stage in self.stages)

    @cached_property
    def questions(self) -> int:
        """Questions asked, each at each of its moments."""
        return sum(stage.questions for stage in self.stages)

    @cached_property
    def asked(self) -> int:
        """Tokens of questions and possible answers, at all moments."""
        return sum(stage.asked for stage in self.stages)


def counter(model: Model | None) -> Count:
    """Return a function that counts tokens: the model's, or a token for every four bytes."""
    count = getattr(model, "count_tokens", None)
    if count is None:
        return lambda texts: [-(-len(text.encode()) // BYTES) for text in texts]
    found: Count = count
    return found


def workload_of(stages: Sequence[Stage], count: Count, spec: ModelSpec) -> Workload:
    """Return what a run with these stages does to a model."""
    tokens, points = spec.growth() or (0, 1)
    # A model that grows is asked meanwhile by the first stage, if that trains nothing.
    made = (
        _stage(stage, count, points if n == 0 else 1, spec.asked_along) for n, stage in enumerate(stages)
    )
    return Workload(tuple(made), tokens)


def _stage(stage: Stage, count: Count, points: int, asked_along: bool) -> StageWorkload:
    documents = steps = trained = 0
    table = None
    if stage.training is not None:
        told, recipe = stage.training.documents, stage.training.recipe
        ends = recipe.epoch_ends(len(told))
        documents, steps = len(told), ends[-1]
        trained = recipe.epochs * sum(count([getattr(d, "text", "") for d in told]))
        evenly = tuple(trained * step // steps for step in range(steps + 1))
        table = Timetable(steps=steps, epoch_ends=tuple(ends), tokens=evenly)
    moments = tuple(_moments(when, table, points, asked_along) for _, when in stage.measures)
    questions = asked = 0
    for (measure, _), times in zip(stage.measures, moments, strict=True):
        questions += times * _questions(measure)
        asked += times * asked_tokens(measure, count)
    return StageWorkload(documents, steps, trained, questions, asked, moments)


def _moments(when: When, table: Timetable | None, points: int, asked_along: bool = True) -> int:
    """Return how often a measure is taken; a stage without training has `points` moments."""
    if table is not None:
        due = when.steps_of(table)
        return len(due if asked_along else due & {0, table.steps})
    return (points - 1) * when.along + when.end


def _questions(measure: Measure) -> int:
    return len(measure.probes) if isinstance(measure, Ask) else sum(1 for _ in measure.rows())


class Sent(NamedTuple):
    """What a run sends to a server to be measured, and what it is answered at most.

    Bytes `read`, and tokens `written`, of so many `requests`.
    """

    read: int = 0
    written: int = 0
    requests: int = 0

    def __add__(self, other: tuple[int, ...]) -> "Sent":  # type: ignore[override]
        return Sent(*map(operator.add, self, other))


def sent(stages: Sequence[Stage], spec: ModelSpec) -> Sent:
    """Return what a run sends to a server, where nothing is answered yet and every request at once.

    A prompt is sent with every possible answer where these are scored, and once to be answered. A server
    may write as many tokens as the longest right answer has bytes, since its tokenizer is not known; it
    writes one for every score. Scores of answers whose tokens merge with the prompt's take another
    request, and are not counted.
    """
    scored = "scores" in spec.abilities()
    total = Sent()
    for stage, of_stage in zip(stages, workload_of(stages, counter(None), spec).stages, strict=True):
        for (measure, _), times in zip(stage.measures, of_stage.moments, strict=True):
            total += tuple(times * number for number in _sent(measure, scored))
    return total


def _sent(measure: Measure, scored: bool) -> Sent:
    """Return what one moment of a measure sends."""
    total = Sent()
    if isinstance(measure, Sample):
        for probe in measure.probes:
            limit = measure.most or _longest(probe) + ROOM
            total += tuple(measure.samples * n for n in (len(probe.prompt.encode()), limit, 1))
        return total
    if not isinstance(measure, Ask):
        texts = list(measure.texts())
        return Sent(sum(len(text.encode()) for text in texts), 0, len(texts))
    for probe in measure.probes:
        prompt = len(probe.prompt.encode())
        if scored:
            options = [len(option.encode()) for option in measure.options(probe)]
            total += (len(options) * prompt + sum(options), len(options), len(options))
        if probe.match or (probe.candidates and not scored):
            total += (prompt, _longest(probe) + ROOM, 1)
    return total


def _longest(probe: Probe) -> int:
    return max(len(target.encode()) for target in probe.targets)


def asked_tokens(measure: Measure, count: Count) -> int:
    """Return the tokens that one moment of a measure reads: prompts once, and every possible answer."""
    if not isinstance(measure, Ask):
        return sum(count(list(measure.texts())))
    return sum(count([t for p in measure.probes for t in (p.prompt, *measure.options(p))]))
