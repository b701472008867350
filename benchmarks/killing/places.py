"""Where a study is carried out, and who can be killed there: one class for each executor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

Found = list[list[int]]  # the processes of each who can be killed
Choose = Callable[[Found], list[int]]
MARK = "OBVERSE_KILLS"  # in the environment of all that was started here
OBVERSE = [sys.executable, "-P", "-m", "obverse.cli"]


class Place:
    """A study's directory, the command that carries the study out, and its processes.

    Attributes:
        victims: who can be killed, and how often in relation to the others.
    """

    name = "here"
    patience = 10.0  # seconds until nobody may be left
    options: tuple[str, ...] = ("--workers", "2")
    victims: dict[str, int] = {"driver": 3, "worker": 6, "group": 3}  # noqa: RUF012

    def __init__(self, folder: Path, seeds: int) -> None:
        self.folder, self.seeds = folder, seeds
        self.token = uuid4().hex
        self.driver: subprocess.Popen[bytes] | None = None
        self.words: list[str] = []
        self.out = folder / "out"

    def begin(self, out: Path) -> None:
        """Go over to a new study."""
        self.out = out
        self.words = [
            "run", "small.py:Small", "--device", "cpu", "--set", "model.seconds=0.01",
            "--seeds", str(self.seeds), "--executor", self.name, *self.options, "--out", str(out),
        ]  # fmt: skip

    def start(self) -> "subprocess.Popen[bytes]":
        """Run the command, the same each time."""
        with self.out.with_suffix(".told").open("ab") as told:
            self.driver = self.spawn(*self.words, to=told)
        return self.driver

    def spawn(self, *words: str, to: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*OBVERSE, *words], cwd=self.folder, env=os.environ | {MARK: self.token},
            stdout=to, stderr=to, start_new_session=True,
        )  # fmt: skip

    def kill(self, victim: str, choose: Choose, found: Found | None = None) -> bool:
        """Kill one of a kind, all its processes at once; return whether there was one."""
        if found is None:
            found = self.found(victim)
        killed = False
        for pid in choose(found) if found else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed = True
        return killed

    def found(self, victim: str) -> Found:
        """Return the processes of each that could be the victim."""
        if victim == "driver":
            alive = self.driver is not None and self.driver.poll() is None
            return [[self.driver.pid]] if self.driver and alive else []
        if victim == "group":
            return [pids] if (pids := [pid for pid, _ in self.processes()]) else []
        return [[pid] for pid, words in self.processes() if "obverse.run.worker" in words]

    def processes(self) -> list[tuple[int, str]]:
        """Return all processes that were started for the study, and their command lines."""
        mark = f"{MARK}={self.token}".encode()
        found = []
        for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:  # noqa: PTH208
            with suppress(OSError):
                if mark in Path(f"/proc/{pid}/environ").read_bytes():
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                    if words:  # not one that has ended, and that nobody has asked for
                        found.append((pid, words.decode(errors="replace")))
        return found

    def settle(self) -> None:
        """Wait until those who were killed are gone; what else is needed is there again."""

    def left(self) -> list[str]:
        """End what waits for more to do; return the commands that are still there a while later."""
        return self.still_there(lambda words: True)

    def still_there(self, counts: Callable[[str], bool]) -> list[str]:
        deadline = time.monotonic() + self.patience
        while found := [words for _, words in self.processes() if counts(words)]:
            if time.monotonic() > deadline:
                return found
            time.sleep(0.1)
        return []

    def close(self) -> None:
        for pid, _ in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Work(Place):
    """Two `obverse work DIR`, each with a process for its runs; a node is one of them with that."""

    name = "work"
    options = ()
    victims = {"driver": 3, "worker": 6, "node": 4, "group": 2}  # noqa: RUF012

    def __init__(self, folder: Path, seeds: int) -> None:
        super().__init__(folder, seeds)
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self) -> "subprocess.Popen[bytes]":
        self.settle()
        return super().start()

    def settle(self) -> None:
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        with self.out.with_suffix(".told").open("ab") as told:
            while len(self.workers) < 2:
                words = ("work", str(self.out), "--workers", "1", "--wait")
                self.workers.append(self.spawn(*words, to=told))

    def found(self, victim: str) -> Found:
        if victim != "node":
            return super().found(victim)
        parents = [worker.pid for worker in self.workers if worker.poll() is None]
        return [
            [pid, *(child for child, _ in self.processes() if parent_of(child) == pid)] for pid in parents
        ]

    def left(self) -> list[str]:
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
            worker.wait()
        self.workers = []
        return super().left()


class Ray(Place):
    """A cluster of a head that carries out no runs, and two nodes of one CPU."""

    name = "ray"
    victims = {"driver": 3, "worker": 6, "node": 3, "group": 2}  # noqa: RUF012

    def __init__(self, folder: Path, seeds: int) -> None:
        from ray.cluster_utils import Cluster

        super().__init__(folder, seeds)
        os.environ[MARK] = self.token
        os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
        self.size = {"memory": 2**31, "object_store_memory": 80 * 2**20}
        head = {"num_cpus": 0, "include_dashboard": False, **self.size}
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        self.nodes: list[Any] = []
        self.settle()
        self.options = ("--address", str(self.cluster.address))

    def settle(self) -> None:
        while len(self.nodes) < 2:
            self.nodes.append(self.cluster.add_node(num_cpus=1, **self.size))

    def kill(self, victim: str, choose: Choose, found: Found | None = None) -> bool:
        if victim != "node":
            return super().kill(victim, choose, found)
        node = self.nodes.pop(choose([[0], [1]])[0])
        self.cluster.remove_node(node, allow_graceful=False)
        return True

    def found(self, victim: str) -> Found:
        if victim != "group":
            return super().found(victim)
        workers = [pid for [pid] in super().found("worker")]
        theirs = [parent for pid in workers if (parent := parent_of(pid)) > 1]  # processes of Ray's
        pids = [*(pid for [pid] in super().found("driver")), *theirs, *workers]
        return [pids] if pids else []

    def left(self) -> list[str]:
        return self.still_there(lambda words: "obverse" in words)

    def close(self) -> None:
        self.cluster.shutdown()
        super().close()


class Submitit(Place):
    """Jobs of submitit's local executor; a node is a job with all its processes."""

    name = "small.py:Local"
    patience = 75.0  # a job of submitit's whose submitter was killed waits a minute for what it is to do
    options = ()
    victims = {"driver": 3, "worker": 6, "node": 4, "group": 2}  # noqa: RUF012

    def found(self, victim: str) -> Found:
        if victim != "node":
            return super().found(victim)
        processes = self.processes()
        parents = {pid: parent_of(pid) for pid, _ in processes}
        jobs = [pid for pid, words in processes if "submitit.local._local" in words]
        return [[job, *below(job, parents)] for job in jobs]


class Slurm(Place):
    """Jobs of a real SLURM, of one node, which knows nothing of processes that are killed."""

    name = "slurm"
    patience = 30.0
    options = (
        "--partition", "main", "--slurm", "mem=300MB", "--slurm", "time=10", "--slurm", "cpus-per-task=1",
    )  # fmt: skip

    def __init__(self, folder: Path, seeds: int) -> None:
        super().__init__(folder, seeds)
        self.cluster = folder / "cluster"
        os.environ["SLURM_CONF"] = str(self.cluster / "slurm.conf")
        try:
            self._cluster("start")
        except subprocess.CalledProcessError:
            self._cluster("stop")
            raise

    def left(self) -> list[str]:
        queue = subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=True)
        return queue.stdout.splitlines() or super().left()

    def close(self) -> None:
        super().close()
        self._cluster("stop")

    def _cluster(self, verb: str) -> None:
        script = Path(__file__).parents[1] / "slurm_cluster.sh"
        subprocess.run(["bash", script, verb, self.cluster], check=True)


PLACES: dict[str, type[Place]] = {
    "here": Place, "work": Work, "ray": Ray, "submitit": Submitit, "slurm": Slurm,
}  # fmt: skip


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def below(pid: int, parents: dict[int, int]) -> Iterable[int]:
    for child, parent in parents.items():
        if parent == pid:
            yield child
            yield from below(child, parents)
