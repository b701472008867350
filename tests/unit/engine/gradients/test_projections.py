"""Estimated inner products: unbiased, with the error that is stated."""

import numpy as np
import pytest
import torch

from obverse.engine.gradients.products import products
from tests.unit.engine.gradients.test_products import made, texts


def test_estimates_are_unbiased_and_their_errors_true() -> None:
    model = made("gpt2", tied=True)
    first, second = texts(4, 1), texts(5, 2)
    exact = products(model, first, second, pad=0)
    found = [products(model, first, second, pad=0, projections=64, seed=seed) for seed in range(60)]
    values = np.stack([one.inner for one in found])
    errors = np.stack([one.error for one in found if one.error is not None])
    true_error = values.std(0, ddof=1)
    # The mean of 60 lies within 5 of its own standard errors of the truth, in all of the 20 pairs.
    assert np.all(np.abs(values.mean(0) - exact.inner) < 5 * true_error / np.sqrt(60))
    assert np.sqrt((errors**2).mean()) == pytest.approx(np.sqrt((true_error**2).mean()), rel=0.25)
    assert found[0].first == pytest.approx(exact.first)


def test_more_projections_err_less() -> None:
    model = made("llama", tied=False)
    some = texts(6, 1)
    errors = [products(model, some, some, pad=0, projections=draws).error for draws in (32, 2048)]
    few, many = (np.sqrt((error**2).mean()) for error in errors if error is not None)
    assert few / many == pytest.approx(8, rel=0.4)


def test_the_seed_decides() -> None:
    model = made("gpt2", tied=False)
    some = texts(3, 1)
    a, b, c = (products(model, some, some, pad=0, projections=300, seed=seed).inner for seed in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    "given", [{"projections": 1}, {"projections": 8, "weights": {"a": torch.ones(1)}}]
)
def test_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected two or more, and no weights"):
        products(made("gpt2", tied=False), texts(2, 1), texts(2, 2), pad=0, **given)  # type: ignore[arg-type]
