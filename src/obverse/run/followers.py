"""The other processes of a run that several carry out: started by the first, and gone with it.

`python -P -m obverse.run.followers RANK MEETING DEVICE` carries out its share of the task that comes on
standard input, and ends when that closes.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from obverse.core.errors import ObverseError
from obverse.engine import group
from obverse.run import gpus
from obverse.run.task import Task

PATIENCE = 20.0  # seconds for processes to end, and for the first to learn that another has died
LOST = 75  # the status of a process that ended because another of the run has died

Process = subprocess.Popen[str]


@contextmanager
def helped(task: Task, device: str) -> Iterator[None]:
    """Have as many processes as the task says at work on it; this one is the first.

    Raises:
        ObverseError: if there are fewer GPUs, or one of the processes dies.
    """
    size = task.execution.processes
    if size == 1:
        yield
        return
    cards = _cards(size) if device == "cuda" else [""] * size
    if not task.run.portable:
        raise ObverseError(
            f"{task.label}: other processes cannot import its experiment or model; several carry out "
            "what is in a file or a module"
        )
    with TemporaryDirectory(prefix="obverse-") as folder:
        meeting = Path(folder) / "meeting"
        others = [_start(task, rank, meeting, device, cards[rank]) for rank in range(1, size)]
        try:
            _await(others, meeting)
            with group.joined(0, size, meeting, device), _watched(others):
                yield
        finally:
            _end(others)


def _start(task: Task, rank: int, meeting: Path, device: str, card: str) -> Process:
    environment = dict(os.environ) | ({"CUDA_VISIBLE_DEVICES": card} if card else {})
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "obverse.run.followers", str(rank), str(meeting), device],
        stdin=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it died, which is noticed
        print(json.dumps(task.request()), file=process.stdin, flush=True)
    return process


def _cards(size: int) -> list[str]:
    """Return a GPU for each process; the first computes on the first that it sees."""
    found = gpus.visible()
    if len(found) < size:
        raise ObverseError(f"a run in {size} processes needs as many GPUs; {len(found)} can be seen here")
    return found[:size]


def _await(others: Sequence[Process], meeting: Path) -> None:
    """Wait until the others are ready to join."""
    for number, process in enumerate(others, 1):
        while not _ready(meeting, number).exists():
            if process.poll() is not None:
                raise ObverseError(_died(number, process.returncode))
            time.sleep(0.02)


def _ready(meeting: Path, number: int) -> Path:
    return meeting.with_name(f"ready-{number}")


@contextmanager
def _watched(others: Sequence[Process]) -> Iterator[None]:
    """Notice if one of the others dies.

    Where the processes are connected over the network, this one learns of it by an error. On a GPU it
    would wait without end, and is ended.

    Raises:
        ObverseError: if one of them has died.
    """
    over = threading.Event()

    def wait(number: int, process: Process) -> None:
        if process.wait() and not over.wait(PATIENCE):
            print(_died(number, process.returncode), file=sys.stderr, flush=True)
            os._exit(LOST)

    for each in enumerate(others, 1):
        threading.Thread(target=wait, args=each, daemon=True).start()
    try:
        yield
    except BaseException as error:
        over.set()
        if isinstance(error, RuntimeError):
            for number, process in enumerate(others, 1):
                with suppress(subprocess.TimeoutExpired):  # it may be on its way out
                    if process.wait(timeout=1.0):
                        raise ObverseError(_died(number, process.returncode)) from error
        _let_go(others)  # before the group is given up, for which they might be waited for
        raise
    over.set()


def _died(number: int, status: int) -> str:
    return f"process {number} of the run has ended with status {status}; see the run's log.txt"


def _let_go(others: Sequence[Process]) -> None:
    for process in others:
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.close()


def _end(others: Sequence[Process]) -> None:
    """Let the other processes end."""
    _let_go(others)
    for process in others:
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main(rank: int, meeting: Path, device: str) -> None:
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_follow_out, daemon=True).start()
    from obverse.run.loop import carry_out

    task = Task.from_request(request)
    _ready(meeting, rank).touch()
    with group.joined(rank, task.execution.processes, meeting, device):
        carry_out(task, lambda done, total: None)


def _follow_out() -> None:
    """End with whoever started this process, whatever it is doing."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
