"""The one tidy table that every experiment writes: one row is one probe measured at one moment."""

from typing import Any, TypedDict


class Observation(TypedDict):
    """One measured probe at one moment. A value that was not measured is None, never 0.

    Log-probabilities are natural, summed over the tokens of the answer (nats).
    """

    run: str
    model: str
    parameters: int | None
    seed: int
    stage: str
    epoch: int
    final: bool  # the last moment of the last stage
    probe: str
    fact: str
    subset: str
    direction: str
    order: str
    prompt: str
    target: str
    generation: str | None
    exact_match: bool | None
    prefix_match: bool | None
    logprob: float | None
    control: str | None
    logprob_control: float | None
    logprob_others: float | None  # mean over all other candidates
    rank: int | None  # 1 = the right answer is the likeliest; a tie counts against it
    n_candidates: int | None  # ranked at the final moment alone
    chance: float | None  # how often naming a random candidate is right
    loss: float | None  # −ln of the right answer's share among the candidates (final moment), nats
    mass: float | None  # probability of all candidates together (final moment)
    family: str | None  # what the models of a scaling trend have in common
    tokens: int | None  # training tokens the model has seen, where known
    condition: str | None  # what the prompt tells the model to do
    shots: int | None  # examples before the question
    pattern: str | None
    template: str | None
    repetitions: int | None
    branch: int | None  # which of several stages that go on from the same one
    variant: str | None  # settings by which the runs of a study differ
    pair: str | None  # facts whose answers are one another's control


COLUMNS: dict[str, type[Any]] = {
    "run": str, "model": str, "parameters": int, "seed": int, "stage": str, "epoch": int,
    "final": bool, "probe": str, "fact": str, "subset": str, "direction": str, "order": str,
    "prompt": str, "target": str, "generation": str, "exact_match": bool, "prefix_match": bool,
    "logprob": float, "control": str, "logprob_control": float, "logprob_others": float,
    "rank": int, "n_candidates": int, "chance": float, "loss": float,
    "mass": float, "family": str, "tokens": int, "condition": str, "shots": int, "pattern": str,
    "template": str, "repetitions": int, "branch": int, "variant": str, "pair": str,
}  # fmt: skip
