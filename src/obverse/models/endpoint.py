"""Models behind an OpenAI-compatible server."""

import os
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from obverse.core.errors import ObverseError
from obverse.core.model import Capability, Model, ModelSpec, Setup


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
    """

    made_here = False
    on_ours: ClassVar[bool] = False

    url: str
    api: Literal["completions", "chat"] = "completions"
    key: str = "OPENAI_API_KEY"
    parameters: Annotated[int, Field(ge=1, le=10**13)] | None = None

    @field_validator("url")
    @classmethod
    def _tells_no_secret(cls, url: str) -> str:
        """Refuse an address that would write a key down wherever it is shown."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected an address such as https://api.openai.com/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError(
                "has a user name, a password or a query, which would be written down with the results; "
                "give the bare address, and the key by the environment"
            )
        return url

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
        from obverse.models.remote import ChatModel, CompletionsModel

        kind = ChatModel if self.api == "chat" else CompletionsModel
        return kind(self, setup.folder / "answers.jsonl")

    def identity(self) -> object:
        """Return what decides the answers; the key and what is said of the size do not."""
        return {"url": self.url, "model": self.name, "api": self.api}

    def at_hand(self) -> bool:
        return False

    def size(self) -> int | None:
        return self.parameters
