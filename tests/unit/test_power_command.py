"""`obverse power` refuses numbers that no answer follows from."""

import pytest

from obverse.cli.seeds import power
from obverse.core.errors import ObverseError


@pytest.mark.parametrize("given", [{"effect": float("inf")}, {"effect": float("nan")},
                                   {"above": float("nan")}, {"within": -1.0}])  # fmt: skip
def test_what_is_no_finite_number_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(ObverseError, match=f"--{next(iter(given))} .*: expected a"):
        power(**{"spread": 0.1, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["effect", "spread", "above", "within"])
def test_what_a_count_of_trainings_has_no_use_for_is_refused(option: str) -> None:
    with pytest.raises(ObverseError, match=f"--share 0.5: .* expected no --{option} beside it"):
        power(share=0.5, **{option: 0.1})  # type: ignore[arg-type]


def test_threshold_and_margin_are_two_claims() -> None:
    with pytest.raises(ObverseError, match="--within, --above: expected one of the two"):
        power(spread=0.1, within=0.1, above=0.05)


def test_answer_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    power(share=0.5)
    power(effect=0.1, spread=0.15)
    power(within=0.05, spread=0.05)
    power(share=0.01)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(" show")[0] for line in said] == ["6 seeds", "26 seeds", "16 seeds", "2 seeds"]
