"""Checkpoints of transformers: which weights are meant, and what they are loaded in."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from obverse.core.abilities import Capability, Model
from obverse.core.model import ModelSpec, Setup
from obverse.core.seeds import derive
from obverse.core.stage import Stage
from obverse.engine.group import in_turn
from obverse.models import families
from obverse.models.lora import Lora

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Dtype = Literal["float32", "bfloat16", "float16"]


class Checkpoint(ModelSpec):
    """A checkpoint of transformers, causal or encoder-decoder: a local directory or a hub name.

    Attributes:
        name: without one it is called by its directory, or its name on the hub and revision.
        path: the directory; with `commit`, the name on the hub.
        revision: the hub's branch or tag, as it was given.
        commit: the hub's commit that is meant, filled in when the checkpoint is resolved.
        family: what it has in common with the other models of a scaling trend; without one, the family
            of a published model is filled in, which its name tells.
        tokens: training tokens seen; filled in where the revision tells.
        parameters: their number by the configuration, embeddings included, filled in likewise.
        weights: a hash of the directory's files, or the hub's name and commit, filled in likewise.
        dtype: what the weights are loaded in. Training takes float32; adapters are trained on bfloat16 as
            well, and are float32 themselves.
        lora: adapters that are trained in place of all weights; `model.lora.rank` on the command line.
    """

    made_here = False
    settable: ClassVar[frozenset[str]] = frozenset({"lora"})

    name: str = ""
    path: str
    revision: str | None = None
    commit: str | None = None
    tokens: int | None = None
    parameters: int | None = None
    weights: str = ""
    dtype: Dtype = "float32"
    lora: Lora = Lora()

    def abilities(self) -> frozenset[Capability]:
        asked: frozenset[Capability] = frozenset(
            {"scores", "generates", "samples", "saves", "gradients", "hidden"}
        )
        trained = self.dtype == "float32" or (self.dtype == "bfloat16" and self.lora.rank)
        return asked | {"trains"} if trained else asked

    def lacks(self, needed: frozenset[Capability]) -> str | None:
        if "trains" in needed - self.abilities():
            return (
                f"--dtype {self.dtype} is for models that are only asked; training is in float32, or in "
                "bfloat16 with adapters (--set model.lora.rank=8)"
            )
        return super().lacks(needed)

    def refuses(self, stages: Sequence[Stage]) -> str | None:
        trainings = [stage.training for stage in stages if stage.training is not None]
        if not self.lora.rank and self.lora != Lora():
            return (
                "model.lora.alpha, dropout and targets are adapters', and without model.lora.rank all "
                "weights are trained; give a rank too"
            )
        if self.lora.rank and not trainings:
            return "model.lora.rank: nothing is trained in this study, for which adapters would be"
        if self.lora.rank and any(t.recipe.embedding_learning_rate is not None for t in trainings):
            return "embedding_learning_rate: the embeddings are not trained where adapters are"
        return None

    def resolve(self) -> Self:
        """Return a copy with name, weights, number of parameters, and what else the name tells.

        Weights on the hub are not downloaded before they are loaded.

        Raises:
            ObverseError: if a directory is given with a revision, or a path is no directory.
            CannotLoadError: if the checkpoint lacks a part, or the hub cannot give it.
        """
        if self.weights:
            return self
        from obverse.models.pretrained import find

        found = find(self.path, self.revision)
        tokens = families.tokens_of(found.name, self.revision) if self.tokens is None else self.tokens
        return self.model_copy(
            update={
                "name": self.name or (f"{found.name}@{self.revision}" if self.revision else found.name),
                "path": found.path,
                "commit": found.commit,
                "family": self.family or families.family_of(found.name) or "",
                "tokens": tokens,
                "parameters": found.parameters,
                "weights": found.weights,
            }
        )

    def build(self, setup: Setup) -> Model:
        """Load the weights and the tokenizer.

        Raises:
            CannotLoadError: if the hub does not give the weights, or they are no whole language model.
            ObverseError: if those of a directory are others than when the checkpoint was resolved.
        """
        from obverse.models.pretrained import load, refuse_other

        spec = self.resolve()
        for mine in in_turn():  # several whole models at once may not fit into main memory
            if mine:
                model = load(spec.path, spec.commit, spec.dtype)
                if spec.commit is None:
                    refuse_other(Path(spec.path), spec.weights)  # once they are read, so that it is these
                if self.lora.rank:
                    from obverse.models.adapters import add_adapters

                    add_adapters(model.model, self.lora, derive(setup.seed, "adapters"))
                model.to(setup.device)
        return model

    def identity(self) -> object:
        """Return which weights they are, their type, and what is trained of them; where they lie does
        not matter."""
        known = {"weights": self.resolve().weights, "dtype": self.dtype}
        return known | ({"lora": self.lora} if self.lora.rank else {})

    def memory(self, parameters: int, trained: int) -> int:
        weight = 4 if self.dtype == "float32" else 2
        if not trained:
            return parameters * weight
        if not self.lora.rank:
            return super().memory(parameters, trained)
        return parameters * weight + (self.adapters() or 0) * trained

    def adapters(self) -> int | None:
        """Return the number of the adapters' parameters; None if the configuration is not here."""
        from obverse.models.pretrained import adapters

        return adapters(self.path, self.commit, self.lora) if self.lora.rank else 0

    def splits(self) -> bool:
        return True

    def at_hand(self) -> bool:
        return Path(self.path).is_dir()

    def size(self) -> int | None:
        return self.parameters

    def seen(self) -> int | None:
        return self.tokens

    def position(self) -> int | str | None:
        return self.revision if self.tokens is None else self.tokens

    def longer_name(self) -> str:
        """Return the directory's name behind its parent's; the hub's names are as long as they get."""
        return self.name if self.commit else "/".join(Path(self.path).parts[-2:])


def resolve(
    path_or_name: str, revision: str | None = None, family: str | None = None, dtype: Dtype = "float32"
) -> Checkpoint:
    """Return the checkpoint at a local directory or under a hub name, and what tells it from others.

    Raises:
        As `Checkpoint.resolve`.
    """
    return Checkpoint(path=path_or_name, revision=revision, family=family or "", dtype=dtype).resolve()


def load_tokenizer(path_or_name: str, revision: str | None = None) -> "PreTrainedTokenizerBase":
    """Load the tokenizer alone of a local directory or hub name.

    Raises:
        ObverseError: if there is none.
    """
    from obverse.models.pretrained import tokenizer_of

    return tokenizer_of(path_or_name, revision)
