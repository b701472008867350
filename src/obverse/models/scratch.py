"""Small models made from scratch, each with a tokenizer made for the study."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from obverse.core.abilities import Capability, Model
from obverse.core.errors import ObverseError
from obverse.core.model import ModelSpec, Setup
from obverse.core.seeds import derive
from obverse.core.settings import MOST

Objective = Literal["next token", "mlm", "mlm-u", "masked diffusion", "bico"]

MOST_TOKENS = 1_000_000  # of a vocabulary; four times as many as any published one
MOST_PARAMETERS = 20_000_000_000  # of a model made here, whose training takes 16 bytes of each


def refuse_large(hidden_size: int, layers: int, rows: int) -> None:
    """Refuse a decoder of about 12 d² weights a layer, and so many rows of embeddings, that nobody means.

    Raises:
        ValueError: that says how many parameters there may be.
    """
    parameters = 12 * layers * hidden_size**2 + rows * hidden_size
    if parameters > MOST_PARAMETERS:
        raise ValueError(
            f"hidden_size {hidden_size}, layers {layers} and {rows} embeddings make a model of about "
            f"{parameters:.1e} parameters; expected at most {MOST_PARAMETERS:.1e}"
        )


class Scratch(ModelSpec):
    """A small model made from scratch, with a tokenizer made for the study.

    Attributes:
        architecture: GPT-NeoX, GPT-2 (learned positions, untied embeddings) or T5 (encoder-decoder,
            output weights of its own as in T5 1.1).
        tokenizer: byte-level BPE trained on the documents, or one token a word for all that is told
            or asked.
        vocabulary: of the BPE, at most.
        hidden_size: its width; a multiple of twice its heads.
        layers: its depth (of T5, of encoder and decoder each).
        heads: attention heads of a layer.
        max_tokens: the longest text that it can read.
        objective: what it is trained on (docs/objectives.md): the next token, or hidden tokens of a text
            that is seen on both sides (`mlm`, hidden at the rate `mask_rate`; `mlm-u` and `masked
            diffusion`, at rates drawn from 0 to 1); `bico`, a causal model, does both by turns.
        mask_rate: the share of tokens that `mlm` hides.
        shared_directions: whether a GPT-NeoX that restores hidden tokens looks ahead with the weights
            that it looks back with.
        rotary: the share of each head that knows where a token stands (GPT-NeoX; published: a quarter).
            What looks both ways has nothing else to tell the hidden tokens of a row from one another by.
        tied: whether the output weights are the input embeddings (GPT-NeoX and GPT-2).
        dropout: the share that is dropped in training, everywhere that the architecture has it.
        embedding_dropout: the same, on the input embeddings alone (GPT-2), or on what the encoder reads
            and hands on (T5).
        embedding_std: standard deviation of the input embeddings as made; none: the architecture's own
            (0.02, and 1 of T5).
        initial_std: standard deviation of all other matrices as made; none: the architecture's own (0.02,
            of which GPT-2 takes less where a layer's result is added; GPT-NeoX and GPT-2).
        family: what makes a series of sizes of these.
    """

    can: ClassVar[frozenset[Capability]] = frozenset(
        {"scores", "generates", "samples", "trains", "saves", "gradients"}
    )
    blank: ClassVar[bool] = True
    same_for_all_seeds: ClassVar[bool] = False

    name: str = "scratch"
    architecture: Literal["gpt-neox", "gpt2", "t5"] = "gpt-neox"
    objective: Objective = "next token"
    mask_rate: Annotated[float, Field(gt=0, le=1)] = 0.15
    shared_directions: bool = True
    rotary: Annotated[float, Field(gt=0, le=1)] = 0.25
    tied: bool = False
    tokenizer: Literal["bpe", "words"] = "bpe"
    hidden_size: Annotated[int, Field(ge=8, le=65_536)] = 128
    layers: Annotated[int, Field(ge=1, le=1000)] = 4
    heads: Annotated[int, Field(ge=1, le=1024)] = 4
    vocabulary: Annotated[int, Field(ge=257, le=MOST_TOKENS)] = 4096
    max_tokens: Annotated[int, Field(ge=16, le=MOST)] = 512
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    embedding_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    embedding_std: Annotated[float, Field(gt=0)] | None = None
    initial_std: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        refuse_large(self.hidden_size, self.layers, self.vocabulary + self.max_tokens)
        if self.hidden_size % (divisor := 2 * self.heads):
            raise ValueError(
                f"hidden_size {self.hidden_size} is not a multiple of {divisor}, which its heads need"
            )
        if self.embedding_dropout and self.architecture == "gpt-neox":
            raise ValueError(
                f"embedding_dropout {self.embedding_dropout}: {self.architecture} has no dropout on the "
                "embeddings alone; use architecture gpt2 or t5, or dropout"
            )
        if self.architecture == "t5" and self.objective != "next token":
            raise ValueError(
                f"objective {self.objective!r}: an encoder-decoder is trained on the next token alone; "
                "use architecture gpt-neox or gpt2"
            )
        if not self.shared_directions and (self.causal or self.architecture != "gpt-neox"):
            raise ValueError(
                "shared_directions false: only a gpt-neox that restores hidden tokens looks ahead; set "
                "objective to mlm, mlm-u or masked diffusion"
            )
        if self.rotary != 0.25 and self.architecture != "gpt-neox":
            raise ValueError(
                f"rotary {self.rotary}: only a gpt-neox turns its heads; for {self.architecture} set "
                "model.rotary=0.25 as well, its default"
            )
        if self.rotary != 0.25 and (turned := self.hidden_size // self.heads * self.rotary) % 2:
            raise ValueError(
                f"rotary {self.rotary}: {turned:g} numbers of a head are turned; expected an even number"
            )
        if self.architecture == "t5" and self.tied:
            raise ValueError("tied: a T5 has output weights of its own here; use gpt-neox or gpt2")
        if self.architecture == "t5" and self.initial_std is not None:
            raise ValueError("initial_std: a T5 has one for each kind of matrix; use gpt-neox or gpt2")
        return self

    def identity(self) -> object:
        known = super().identity()
        assert isinstance(known, dict)
        # What there was not at first says nothing as long as it is not used: the runs are the same.
        for name in ("objective", "rotary", "shared_directions", "tied", "initial_std"):
            if known[name] == type(self).model_fields[name].default:
                del known[name]
        if self.objective != "mlm":
            del known["mask_rate"]
        # A T5 was once made with output weights tied to its embeddings.
        return known | ({"output": "own"} if self.architecture == "t5" else {})

    @property
    def causal(self) -> bool:
        """Whether the model is asked for the next token, whatever it is trained on."""
        return self.objective in ("next token", "bico")

    def abilities(self) -> frozenset[Capability]:
        if not self.causal:
            return self.can - {"gradients", "samples"}
        return self.can if self.architecture == "t5" else self.can | {"hidden"}

    def splits(self) -> bool:
        return self.architecture != "t5" and self.objective == "next token"

    def build(self, setup: Setup) -> Model:
        """Make the tokenizer from the texts, and the model with weights drawn from the seed.

        The BPE is trained on what the model is told; a tokenizer of words knows what is asked as well.

        Raises:
            ObverseError: if the model is told nothing.
        """
        if all(stage.training is None for stage in setup.stages):
            raise ObverseError(f"{self.name}: a model from scratch knows nothing before it is trained")
        from obverse.models.architectures import make
        from obverse.models.tokenizers import train_tokenizer, word_tokenizer

        if self.tokenizer == "bpe":
            tokenizer = train_tokenizer(setup.told(), self.vocabulary)
        else:
            tokenizer = word_tokenizer([*setup.told(), *setup.asked()])
        return make(self, tokenizer, derive(setup.seed, "initialisation")).to(setup.device)
