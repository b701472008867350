"""A GPT-NeoX that looks ahead with other weights than it looks back with.

Why does a model that restores hidden tokens learn both orders of a fact from one? arXiv 2602.02133
answers: because its weights are shared, so that what is learnt of two tokens in one order, and the
attention that finds it, is there in the other order as well. (Read here: the abstracts of both versions
and the beginnings of their introductions; no experiment with weights that are not shared is in them.)
This model is our control for that answer: the same but for the queries, keys and values, of which each
layer has one set for what stands at the same place or before it, and one for what stands behind. With i
the place that looks,

    a_ij = softmax_j (q_i · k_j if j ≤ i, else q'_i · k'_j),
    out_i = Σ_{j ≤ i} a_ij v_j + Σ_{j > i} a_ij v'_j.

Embeddings, the output of attention, the feed-forward layers and the output weights are shared all the
same. It has 3 d (d + 1) parameters more in each layer of width d.
"""

from typing import Any

import torch
from torch import nn
from torch.nn.functional import dropout
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM
from transformers.models.gpt_neox.modeling_gpt_neox import GPTNeoXAttention, apply_rotary_pos_emb

Rotation = tuple[torch.Tensor, torch.Tensor]


class TwoWayAttention(GPTNeoXAttention):
    """Attention with weights of its own for what stands behind a place."""

    def __init__(self, config: GPTNeoXConfig, layer_idx: int) -> None:
        super().__init__(config, layer_idx)  # type: ignore[no-untyped-call]
        self.ahead = nn.Linear(config.hidden_size, 3 * config.hidden_size, bias=config.attention_bias)

    def forward(
        self,
        hidden_states: torch.Tensor,
        attention_mask: torch.Tensor,
        layer_past: Any = None,
        position_embeddings: Rotation | None = None,
        **_: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Attend; `hidden_states` are (rows, width, size), `attention_mask` is added to the scores."""
        assert position_embeddings is not None
        q, k, v = self._heads(self.query_key_value(hidden_states), position_embeddings)
        q_ahead, k_ahead, v_ahead = self._heads(self.ahead(hidden_states), position_embeddings)
        width = q.shape[2]
        later = torch.ones(width, width, dtype=torch.bool, device=q.device).triu(1)
        scores = torch.where(later, q_ahead @ k_ahead.mT, q @ k.mT) * self.scaling + attention_mask
        weights = scores.softmax(-1, dtype=torch.float32).to(v.dtype)
        weights = dropout(weights, self.attention_dropout, self.training)
        output = weights.masked_fill(later, 0) @ v + weights.masked_fill(~later, 0) @ v_ahead
        return self.dense(output.transpose(1, 2).reshape(hidden_states.shape)), weights

    def _heads(
        self, projected: torch.Tensor, rotation: Rotation
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return queries, keys and values, each (rows, heads, width, size of a head)."""
        shape = (*projected.shape[:-1], -1, 3 * self.head_size)
        q, k, v = projected.view(shape).transpose(1, 2).chunk(3, dim=-1)
        q, k = apply_rotary_pos_emb(q, k, *rotation)
        return q, k, v


class GPTNeoXTwoWay(GPTNeoXForCausalLM):
    """A GPT-NeoX, with output weights, whose attention is `TwoWayAttention`."""

    def __init__(self, config: GPTNeoXConfig) -> None:
        super().__init__(config)
        for number, layer in enumerate(self.gpt_neox.layers):
            layer.attention = TwoWayAttention(config, number)
        self.post_init()  # type: ignore[no-untyped-call]
