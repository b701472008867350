"""Why a claim is undecided, or a control fails, in one plain line."""

import polars as pl

from obverse.core.claim import NOT_LEARNT, Above, Claim
from obverse.stats.summary import mean
from obverse.stats.verdict import evaluate

LEARNT, UNLEARNT = 0.9, 0.1


def claim(id: str, over: float, **more: object) -> Claim:
    return Claim(
        id=id, text=id, estimate=lambda rows: mean(rows.filter(asked=id), "value"), criterion=Above(over),
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def rows(seeds: int = 6, spread: float = 0.01, **values: float) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"model": "m", "family": None, "seed": seed, "fact": f"{seed}/{fact}", "step": 9,
             "asked": name, "value": value + spread * (-1) ** seed + fact / 1000}
            for seed in range(seeds) for fact in range(4) for name, value in values.items()
        ]
    )  # fmt: skip


def reasons(*claims: Claim, table: pl.DataFrame) -> dict[str, tuple[str, str]]:
    return {f.claim: (f.verdict, f.reason) for f in evaluate(claims, {"ask": table})}


CONTROL = claim("told", 0.5, role="control", hint=NOT_LEARNT)
NEEDY = claim("asked", 0.05, needs=("told",))


def test_what_holds_needs_no_reason() -> None:
    found = reasons(CONTROL, NEEDY, table=rows(told=0.9, asked=0.2))
    assert set(found.values()) == {("holds", "")}


def test_a_control_that_fails_says_what_to_do_and_so_does_what_needs_it() -> None:
    found = reasons(CONTROL, NEEDY, table=rows(told=0.1, asked=0.2))
    assert found == {"told": ("fails", NOT_LEARNT), "asked": ("undecided", NOT_LEARNT)}


def test_without_a_hint_the_reason_is_generic() -> None:
    plain = claim("told", 0.5, role="control")
    found = reasons(plain, NEEDY, table=rows(told=0.1, asked=0.2))
    assert found["told"] == ("fails", "what needs this control has no verdict")
    assert found["asked"] == ("undecided", "its control is not met")


def test_the_reason_is_that_of_the_last_need_in_a_chain() -> None:
    between = claim("between", 0.05, role="control", needs=("told",))
    last = claim("asked", 0.05, needs=("between",))
    found = reasons(CONTROL, between, last, table=rows(told=0.1, between=0.2, asked=0.2))
    assert found["asked"] == ("undecided", NOT_LEARNT)


def test_a_control_with_too_few_seeds_says_how_many_would_do() -> None:
    found = reasons(CONTROL, NEEDY, table=rows(seeds=3, spread=0.3, told=0.7, asked=0.6))
    assert found["told"][1].startswith("too few seeds: ")
    assert found["told"][1].endswith(" would show it")
    assert found["asked"][1].startswith("its control is undecided: ")


def test_one_training_says_nothing_of_others() -> None:
    found = reasons(CONTROL, table=rows(seeds=1, told=0.9))
    assert found["told"] == ("undecided", "one training says nothing of others: take more seeds")


def test_what_is_not_met_by_chance() -> None:
    alone = claim("asked", 0.5)
    found = reasons(alone, table=rows(seeds=4, spread=0.3, asked=0.4))
    assert found["asked"] == ("undecided", "not met, which may be chance: take more seeds")


def test_what_is_not_measured_has_no_reason_and_holds_others_back() -> None:
    found = reasons(CONTROL, NEEDY, table=rows(asked=0.2))
    assert found["told"] == ("undecided", "")
    assert found["asked"] == ("undecided", "its control was not measured")


def test_lost_to_the_correction() -> None:
    # Of four seeds at 1 ± 0.44 the p-value is 0.015, above a third of 0.025.
    found = reasons(*(claim(f"c{n}", 0.0) for n in range(3)), table=rows(4, 0.44, c0=1.0, c1=0.0, c2=0.0))
    verdict, reason = found["c0"]
    assert verdict == "undecided"
    assert reason.startswith("by itself it holds, among 3 claims not yet: ")
    assert reason.endswith(" seeds")
