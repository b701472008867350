"""The view of all runs: what a log says, and how much time is left."""

import io
import time
from pathlib import Path
from typing import Any, Literal

import pytest
from rich.console import Console

from obverse.run.run import Run
from obverse.run.task import Event, Execution, Task
from obverse.studies import progress, tally
from obverse.studies.progress import View, doing
from tests.outside.counting import Capitals, TableSpec

Kind = Literal["started", "progress", "waiting", "finished", "failed"]


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def strftime(self, form: str) -> str:
        return f"<{self.now:.0f}>"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (progress, tally):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(tally.Tally, "__init__", _init(made))
    return made


def _init(clock: Clock):  # type: ignore[no-untyped-def]
    original = tally.Tally.__init__

    def init(self, count: int, finished: int) -> None:  # type: ignore[no-untyped-def]
        original(self, count, finished, began=clock.now)

    return init


def event(seed: int, kind: Kind, done: int = 0, total: int = 0, **more: Any) -> Event:
    run = Run(experiment=Capitals(), model=TableSpec(), seed=seed)
    task = Task(run=run, id=str(seed), folder=Path("nowhere"), execution=Execution())
    return Event(task=task, kind=kind, done=done, total=total, **more)


def test_a_log_is_calm_and_says_when_and_what(clock: Clock) -> None:
    log = io.StringIO()
    with View(Console(file=log, width=200), count=5, finished=2) as view:
        view(event(0, "started"))
        for done in range(1, 41):
            clock.now += 1.5
            view(event(0, "progress", done, 100, phase="training (Stage 1)", loss=4 - done / 20))
        clock.now += 30
        view(event(0, "progress", 40, 100, phase="measuring ask"))
        view(event(1, "waiting"))
        view(event(1, "waiting"))
        view(event(0, "finished"))
        view(event(1, "finished"))
        view(event(2, "started"))
        view(event(2, "failed", problem="no such thing\nand more"))
    assert log.getvalue().splitlines() == [
        "<1000> table, seed 0: started (2 of 5 runs)",
        "<1030> 2 of 5 runs, 1 running, 2 waiting, 7 min left; table, seed 0: training (Stage 1) 20/100, "
        "loss 3, 0.67 steps/s",
        "<1060> 2 of 5 runs, 1 running, 2 waiting, 6 min left; table, seed 0: training (Stage 1) 40/100, "
        "loss 2, 0.67 steps/s",
        "<1090> 2 of 5 runs, 1 running, 2 waiting, 10 min left; table, seed 0: measuring ask",
        "<1090> table, seed 1: another process is at work on it",
        "<1090> table, seed 0: finished, 2 min (3 of 5 runs)",
        "<1090> table, seed 1: finished elsewhere (4 of 5 runs)",
        "<1090> table, seed 2: started (4 of 5 runs)",
        "<1090> table, seed 2: failed: no such thing (4 of 5 runs)",
    ]


def test_a_phase_without_steps_says_how_long_it_takes(clock: Clock) -> None:
    view = View(Console(file=io.StringIO()), count=1)
    view(event(0, "started"))
    view(event(0, "progress", phase="building the data"))
    run = view.tally.running["0"]
    assert str(run) == "building the data"
    clock.now += 12
    assert str(run) == "building the data, 12 s"
    view(event(0, "progress", phase="measuring ask"))
    assert str(run) == "measuring ask"
    assert view.tally.left() is None, "and nobody knows of how many steps"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_bars_fit_into_a_terminal(clock: Clock, width: int) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    with View(terminal, count=3, finished=1) as view:
        view(event(0, "started"))
        for done in (100, 900):
            clock.now += 10
            view(event(0, "progress", done, 1000, phase="training (Stage 1)", loss=2.345))
        shown = io.StringIO()
        Console(file=shown, width=width).print(view._progress.get_renderable())
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) == 2
    assert lines[0].startswith("1 of 3 runs ")
    assert "900/1000, loss 2.3" in lines[1] or width < 80
    assert "None" not in shown.getvalue()
    assert ("80 steps/s" in lines[1]) is (width >= 80)


def test_what_is_done_beside_runs_is_shown(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    log, screen = io.StringIO(), io.StringIO()
    with doing(Console(file=log), "planning the runs") as planned:
        planned(1, 2)
    assert log.getvalue() == "", "what takes no while is not worth a line"
    monkeypatch.setattr("obverse.studies.progress.A_WHILE", 0.01)
    with doing(Console(file=log), "planning the runs"):
        while not log.getvalue():
            time.sleep(0.01)
    assert log.getvalue() == "<1000> planning the runs\n"
    terminal = Console(file=screen, force_terminal=True, width=80, color_system=None)
    with doing(terminal, "planning the runs") as planned:
        planned(1, 2)
    assert "planning the runs" in screen.getvalue()


def test_time_left_is_that_of_the_whole_study(clock: Clock) -> None:
    view = View(Console(file=io.StringIO()), count=10)
    assert view.tally.left() is None, "nobody knows yet"
    for seed in (0, 1):
        view(event(seed, "started"))
    clock.now += 10
    for seed in (0, 1):
        view(event(seed, "progress", 50, 1000))
    clock.now += 90
    for seed in (0, 1):
        view(event(seed, "progress", 500, 1000))
    # Two runs at a time, half done in 100 s: 200 s for each pair, 9 runs' worth are left.
    assert view.tally.left() == pytest.approx(900)
    for seed in (0, 1):
        view(event(seed, "finished"))
    assert view.tally.left() == pytest.approx(8 * 50)


def test_what_an_earlier_try_did_is_no_work_of_now(clock: Clock) -> None:
    view = View(Console(file=io.StringIO()), count=1)
    view(event(0, "started"))
    clock.now += 5
    view(event(0, "progress", 900, 1000))
    assert view.tally.left() is None
    clock.now += 50
    view(event(0, "progress", 950, 1000))
    assert view.tally.left() == pytest.approx(55)


def test_the_last_long_run_is_not_hurried_by_short_ones_before_it(clock: Clock) -> None:
    view = View(Console(file=io.StringIO()), count=9)
    view(event(8, "started"))
    for seed in range(8):
        view(event(seed, "started"))
        clock.now += 1
        view(event(seed, "finished"))
    clock.now += 2
    view(event(8, "progress", 50, 1000))
    assert view.tally.left() == pytest.approx(190)


def test_a_terminal_has_bars_of_those_at_work(clock: Clock) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=100)
    with View(terminal, count=40) as view:
        for seed in range(20):
            view(event(seed, "started"))
            view(event(seed, "progress", 1, 4))
        assert len(view._progress.tasks) == 1 + progress.MOST_BARS
        for seed in range(20):
            view(event(seed, "finished"))
        assert len(view._progress.tasks) == 1
        assert view._progress.tasks[0].description == "20 of 40 runs"
        assert view._progress.tasks[0].fields["said"].startswith("20 waiting")
