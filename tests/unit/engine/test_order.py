"""The order that documents come in, and the timetable that follows from it."""

from collections import Counter

import pytest

from obverse.core.recipe import Recipe
from obverse.engine.order import timetable, training_order

LENGTHS = [5, 9, 2, 7, 7, 1, 3, 8, 4, 6]


def test_order_shows_every_document_once_an_epoch() -> None:
    recipe = Recipe(batch_size=4, epochs=3)
    order = training_order(LENGTHS, recipe, seed=1)
    assert Counter(order) == dict.fromkeys(range(10), 3)
    ends = [4 * step for step in recipe.epoch_ends(10)]
    assert all(n <= 1 for n in Counter(order[: ends[0]]).values())
    assert order == training_order(LENGTHS, recipe, seed=1)
    assert order != training_order(LENGTHS, recipe, seed=2)


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 64])
def test_timetable_counts_the_tokens_of_every_step(batch_size: int) -> None:
    recipe = Recipe(batch_size=batch_size, epochs=3)
    order = training_order(LENGTHS, recipe, seed=1)
    table = timetable(LENGTHS, order, recipe)
    size = min(batch_size, len(LENGTHS))
    assert table.steps == -(-30 // size), "the last batch may be smaller"
    assert table.epoch_ends == tuple(recipe.epoch_ends(10))
    assert table.epoch_ends[-1] == table.steps
    assert table.tokens == tuple(
        sum(LENGTHS[i] for i in order[: step * size]) for step in range(table.steps + 1)
    )
    assert table.tokens[-1] == 3 * sum(LENGTHS)


def test_documents_come_as_they_are_given_where_asked() -> None:
    recipe = Recipe(batch_size=4, epochs=2)
    assert training_order(LENGTHS, recipe, seed=1, in_order=True) == 2 * list(range(10))
