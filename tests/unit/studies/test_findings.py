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
        "7to1,044",
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


def printed(findings: Findings, width: int) -> list[str]:
    text = StringIO()
    Console(file=text, width=width, color_system=None).print(findings.table(width))
    return [line.rstrip() for line in text.getvalue().splitlines()]


@pytest.mark.parametrize("width", [60, 80])
def test_verdict_size_and_reason_of_a_narrow_terminal(width: int) -> None:
    why = "the model has not learnt the facts: train longer"
    found = Findings((finding(verdict="undecided", reason=why, note="held back, since a/b fails"),))
    lines = printed(found, width)
    assert any(line.startswith(" undecided") and line.split()[1] == "0.000" for line in lines)
    assert "held back" not in "".join(lines)
    assert width < 80 or any(line.endswith(why) for line in lines), "in one line"


def test_claims_without_data_are_said_in_their_words_a_line_each() -> None:
    nothing = {"measured": None, "low": None, "high": None, "p": None, "verdict": "undecided"}
    words = "is not known, for which there are no rows, since nothing like it was asked of any model here"
    lost = [finding(claim=f"lost/{n}", text=f"lost {n} {words}", **nothing) for n in range(8)]
    found = Findings((finding(), *lost))
    lines = printed(found, WIDE)
    assert "8 claims were not measured:" in lines
    assert [line for line in lines if line.lstrip().startswith("lost")] == [
        f"  lost {n} {words}" for n in range(6)
    ]
    assert "  and 2 more" in lines
    one = printed(Findings(found.items[:2]), 80)
    assert any(
        line.startswith("1 claim was not measured: lost 0 is not known, for which") for line in one
    )
    assert max(map(len, one)) <= 80
    assert one[-1].endswith("…") or one[-2].endswith("…"), "cut, and not wrapped"


@pytest.mark.parametrize("text", ["ends with [/INST]", "x [/] y", "a [red]b[/red] :smile:"])
def test_text_of_a_claim_without_data_stays_text(text: str) -> None:
    lost = finding(text=text, measured=None, low=None, high=None, verdict="undecided")
    assert text in repr(Findings((finding(), lost)))
