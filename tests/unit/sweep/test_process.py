"""Processes that carry out runs."""

import subprocess
import sys
from pathlib import Path

from obverse.sweep.process import Processes


def dead() -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.wait()
    return process


def test_process_that_died_while_idle_is_not_used_again(tmp_path: Path) -> None:
    processes, gone = Processes(threads=1), dead()
    processes.all.add(gone)
    processes.idle.put(gone)
    with (tmp_path / "log.txt").open("w") as log:
        process = processes._process(log)
        assert process is not gone
        assert process.poll() is None
        assert processes.all == {process}
        processes.close()
    assert process.poll() is not None


def test_process_that_died_with_a_request_unread_can_be_ended() -> None:
    processes, gone = Processes(threads=1), dead()
    processes.all.add(gone)
    assert gone.stdin is not None
    gone.stdin.write("a request\n")  # still in this side's buffer
    processes.close()
    assert not processes.all
