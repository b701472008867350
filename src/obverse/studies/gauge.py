"""How fast this machine trains and asks, measured in seconds on a few steps and questions of a run."""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from obverse.core.abilities import Closes, Grows, Model, Trains, Watch
from obverse.core.measure import Measure, Moment
from obverse.core.model import Setup
from obverse.core.seeds import generator
from obverse.core.stage import Stage, Training
from obverse.measures.ask import Ask
from obverse.run.loop import prepare
from obverse.run.memory import peak_memory
from obverse.run.run import Run
from obverse.run.task import Execution
from obverse.studies.workload import Count, Workload, asked_tokens, counter, workload_of

STEPS = 16  # that are timed, after two to warm up
PROBES = 150
GROWTH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Gauge:
    """What one run takes here.

    Attributes:
        load: what the run does.
        count: counts tokens as its model does.
        parameters: of its model; None where nobody knows.
        building, training, asking: seconds.
        memory: the process's largest resident set, bytes.
        took: seconds that measuring took.
    """

    load: Workload
    count: Count
    parameters: int | None
    building: float
    training: float
    asking: float
    memory: int
    took: float

    @property
    def seconds(self) -> float:
        return self.building + self.training + self.asking

    def of(self, load: Workload) -> float:
        """Return the seconds of another run of the same model, by its tokens."""
        trained = self.training * _ratio(load.trained, self.load.trained)
        return self.building + trained + self.asking * _ratio(load.asked, self.load.asked)


def gauge(run: Run, stages: Sequence[Stage], execution: Execution) -> Gauge:
    """Measure a run's model on samples of what its stages tell and ask. Nothing is kept.

    Raises:
        ObverseError: if the model cannot be had.
    """
    device = prepare(execution)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(stages=stages, seed=run.seed, device=device, folder=Path(folder))
        model = run.model.build(setup)
        try:
            building = time.perf_counter() - began
            load = workload_of(stages, counter(model), run.model)
            training = asking = 0.0
            if isinstance(model, Grows):
                training += _growth(model)
            for number, stage in enumerate(stages):
                if stage.training is not None and isinstance(model, Trains):
                    steps = load.stages[number].steps
                    place = Path(folder) / str(number)
                    training += steps * _step(model, stage.training, place, run.seed)
                for (measure, when), moments in zip(
                    stage.measures, load.stages[number].moments, strict=True
                ):
                    final = when.end and number == len(stages) - 1
                    asking += _asking(model, measure, moments, final)
            parameters = model.parameters
        finally:
            if isinstance(model, Closes):
                model.close()
    return Gauge(
        load=load,
        count=counter(model),
        parameters=parameters,
        building=building,
        training=training,
        asking=asking,
        memory=peak_memory(),
        took=time.perf_counter() - began,
    )


def _ratio(a: int, b: int) -> float:
    return a / b if b else 1.0


def _step(model: Trains, training: Training, folder: Path, seed: int) -> float:
    """Return the seconds that a step of a training takes."""
    recipe, documents = training.recipe, training.documents
    size = min(recipe.batch_size, len(documents))
    wanted = (STEPS + 2) * size
    some: Any = tuple(documents)
    if wanted < len(some):
        some = tuple(generator(seed, "gauge").sample(some, wanted))
    times: list[float] = []
    few = recipe.with_overrides({"epochs": math.ceil(wanted / len(some))})
    model.train(
        Training(documents=some, recipe=few),
        folder=folder,
        seed=seed,
        watch=Watch(
            stops=lambda table: (),
            at=lambda point: None,
            on_step=lambda done, total: times.append(time.perf_counter()),
            on_loss=lambda step, loss: None,
        ),
    )
    steps = times[min(2, len(times) - 1) :]
    return (steps[-1] - steps[0]) / (len(steps) - 1) if len(steps) > 1 else 0.0


def _asking(model: Model, measure: Measure, moments: int, final: bool) -> float:
    """Return the seconds that a measure takes at all its moments, the first of which is the dearest."""
    if not moments:
        return 0.0
    share = 1.0
    if isinstance(measure, Ask) and len(measure.probes) > PROBES:
        every = len(measure.probes) // PROBES
        some = measure.probes[::every]
        whole = asked_tokens(measure, counter(model))
        measure = replace(measure, probes=some, generated=_few(measure.generated, every))
        share = asked_tokens(measure, counter(model)) / whole
    moment = Moment(
        run="", model="", parameters=None, family=None, variant=None, seed=0, branch=0, stage="",
        epoch=0, step=0, tokens=None, final=final,
    )  # fmt: skip
    first = _timed(lambda: measure(model, moment))
    again = _timed(lambda: measure(model, moment)) if moments > 1 else 0.0
    return (first + again * (moments - 1)) / share


def _few(generated: int | None, every: int) -> int | None:
    return None if generated is None else max(1, generated // every)


def _timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


class _EnoughError(Exception):
    """The growth has gone on for long enough."""


def _growth(model: Grows) -> float:
    """Return the seconds that a model's whole growth takes, from those of its first steps."""
    times: list[float] = []
    total = 0

    def on_step(done: int, of: int) -> None:
        nonlocal total
        total = of
        times.append(time.perf_counter())
        if times[-1] - times[0] > GROWTH_SECONDS:
            raise _EnoughError

    try:
        for _ in model.grow(on_step):
            pass
    except _EnoughError:
        pass
    return (times[-1] - times[0]) / max(1, len(times) - 1) * total if times else 0.0
