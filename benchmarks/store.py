"""What a store of many finished runs costs: to learn that nothing is to do, to list, to plan, to report.

    python benchmarks/store.py --runs 1000 5000 20000

Makes studies of so many finished runs of 216 rows each, as `obverse run` leaves them, and times each
verb in a process of its own: seconds, and the most memory that it had.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
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
from obverse.store import files
from obverse.studies.plan import tasks_of

FACTS = 108


class Generated(Experiment):
    """108 facts, each asked about in two directions: 216 rows a run."""

    name: ClassVar[str] = "generated"
    title: ClassVar[str] = "A store of many runs"
    columns: ClassVar[Mapping[str, type]] = {"direction": str}

    @classmethod
    def presets(cls) -> Mapping[str, Preset]:
        return {"only": Preset(cls(), (EchoSpec(),))}

    def stages(self, seed: int) -> tuple[Stage, ...]:
        draw = generator(seed, "facts")
        facts = [(f"city {i} is in", f" land {draw.randrange(1000)}") for i in range(FACTS)]
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
        self.known = {d.prompt: d.completion for d in asked.documents[: FACTS // 2]}

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


def study(runs: int) -> Study:
    return Study(experiment=Generated(), models=(EchoSpec(),), seeds=tuple(range(runs)), preset="only")


def make(out: Path, runs: int) -> None:
    """Make a store of finished runs: one is carried out, the others are copies with other names."""
    execution = Execution(device="cpu", workers=1)
    [plan] = study(runs).plans()
    tasks = list(tasks_of([plan], out, execution))
    first = tasks[0]
    first.perform(lambda done, total: None)
    table = RunFolder(first.folder).tables()["ask"]
    record = RunFolder(first.folder).record()
    for task, (_, identity) in list(zip(tasks, plan.identified(), strict=True))[1:]:
        own = table.with_columns(
            pl.lit(task.id, pl.String).alias("run"),
            pl.lit(task.run.seed, table.schema["seed"]).alias("seed"),
        )
        (task.folder / "observations").mkdir(parents=True)
        own.write_parquet(task.folder / "observations/ask.parquet")
        spec = {"id": task.id} | task.run.spec() | {"identity": identity.parts}
        (task.folder / "run.json").write_text(json.dumps(spec, indent=2))
        hashes = {n: file_hash(task.folder / n) for n in ("run.json", "observations/ask.parquet")}
        said = record | {"run": task.id, "data_sha256": identity.data, "files": hashes}
        files.write_json(task.folder / "provenance.json", said)


def step(verb: str, out: Path, runs: int) -> None:
    """Do one verb in this process and print what it took."""
    began = time.monotonic()
    if verb == "make":
        make(out, runs)
    elif verb in VERBS and verb != "report":
        study(runs).run(out, execution=Execution(device="cpu", workers=1))
    elif verb == "report":
        from obverse import write_report

        write_report(out)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(time.monotonic() - began, 2), "MiB": round(memory)}))


VERBS = {
    "first": "put together and evaluate",
    "again": "nothing to do, files compared",
    "noted": "nothing to do",
    "report": "report",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[1000, 5000, 20_000])
    parser.add_argument("--out", type=Path, help="where to keep the stores; default: nowhere")
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        step(given.step[0], given.out, int(given.step[1]))
        return
    place = given.out or Path(tempfile.mkdtemp())
    print(f"{'runs':>8}  {'verb':28} {'seconds':>8} {'MiB':>6}")
    for runs in given.runs:
        for verb in ("make", *VERBS):
            command = [
                sys.executable,
                __file__,
                "--out",
                str(place / str(runs)),
                "--step",
                verb,
                str(runs),
            ]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            took = json.loads(said.splitlines()[-1])
            if verb in VERBS:
                print(f"{runs:>8,}  {VERBS[verb]:28} {took['seconds']:>8} {took['MiB']:>6,}", flush=True)
        size = len((place / str(runs) / "report.html").read_bytes()) / 2**20
        print(f"{runs:>8,}  the page: {size:.2f} MiB", flush=True)
    if given.out is None:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
