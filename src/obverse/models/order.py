"""What a fine-tuning service is asked to do, and the key by which it is known."""

from dataclasses import dataclass
from typing import Any

from obverse.core.content import content_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a service is asked to do.

    Attributes:
        model: the model to begin with.
        content: the training file.
        epochs, batch_size, learning_rate_multiplier, seed: of the job.
        suffix: of the finetuned model's name.
        attempt: tells this job from one with the same settings that has failed.
    """

    url: str
    model: str
    content: bytes
    epochs: int
    batch_size: int
    learning_rate_multiplier: float | str
    seed: int
    suffix: str
    attempt: int

    @property
    def key(self) -> str:
        """A hash of all that determines the job; the suffix does not."""
        return content_hash(
            [
                self.url, self.model, self.content, self.epochs, self.batch_size,
                self.learning_rate_multiplier, self.seed, self.attempt,
            ]
        )[:32]  # fmt: skip

    @property
    def file_name(self) -> str:
        return f"obverse-{self.key}.jsonl"

    def request(self) -> dict[str, Any]:
        """Return what the job is asked for with, its file apart."""
        hyperparameters = {
            "n_epochs": self.epochs,
            "batch_size": self.batch_size,
            "learning_rate_multiplier": self.learning_rate_multiplier,
        }
        return {
            "model": self.model,
            "seed": self.seed,
            "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
            "metadata": {"obverse": self.key},
        } | ({"suffix": self.suffix} if self.suffix else {})
