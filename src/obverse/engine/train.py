"""Training a model on a stage, through transformers' Trainer.

The Trainer walks once through all epochs, in an order that is laid out beforehand (`engine.order`).
"""

import shutil
import time
from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch.utils.data import Dataset
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from obverse.core.abilities import Point, Watch
from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.core.seeds import derive
from obverse.core.stage import Timetable, Training
from obverse.engine import group
from obverse.engine.documents import IGNORED, Example, Padding, encode_texts
from obverse.engine.losses import Losses
from obverse.engine.objective import Batch, Objective
from obverse.engine.order import timetable, training_order
from obverse.engine.sharded import own_class, put, share
from obverse.engine.shared_training import SharedTrainer, part

ADAPTERS = "adapter_model.safetensors"
COMPLETE = "complete"  # written into a checkpoint once all its files are
SECONDS_BETWEEN_CHECKPOINTS = 30.0


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    training: Training,
    *,
    folder: Path,
    seed: int,
    watch: Watch,
    at_optimizer: Callable[[torch.optim.Optimizer], None] = lambda optimizer: None,
    objective: Objective | None = None,
) -> dict[str, Any]:
    """Train `model` in place; resume from the last whole checkpoint under `folder`.

    Args:
        training: documents (`core.data.Document`) and the recipe.
        seed: decides the order of documents, what an objective draws, and dropout where there is any.
        watch: what is wanted along the way. Losses come about a hundred times, each the mean of the
            steps since the last (nats a token); they are no numbers once the training has diverged.
        at_optimizer: is given the optimizer before the first step.
        objective: brings batches and a loss of its own; none: the next token is predicted.

    Returns:
        Facts for the record: `steps`, `tokens` (padding left out), `resumed_from_step`.

    Raises:
        ObverseError: if a document is longer than the model can read, or the objective has no use for the
            recipe.
    """
    recipe = training.recipe
    own = None if objective is None else objective.collator(recipe, seed)
    examples = encode_texts(model, tokenizer, training.documents, recipe.loss_on, recipe.pad_to)
    lengths = [len(e["input_ids"]) for e in examples]
    order = training_order(lengths, recipe, seed, in_order=training.in_order)
    table = timetable(lengths, order, recipe)
    stops, losses = _Stops(model, table, watch), Losses(table.steps, watch.on_loss)
    checkpoint = group.by_first(last_checkpoint)(folder)
    if checkpoint is None:
        stops.at(0)
    else:
        losses.go_on(checkpoint)
    on_cpu = model.device.type == "cpu"
    if recipe.gradient_checkpointing:
        # Called otherwise before transformers 5.2x.
        older = model.gradient_checkpointing_enable
        getattr(model, "activation_checkpointing_enable", older)()
    size, micro = _sizes(recipe, len(examples))
    own_part = part(order, micro, group.rank(), group.size())
    drawn = derive(seed, f"dropout {group.rank()}" if group.rank() else "dropout")
    trainer = _kind(objective)(
        model=model,
        args=_arguments(recipe, size, micro, folder, drawn, table.steps, on_cpu),
        train_dataset=_Ordered(examples, own_part, placed=objective is not None, width=recipe.pad_to),
        data_collator=own or Padding(tokenizer, recipe, narrow=_narrows(model, recipe)),
        callbacks=[_Progress(table, stops, losses, watch, at_optimizer)],
    )
    if recipe.embedding_learning_rate is not None:
        trainer.optimizer = _optimizer(trainer, model, recipe.embedding_learning_rate)
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return {
        "steps": table.steps,
        "tokens": table.tokens[-1],
        "resumed_from_step": int(checkpoint.name.rsplit("-", 1)[1]) if checkpoint else None,
    }


def _narrows(model: PreTrainedModel, recipe: Recipe) -> bool:
    """Return whether few places bear loss, and the model can be asked for their logits alone."""
    return (
        recipe.loss_on == "completion"
        and not model.config.is_encoder_decoder
        and "logits_to_keep" in signature(model.forward).parameters
    )


def restore(model: PreTrainedModel, folder: Path) -> None:
    """Give `model` the weights saved under `folder`.

    By way of from_pretrained, which knows the older names under which some are stored (GPT-NeoX's
    embed_out); Trainer would leave those as they were made. Of a model with adapters, only these are
    saved, since nothing else is trained.
    """
    if (folder / ADAPTERS).exists():
        _restore_adapters(model, folder)
        return
    for mine in group.in_turn():  # several whole models at once may not fit
        if mine:
            saved = own_class(model).from_pretrained(
                folder, dtype=model.dtype, use_safetensors=True, trust_remote_code=False
            )
            put(model, saved.state_dict())
            del saved


def _restore_adapters(model: PreTrainedModel, folder: Path) -> None:
    from peft import set_peft_model_state_dict

    prefix = "base_model.model."  # which the format puts before the names
    saved = {name.removeprefix(prefix): t for name, t in load_file(folder / ADAPTERS).items()}
    held = {name.replace(".default.", "."): p for name, p in model.named_parameters()}
    saved = {
        name: share(t.to(model.device), held[name]) if name in held else t for name, t in saved.items()
    }
    found: Any = set_peft_model_state_dict(model, saved)
    lacking = [name for name in found.missing_keys if ".lora_" in name]
    if lacking or found.unexpected_keys:
        raise ObverseError(
            f"{folder / ADAPTERS}: not the adapters of this model: "
            f"{', '.join([*lacking, *found.unexpected_keys][:3])}"
        )


class _Trainer(Trainer):
    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        assert isinstance(self.model, PreTrainedModel)
        restore(self.model, Path(resume_from_checkpoint))


def last_checkpoint(folder: Path) -> Path | None:
    """Return the latest checkpoint written whole, removing those that were cut short."""
    whole = []
    for path in folder.glob("checkpoint-*"):
        if (path / COMPLETE).exists():
            whole.append(path)
        else:
            shutil.rmtree(path)
    return max(whole, key=lambda p: int(p.name.rsplit("-", 1)[1]), default=None)


class _Shared(SharedTrainer, _Trainer):
    pass


def _kind(objective: Objective | None) -> type[Trainer]:
    if objective is not None:
        return _trainer_with(objective)
    return _Trainer if group.size() == 1 else _Shared


def _sizes(recipe: Recipe, documents: int) -> tuple[int, int]:
    """Return how many documents a step has, and how many a pass."""
    size = min(recipe.batch_size, documents)
    micro = recipe.micro_batch_size if size == recipe.batch_size else None
    return size, micro or size


def _arguments(
    recipe: Recipe, size: int, micro: int, folder: Path, seed: int, steps: int, on_cpu: bool
) -> TrainingArguments:
    args = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=1,  # the order holds all epochs
        train_sampling_strategy="sequential",
        per_device_train_batch_size=-(-micro // group.size()),
        gradient_accumulation_steps=size // micro,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=min(recipe.warmup_steps, steps // 4),
        optim={"adamw": "adamw_torch_fused", "adafactor": "adafactor", "sgd": "sgd"}[recipe.optimizer],
        weight_decay=recipe.weight_decay,
        adam_beta1=recipe.adam_beta1,
        adam_beta2=recipe.adam_beta2,
        max_grad_norm=recipe.max_grad_norm,
        bf16=recipe.precision == "bfloat16",
        logging_steps=1,  # `engine.losses` takes the mean of several
        logging_nan_inf_filter=False,  # which would log 0.0 for a loss that is no number
        save_strategy="steps",
        save_steps=steps,  # checkpoints are asked for by the callback
        save_total_limit=2,
        report_to=[],
        disable_tqdm=True,
        seed=seed,
        remove_unused_columns=False,  # an objective's collator reads more than the model does
        dataloader_pin_memory=not on_cpu,
        use_cpu=on_cpu,
    )
    # One process trains on one device; Trainer would spread batches over all that it sees.
    args._n_gpu = min(args.n_gpu, 1)
    return args


class _Ordered(Dataset[dict[str, Any]]):
    """The examples in the order of training; with `placed`, each knows its place there.

    Of one that does not count no token bears loss, nor padding, which is `width` wide.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        order: Sequence[tuple[int, bool]],
        *,
        placed: bool,
        width: int | None,
    ) -> None:
        self.examples = examples
        self.order = order
        self.placed = placed
        self.width = width

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int) -> dict[str, Any]:
        number, counts = self.order[index]
        example: dict[str, Any] = dict(self.examples[number])
        if not counts:
            ids = example["input_ids"]
            ids = ids + ids[-1:] * ((self.width or 0) - len(ids))
            example = {"input_ids": ids, "labels": [IGNORED] * len(ids)}
        return example | ({"place": index} if self.placed else {})


def _trainer_with(objective: Objective) -> type[Trainer]:
    """Return a Trainer whose loss is the objective's."""

    class WithObjective(_Trainer):
        # The loss of a pass is a mean; that of a step is the mean over its passes.
        loss_is_scaled_for_ga = False

        def compute_loss(self, model: Any, inputs: Batch, *_: Any, **__: Any) -> torch.Tensor:
            with self.accelerator.autocast():
                return objective.loss(self.accelerator.unwrap_model(model), inputs)

    return WithObjective


def _optimizer(
    trainer: Trainer, model: PreTrainedModel, embedding_learning_rate: float
) -> torch.optim.Optimizer:
    """Return the optimizer that the Trainer would make, the input embeddings at a rate of their own."""
    kind, options = Trainer.get_optimizer_cls_and_kwargs(trainer.args, model)
    embeddings = {id(p) for p in torch.nn.Module.parameters(model.get_input_embeddings())}
    decaying = set(trainer.get_decay_parameter_names(model))
    groups = [
        {
            "params": [
                p
                for name, p in model.named_parameters()
                if (id(p) in embeddings) is embedding and (name in decaying) is decays
            ],
            "lr": embedding_learning_rate if embedding else options["lr"],
            "weight_decay": trainer.args.weight_decay if decays else 0.0,
        }
        for embedding in (True, False)
        for decays in (True, False)
    ]
    made: torch.optim.Optimizer = kind([g for g in groups if g["params"]], **options)
    return made


class _Stops:
    """Where a training stops for the model to be measured."""

    def __init__(self, model: PreTrainedModel, table: Timetable, watch: Watch) -> None:
        self.model, self.table, self.watch = model, table, watch
        self.steps = frozenset(watch.stops(table))

    def at(self, step: int) -> None:
        """Have the model measured if this step is a stop.

        What a measure draws or leaves behind (a state of the generator, gradients) must not reach the
        training, which would then depend on what is measured.
        """
        if step not in self.steps:
            return
        point = Point(
            step=step,
            epoch=self.table.epochs_at(step),
            tokens=self.table.tokens[step],
            last=step == self.table.steps,
        )
        devices = [self.model.device] if self.model.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            self.watch.at(point)
        self.model.zero_grad()


class _Progress(TrainerCallback):
    """Tells of progress, stops for measures, asks for checkpoints, and marks those that are whole."""

    def __init__(
        self,
        table: Timetable,
        stops: _Stops,
        losses: Losses,
        watch: Watch,
        at_optimizer: Callable[[torch.optim.Optimizer], None],
    ) -> None:
        self.table, self.stops, self.losses, self.watch = table, stops, losses, watch
        self.at_optimizer = at_optimizer
        self.saved_at = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **about: Any) -> None:
        self.at_optimizer(about["optimizer"])

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        step = state.global_step
        self.watch.on_step(step, state.max_steps)
        self.stops.at(step)  # before the checkpoint, so that a resumed run has these observations
        control.should_save = step < self.table.steps and self._due(step)
        return control

    def _due(self, step: int) -> bool:
        every = self.watch.checkpoint_every
        if every is None:
            late = group.by_first(lambda: time.monotonic() - self.saved_at > SECONDS_BETWEEN_CHECKPOINTS)
            return late()
        return step in self.table.epoch_ends and self.table.epochs_at(step) % every == 0

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        state.log_history.clear()  # which would grow with every step, and each checkpoint with it
        if logs and "loss" in logs:
            self.losses.add(state.global_step, float(logs["loss"]))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        group.by_first(self.losses.save)(folder)
        group.by_first((folder / COMPLETE).touch)()
        self.saved_at = time.monotonic()
