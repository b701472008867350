"""Documents as the tokens that a model is trained on, and batches of them."""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.engine.tokens import common_prefix, encode_all

IGNORED = -100

Example = dict[str, list[int]]


def encode_texts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    documents: Sequence[Document],
    loss_on: str,
    pad_to: int | None = None,
) -> list[Example]:
    """Return documents as the model reads them: whole texts, or pairs for an encoder-decoder.

    Raises:
        ObverseError: if one is longer than the model can read, or than `pad_to`.
    """
    if model.config.is_encoder_decoder:
        return encode_pairs(tokenizer, documents, pad_to)
    limits = (getattr(model.config, "max_position_embeddings", None), pad_to)
    return encode_documents(tokenizer, documents, loss_on, min(filter(None, limits), default=None))


def encode_documents(
    tokenizer: PreTrainedTokenizerBase, documents: Sequence[Document], loss_on: str, limit: int | None
) -> list[Example]:
    """Return `input_ids` and `labels` of each document, closed by the end-of-text token.

    With loss on the completion, a token that merges the end of the prompt with the start of the
    completion counts to the completion.
    """
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    texts = [ids + end for ids in encode_all(tokenizer, [d.text for d in documents])]
    examples = [{"input_ids": ids, "labels": list(ids)} for ids in texts]
    for example, document in zip(examples, documents, strict=True):
        _refuse_longer(example["input_ids"], limit, document)
    if loss_on == "completion":
        for example, prompt in zip(
            examples, encode_all(tokenizer, [d.prompt for d in documents]), strict=True
        ):
            boundary = common_prefix(prompt, example["input_ids"])
            example["labels"][:boundary] = [IGNORED] * boundary
    return examples


def encode_pairs(
    tokenizer: PreTrainedTokenizerBase, documents: Sequence[Document], limit: int | None
) -> list[Example]:
    """Return documents for an encoder-decoder: the prompt is read, the completion is written."""
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    read = encode_all(tokenizer, [d.prompt for d in documents])
    written = encode_all(tokenizer, [d.completion for d in documents])
    examples = [
        {"input_ids": ids + end, "labels": labels + end}
        for ids, labels in zip(read, written, strict=True)
    ]
    for example, document in zip(examples, documents, strict=True):
        _refuse_longer(max(example.values(), key=len), limit, document)
    return examples


def _refuse_longer(ids: list[int], limit: int | None, document: Document) -> None:
    if limit is not None and len(ids) > limit:
        raise ObverseError(
            f"a document has {len(ids)} tokens, at most {limit} are read (the model's limit or pad_to): "
            f"{document.text[:80]!r}…"
        )


class Padding:
    """Pads a batch to its longest document, or to `pad_to`; padding is masked.

    It bears no loss, unless the recipe says so: then the model learns to write it after the end. With
    `narrow`, the model is asked for logits only where some document of the batch bears loss, which
    spares most of what a small model with many words has to do.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, recipe: Recipe, *, narrow: bool = False
    ) -> None:
        self.narrow = narrow
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
        self.width = recipe.pad_to
        self.unlabelled = self.pad if recipe.loss_on_padding else IGNORED

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        def stack(rows: Sequence[list[int]], fill: int) -> torch.Tensor:
            width = self.width or max(map(len, rows))
            return torch.tensor([row + [fill] * (width - len(row)) for row in rows])

        ids = [e["input_ids"] for e in examples]
        labels = stack([e["labels"] for e in examples], self.unlabelled)
        batch = {
            "input_ids": stack(ids, self.pad),
            "attention_mask": stack([[1] * len(row) for row in ids], 0),
            "labels": labels,
        }
        if self.narrow:
            # A token is predicted at the place before it.
            places = (labels[:, 1:] != IGNORED).any(dim=0).nonzero().squeeze(1)
            batch |= {"logits_to_keep": places, "shift_labels": labels[:, places + 1]}
        return batch
