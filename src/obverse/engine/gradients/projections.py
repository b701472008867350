"""Random projections of gradients: unbiased inner products with standard errors, where exact ones take
too long.

With u and v vectors of random signs, drawn anew for each parameter, and s = Σ_parameters uᵀ G v,

    E[s s'] = Σ_parameters Σ_kl G_kl G'_kl = ⟨g, g'⟩,

since the terms with different indices have mean zero. Averaged over r independent draws, the standard
error is the draws' standard deviation over √r: below 3 ‖g‖ ‖g'‖ / √r, since each sign has fourth moment
1. From factors, uᵀ G v = Σ_t (left_t · u)(right_t · v), so that no gradient is formed.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from obverse.core.seeds import derive
from obverse.engine.gradients.factors import Gradients, Outer, Whole

DRAWS = 256  # of signs at a time


def project(gradients: Mapping[str, Gradients], draws: int, seed: int) -> Tensor:
    """Return s for each text and draw, (B, draws), in double precision."""
    blocks = []
    for start in range(0, draws, DRAWS):
        count = min(DRAWS, draws - start)
        parts = [
            _projected(g, count, derive(seed, f"projections/{name}/{start}")).double()
            for name, g in gradients.items()
        ]
        blocks.append(torch.stack(parts).sum(0))
    return torch.cat(blocks, dim=1)


def _projected(gradients: Gradients, draws: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)

    def signs(size: int, like: Tensor) -> Tensor:
        drawn = torch.randint(0, 2, (size, draws), generator=generator, dtype=torch.int8)
        return (2 * drawn - 1).to(device=like.device, dtype=like.dtype)

    if isinstance(gradients, Whole):
        return gradients.values @ signs(gradients.values.shape[1], gradients.values)
    first = gradients[0]
    p = first.left.shape[2] if isinstance(first, Outer) else first.count
    u, v = signs(p, first.right), signs(first.right.shape[2], first.right)
    # All uses of a parameter are projected by the same signs.
    parts = [
        ((f.left @ u if isinstance(f, Outer) else u[f.ids]) * (f.right @ v)).sum(1) for f in gradients
    ]
    return torch.stack(parts).sum(0)
