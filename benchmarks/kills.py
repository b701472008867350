"""Kills at random moments, of processes that carry out studies of 50 small runs.

    python benchmarks/kills.py --executor here --kills 200 --seed 0

Who is killed is drawn: the process that started the study, one that carries out a run, a node (for
`work` an `obverse work` with its process, for `submitit`, whose local executor carries jobs out on this
machine, a job with all its processes, for `ray` a node of the cluster), or all of them at once. Of 24
kills 8 come while a file is written, in the fraction of a millisecond after its temporary name has
appeared, and 3 more while one of the study's own is, most of which are written at its end; 8 within a
second after the first file, 5 within a second and a half.

`slurm` is a real SLURM (slurm_cluster.sh), which has to be asked for: its jobs take seconds to begin.

The same command is given again until the study is done. Then every run has to be finished, each exactly
once, the tables those of an undisturbed study, no file there that an undisturbed one has not, and no
process left. Status 1 if anything is not so.
"""

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from killing.outcome import files_of, tables_of
from killing.places import PLACES, Place
from killing.watched import Watched

from obverse.run.folder import RunFolder
from obverse.store.files import UNFINISHED, read_jsonl

ENOUGH = 5  # studies in which something is wrong
COLUMNS = (
    "executor", "kills", "of whom", "while writing", "files cut", "studies", "starts", "stages trained",
    "wrong", "wall", "CPU",
)  # fmt: skip
LONGEST = 240.0  # seconds of a command; one that takes more hangs


@dataclass
class Counted:
    """What a campaign has seen."""

    kills: Counter[str] = field(default_factory=Counter)
    while_writing: int = 0
    cut: int = 0  # temporary files that were there after a kill
    starts: int = 0
    studies: int = 0
    trained: int = 0  # stages, to their end
    wrong: list[str] = field(default_factory=list)


class Campaign:
    """Studies that are killed, in directories under `folder`."""

    def __init__(self, place: Place, folder: Path, draw: random.Random) -> None:
        self.place, self.folder, self.draw = place, folder, draw
        self.counted = Counted()
        self.cut: set[str] = set()

    def undisturbed(self) -> dict[str, str]:
        """Carry out a study here, without kills, and return what has to come of the others."""
        place = Place(self.folder, self.place.seeds)
        place.begin(self.folder / "undisturbed")
        process = place.start()
        assert process.wait(LONGEST) == 0, place.out.with_suffix(".told").read_text()
        self.expected = tables_of(place.out)
        self.names = files_of(place.out)
        return self.expected

    def study(self, kills: int) -> None:
        """Carry out a study, and kill on the way as often as it takes, at most so often."""
        n = self.counted.studies = self.counted.studies + 1
        out = self.folder / f"study-{n}"
        watched = Watched(out)
        self.place.begin(out)
        began = time.monotonic()
        while True:
            process = self.place.start()
            self.counted.starts += 1
            while kills > 0 and process.poll() is None:
                kills -= self._kill(watched)
            if (status := self._ended(process)) is None:
                self.counted.wrong.append(f"study {n}: the command hangs")
                return
            if status == 0:
                break
            if status not in (1, -signal.SIGKILL) or time.monotonic() - began > 5 * LONGEST:
                self.counted.wrong.append(f"study {n}: status {status}")
                return
            self.place.settle()
        wrong = [f"study {n}: {what}" for what in self._wrong(out, watched)]
        self.counted.wrong += wrong
        self.counted.trained += len(out.with_suffix(".trained").read_text().splitlines())
        if not wrong:
            shutil.rmtree(out)

    def _ended(self, process: "subprocess.Popen[bytes]") -> int | None:
        """Return the status of the command when it ends; None if it does not."""
        ends = time.monotonic() + LONGEST
        while process.poll() is None and time.monotonic() < ends:
            self.place.settle()
            time.sleep(0.1)
        return process.poll()

    def _kill(self, watched: Watched) -> bool:
        """Kill somebody at a moment that is drawn; return whether somebody was there."""
        victims = self.place.victims
        [victim] = self.draw.choices(list(victims), list(victims.values()))
        when = self.draw.choices(("writing", "after", "start", "end"), (8, 8, 5, 3))[0]
        killed = self._while_writing(watched, victim, when) if when in ("writing", "end") else None
        if killed is None:
            if when == "after":
                self._wait_for_write(watched)
            time.sleep(self.draw.random() * (1.5 if when == "start" else 1.0))
            killed = self.place.kill(victim, self.draw.choice)
        if killed:
            self.counted.kills[victim] += 1
            self.counted.while_writing += when in ("writing", "end")
            time.sleep(0.02)
            self._count_cut()
            self.place.settle()
        return killed

    def _count_cut(self) -> None:
        """Count the temporary files that nobody will finish."""
        names = {name for _, _, names in os.walk(self.place.out) for name in names if UNFINISHED in name}
        self.counted.cut += len(names - self.cut)
        self.cut |= names

    def _while_writing(self, watched: Watched, victim: str, when: str) -> bool:
        """Kill as soon as the temporary name of one of the next files appears."""
        left = self.draw.randrange(60 if when == "writing" else 8)
        done, killed, found = threading.Event(), False, self.place.found(victim)

        def heard(path: Path) -> None:
            nonlocal left, killed
            of_run = "runs" in path.relative_to(self.place.out).parts
            if done.is_set() or UNFINISHED not in path.name or (when == "end" and of_run):
                return
            left -= 1
            if left < 0:
                killed = self.place.kill(victim, self.draw.choice, found)
                done.set()

        def look() -> None:
            nonlocal found
            found = self.place.found(victim)  # beforehand, since it takes longer than a file

        watched.heard = heard
        self._until(done, look)
        watched.heard = lambda path: None
        return killed

    def _wait_for_write(self, watched: Watched) -> None:
        written = threading.Event()
        watched.heard = lambda path: written.set()
        self._until(written)
        watched.heard = lambda path: None

    def _until(self, event: threading.Event, each: Callable[[], None] = lambda: None) -> None:
        driver = self.place.driver
        assert driver is not None
        while driver.poll() is None and not event.wait(0.1):
            self.place.settle()  # who was killed may have taken a while to be gone
            each()

    def _wrong(self, out: Path, watched: Watched) -> Iterator[str]:
        """Yield what is not as it has to be after a study is done."""
        if still := self.place.left():
            yield f"{len(still)} processes are left: {still[0][:200]}"
        told = out.with_suffix(".told").read_text(errors="replace")
        if "Traceback" in told:
            yield "a traceback: " + told[told.index("Traceback") :][:2000]
        runs = {str(row["name"]) for _, row in read_jsonl(out / "runs.jsonl", ("name",))}
        if len(runs) != self.place.seeds or {path.name for path in (out / "runs").iterdir()} != runs:
            yield f"{len(runs)} runs in the study, {len(list((out / 'runs').iterdir()))} folders"
        if watched.finished != Counter(dict.fromkeys(runs, 1)) or watched.lost:
            often = {name: n for name, n in watched.finished.items() if n != 1}
            yield f"finished other than once: {often or runs - set(watched.finished)}"
        for name in sorted(runs):
            folder = RunFolder(out / "runs" / name)
            if (changed := folder.changed(folder.record()["run"])) is not None:
                yield f"{name}: {changed} is not as the run wrote it"
        if (found := tables_of(out)) != self.expected:
            yield f"the tables differ: {sorted(dict(found.items() ^ self.expected.items()))}"
        if (names := files_of(out)) != self.names:
            yield f"files that should not be there: {sorted(names - self.names)[:5]}, or should: " + str(
                sorted(self.names - names)[:5]
            )


def campaign(
    executor: str, kills: int, runs: int, seed: int, folder: Path, minutes: float = 1e9
) -> Counted:
    """Kill so often, over as many studies as it takes; return what was seen."""
    ends = time.monotonic() + 60 * minutes
    here = Path(__file__).parent
    shutil.copy(here / "killing/small.py", folder)
    shutil.copy(here.parent / "tests/outside/counting.py", folder)
    place = PLACES[executor](folder, runs)
    try:
        made = Campaign(place, folder, random.Random(seed))
        made.undisturbed()
        while (left := kills - made.counted.kills.total()) and len(made.counted.wrong) < ENOUGH:
            if time.monotonic() > ends:
                break
            made.study(left)
    finally:
        place.close()
    return made.counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--executor", choices=sorted(PLACES), action="append")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--minutes", type=float, default=1e9, help="of an executor; no study is begun later"
    )
    given = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n|---|---:|---|{'---:|' * (len(COLUMNS) - 3)}", flush=True)
    wrong: list[str] = []
    for executor in given.executor or sorted(PLACES.keys() - {"slurm"}):
        began, cpu = time.monotonic(), used()
        place = Path(tempfile.mkdtemp(prefix=f"kills-{executor}-"))
        found = campaign(executor, given.kills, given.runs, given.seed, place, given.minutes)
        if not found.wrong:
            shutil.rmtree(place)
        of_whom = ", ".join(f"{n} {who}" for who, n in sorted(found.kills.items()))
        cells = [
            executor, found.kills.total(), of_whom,
            found.while_writing, found.cut, found.studies, found.starts, found.trained, len(found.wrong),
            f"{time.monotonic() - began:.0f} s", f"{used() - cpu:.0f} s",
        ]  # fmt: skip
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        wrong += [f"{executor}: {what} (see {place})" for what in found.wrong]
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


def used() -> float:
    """Return the CPU time of this process and of those that it has waited for, which is not all."""
    seen = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in seen)


if __name__ == "__main__":
    main()
