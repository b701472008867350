"""What a run on somebody else's machine is charged."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one run or several are charged, as far as that is known before.

    Attributes:
        trained: tokens that are trained on, as often as they are; an estimate.
        training: what that costs, in whatever the user's prices are in; None without a price.
        asked: tokens of questions and answers; an estimate.
        asking: what that costs; None without a price.
        requests: that are sent to a server to be answered; an estimate, without those tried again.
        most_requests: that all runs of the study may send; None where the user has set no limit.
        limit: what all runs of the study may cost together; None where the user has set none.
    """

    trained: int
    training: float | None
    asked: int = 0
    asking: float | None = None
    requests: int = 0
    most_requests: int | None = None
    limit: float | None = None

    def without_training(self) -> "Bill":
        """Return what is charged once the training is paid."""
        training = None if self.training is None else 0.0
        return replace(self, trained=0, training=training)

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(
            trained=self.trained + other.trained,
            training=_sum(self.training, other.training),
            asked=self.asked + other.asked,
            asking=_sum(self.asking, other.asking),
            requests=self.requests + other.requests,
            most_requests=self.most_requests,
            limit=self.limit,
        )

    @property
    def total(self) -> float | None:
        """What all costs; asking is left out where it has no price."""
        return None if self.training is None else self.training + (self.asking or 0.0)


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b
