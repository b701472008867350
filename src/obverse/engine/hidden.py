"""Hidden states of a causal model: what it computes at every layer and token of a text."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from obverse.engine import group
from obverse.engine.tokens import encode_all

TEXTS_PER_BATCH = 64

States = NDArray[np.float32]


def hidden_states(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]
) -> list[States]:
    """Return the residual stream of each text, (layers + 1, tokens, width).

    Layer 0 is the embeddings; layer l is what comes out of block l. Of the last one most models give what
    their final norm has made of it.
    """
    ids = encode_all(tokenizer, texts)
    found: list[States] = [np.empty(0, np.float32)] * len(ids)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    pad = tokenizer.pad_token_id or 0
    was_training = model.training
    model.eval()
    with group.inference():
        for start in range(0, len(order), TEXTS_PER_BATCH):
            batch = order[start : start + TEXTS_PER_BATCH]
            width = max(len(ids[i]) for i in batch)
            rows = torch.tensor([ids[i] + [pad] * (width - len(ids[i])) for i in batch])
            mask = torch.tensor([[1] * len(ids[i]) + [0] * (width - len(ids[i])) for i in batch])
            output = model(
                input_ids=rows.to(model.device),
                attention_mask=mask.to(model.device),
                output_hidden_states=True,
            )
            states = torch.stack(output.hidden_states).float().cpu().numpy()
            for place, i in enumerate(batch):
                found[i] = states[:, place, : len(ids[i])].copy()
    model.train(was_training)
    return found
