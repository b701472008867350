"""How many steps a recipe takes."""

from obverse.core.recipe import Recipe


def test_epoch_ends_count_every_document_once() -> None:
    recipe = Recipe(batch_size=4, epochs=3)
    assert recipe.epoch_ends(10) == [2, 5, 8]  # 30 documents: seven whole batches and one of two
    assert recipe.epoch_ends(3) == [1, 2, 3]  # fewer documents than a batch
