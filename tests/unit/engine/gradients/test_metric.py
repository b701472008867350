"""The metric of Adam: a step on one text, as the optimizer takes it, is what the products foretell."""

import pytest
import torch
from torch import nn

from obverse.engine.gradients.metric import adam_metric


def test_it_is_adams() -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, betas=(0.0, 0.9), weight_decay=0.0)
    for _ in range(5):
        optimizer.zero_grad()
        model(torch.randn(4, 3)).square().sum().backward()
        optimizer.step()
    metric = adam_metric(model, optimizer)
    assert metric is not None
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().sum().backward()
    optimizer.step()
    after = adam_metric(model, optimizer)
    assert after is not None
    for name, p in model.named_parameters():
        assert p.grad is not None
        # Without momentum a step is −η W g, W with the moments that the step itself has updated.
        assert p.detach() - before[name] == pytest.approx(-1e-2 * after[name] * p.grad, rel=1e-3)
        assert not torch.equal(metric[name], after[name])


def test_rates_of_groups_count() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    groups = [
        {"params": model[0].parameters(), "lr": 1e-3},
        {"params": model[1].parameters(), "lr": 1e-1},
    ]
    optimizer = torch.optim.AdamW(groups)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    metric = adam_metric(model, optimizer)
    assert metric is not None
    v = optimizer.state[next(model.parameters())]["exp_avg_sq"] / (1 - 0.999)
    assert metric["0.weight"] == pytest.approx(0.01 / (v.sqrt() + 1e-8), rel=1e-4)


def test_none_before_the_first_step_and_for_other_optimizers() -> None:
    model = nn.Linear(2, 2)
    assert adam_metric(model, torch.optim.AdamW(model.parameters())) is None
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(1, 2)).sum().backward()
    sgd.step()
    assert adam_metric(model, sgd) is None
