"""How many steps a recipe takes."""

import pytest

from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe


def test_epoch_ends_count_every_document_once() -> None:
    recipe = Recipe(batch_size=4, epochs=3)
    assert recipe.epoch_ends(10) == [2, 5, 8]  # 30 documents: seven whole batches and one of two
    assert recipe.epoch_ends(3) == [1, 2, 3]  # fewer documents than a batch


@pytest.mark.parametrize(
    ("key", "most"), [("epochs", 100_000), ("batch_size", 10**6), ("pad_to", 131_072)]
)
def test_sizes_have_bounds(key: str, most: int) -> None:
    with pytest.raises(ObverseError, match=f"{key}: expected at most {most}, got"):
        Recipe().with_overrides({key: 10**9})
