"""Models behind an OpenAI-compatible server."""

import os
import re
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from obverse.core.abilities import Capability, Model
from obverse.core.bill import Bill
from obverse.core.errors import ObverseError
from obverse.core.model import ModelSpec, Setup
from obverse.core.stage import Stage
from obverse.models.meter import Price, Tokens

BYTES_PER_TOKEN = 3.0  # by which tokens are estimated, on the cautious side for English
NotNegative = Annotated[float, Field(ge=0)]


class Endpoint(ModelSpec):
    """A model behind an OpenAI-compatible server.

    Attributes:
        name: of the model, as the server knows it.
        url: the server's address, which usually ends in /v1.
        api: "completions", which must give log-probabilities of an echoed prompt, or "chat", which gives
            answers only.
        key: name of the environment variable that the key is read from; the key itself is written
            nowhere.
        parameters: their number, which a server does not tell and trends over size need.
        most_requests: that all runs of a study may send together, whether they are answered or not;
            None where there is no limit.
        asking_price, answering_price: of a million tokens of questions and of answers, in any currency;
            answers cost what questions do where they have no price of their own.
        cost_limit: what the requests of all runs of a study may cost together, in the same.
        patience: seconds that a question waits at most because the server asks for it (Retry-After).
    """

    made_here = False
    on_ours: ClassVar[bool] = False
    settable: ClassVar[frozenset[str]] = frozenset(
        {"key", "most_requests", "asking_price", "answering_price", "cost_limit", "patience"}
    )

    url: str
    api: Literal["completions", "chat"] = "completions"
    key: str = "OPENAI_API_KEY"
    parameters: Annotated[int, Field(ge=1, le=10**13)] | None = None
    most_requests: Annotated[int, Field(ge=1)] | None = None
    asking_price: NotNegative | None = None
    answering_price: NotNegative | None = None
    cost_limit: NotNegative | None = None
    patience: Annotated[float, Field(ge=0, le=86_400)] = 900.0

    @field_validator("url")
    @classmethod
    def _tells_no_secret(cls, url: str) -> str:
        """Refuse an address that would write a key down wherever it is shown."""
        try:
            parts = urlsplit(url)
            _ = parts.port  # which is only looked at when it is asked for
        except ValueError:
            raise ValueError("expected an address such as https://api.openai.com/v1") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected an address such as https://api.openai.com/v1")
        if "@" in url or parts.query:
            raise ValueError(
                "has a user name, a password or a query, which would be written down with the results; "
                "give the bare address, and the key by the environment"
            )
        return url

    @field_validator("key")
    @classmethod
    def _names_a_variable(cls, key: str) -> str:
        """Refuse the key itself, which would be written down with the results."""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", key):
            raise ValueError(
                "expected the name of the environment variable that holds the key, as OPENAI_API_KEY, "
                "and never the key itself"
            )
        return key

    def price(self) -> Price:
        return Price(asking=self.asking_price, answering=self.answering_price)

    def refuses(self, stages: Sequence[Stage]) -> str | None:
        """Return that there is a limit of cost, or a price of answers, and no price of questions."""
        if self.asking_price is None and (self.cost_limit, self.answering_price) != (None, None):
            return (
                "model.cost_limit and model.answering_price need model.asking_price, of a million tokens"
            )
        return None

    def bill(
        self, stages: Sequence[Stage], asked: int = 0, answered: int = 0, requests: int = 0
    ) -> Bill | None:
        """Return what a run asks and, where there is a price, costs (`core.model.ModelSpec.bill`)."""
        read = round(asked / BYTES_PER_TOKEN)
        return Bill(
            trained=0,
            training=0.0,
            requests=requests,
            most_requests=self.most_requests,
            asked=read + answered,
            asking=self.price().of(Tokens(read, answered)),
            limit=self.cost_limit,
        )

    def secret(self) -> str:
        """Return the key, "none" where there is none: local servers take any, the client insists.

        Raises:
            ObverseError: if it holds what no header can.
        """
        key = os.environ.get(self.key, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise ObverseError(f"the environment's {self.key}: holds letters that are in no key")
        return key or "none"

    def abilities(self) -> frozenset[Capability]:
        return frozenset({"generates", "samples"} | ({"scores"} if self.api == "completions" else set()))

    def lacks(self, needed: frozenset[Capability]) -> str | None:
        if "saves" in needed and "trains" not in needed:
            return "its weights are not here, but a server's"
        return super().lacks(needed)

    def build(self, setup: Setup) -> Model:
        """Return a client; what was answered before an interruption is not asked again.

        Raises:
            ObverseError: if the client's package is not installed, or answers cannot be written down.
        """
        from obverse.models.served import ChatModel, CompletionsModel

        kind = ChatModel if self.api == "chat" else CompletionsModel
        return kind(self, setup.folder / "answers.jsonl", setup.shared)

    def identity(self) -> object:
        """Return what decides the answers; the key and what is said of the size do not."""
        return {"url": self.url, "model": self.name, "api": self.api}

    def at_hand(self) -> bool:
        return False

    def size(self) -> int | None:
        return self.parameters
