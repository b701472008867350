"""Input that was tampered with, for every reader, `--set`, the report and directories of models.

    python benchmarks/attack.py --mutations 100000 --seed 0

Counts what comes of it: refused with a message, accepted, or one of what may never be: a traceback
(anything but ObverseError), a hang (5 s of CPU time), a half-written file, and what is accepted although
an invariant calls it wrong. Everything is carried out in this process; `--keep DIR` keeps what failed.
"""

import argparse
import contextlib
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from attacking.harness import models, set_one, settings, studies, wrong_settings
from attacking.mutations import mutate
from attacking.targets import Target, readers

from obverse.core.errors import ObverseError, is_failure
from obverse.store.files import UNFINISHED

LONGEST = 5.0  # seconds of CPU time
SETTINGS = "settings"
OF_SETTINGS = 5.0  # weight
KINDS = ("refused", "accepted", "traceback", "hang", "half-written", "wrong")


class Hang(BaseException):
    """More time was taken than anything that was spoilt may take."""


@dataclass
class Outcome:
    """What came of the mutations of one target, and the first cases of what may never be."""

    counts: Counter[str] = field(default_factory=Counter)
    found: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def note(self, kind: str, what: str = "") -> None:
        self.counts[kind] += 1
        if kind not in ("refused", "accepted"):
            self.found.setdefault(f"{kind}: {what}", "")


def judged(read: Callable[[], Any], wrong: Callable[[Any], Iterator[str]]) -> Iterator[tuple[str, str]]:
    """Yield what came of reading: a kind, and what is to be said of it."""
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        found = read()
        signal.setitimer(signal.ITIMER_PROF, 0)
        said = next(wrong(found), None)
        yield ("accepted", "") if said is None else ("wrong", said)
    except ObverseError as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        yield ("refused", "") if str(error).strip() else ("traceback", "a message without words")
    except Hang:
        yield "hang", traceback.format_exc().splitlines()[-2].strip()
    except BaseException as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        if not is_failure(error) and not isinstance(error, SystemExit):
            raise
        places = traceback.extract_tb(error.__traceback__)
        ours = [f"{Path(p.filename).name}:{p.lineno}" for p in places if "obverse" in p.filename]
        yield "traceback", f"{type(error).__name__} at {(ours or ['?'])[-1]}: {error!s:.100}"


class Campaign:
    """All targets, in directories of their own under `place`."""

    def __init__(self, place: Path, *, with_models: bool = True) -> None:
        self.place = place
        self.targets: dict[str, Target] = readers(place / "made") | studies(place / "made")
        if with_models:
            self.targets |= models(place / "made")
        self.settings = settings()
        self.outcomes = {name: Outcome() for name in (*self.targets, SETTINGS)}
        for name, target in self.targets.items():
            self._restore(name, target, target.files)

    def _folder(self, name: str) -> Path:
        return self.place / "attacked" / name.replace(" ", "-").replace("'", "").replace(",", "")

    def _restore(self, name: str, target: Target, wanted: Any) -> None:
        for file in wanted:
            path = self._folder(name) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(target.files[file])

    def run(self, mutations: int, seed: int, keep: Path | None = None, seconds: float = 1e9) -> int:
        """Attack so often, or for so many seconds of CPU time; return how often."""
        draw, begun = random.Random(seed), time.process_time()
        names = [*self.targets, SETTINGS]
        weights = [*(target.weight for target in self.targets.values()), OF_SETTINGS]
        before = signal.signal(signal.SIGPROF, self._hang)
        try:
            return self._run(mutations, draw, names, weights, keep, begun + seconds)
        except KeyboardInterrupt:  # what was done by then is told
            return sum(outcome.counts.total() for outcome in self.outcomes.values())
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def _run(
        self,
        mutations: int,
        draw: random.Random,
        names: list[str],
        weights: list[float],
        keep: Path | None,
        end: float,
    ) -> int:
        for number in range(mutations):
            if time.process_time() > end:
                return number
            name = draw.choices(names, weights)[0]
            started = time.process_time()
            (self._set if name == SETTINGS else self._attack)(name, draw, keep)
            self.outcomes[name].seconds += time.process_time() - started
        return mutations

    @staticmethod
    def _hang(number: int, frame: Any) -> None:
        raise Hang

    def _set(self, name: str, draw: random.Random, keep: Path | None) -> None:
        typed, read = set_one(self.settings, draw)
        for kind, what in judged(read, wrong_settings):
            self._note(name, kind, f"{what} ({typed})" if what else "", keep, None)

    def _attack(self, name: str, draw: random.Random, keep: Path | None) -> None:
        target, folder = self.targets[name], self._folder(name)
        file = draw.choice(target.spoilt or tuple(target.files))
        content = mutate(target.files[file], draw)
        (folder / file).write_bytes(content)
        for kind, what in judged(lambda: target.read(folder), target.wrong):
            self._note(name, kind, what, keep, folder)
        for left in folder.rglob(f"*{UNFINISHED}*"):
            self._note(name, "half-written", left.name, keep, folder)
            left.unlink()
        # What reading may have written into is made anew too.
        self._restore(name, target, {file, *(n for n in target.files if n.startswith("study"))})

    def _note(self, name: str, kind: str, what: str, keep: Path | None, folder: Path | None) -> None:
        outcome = self.outcomes[name]
        new = f"{kind}: {what}" not in outcome.found
        outcome.note(kind, what)
        if keep is None or kind in ("refused", "accepted") or not new:
            return
        with (keep / "found.txt").open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{name}: {kind}: {what}\n")
        if folder is not None:
            kept = keep / f"{folder.name}-{kind}-{len(outcome.found)}"
            shutil.copytree(folder, kept, dirs_exist_ok=True)

    def table(self) -> str:
        rows = [f"{'':28}" + "".join(f"{kind:>13}" for kind in KINDS) + f"{'s':>8}"]
        total = Outcome()
        for name, outcome in self.outcomes.items():
            rows.append(_row(name, outcome))
            total.counts += outcome.counts
            total.seconds += outcome.seconds
        found = [f"  {name}: {what}" for name, o in self.outcomes.items() for what in o.found]
        return "\n".join([*rows, _row("all", total), *found])

    def failures(self) -> list[str]:
        """Return what may never come of anything, each once."""
        return [f"{name}: {what}" for name, outcome in self.outcomes.items() for what in outcome.found]


def _row(name: str, outcome: Outcome) -> str:
    return (
        f"{name:28}"
        + "".join(f"{outcome.counts[kind]:>13,}" for kind in KINDS)
        + f"{outcome.seconds:>8.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1e9, help="of CPU time, at most")
    parser.add_argument("--keep", type=Path, default=None)
    given = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    place = Path(tempfile.mkdtemp())
    campaign = Campaign(place)
    with contextlib.redirect_stderr(io.StringIO()):
        done = campaign.run(given.mutations, given.seed, given.keep, given.seconds)
    print(f"{done:,} mutations, seed {given.seed}\n{campaign.table()}")
    shutil.rmtree(place)
    sys.exit(1 if campaign.failures() else 0)


if __name__ == "__main__":
    main()
