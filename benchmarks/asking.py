"""Time asking beside plain generation: the same questions to the same model, in one process.

    python benchmarks/asking.py --threads 1

The model and the questions are those of one `reversal` run. It is asked before its training and after
each epoch, in turn by `Ask` as it is, which generates what the scores leave open, and by `Ask` of the
same model without that, which generates every answer and scores it. The last moment keeps texts.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import torch
import transformers

import obverse
from obverse.core.abilities import Beginning, Point, Watch
from obverse.core.measure import Moment
from obverse.core.model import Setup
from obverse.measures.ask import Ask
from obverse.models.local import LocalModel
from obverse.run.run import built


@dataclass
class Generating:
    """A model that answers and scores, and does not say how its answers begin."""

    model: LocalModel

    @property
    def parameters(self) -> int:
        return self.model.parameters

    def fits(self, text: str) -> bool:
        return self.model.fits(text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self.model.count_tokens(texts)

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return self.model.generate(prompts, max_new_tokens)

    def logprobs(self, prompts: Sequence[str], options: Sequence[Sequence[str]]) -> list[list[float]]:
        return self.model.logprobs(prompts, options)


@dataclass
class Counting(Generating):
    """A model that says how its answers begin, and counts those that are generated all the same."""

    generated: int = 0

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        self.generated += len(prompts)
        return super().generate(prompts, max_new_tokens)

    def logprobs_and_beginnings(
        self,
        prompts: Sequence[str],
        continuations: Sequence[Sequence[str]],
        max_new_tokens: Sequence[int],
        closed: Sequence[int],
    ) -> tuple[list[list[float]], list[Beginning | None]]:
        return self.model.logprobs_and_beginnings(prompts, continuations, max_new_tokens, closed)


def timed(ask: Ask, model: LocalModel | Generating, moment: Moment) -> tuple[pl.DataFrame, float]:
    began = time.perf_counter()
    return ask(model, moment), time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="asking, with and without generating every answer")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    study = obverse.study("reversal", seeds=1)
    stages = built(study.experiment, 0)
    [(_, _), (last, _)] = stages[0].measures
    assert isinstance(last, Ask)
    assert stages[0].training is not None
    folder = Path(tempfile.mkdtemp())
    model = study.models[0].build(Setup(stages=stages, seed=0, device="cpu", folder=folder))
    assert isinstance(model, LocalModel)
    print(
        f"torch {torch.__version__}, transformers {transformers.__version__}; {len(last.probes)} "
        f"questions, {options.threads} threads; median of {options.repeats}, after one round to warm up\n"
    )
    print(
        f"{'epoch':<6} {'right':>6} {'generated':>10} {'obverse':>9} {'plain':>9} {'ratio':>7} "
        f"{'differ':>7} {'ties':>5}"
    )
    whole = Moment(
        run="", model="", parameters=None, family=None, variant=None, seed=0, branch=0, stage="", epoch=0,
        step=0, tokens=None, final=False,
    )  # fmt: skip

    def at(point: Point) -> None:
        ask = last if point.last else replace(last, ranked=False)
        moment = replace(whole, final=point.last)
        own: list[float] = []
        plain: list[float] = []
        for number in range(options.repeats + 1):
            mine, of_mine = timed(ask, model, moment)
            given, of_given = timed(ask, Generating(model), moment)
            if number:
                own.append(of_mine)
                plain.append(of_given)
        counting = Counting(model)
        ask(counting, moment)
        differ = (mine["exact_match"] != given["exact_match"]).sum()
        a, b = statistics.median(own), statistics.median(plain)
        print(
            f"{point.epoch:<6} {mine['exact_match'].sum() / len(mine):>6.3f} "
            f"{counting.generated:>10} {a:>7.2f} s {b:>7.2f} s {b / a:>6.1f}× {differ:>7} "
            f"{mine['tie'].sum():>5}"
        )

    watch = Watch(
        stops=lambda table: {0, *table.epoch_ends},
        at=at,
        on_step=lambda done, total: None,
        on_loss=lambda step, loss: None,
    )
    model.train(stages[0].training, folder=folder, seed=0, watch=watch)


if __name__ == "__main__":
    main()
