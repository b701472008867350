"""Training a model on a stage, through transformers' Trainer.

The order of the documents is data, not state: all epochs are laid out beforehand from the seed, and
the Trainer walks through them once. A resumed run therefore skips what it has seen and goes on exactly
as the undisturbed one.
"""

import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from obverse.core.recipe import Recipe, Stage
from obverse.core.seeds import derive, generator
from obverse.engine.documents import Example, Padding, encode_documents, encode_pairs

COMPLETE = "complete"  # written into a checkpoint once all its files are
BATCHES_SORTED_TOGETHER = 32
SECONDS_BETWEEN_CHECKPOINTS = 30.0


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    stage: Stage,
    *,
    folder: Path,
    seed: int,
    checkpoint_every: int | None,
    on_step: Callable[[int, int], None],
    on_epoch: Callable[[int], None],
    on_loss: Callable[[int, float], None],
) -> dict[str, Any]:
    """Train `model` in place on `stage`; resume from the last whole checkpoint under `folder`.

    Args:
        seed: decides the order of documents and, where the model has any, dropout.
        checkpoint_every: epochs between checkpoints; None writes one after an epoch if the last is
            half a minute old, so that short epochs are not spent on writing.
        on_step: called as `on_step(done, total)` after every optimizer step.
        on_epoch: called after each epoch, the model ready to be asked.
        on_loss: called as `on_loss(step, loss)` about a hundred times a stage (nats a token).

    Returns:
        Facts for the record: `steps`, `tokens` (padding left out), `resumed_from_step`.

    Raises:
        ObverseError: if a document is longer than the model can read.
    """
    recipe = stage.recipe
    limit = getattr(model.config, "max_position_embeddings", None)
    if model.config.is_encoder_decoder:
        examples = encode_pairs(tokenizer, stage.documents, recipe.pad_to)
    else:
        limit = min(filter(None, (limit, recipe.pad_to)), default=None)
        examples = encode_documents(tokenizer, stage.documents, recipe.loss_on, limit)
    order = training_order([len(e["input_ids"]) for e in examples], recipe, seed)
    ends = recipe.epoch_ends(len(examples))
    progress = _Progress(ends, checkpoint_every, on_step, on_epoch, on_loss)
    on_cpu = model.device.type == "cpu"
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable()
    trainer = Trainer(
        model=model,
        args=_arguments(recipe, len(examples), folder, derive(seed, "dropout"), ends[-1], on_cpu),
        train_dataset=_Ordered(examples, order),
        data_collator=Padding(tokenizer, recipe),
        callbacks=[progress],
    )
    if recipe.embedding_learning_rate is not None:
        trainer.optimizer = _optimizer(trainer, model, recipe.embedding_learning_rate)
    trainer.remove_callback(PrinterCallback)
    # One process trains on one device; Trainer would spread batches over all that it sees.
    trainer.args._n_gpu = min(trainer.args.n_gpu, 1)
    checkpoint = last_checkpoint(folder)
    if checkpoint:
        restore(model, checkpoint)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return {
        "steps": ends[-1],
        "tokens": sum(len(examples[i]["input_ids"]) for i in order),
        "resumed_from_step": int(checkpoint.name.rsplit("-", 1)[1]) if checkpoint else None,
    }


def restore(model: PreTrainedModel, folder: Path) -> None:
    """Give `model` the weights saved under `folder`.

    By way of from_pretrained, which knows the older names under which some are stored (GPT-NeoX's
    embed_out); Trainer would leave those as they were made.
    """
    model.load_state_dict(type(model).from_pretrained(folder, dtype=model.dtype).state_dict())


def training_order(lengths: Sequence[int], recipe: Recipe, seed: int) -> list[int]:
    """Return document indices for all epochs, in batches of like length, shuffled anew each epoch.

    Every document comes exactly once an epoch. Those left over when an epoch does not divide into
    whole batches open the next one, so that only the very last batch may be smaller.
    """
    draw = generator(seed, "order")
    size = min(recipe.batch_size, len(lengths))
    window = size * BATCHES_SORTED_TOGETHER
    order: list[int] = []
    left: list[int] = []
    for _ in range(recipe.epochs):
        shuffled = list(range(len(lengths)))
        draw.shuffle(shuffled)
        shuffled = left + shuffled
        whole = len(shuffled) // size * size
        shuffled, left = shuffled[:whole], shuffled[whole:]
        batches: list[list[int]] = []
        for start in range(0, whole, window):
            pool = sorted(shuffled[start : start + window], key=lambda i: lengths[i])
            batches += [pool[i : i + size] for i in range(0, len(pool), size)]
        draw.shuffle(batches)
        order += [i for batch in batches for i in batch]
    return order + left


def last_checkpoint(folder: Path) -> Path | None:
    """Return the latest checkpoint written whole, removing those that were cut short."""
    whole = []
    for path in folder.glob("checkpoint-*"):
        if (path / COMPLETE).exists():
            whole.append(path)
        else:
            shutil.rmtree(path)
    return max(whole, key=lambda p: int(p.name.rsplit("-", 1)[1]), default=None)


def _arguments(
    recipe: Recipe, documents: int, folder: Path, seed: int, steps: int, on_cpu: bool
) -> TrainingArguments:
    size = min(recipe.batch_size, documents)
    micro = recipe.micro_batch_size if size == recipe.batch_size else None
    micro = micro or size
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=1,  # the order holds all epochs
        train_sampling_strategy="sequential",
        per_device_train_batch_size=micro,
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
        logging_steps=max(1, steps // 100),
        save_strategy="steps",
        save_steps=steps,  # checkpoints are asked for by the callback
        save_total_limit=2,
        report_to=[],
        disable_tqdm=True,
        seed=seed,
        dataloader_pin_memory=not on_cpu,
        use_cpu=on_cpu,
    )


class _Ordered(Dataset[Example]):
    def __init__(self, examples: Sequence[Example], order: Sequence[int]) -> None:
        self.examples = examples
        self.order = order

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int) -> Example:
        return self.examples[self.order[index]]


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


class _Progress(TrainerCallback):
    """Counts epochs by steps, asks for checkpoints, and marks those that are whole."""

    def __init__(
        self,
        epoch_ends: Sequence[int],
        checkpoint_every: int | None,
        on_step: Callable[[int, int], None],
        on_epoch: Callable[[int], None],
        on_loss: Callable[[int, float], None],
    ) -> None:
        self.epochs = {step: epoch for epoch, step in enumerate(epoch_ends, start=1)}
        self.checkpoint_every = checkpoint_every
        self.step, self.epoch, self.loss = on_step, on_epoch, on_loss
        self.saved_at = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        self.step(state.global_step, state.max_steps)
        control.should_save = False
        if epoch := self.epochs.get(state.global_step):
            self.epoch(epoch)  # before the checkpoint, so that a resumed run has these observations
            last = state.global_step == state.max_steps
            control.should_save = not last and self._due(epoch)
        return control

    def _due(self, epoch: int) -> bool:
        if self.checkpoint_every is not None:
            return epoch % self.checkpoint_every == 0
        return time.monotonic() - self.saved_at > SECONDS_BETWEEN_CHECKPOINTS

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if logs and math.isfinite(logs.get("loss", math.nan)):
            self.loss(state.global_step, float(logs["loss"]))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        (folder / COMPLETE).touch()
        self.saved_at = time.monotonic()
