"""Training a sharded model in several processes, which divide the documents of every pass.

Each process has a Trainer that knows of no other, over its own part of the documents; what has to be
the whole batch's is summed here. With B the documents of a step, B_r those of process r, and n(B) the
tokens that bear loss,

    loss = Σ_{d ∈ B} loss(d) / n(B) = Σ_r [ Σ_{d ∈ B_r} loss(d) / n(B) ],

and the gradients are summed likewise (`engine.sharded`). So a step is that of one process.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import Trainer

from obverse.core.errors import ObverseError
from obverse.engine import group
from obverse.engine.sharded import share_optimizer, whole_optimizer, whole_state


def part(order: Sequence[int], pass_size: int, rank: int, size: int) -> list[tuple[int, bool]]:
    """Return the documents that one process reads, and whether they count.

    Of each pass over `pass_size` documents every process has as many, one if there are fewer documents
    than processes. Those that do not come out even read a document once more, which does not count.
    """
    found: list[tuple[int, bool]] = []
    for start in range(0, len(order), pass_size):
        rows = order[start : start + pass_size]
        own = [(index, True) for index in rows[rank::size]]
        found += own + [(rows[0], False)] * (-(-len(rows) // size) - len(own))
    return found


class SharedTrainer(Trainer):
    """A Trainer of one process among several.

    Raises:
        ObverseError: if the model does not say over how many tokens its loss is a mean.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if not self.model_accepts_loss_kwargs:
            raise ObverseError(
                f"{type(self.model).__name__}: its loss is a mean over each process's own documents, "
                "which is no mean over all; train it in one process"
            )

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> Any:
        batches, count = super().get_batch_samples(*args, **kwargs)
        assert isinstance(count, Tensor)
        torch.distributed.all_reduce(count)
        return batches, count

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        loss = super().training_step(*args, **kwargs)
        torch.distributed.all_reduce(loss)
        return loss

    def create_optimizer(self, *args: Any, **kwargs: Any) -> torch.optim.Optimizer:
        made: torch.optim.Optimizer = super().create_optimizer(*args, **kwargs)
        made.register_state_dict_post_hook(whole_optimizer)
        made.register_load_state_dict_pre_hook(share_optimizer)
        return made

    # Checkpoints: the first process writes what one alone would have written.

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        self._save(output_dir, state_dict=self._whole_state())

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        if group.rank() == 0:
            super()._save_checkpoint(model, trial)
        else:
            self._whole_state()  # to which each process has to give its share
            assert self.optimizer is not None
            self.optimizer.state_dict()
        torch.distributed.barrier()
        if group.rank():
            folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
            torch.save(_drawing(), self._drawn(folder))
        torch.distributed.barrier()

    def _whole_state(self) -> dict[str, Tensor]:
        assert self.model is not None
        return whole_state(self.model)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        for mine in group.in_turn():  # several whole states at once may not fit
            if mine:
                super()._load_optimizer_and_scheduler(checkpoint)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if group.rank() == 0:
            super()._load_rng_state(checkpoint)
        elif checkpoint is not None and (file := self._drawn(Path(checkpoint))).is_file():
            _draw_on(torch.load(file, weights_only=True))

    def _drawn(self, checkpoint: Path) -> Path:
        return checkpoint / f"rng_state_{group.rank()}.pth"


def _drawing() -> dict[str, Tensor]:
    """Return where this process's generators are, which decide dropout."""
    state = {"cpu": torch.random.get_rng_state()}
    return state | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {})


def _draw_on(state: dict[str, Tensor]) -> None:
    torch.random.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"])
