"""Asking a model all probes of a moment."""

from collections.abc import Sequence

from obverse.core.data import Probe
from obverse.core.model import Model
from obverse.core.observation import Observation
from obverse.engine.match import exact_match, prefix_match

ROOM = 4  # tokens beyond the answer: for an end of text, or to see what a wrong answer goes on to say


def observe(
    model: Model,
    probes: Sequence[Probe],
    *,
    run: str,
    name: str,
    parameters: int | None,
    seed: int,
    stage: str,
    epoch: int,
    final: bool,
) -> list[Observation]:
    """Generate and score every probe; one row each, in the probes' order.

    All candidates are scored and ranked at the final moment alone, the answer and its control always.
    """
    limits = [max(counts) + ROOM for counts in _split(model, [list(p.targets) for p in probes])]
    generations = model.generate([p.prompt for p in probes], limits)
    options = [_options(p, ranked=final) for p in probes]
    scores = model.logprobs([p.prompt for p in probes], options)
    rows: list[Observation] = []
    for probe, generation, texts, values in zip(probes, generations, options, scores, strict=True):
        score = dict(zip(texts, values, strict=True))
        best = max(probe.targets, key=score.__getitem__)
        ranked = final and bool(probe.candidates)
        others = [score[c] for c in probe.candidates if c not in probe.targets] if ranked else []
        rows.append(
            Observation(
                run=run,
                model=name,
                parameters=parameters,
                seed=seed,
                stage=stage,
                epoch=epoch,
                final=final,
                probe=probe.id,
                fact=probe.fact,
                subset=probe.subset,
                direction=probe.direction,
                order=probe.order,
                prompt=probe.prompt,
                target=best,
                generation=generation,
                exact_match=any(exact_match(generation, t, probe.match) for t in probe.targets),
                prefix_match=any(prefix_match(generation, t) for t in probe.targets),
                logprob=score[best],
                control=probe.control,
                logprob_control=score[probe.control] if probe.control is not None else None,
                logprob_others=sum(others) / len(others) if others else None,
                rank=1 + sum(v >= score[best] for v in others) if others else None,
                n_candidates=len(probe.candidates) if ranked else None,
                chance=probe.chance,
            )
        )
    return rows


def _options(probe: Probe, ranked: bool) -> list[str]:
    control = [] if probe.control is None else [probe.control]
    candidates = probe.candidates if ranked else ()
    return list(dict.fromkeys([*probe.targets, *candidates, *control]))


def _split(model: Model, groups: Sequence[list[str]]) -> list[list[int]]:
    counts = iter(model.count_tokens([text for group in groups for text in group]))
    return [[next(counts) for _ in group] for group in groups]
