"""What an experiment of one stage tells and asks."""

from obverse.core.data import Document, Probe
from obverse.core.experiment import Experiment
from obverse.measures.ask import Ask


def told(experiment: Experiment, seed: int = 0) -> tuple[Document, ...]:
    [stage] = experiment.stages(seed)
    assert stage.training is not None
    return stage.training.documents


def asked(experiment: Experiment, seed: int = 0) -> tuple[Probe, ...]:
    """Return the probes of the last measure, of which all others have to ask some."""
    [stage] = experiment.stages(seed)
    *along, last = [measure for measure, _ in stage.measures if isinstance(measure, Ask)]
    assert all({p.id for p in ask.probes} <= {p.id for p in last.probes} for ask in along)
    return last.probes
