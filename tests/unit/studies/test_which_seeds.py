import numpy as np
import pytest

from obverse.core.errors import ObverseError
from obverse.studies.which_seeds import which_seeds


@pytest.mark.parametrize(
    ("given", "seeds"),
    [
        (3, (0, 1, 2)),
        ("3", (0, 1, 2)),
        ("1000-1002", (1000, 1001, 1002)),
        ("7-7", (7,)),
        ("5, 3,10-11", (5, 3, 10, 11)),
        ([4, 2], (4, 2)),
        (np.int64(2), (0, 1)),
        (np.array([4, 2]), (4, 2)),
    ],
)
def test_seeds_are_counted_or_named(given: object, seeds: tuple[int, ...]) -> None:
    assert which_seeds(given) == seeds  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (0, "at least one"),
        ("-2", "at least one"),
        ("", "cannot be read"),
        ("1-", "cannot be read"),
        ("a", "cannot be read"),
        ("9-3", "runs backwards"),
        ("1,1", "1 is there twice"),
        ("3,1-5", "3 is there twice"),
        ([], "at least one"),
        (2.5, "2.5 are no whole numbers from 0 on; expected how many"),
        (True, "no whole numbers"),
        (["a"], "no whole numbers"),
        ([1, 1.5], "no whole numbers"),
        ([-1], "no whole numbers"),
        (None, "no whole numbers"),
        ("0-999999999", "more than 10000"),
        ("99999", "more than 10000"),
    ],
)
def test_what_is_no_seed_is_refused(given: object, message: str) -> None:
    with pytest.raises(ObverseError, match=message):
        which_seeds(given)  # type: ignore[arg-type]


def test_seeds_are_what_a_column_holds() -> None:
    assert which_seeds([2**63 - 1]) == (2**63 - 1,)
    with pytest.raises(ObverseError, match="one is above 9223372036854775807"):
        which_seeds([2**63])
    with pytest.raises(ObverseError, match="one is above"):
        which_seeds([10**5000])
