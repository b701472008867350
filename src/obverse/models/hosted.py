"""Models that are finetuned by a service, and asked there."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from obverse.core.abilities import Capability, Model
from obverse.core.bill import Bill
from obverse.core.errors import ObverseError
from obverse.core.model import Setup
from obverse.core.settings import MOST
from obverse.core.stage import Stage, Training
from obverse.models.endpoint import BYTES_PER_TOKEN, Endpoint, NotNegative
from obverse.models.finetuning_file import tokens_of, written
from obverse.models.meter import Tokens


class Hosted(Endpoint):
    """A model that a server finetunes by OpenAI's fine-tuning API, and that is asked there.

    Epochs, batch size and what bears loss are those of the experiment's recipe; the run's seed is the
    job's. All else of a recipe is the service's own, and refused where it is set.

    Attributes:
        name: the model to begin with, as the server knows it.
        url, api, key, parameters: as of an endpoint; api is how the finetuned model is asked, and which
            training file it takes.
        learning_rate_multiplier: on the service's own learning rate.
        suffix: of the finetuned model's name.
        most_requests, asking_price, answering_price, patience: as of an endpoint.
        training_price: of a million tokens, in any currency; 0 where nothing is charged.
        cost_limit: what all runs of a study may cost together, in the same; without price and limit
            nothing is started. Nor is asked more than costs that much by itself.
        bytes_per_token: by which tokens are estimated, on the cautious side for English.
        ask_base: whether the model is also asked before it is trained, which shows that it can be asked
            as `api` says before anything is paid.
        attempt: raised to start another job where one has failed or was cancelled.
        poll: seconds between two looks at a job.
    """

    made_here = True
    asked_along: ClassVar[bool] = False
    heeds: ClassVar[frozenset[str] | None] = frozenset({"epochs", "batch_size", "loss_on"})

    learning_rate_multiplier: Annotated[float, Field(gt=0)] | Literal["auto"] = "auto"
    suffix: Annotated[str, Field(max_length=64)] = ""
    training_price: NotNegative | None = None
    bytes_per_token: Annotated[float, Field(gt=0)] = BYTES_PER_TOKEN
    ask_base: bool = True
    attempt: Annotated[int, Field(ge=1, le=MOST)] = 1
    poll: Annotated[float, Field(gt=0, le=86_400)] = 10.0

    def abilities(self) -> frozenset[Capability]:
        return super().abilities() | {"trains"}

    def lacks(self, needed: frozenset[Capability]) -> str | None:
        if "saves" in needed:
            return "its weights are a server's, and cannot be kept here"
        return super().lacks(needed)

    def refuses(self, stages: Sequence[Stage]) -> str | None:
        """Return what a service would refuse of the documents, or None."""
        for stage in stages:
            if stage.training is not None:
                if stage.training.in_order:
                    return (
                        f"stage {stage.label!r}: its documents come in order, and a service shuffles them"
                    )
                try:
                    written(stage.training.documents, self.api, stage.training.recipe.loss_on)
                except ObverseError as error:
                    return f"stage {stage.label!r}: {error}"
        return None

    def build(self, setup: Setup) -> Model:
        """Return a client; what was paid or answered before an interruption is taken up again.

        Raises:
            ObverseError: if the client's package is not installed, or answers cannot be written down.
        """
        from obverse.models.finetuned import FinetunedChat, FinetunedCompletions

        kind = FinetunedChat if self.api == "chat" else FinetunedCompletions
        return kind(self, setup.folder, setup.shared or setup.folder)

    def identity(self) -> object:
        """Return what decides the training and the answers; prices and names do not."""
        known = super().identity()
        assert isinstance(known, dict)
        return known | {"learning_rate_multiplier": self.learning_rate_multiplier}

    def tokens(self, training: Training) -> int:
        """Return about how many tokens a training is charged for."""
        one = tokens_of(training.documents, self.api, self.bytes_per_token)
        return training.recipe.epochs * one

    def bill(self, stages: Sequence[Stage], asked: int = 0, answered: int = 0, requests: int = 0) -> Bill:
        """Return what a run is charged (`core.model.ModelSpec.bill`)."""
        trained = sum(self.tokens(s.training) for s in stages if s.training is not None)
        read = round(asked / self.bytes_per_token)
        return Bill(
            trained=trained,
            training=_cost(trained, self.training_price),
            requests=requests,
            most_requests=self.most_requests,
            asked=read + answered,
            asking=self.price().of(Tokens(read, answered)),
            limit=self.cost_limit,
        )


def _cost(tokens: int, price: float | None) -> float | None:
    return None if price is None else tokens * price / 1e6


def refuse_cost(bill: Bill, name: str, charged: float = 0.0) -> None:
    """Refuse what has no price or no limit, or costs more than that with what was charged before.

    Raises:
        ObverseError: with the forecast, and the settings that are missing.
    """
    forecast = f"about {bill.trained:,} tokens to train on"
    if bill.training is not None:
        forecast += f", {bill.training:.2f}"
    if bill.asked:
        priced = "" if bill.asking is None else f", {bill.asking:.2f}"
        forecast += f"; {bill.asked:,} to ask and answer{priced}"
    missing = [
        key
        for key, value in (("training_price", bill.training), ("cost_limit", bill.limit))
        if value is None
    ]
    if missing or bill.total is None or bill.limit is None:
        wanted = " and ".join(f"--set model.{key}=…" for key in missing)
        raise ObverseError(
            f"{name}: nothing is started without a price of a million tokens and a limit of cost; give "
            f"{wanted}. Forecast: {forecast}"
        )
    if charged + bill.total > bill.limit:
        before = f"was charged {charged:.2f} so far, and " * bool(charged)
        raise ObverseError(
            f"{name}: {before}would cost about {bill.total:.2f}{' more' * bool(charged)}, and "
            f"model.cost_limit is {bill.limit:g}. Forecast: {forecast}"
        )
