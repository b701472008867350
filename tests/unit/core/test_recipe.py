from obverse.core.data import Document
from obverse.core.recipe import Recipe, Stage


def stage(documents: int, every: int = 1, before: bool = True, **recipe: int) -> Stage:
    texts = tuple(Document(str(i), " x") for i in range(documents))
    return Stage("s", texts, Recipe.model_validate(recipe), (), every, before)


def test_probed_epochs_always_hold_the_last() -> None:
    assert stage(4, epochs=5, every=2).probed_epochs() == (0, 2, 4, 5)
    assert stage(4, epochs=1, every=9, before=False).probed_epochs() == (1,)


def test_epoch_ends_count_every_document_once() -> None:
    recipe = Recipe(batch_size=4, epochs=3)
    assert recipe.epoch_ends(10) == [2, 5, 8]  # 30 documents: seven whole batches and one of two
    assert recipe.epoch_ends(3) == [1, 2, 3]  # fewer documents than a batch
    assert stage(10, batch_size=4, epochs=3).steps() == 8
