"""What a study asks of servers and is charged by them, and whether the user has agreed to it."""

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import chain
from operator import add
from pathlib import Path

from obverse.core.bill import Bill
from obverse.core.format import MISSING, count
from obverse.core.model import ModelSpec
from obverse.core.stage import Stage
from obverse.models.hosted import refuse_cost
from obverse.models.meter import spent_in
from obverse.run.folder import RunFolder, charged_under
from obverse.run.run import Run
from obverse.run.task import Execution
from obverse.studies.plan import Plan
from obverse.studies.tasks import tasks_of
from obverse.studies.workload import sent


def bills_of(plan: Plan) -> dict[str, Bill]:
    """Return what all runs of a plan are charged, by model; nothing for models that are here."""
    found: dict[str, Bill] = {}
    if not any(_charges(model) for arm in plan.arms.values() for model in arm.models):
        return found
    for run in plan.runs():
        if not _charges(run.model):
            continue
        bill = _bill(run, plan.stages_of(run))
        name = run.model.name
        found[name] = found[name] + bill if name in found else bill
    return found


def _bill(run: Run, stages: Sequence[Stage]) -> Bill:
    asked = sent(stages, run.model)
    bill = run.model.bill(stages, asked.read, asked.written, asked.requests)
    assert bill is not None
    return bill


def _charges(model: ModelSpec) -> bool:
    return model.bill(()) is not None


def whole(bills: Sequence[Bill]) -> Bill | None:
    """Return several bills as one, or None if there are none."""
    return reduce(add, bills) if bills else None


def check_bills(plans: Sequence[Plan], out: Path) -> list[str]:
    """Refuse a study that costs more than the user allows; return what is to be said of its costs.

    The limit is for all runs and models together: for what was charged already, of every run under `out`,
    and for the forecast of what has not begun.

    Raises:
        ObverseError: with the forecast, and what would have to be set.
    """
    found: dict[str, list[Bill]] = {}
    asked: dict[str, list[Bill]] = {}
    for plan in plans:
        if not any(_charges(model) for arm in plan.arms.values() for model in arm.models):
            continue
        for task in tasks_of([plan], out, Execution()):
            run = task.run
            if _charges(run.model):
                if "trains" not in run.model.abilities():
                    if not RunFolder(task.folder).finished:
                        asked.setdefault(run.model.name, []).append(_bill(run, plan.stages_of(run)))
                    continue
                bill = _bill(run, plan.stages_of(run))
                begun = RunFolder(task.folder).charged() > 0
                found.setdefault(run.model.name, []).append(bill.without_training() if begun else bill)
    said = [_asked(name, reduce(add, bills), out) for name, bills in asked.items()]
    if not found:
        return said
    charged = charged_under(out / "runs")
    refuse_cost(reduce(add, chain.from_iterable(found.values())), ", ".join(found), charged)
    before = f", beside {charged:.2f} charged so far" * bool(charged)
    for name, bills in found.items():
        bill = reduce(add, bills)
        said.append(
            f"{name}: about {bill.trained:,} tokens to train on, {bill.training:.2f} of at most "
            f"{bill.limit:g}{before}; it is asked before its training and after it, and in between only "
            "where the service kept it"
        )
    return said


def _asked(name: str, bill: Bill, out: Path) -> str:
    """Return what is said of a model that is only asked, and whether its limits will do."""
    spent = spent_in(out)
    said = f"{name}: about {count(bill.requests, 'request')}"
    if bill.most_requests is not None:
        said += f" of at most {bill.most_requests:,}"
    said += f", {bill.asked:,} tokens asked and answered"
    if bill.asking is not None:
        said += f", which cost {bill.asking:.2f}"
    if bill.limit is not None:
        said += f" of at most {bill.limit:g}"
    if spent.requests:
        said += f"; {spent.requests:,} were sent before"
    too_many = bill.most_requests is not None and spent.requests + bill.requests > bill.most_requests
    too_dear = bill.limit is not None and spent.cost + (bill.asking or 0.0) > bill.limit
    if too_many or too_dear:
        said += ". The limit may be reached: then the run stops, and keeps what was answered"
    return said


def rows_of(bill: Bill, runs: int) -> list[tuple[str, str, str, str]]:
    """Return the rows of a forecast's table: name, of a run, of all runs, a remark."""

    def row(name: str, value: float | None, shape: str, remark: str) -> tuple[str, str, str, str]:
        if value is None:
            return name, MISSING, MISSING, remark
        return name, format(value / runs, shape), format(value, shape), remark

    if not bill.trained:
        return _rows_of_asking(bill, row, runs)
    limit = "no model.cost_limit" if bill.limit is None else f"of at most {bill.limit:g}"
    priced = "estimated" if bill.training is not None else "no model.training_price"
    asking = "estimated" if bill.asking is not None else "no model.asking_price: not counted"
    return [
        row("tokens charged, training", bill.trained, ",.0f", f"estimated; of all {runs} runs"),
        row("tokens charged, asking", bill.asked, ",.0f", "estimated"),
        row("cost, training", bill.training, ",.2f", priced),
        row("cost, asking", bill.asking, ",.2f", asking),
        row("cost", bill.total, ",.2f", limit),
    ]


def _rows_of_asking(
    bill: Bill, row: Callable[[str, float | None, str, str], tuple[str, str, str, str]], runs: int
) -> list[tuple[str, str, str, str]]:
    """Return the rows for models that are only asked."""
    requests = (
        "of at most " + f"{bill.most_requests:,}" if bill.most_requests else "no model.most_requests"
    )
    rows = [
        row("requests", bill.requests, ",.0f", f"{requests}; without those that are tried again"),
        row("tokens asked and answered", bill.asked, ",.0f", f"estimated; of all {count(runs, 'run')}"),
    ]
    limit = "no model.cost_limit" if bill.limit is None else f"of at most {bill.limit:g}"
    priced = limit if bill.asking is not None else "no model.asking_price"
    return [*rows, row("cost", bill.asking, ",.2f", priced)]
