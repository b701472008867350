"""A disk that fills while a study is carried out, at 20 sizes.

    python benchmarks/full_disk.py [--sizes 20] [--study reversal]

The study is carried out once on a disk (a tmpfs of a given size, for which root is needed) with room for
it, and the most that it takes is measured. Then the disk has (1/20)² of that, (2/20)², and so on: small
sizes close together, where a study begins. Each time the command has to end with a message that names a
file or directory and what to do, without a traceback; every run that counts as finished has to be whole;
and the same command on the same disk, made larger, has to give the tables of the undisturbed study and no
other files. Status 1 if anything is not so.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from killing.outcome import files_of, tables_of

import obverse
from obverse.core.errors import ObverseError
from obverse.run.folder import RunFolder
from obverse.store.files import MAKE_ROOM

ROOM = 1 << 30  # bytes; more than any of the studies takes
PAGE = 4096
# By name: two stages of a table in a user's file; a model that is trained, with a checkpoint each epoch.
STUDIES = {
    "small": ["tests/outside/counting.py:Capitals", "--seeds", "2"],
    "reversal": [
        "reversal", "--seeds", "1", "--checkpoint-every", "1", "--keep-weights",
        *(word for setting in (
            "facts_per_subset=3", "paraphrases=4", "held_out_prompts=2", "recipe.epochs=2",
            "recipe.batch_size=8", "recipe.warmup_steps=2", "model.hidden_size=32", "model.layers=2",
            "model.heads=2",
        ) for word in ("--set", setting)),
    ],
}  # fmt: skip


@contextmanager
def disk() -> Iterator[Path]:
    """Mount a disk of the ample size."""
    with tempfile.TemporaryDirectory(prefix="full-disk-") as place:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", place], check=True)
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


def resize(place: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)


def run(study: str, out: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "obverse.cli", "run", *STUDIES[study], "--device", "cpu",
               "--workers", "1", "--out", str(out)]  # fmt: skip
    return subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )


def used(place: Path) -> int:
    status = os.statvfs(place)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def undisturbed(study: str) -> tuple[dict[str, str], set[str], int]:
    """Return the tables of a study, its files, and the most that it took of the disk."""
    with disk() as place:
        most, over = 0, threading.Event()

        def look() -> None:
            nonlocal most
            while not over.wait(0.002):
                most = max(most, used(place))

        thread = threading.Thread(target=look)
        thread.start()
        done = run(study, place / "out")
        over.set()
        thread.join()
        assert done.returncode == 0, done.stderr
        return tables_of(place / "out"), files_of(place / "out"), most


def tried(study: str, size: int, expected: dict[str, str], names: set[str]) -> tuple[str, list[str]]:
    """Carry a study out on a disk of a size, then on a larger one; return what was said and is wrong."""
    wrong = []
    with disk() as place:
        out = place / "out"
        resize(place, size)
        first = run(study, out)
        said = " ".join(first.stderr.split())
        found = re.search(rf"{re.escape(str(place))}\S*: cannot be written: [^;]*; {MAKE_ROOM}", said)
        if first.returncode == 0:
            said = "it was large enough"
        elif first.returncode != 1 or found is None:
            wrong.append(f"status {first.returncode}, told {said[-600:]!r}")
        else:
            said = re.sub(r"-seed\d-\w+", "…", found[0].replace(f"{place}/", ""))
        logs = "".join(path.read_text(errors="replace") for path in out.glob("runs/*/log.txt"))
        if "Traceback" in first.stdout + first.stderr + logs:
            wrong.append("a traceback: " + (first.stderr + logs)[-1500:])
        wrong += believed(out)
        resize(place, ROOM)
        again = run(study, out)
        if again.returncode:
            wrong.append(f"on a larger disk: status {again.returncode}, {again.stderr[-600:]}")
        elif tables_of(out) != expected:
            wrong.append("on a larger disk: other tables")
        elif files_of(out) != names:
            wrong.append(f"on a larger disk: other files, {sorted(files_of(out) ^ names)[:5]}")
    return said, wrong


def believed(out: Path) -> Iterator[str]:
    """Yield what counts as whole in a directory and is not."""
    for path in out.glob("runs/*"):
        folder = RunFolder(path)
        if folder.finished and (changed := folder.changed(folder.record()["run"])) is not None:
            yield f"{path.name} counts as finished, and {changed} is not as it was written"
    if (out / "study.json").is_file():
        try:
            obverse.load(out)
        except ObverseError as error:
            yield f"study.json is there, and the study cannot be read: {error}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--study", choices=sorted(STUDIES), action="append")
    parser.add_argument("--sizes", type=int, default=20)
    given = parser.parse_args()
    bad = 0
    for study in given.study or sorted(STUDIES):
        began = time.monotonic()
        expected, names, most = undisturbed(study)
        print(f"{study}: takes {most / 1024:.0f} KiB at the most", flush=True)
        for n in range(1, given.sizes + 1):
            size = max(1, int(most * (n / given.sizes) ** 2) // PAGE) * PAGE
            said, wrong = tried(study, size, expected, names)
            print(f"{size // 1024:6d} KiB  {'; '.join(wrong) or said}", flush=True)
            bad += bool(wrong)
        print(f"{study}: {given.sizes} sizes, {bad} wrong, {time.monotonic() - began:.0f} s", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
