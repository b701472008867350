"""What was asked in a study, and what a guess would score."""

from dataclasses import dataclass
from math import inf

import polars as pl

CONDITIONS = ("against", "none", "follow")  # in the order in which they are shown
POSITIVE = (0.0, inf)  # where a loss can lie
PROPORTION = (0.0, 1.0)
ACCURACY = "Accuracy"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, which decides what a page may say of it.

    Attributes:
        own_data: the user's own data, of which no pattern is known.
        conditions: those asked without examples.
        chance: accuracy of a guess, the mean of 1 / number of classes.
        chance_loss: loss of a guess, the mean of ln(number of classes), nats.
    """

    own_data: bool
    conditions: tuple[str, ...]
    chance: float
    chance_loss: float

    @classmethod
    def of(cls, asked: pl.DataFrame, own_data: bool) -> "Asked":
        """Return the task of the items `asked`, rows of the table "ask" without examples."""
        seen = asked["condition"].unique()
        task = asked.filter(pl.col("condition") == "against")["chance"].to_frame()
        guess = task.select(pl.col("chance").mean(), pl.col("chance").log().neg().mean().alias("loss"))
        return cls(own_data, tuple(c for c in CONDITIONS if c in seen), *guess.row(0))

    @property
    def loss(self) -> str:
        """The title of the loss."""
        return "Loss over the classes (nats)" if self.own_data else "Two-class loss (nats)"

    def level(self, title: str) -> float | None:
        """Return chance in the measure of this title, None where there is none."""
        return {ACCURACY: self.chance, self.loss: self.chance_loss}.get(title)
