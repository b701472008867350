"""Carrying out a run that trains: its stages in their order, asked along the way."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from obverse.core.recipe import Stage
from obverse.core.seeds import derive
from obverse.store.files import content_hash
from obverse.store.runs import RunFolder

if TYPE_CHECKING:
    from obverse.models.local import LocalModel
    from obverse.sweep.run import Execution, Run

OnStep = Callable[[int, int], None]


def train_and_ask(
    run: "Run",
    stages: tuple[Stage, ...],
    folder: RunFolder,
    execution: "Execution",
    device: str,
    on_step: OnStep,
) -> dict[str, Any]:
    """Train a model stage by stage; return facts for the record.

    A stage that was finished before an interruption is not trained again: what follows it goes on
    from the weights it left.
    """
    from obverse.models.load import load

    model = load(run.model, stages, run.seed, device)
    before = model.weights_hash()
    origins = [number - 1 if stage.after is None else stage.after for number, stage in enumerate(stages)]
    at = -1  # the stage whose weights the model has; -1: as it was made
    for number, origin in enumerate(origins):
        if folder.stage_record(number) is not None:
            continue
        if at != origin:
            model.restore(folder.stage(origin) / "trained")
        record = _stage(run, number, stages, number not in origins, model, folder, execution, on_step)
        record["weights_sha256"] = model.weights_hash()
        if number in origins:
            model.save(folder.stage(number) / "trained")
        elif execution.keep_weights:
            several = origins.count(origin) > 1
            model.save(folder.path / "weights" / (f"branch-{stages[number].branch}" if several else ""))
        folder.finish_stage(number, record)
        at = number
    records = [folder.stage_record(number) or {} for number in range(len(stages))]
    return {
        "parameters": model.parameters,
        "stages": records,
        "data_sha256": _data_hash(stages),
        "weights_before_sha256": before,
        "weights_after_sha256": records[-1]["weights_sha256"],
    }


def _data_hash(stages: tuple[Stage, ...]) -> str:
    """Hash all that is told and asked; what several stages share is written out once."""
    written: dict[int, object] = {}
    for stage in stages:
        for items in (stage.documents, stage.probes):
            if id(items) not in written:
                written[id(items)] = [asdict(item) for item in items]
    return content_hash(
        [[written[id(s.documents)] for s in stages], [written[id(s.probes)] for s in stages]]
    )


def _stage(
    run: "Run",
    number: int,
    stages: tuple[Stage, ...],
    last: bool,
    model: "LocalModel",
    folder: RunFolder,
    execution: "Execution",
    on_step: OnStep,
) -> dict[str, Any]:
    from obverse.engine.observe import Moment, observe

    stage = stages[number]
    epochs = stage.probed_epochs()
    steps_before = sum(s.steps() for s in stages[:number])
    steps = sum(s.steps() for s in stages)
    losses: list[tuple[int, float]] = []
    branched = any(s.branch for s in stages)
    run_id = run.id
    label = f"{stage.name}, branch {stage.branch}" if branched and stage.after is not None else stage.name

    def probe(epoch: int) -> None:
        folder.add_losses(label, losses)
        if epoch not in epochs or folder.has_moment(number, epoch):
            return
        over = epoch == stage.recipe.epochs
        final = last and over
        now = Moment(
            run_id, run.model.name, run.seed, stage.name, epoch, final, model.parameters,
            getattr(run.model, "family", "") or None, branch=stage.branch,
        )  # fmt: skip
        asked = stage.probes if over else stage.along or stage.probes
        folder.add_moment(number, epoch, observe(model, asked, now, ranked=final))

    probe(0)
    record = model.train(
        stage,
        folder=folder.stage(number),
        seed=derive(run.seed, f"branch {stage.branch}") if stage.branch else run.seed,
        checkpoint_every=execution.checkpoint_every,
        on_step=lambda done, _: on_step(steps_before + done, steps),
        on_epoch=probe,
        on_loss=lambda step, loss: losses.append((step, loss)),
    )
    folder.add_losses(label, losses)
    return {"name": stage.name, "documents": len(stage.documents)} | record
