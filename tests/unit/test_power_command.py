"""`obverse power` refuses numbers that no answer follows from."""

import pytest

from obverse.cli import power
from obverse.core.errors import ObverseError


@pytest.mark.parametrize("given", [{"effect": float("inf")}, {"effect": float("nan")},
                                   {"above": float("nan")}, {"within": -1.0}])  # fmt: skip
def test_what_is_no_finite_number_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(ObverseError, match=f"--{next(iter(given))} .*: expected a"):
        power(**{"spread": 0.1, **given})  # type: ignore[arg-type]
