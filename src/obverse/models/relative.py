"""A small decoder with trainable relative-position biases.

Each head adds a bias for the distance between two tokens, beginning as ALiBi's slopes. Models of this
shape form heads that copy within a million tokens, where rotary ones of the same size do not (see
FINDINGS.md). Explicit masks and positions are honoured, so that the shared scoring pass applies.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationMixin,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import CausalLMOutput


class RelativeConfig(PretrainedConfig):
    model_type = "obverse-relative"

    def __init__(
        self,
        vocab_size: int = 1024,
        hidden_size: int = 96,
        num_hidden_layers: int = 2,
        num_attention_heads: int = 4,
        distances: int = 128,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.distances = distances  # farther tokens share the last bias
        super().__init__(**kwargs)


class Block(nn.Module):
    def __init__(self, config: RelativeConfig) -> None:
        super().__init__()
        d, self.heads = config.hidden_size, config.num_attention_heads
        self.before_attention = nn.RMSNorm(d)
        self.attend = nn.Linear(d, 3 * d, bias=False)
        self.project = nn.Linear(d, d, bias=False)
        self.before_mlp = nn.RMSNorm(d)
        self.widen = nn.Linear(d, 4 * d, bias=False)
        self.narrow = nn.Linear(4 * d, d, bias=False)
        slopes = torch.tensor([2.0 ** (-8 * (h + 1) / self.heads) for h in range(self.heads)])
        self.bias = nn.Parameter(-slopes[:, None] * torch.arange(config.distances)[None])

    def forward(self, x: Tensor, distance: Tensor, mask: Tensor) -> Tensor:
        """x (B, L, d); distance (B or 1, L, L) in tokens; mask (B or 1, 1, L, L), additive."""
        batch, length, d = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, -1).transpose(1, 2)
            for part in self.attend(self.before_attention(x)).chunk(3, -1)
        )
        bias = self.bias[:, distance].transpose(0, 1) + mask
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = x + self.project(mixed.transpose(1, 2).reshape(batch, length, d))
        wide: Tensor = functional.relu(self.widen(self.before_mlp(x))).square()
        return x + self.narrow(wide)  # type: ignore[no-any-return]


class RelativeModel(PreTrainedModel, GenerationMixin):
    """The decoder; `forward` takes and returns what transformers' causal models do."""

    config_class = RelativeConfig
    _supports_sdpa = True

    def __init__(self, config: RelativeConfig) -> None:
        super().__init__(config)
        self.embed = nn.Embedding(config.vocab_size, config.hidden_size)
        blocks = [Block(config) for _ in range(config.num_hidden_layers)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.RMSNorm(config.hidden_size)
        self.head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.zeros_(self.head.weight)
        for block in blocks:
            nn.init.zeros_(block.project.weight)
            nn.init.zeros_(block.narrow.weight)
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        """Leave weights as they were made above."""

    def prepare_inputs_for_generation(  # type: ignore[override]
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any
    ) -> dict[str, Any]:
        """Read the whole text at each step: these models are small, and keep no cache."""
        return {"input_ids": input_ids, "attention_mask": attention_mask}

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        logits_to_keep: int | Tensor = 0,
        output_hidden_states: bool = False,
        **_: Any,
    ) -> CausalLMOutput:
        """Return logits (B, kept, vocabulary): of all places, the last few, or those named."""
        length = input_ids.shape[1]
        if position_ids is None:
            position_ids = torch.arange(length, device=input_ids.device)[None]
        distance = (position_ids[:, :, None] - position_ids[:, None, :]).clamp(
            0, self.config.distances - 1
        )
        x = functional.rms_norm(self.embed(input_ids), (self.config.hidden_size,))
        mask = self._mask(attention_mask, length, x)
        states = [x]
        for block in self.blocks:
            x = block(x, distance, mask)
            states.append(x)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.head(self.norm(x[:, kept]))
        return CausalLMOutput(
            logits=logits, hidden_states=tuple(states) if output_hidden_states else None
        )

    @staticmethod
    def _mask(attention_mask: Tensor | None, length: int, x: Tensor) -> Tensor:
        if attention_mask is not None and attention_mask.dim() == 4:
            return attention_mask
        hidden = torch.finfo(x.dtype).min
        mask = torch.full((1, 1, length, length), hidden, device=x.device, dtype=x.dtype).triu(1)
        if attention_mask is not None:
            mask = mask.masked_fill(attention_mask[:, None, None, :] == 0, hidden)
        return mask


# So that a grown model that was kept comes back through --model.
AutoConfig.register(RelativeConfig.model_type, RelativeConfig)
AutoModelForCausalLM.register(RelativeConfig, RelativeModel)
