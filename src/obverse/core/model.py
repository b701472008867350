"""The Model contract, and the settings that say which model is meant."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, model_validator

from obverse.core.recipe import Stage
from obverse.core.settings import Settings


class Model(Protocol):
    """What is asked. Batching never changes an answer beyond floating-point rounding."""

    @property
    def scores(self) -> bool:
        """Whether log-probabilities can be had; some servers give answers alone."""
        ...

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Return ln P(continuation | prompt), summed over tokens, for each prompt's continuations."""
        ...

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        """Return the greedy (temperature 0) continuation of each prompt, up to its end of text."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, special tokens left out."""
        ...


class TrainableModel(Model, Protocol):
    """A model that can also be trained on a stage."""

    def train(
        self,
        stage: Stage,
        *,
        folder: Path,
        seed: int,
        checkpoint_every: int | None,
        on_step: Callable[[int, int], None],
        on_epoch: Callable[[int], None],
        on_loss: Callable[[int, float], None],
    ) -> dict[str, Any]:
        """Train in place, resuming from a checkpoint under `folder`; return facts for the record.

        `on_epoch(e)` is called after each epoch with the model ready to be asked; `on_step(done,
        total)` and `on_loss(step, loss)` tell of progress.
        """
        ...

    def weights_hash(self) -> str:
        """Return the SHA-256 of all weights."""
        ...

    def save(self, folder: Path) -> None:
        """Write weights (safetensors), configuration and tokenizer to `folder`."""
        ...

    def restore(self, folder: Path) -> None:
        """Take back the weights that `save` wrote to `folder`."""
        ...


def _refuse_odd_heads(size: int, divisor: int) -> None:
    if size % divisor:
        raise ValueError(f"hidden_size {size} is not a multiple of {divisor}, which its heads need")


class Scratch(Settings):
    """A small model made from scratch, with a tokenizer made for the study.

    Attributes:
        architecture: GPT-NeoX, GPT-2 (learned positions, untied embeddings) or T5 (encoder-decoder).
        tokenizer: byte-level BPE trained on the documents, or one token a word for all that is told
            or asked.
        vocabulary: of the BPE, at most.
        dropout: everywhere that the architecture has it; `embedding_dropout` on the input embeddings
            alone (GPT-2).
        family: what makes a series of sizes of these.
    """

    kind: Literal["scratch"] = "scratch"
    name: str = "scratch"
    family: str = ""
    architecture: Literal["gpt-neox", "gpt2", "t5"] = "gpt-neox"
    tokenizer: Literal["bpe", "words"] = "bpe"
    hidden_size: Annotated[int, Field(ge=8)] = 128
    layers: Annotated[int, Field(ge=1)] = 4
    heads: Annotated[int, Field(ge=1)] = 4
    vocabulary: Annotated[int, Field(ge=257)] = 4096
    max_tokens: Annotated[int, Field(ge=16)] = 512
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    embedding_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _fits(self) -> "Scratch":
        _refuse_odd_heads(self.hidden_size, 2 * self.heads)
        if self.embedding_dropout and self.architecture != "gpt2":
            raise ValueError(
                f"embedding_dropout {self.embedding_dropout}: {self.architecture} has no dropout on the "
                "embeddings alone; use architecture gpt2, or dropout"
            )
        return self

    def identity(self) -> str:
        return self.model_dump_json(exclude={"name", "family"})


class Grown(Settings):
    """A small decoder trained on Python's standard library, and asked as it grows.

    Attributes:
        layers: its depth, what makes a family of these; `hidden_size` and `heads` its shape.
        tokens: how many it is trained on, in windows of `window` tokens, `batch` windows a step.
        checkpoints: how often it is asked, the last time at the end, halving the tokens each time back.
        repeated: the share of windows in which a segment recurs (without them nothing is learnt of
            repetition within a few million tokens).
        corpus: SHA-256 of the text, filled in when the model is resolved.
    """

    kind: Literal["grown"] = "grown"
    name: str = "grown"
    family: str = "grown"
    layers: Annotated[int, Field(ge=1)] = 2
    hidden_size: Annotated[int, Field(ge=8)] = 96
    heads: Annotated[int, Field(ge=1)] = 4
    vocabulary: Annotated[int, Field(ge=257)] = 1024
    tokens: Annotated[int, Field(ge=1024)] = 800_000
    window: Annotated[int, Field(ge=64)] = 128
    batch: Annotated[int, Field(ge=1)] = 8
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    repeated: Annotated[float, Field(ge=0, le=1)] = 0.6
    checkpoints: Annotated[int, Field(ge=1)] = 5
    corpus: str = ""

    @model_validator(mode="after")
    def _fits(self) -> "Grown":
        _refuse_odd_heads(self.hidden_size, self.heads)
        steps = self.tokens // self.window // self.batch
        if steps < 2 ** (self.checkpoints - 1):
            raise ValueError(
                f"tokens {self.tokens} are {steps} steps, too few for {self.checkpoints} checkpoints, "
                "each at half the tokens of the next"
            )
        return self

    def identity(self) -> str:
        return self.model_dump_json(exclude={"name", "family"})


class Endpoint(Settings):
    """A model behind an OpenAI-compatible server.

    `api` is "completions" (which must give logprobs of an echoed prompt) or "chat" (answers only). The
    key is read from the environment variable `key`, and written nowhere. A server does not
    tell `parameters`, which trends over size need.
    """

    kind: Literal["endpoint"] = "endpoint"
    name: str
    url: str
    api: Literal["completions", "chat"] = "completions"
    key: str = "OPENAI_API_KEY"
    family: str = ""
    parameters: Annotated[int, Field(ge=1)] | None = None

    def identity(self) -> str:
        return f"endpoint:{self.url} {self.name} {self.api}"


Dtype = Literal["float32", "bfloat16", "float16"]


class Checkpoint(Settings):
    """A checkpoint of transformers, causal or encoder-decoder: a local directory or a hub name.

    Attributes:
        path: the directory; with `commit`, the name on the hub.
        revision: the hub's branch or tag, as it was given.
        commit: the hub's commit that is meant, filled in when the checkpoint is resolved.
        family: what it has in common with the other models of a scaling trend.
        tokens: training tokens seen, where the revision tells.
        parameters: their number by the configuration, embeddings included, filled in likewise.
        weights: a hash of the directory's files, or the hub's name and commit, filled in likewise.
        dtype: what the weights are loaded in; training takes float32.
    """

    kind: Literal["checkpoint"] = "checkpoint"
    name: str
    path: str
    revision: str | None = None
    commit: str | None = None
    family: str = ""
    tokens: int | None = None
    parameters: int | None = None
    weights: str = ""
    dtype: Dtype = "float32"

    def identity(self) -> str:
        return f"checkpoint:{self.weights}" + ("" if self.dtype == "float32" else f" {self.dtype}")


ModelSpec = Annotated[Scratch | Grown | Endpoint | Checkpoint, Field(discriminator="kind")]
