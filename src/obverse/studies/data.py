"""Writing and checking the data of an experiment."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from obverse.core.content import content_hash
from obverse.core.data import Document, document_row
from obverse.core.errors import ObverseError
from obverse.core.experiment import CountTokens, Experiment
from obverse.core.format import count
from obverse.models.finetuning_file import LAYOUTS, written
from obverse.store import files
from obverse.studies.catalogue import What, find, preset_of
from obverse.studies.exporting import folders_of, probes_of
from obverse.studies.models import checkpoints_of
from obverse.studies.study import Study

SHOWN = 3
LINE = b"\n"


def data_of(
    what: What, data: str | Path | None, settings: Mapping[str, Any], preset: str | None = None
) -> Study:
    """Return a study without models, whose data is written, checked and exported.

    Unless a preset is named, the data is all there is (`Experiment.whole`).

    Raises:
        ObverseError: on an unknown name, preset or setting.
    """
    kind = find(what)
    experiment = kind.whole() if preset is None else preset_of(kind, preset)[1].experiment
    overrides = dict(settings) | ({} if data is None else {"data": Path(data)})
    return Study(experiment=experiment, models=(), seeds=(0,)).with_settings(overrides)


def write_data(study: Study, out: Path, seed: int, layout: str | None) -> str:
    """Write the data of `seed`, and return lines that say what was written.

    Raises:
        ObverseError: if `out` cannot be written, or the experiment has no such layout.
    """
    experiment = study.experiment
    if layout is not None and layout not in (known := (*experiment.layouts, *LAYOUTS)):
        raise ObverseError(f"--layout {layout}: {experiment.name} has {', '.join(known)}")
    own = None if layout in LAYOUTS else experiment.write_data(out, seed, layout)
    if own is not None:
        return own
    folders, arms = folders_of(study, out), study.variants().items()
    if layout is not None and layout in LAYOUTS:
        made = [_training_files(arm.experiment, folders[name], seed, layout) for name, arm in arms]
        contents = {path: content for each in made for path, content in each.items()}
        for path, content in contents.items():  # once all are known to be in order
            files.write_bytes(path, content)
        return "\n".join(
            f"{path}: {content.count(LINE):,} examples" for path, content in contents.items()
        )
    return "\n".join(_write_stages(arm.experiment, folders[name], seed) for name, arm in arms)


def _training_files(experiment: Experiment, out: Path, seed: int, layout: str) -> dict[Path, bytes]:
    """Return the training files of a fine-tuning service, one for each stage that trains, by path.

    They are what is sent to a service that trains the model (`models.hosted`).
    """
    form = LAYOUTS[layout]
    found = {}
    for number, stage in enumerate(experiment.stages(seed)):
        if stage.training is not None:
            path = out / f"{number:02d}-{files.safe_name(stage.label.lower())}.jsonl"
            loss_on = "completion" if form == "chat" else stage.training.recipe.loss_on
            try:
                found[path] = written(stage.training.documents, form, loss_on)
            except ObverseError as error:
                raise ObverseError(f"{experiment.name}, stage {stage.label!r}: {error}") from None
    if not found:
        raise ObverseError(f"--layout {layout}: {experiment.name} trains nothing")
    return found


def _write_stages(experiment: Experiment, out: Path, seed: int) -> str:
    """Write what each stage tells and measures as JSON lines."""
    stages = experiment.stages(seed)
    documents = 0
    for number, stage in enumerate(stages):
        folder = out / f"{number:02d}-{files.safe_name(stage.label.lower())}"
        told = () if stage.training is None else stage.training.documents
        documents += len(told)
        files.write_jsonl(folder / "documents.jsonl", map(_told, told))
        rows: dict[str, dict[str, Mapping[str, Any]]] = {}  # what several measures share, once
        for measure, _ in stage.measures:
            known = rows.setdefault(measure.name, {})
            known |= {content_hash(row): row for row in measure.rows()}
        for name, known in rows.items():
            files.write_jsonl(folder / f"{name}.jsonl", known.values())
    about = {"study": experiment.name, "seed": seed, "settings": experiment.model_dump(mode="json")}
    files.write_json(out / "dataset.json", about)
    return f"{out}: {count(len(stages), 'stage')}, {count(documents, 'document')}"


def _told(document: Any) -> dict[str, Any]:
    if isinstance(document, Document):
        return document_row(document)
    raise ObverseError(f"documents of the type {type(document).__name__} cannot be written as text")


def check_data(experiment: Experiment, models: Sequence[str]) -> tuple[bool, list[str]]:
    """Check an experiment's probes, for each model's tokenizer if there are any.

    `models` are named as for a run: directories, hub names, `name@revision`, families.

    Returns:
        Whether nothing is wrong, and what to say.
    """
    if "scratch" in models:
        raise ObverseError(
            "--model scratch: its tokenizer is made from what it is trained on; name another"
        )
    asked = probes_of(experiment.stages(0))
    probes = [probe for probe in asked if experiment.flaws(probe, None) is not None]
    if not probes:
        raise ObverseError(f"{experiment.name}: it does not say what flaws a question can have")
    counters: list[tuple[str, CountTokens | None]] = [
        (f"{path}@{revision}" if revision else path, _counter(path, revision))
        for model in models
        for path, revision, _ in checkpoints_of(model)
    ]
    clean, lines = True, []
    for label, counter in counters or [("text", None)]:
        found: dict[str, list[str]] = {}
        for probe in probes:
            for flaw in experiment.flaws(probe, counter) or ():
                found.setdefault(flaw, []).append(probe.id)
        clean = clean and not found
        facts = len({probe.fact for probe in probes})
        about = f"{facts:,} facts, {len(probes):,} questions"
        lines.append(f"{label}: {about}{'' if found else ', nothing wrong'}")
        for flaw, ids in found.items():
            more = f" … and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
            lines.append(f"  {flaw}: {', '.join(ids[:SHOWN])}{more}")
    return clean, lines


def _counter(path: str, revision: str | None) -> CountTokens:
    from obverse.engine.tokens import count_in_context
    from obverse.models.checkpoint import load_tokenizer

    return partial(count_in_context, load_tokenizer(path, revision))
