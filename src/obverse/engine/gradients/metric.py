"""The metric in which an optimizer follows gradients."""

import torch
from torch import Tensor, nn


def adam_metric(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor] | None:
    """Return W = 1 / (√v̂ + ε) of every trained parameter, v̂ = v / (1 − β₂ᵗ) being Adam's second moments.

    None where the optimizer keeps none, or has taken no step. Learning rates that differ between groups
    are in it, relative to the largest, since a step is −η W g.
    """
    names: dict[int, str] = {id(p): name for name, p in model.named_parameters() if p.requires_grad}
    # A schedule may have brought the rates to zero.
    rates = [float(group.get("initial_lr", group["lr"])) for group in optimizer.param_groups]
    largest = max(rates, default=0.0)
    # What is not trained, or has had no gradient, does not move.
    found = {names[id(p)]: torch.zeros_like(p) for p in model.parameters() if id(p) in names}
    moved = False
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        for parameter in group["params"]:
            state = optimizer.state.get(parameter, {})
            if "exp_avg_sq" not in state or not int(state["step"]):
                continue
            moments = state["exp_avg_sq"] / (1 - group["betas"][1] ** int(state["step"]))
            scale = rate / largest if largest else 1.0
            found[names[id(parameter)]] = scale / (moments.sqrt() + group["eps"])
            moved = True
    return found if moved else None
