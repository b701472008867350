"""Estimated inner products: unbiased, with the error that is stated."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from obverse.core.gradients import Numbers, Products
from obverse.engine.gradients.products import products
from tests.unit.engine.gradients.test_products import made, texts


def errors_of(found: Products, chosen: NDArray[np.bool_]) -> Numbers:
    errors = found.errors(chosen)
    assert errors is not None
    return errors


def test_estimates_are_unbiased_and_their_errors_true() -> None:
    model = made("gpt2", tied=True)
    first, second = texts(4, 1), texts(5, 2)
    exact = products(model, first, second, pad=0)
    found = [products(model, first, second, pad=0, projections=64, seed=seed) for seed in range(60)]
    values = np.stack([one.inner for one in found])
    alone = np.eye(5, dtype=bool)
    errors = np.stack([[errors_of(one, pair) for pair in alone] for one in found]).transpose(0, 2, 1)
    true_error = values.std(0, ddof=1)
    # The mean of 60 lies within 5 of its own standard errors of the truth, in all of the 20 pairs.
    assert np.all(np.abs(values.mean(0) - exact.inner) < 5 * true_error / np.sqrt(60))
    assert np.sqrt((errors**2).mean()) == pytest.approx(np.sqrt((true_error**2).mean()), rel=0.25)
    assert found[0].first == pytest.approx(exact.first)


def test_errors_of_means_know_that_texts_share_their_signs() -> None:
    """The mean over texts that are all the same errs as much as one of them."""
    model = made("gpt2", tied=True)
    first, [same] = texts(3, 1), texts(1, 2)
    found = [products(model, first, [same] * 6, pad=0, projections=64, seed=s) for s in range(40)]
    every, one = np.ones(6, bool), np.arange(6) == 0
    for products_ in found[:3]:
        assert errors_of(products_, every) == pytest.approx(errors_of(products_, one))
    stated = np.sqrt(np.mean([np.square(errors_of(one, every)) for one in found], axis=0))
    true_error = np.stack([one.inner.mean(1) for one in found]).std(0, ddof=1)
    assert np.sqrt((stated**2).mean()) == pytest.approx(np.sqrt((true_error**2).mean()), rel=0.3)


def test_more_projections_err_less() -> None:
    model = made("llama", tied=False)
    some = texts(6, 1)
    few, many = (
        np.sqrt(np.mean([np.square(errors_of(found, pair)) for pair in np.eye(6, dtype=bool)]))
        for found in (products(model, some, some, pad=0, projections=draws) for draws in (32, 2048))
    )
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
