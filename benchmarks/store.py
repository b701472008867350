"""What a store of many finished runs costs: to learn that nothing is to do, to list, to report.

    python benchmarks/store.py --runs 1000 5000 20000
    python benchmarks/store.py --runs 100000 --facts 12

Makes studies of so many finished runs of 216 rows each (two for each fact), as `obverse run` leaves them,
and does each verb in a process of its own, as a user would: seconds, seconds of CPU time, and the most
memory that the process had.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from obverse import (
    Above,
    Ask,
    Claim,
    Document,
    Execution,
    Experiment,
    Model,
    ModelSpec,
    Preset,
    Probe,
    Recipe,
    Setup,
    Stage,
    Study,
    Training,
    When,
    generator,
    mean,
)
from obverse.core.content import file_hash
from obverse.run.folder import RunFolder
from obverse.studies.tasks import tasks_of

FACTS = 108  # of a run


class Generated(Experiment):
    """Facts, each asked about in two directions: two rows a fact."""

    name: ClassVar[str] = "generated"
    title: ClassVar[str] = "A store of many runs"
    columns: ClassVar[Mapping[str, type]] = {"direction": str}

    facts: int = FACTS

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        return {"only": Preset(cls(), (EchoSpec(),))}

    def stages(self, seed: int) -> tuple[Stage, ...]:
        draw = generator(seed, "facts")
        facts = [(f"city {i} is in", f" land {draw.randrange(1000)}") for i in range(self.facts)]
        documents = tuple(Document(prompt=p, completion=c, fact=p) for p, c in facts)
        probes = tuple(
            Probe(id=f"{p}/{d}", prompt=p, targets=(c,), fact=p, labels={"direction": d})
            for p, c in facts
            for d in ("same", "reverse")
        )
        training = Training(documents=documents, recipe=Recipe(epochs=1))
        return (Stage(name="telling", training=training, measures=((Ask(probes=probes), When()),)),)

    def claims(self) -> tuple[Claim, ...]:
        def same(rows: pl.DataFrame) -> Any:
            return mean(rows.filter("final", direction="same"), "exact_match", bounds=(0, 1))

        return (Claim(id="same", text="known", estimate=same, criterion=Above(0.5)),)


class Echo:
    """Answers half of the questions rightly, by the length of the prompt; training takes no time."""

    parameters = 1000

    def __init__(self, setup: Setup) -> None:
        asked = setup.stages[0].training
        assert asked is not None
        self.known = {d.prompt: d.completion for d in asked.documents[: len(asked.documents) // 2]}

    def train(self, training: Training, **others: Any) -> dict[str, Any]:
        from obverse import Point, Timetable

        n = len(training.documents)
        watch = others["watch"]
        watch.stops(Timetable(steps=n, epoch_ends=(n,), tokens=tuple(range(n + 1))))
        watch.at(Point(step=n, epoch=1, tokens=n, last=True))
        return {"steps": n, "tokens": n}

    def save(self, folder: Path) -> None:
        raise NotImplementedError

    def restore(self, folder: Path) -> None:
        raise NotImplementedError

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return [self.known.get(prompt, " nothing") for prompt in prompts]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


class EchoSpec(ModelSpec):
    """Settings of the model that takes no time."""

    name: str = "echo"
    can: ClassVar = frozenset({"generates", "trains"})

    def build(self, setup: Setup) -> Model:
        return Echo(setup)


def study(runs: int, facts: int) -> Study:
    return Study(
        experiment=Generated(facts=facts), models=(EchoSpec(),), seeds=tuple(range(runs)), preset="only"
    )


def make(out: Path, runs: int, facts: int) -> None:
    """Make a store of finished runs: one is carried out, the others are copies with other names."""
    [plan] = study(runs, facts).plans()
    first = next(tasks_of([plan], out, EXECUTION))
    first.perform(lambda done, total: None)
    table = RunFolder(first.folder).tables()["ask"]
    record = RunFolder(first.folder).record()
    for run, identity in islice(plan.identified(), 1, None):
        folder = first.folder.parent / run.folder_name(identity.id)
        own = table.with_columns(
            pl.lit(identity.id, pl.String).alias("run"),
            pl.lit(run.seed, table.schema["seed"]).alias("seed"),
        )
        (folder / "observations").mkdir(parents=True)
        own.write_parquet(folder / "observations/ask.parquet")
        spec = {"id": identity.id} | run.spec() | {"identity": identity.parts}
        (folder / "run.json").write_text(json.dumps(spec, indent=2))
        hashes = {n: file_hash(folder / n) for n in ("run.json", "observations/ask.parquet")}
        said = record | {"run": identity.id, "data_sha256": identity.data, "files": hashes}
        (folder / "provenance.json").write_text(json.dumps(said, indent=2))


def step(verb: str, out: Path, runs: int, facts: int) -> None:
    """Do in this process what no command does alone."""
    if verb == "make":
        make(out, runs, facts)
    elif verb == "evaluate":
        from obverse import load

        load(out).evaluate(study(runs, facts).experiment.claims())
    else:
        study(runs, facts).run(out, execution=EXECUTION)


EXECUTION = Execution(device="cpu", workers=1)
STEPS = {  # done by `step`
    "first": "plan anew, put together, evaluate",
    "again": "nothing to do, files compared",
    "noted": "nothing to do",
    "evaluate": "evaluate a claim",
}
COMMANDS = {  # of `obverse`, with DIR for the study's directory
    "runs": ["runs", "DIR"],
    "runs --where": ["runs", "DIR", "--where", "seed < 10"],
    "export --to parquet": ["export", "DIR", "--to", "parquet", "--out", "DIR/exported"],
    "export --to csv --where": [
        "export", "DIR", "--to", "csv", "--measure", "ask", "--where", "seed < 10",
        "--out", "DIR/exported",
    ],
    "report": ["report", "DIR"],
}  # fmt: skip


def timed(command: Sequence[str]) -> tuple[float, float, float]:
    """Run a command; return its seconds, its seconds of CPU time, and the most memory it had, in MiB."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)}: status {os.waitstatus_to_exitcode(status)}\n{said}")
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[1000, 5000, 20_000])
    parser.add_argument("--facts", type=int, default=FACTS, help="of a run, which has two rows for each")
    parser.add_argument(
        "--out", type=Path, help="where to keep the stores, and take those there; default: nowhere"
    )
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        step(given.step[0], given.out, int(given.step[1]), given.facts)
        return
    place = given.out or Path(tempfile.mkdtemp())
    print(f"{'runs':>8}  {'what':34} {'seconds':>8} {'CPU':>8} {'MiB':>7}")
    for runs in given.runs:
        out = place / str(runs)

        def own(verb: str, out: Path = out, runs: int = runs) -> list[str]:
            shared = ["--facts", str(given.facts), "--out", str(out)]
            return [sys.executable, __file__, *shared, "--step", verb, str(runs)]

        if not out.is_dir():
            timed(own("make"))
        for left in (".cache", "observations", "figures", "exported"):  # of an earlier time
            shutil.rmtree(out / left, ignore_errors=True)
        (out / "study.json").unlink(missing_ok=True)
        commands = {said: own(verb) for verb, said in STEPS.items()} | {
            said: [
                sys.executable,
                "-m",
                "obverse.cli",
                *(word.replace("DIR", str(out)) for word in words),
            ]
            for said, words in COMMANDS.items()
        }
        for said, command in commands.items():
            seconds, cpu, memory = timed(command)
            print(f"{runs:>8,}  {said:34} {seconds:>8.2f} {cpu:>8.2f} {memory:>7,.0f}", flush=True)
        size = (out / "report.html").stat().st_size / 2**20
        print(f"{runs:>8,}  the page: {size:.2f} MiB", flush=True)
    if given.out is None:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
