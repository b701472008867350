"""Findings in terminals of several widths."""

from io import StringIO

import pytest
from rich.console import Console

from obverse.studies.findings import WIDE, Findings
from tests.golden.test_golden import finding

LONG = "EleutherAI/pythia-2.8b-deduped@step143000"
FINDINGS = Findings(
    (
        finding(),
        finding(measured=-10.25, low=-11.5, high=1.0, verdict="undecided", seeds_needed=(7, 1044)),
        finding(model=LONG, verdict="fails"),
    )
)


@pytest.mark.parametrize("width", [60, 80, 100, WIDE, 200])
def test_nothing_is_cut_off(width: int) -> None:
    text = StringIO()
    Console(file=text, width=width, color_system=None).print(FINDINGS.table(width))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    joined = "".join(lines).replace(" ", "")
    for word in (
        "holds",
        "undecided",
        "fails",
        "(7to1\u2009044",
        "−10.250",
        "[−11.500,1.000]",
        "…",
    ):
        assert (word in joined) is (word != "…"), word
    for part in (LONG[:17], LONG[-6:]):
        assert part in joined


@pytest.mark.parametrize(("width", "shown"), [(WIDE, True), (80, False)])
def test_narrow_table_leaves_criterion_and_p_value_out(width: int, shown: bool) -> None:
    text = StringIO()
    Console(file=text, width=width, color_system=None).print(FINDINGS.table(width))
    assert ("criterion" in text.getvalue()) is shown
    assert ("<0.001" in text.getvalue()) is shown


def test_caption_states_the_level_of_one_look() -> None:
    one = finding(family=6, tested_at=0.0014)
    assert "6 primary claims share 0.025" in repr(Findings((one,)))
    assert "6 primary claims share 0.0083" in repr(Findings((one,), looks=3))
    assert "1 primary claim has 0.025" in repr(Findings((finding(family=1, tested_at=0.025),)))


def test_no_findings_are_a_table_with_the_columns_of_all() -> None:
    some, none = FINDINGS.to_frame(), Findings(()).to_frame()
    assert none.is_empty()
    assert none.schema == some.schema
