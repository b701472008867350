"""What a claim needs holds it back."""

import pytest

from obverse.core.errors import ObverseError
from tests.unit.stats.claiming import claim, fixed, verdicts

CHAIN = (
    fixed("claim", 0.001, needs=("middle",)),
    fixed("middle", 0.001, needs=("learnt",)),
)


@pytest.mark.parametrize("p", [0.001, 0.5])
def test_what_a_claim_needs_holds_it_back_from_claim_to_claim(p: float) -> None:
    found = verdicts(*CHAIN, fixed("learnt", p, role="control"))
    assert {f.verdict for f in found.values()} == ({"holds"} if p < 0.025 else {"undecided"})
    if p > 0.025:
        assert found["middle"].note == "it would hold, and is held back, since learnt is undecided"
        assert found["claim"].note == "it would hold, and is held back, since middle is undecided"
        assert found["claim"].p == 0.001


def test_needs_hold_back_both_verdicts() -> None:
    found = verdicts(fixed("a", 0.9, 0.001, needs=("b",)), fixed("b", 0.9, 0.001))
    assert (found["a"].verdict, found["b"].verdict) == ("undecided", "fails")
    assert found["a"].note == "it would fail, and is held back, since b fails"
    assert found["a"].seeds_needed is None


def test_control_that_was_not_measured_holds_back() -> None:
    missing = claim("b", of="hidden", role="control")
    found = verdicts(fixed("a", 0.001, needs=("b",)), missing)
    assert found["a"].note == "it would hold, and is held back, since b is not measured"


def test_needs_that_make_no_sense_are_refused() -> None:
    for claims, message in (
        ([fixed("a", 0.1, needs=("c",))], "'a' needs 'c', which is no claim"),
        ([fixed("a", 0.1, needs=("b",)), fixed("b", 0.1, needs=("a",))], "in a circle: "),
        (
            [fixed("a", 0.1, needs=("b",)), fixed("b", 0.1, role="explored")],
            "'b', which is only explored",
        ),
        ([fixed("a", 0.1, needs=("b",), by="family"), fixed("b", 0.1)], "'b', which is by model"),
        ([fixed("a", 0.1), fixed("a", 0.2)], "two claims have the id 'a'"),
    ):
        with pytest.raises(ObverseError, match=message):
            verdicts(*claims)
