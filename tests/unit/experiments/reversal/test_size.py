"""What a family of sizes claims, and what its page shows."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from obverse.core.measure import LEADING
from obverse.core.page import Figure, Finished, Table
from obverse.experiments.reversal.size import SHAPES, Size, small_models
from obverse.experiments.reversal.size_claims import per_doubling, published_slope, size_claims
from obverse.measures.ask import Ask
from obverse.measures.frame import schema
from obverse.stats.verdict import evaluate
from tests.legible import problems

SIZES = {"a": 100_000, "b": 200_000, "c": 400_000, "d": 800_000}  # three doublings
CELLS = [(s, d) for s in ("NameToDescription", "DescriptionToName") for d in ("same", "reverse")]
Value = Callable[[str, int], float]  # of the direction and the number of doublings so far


def observed(accuracy: Value, apart: Value, seeds: int = 6) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    rows = []
    for k, (model, parameters) in enumerate(SIZES.items()):
        for seed in range(seeds):
            for subset, direction in CELLS:
                for n in range(12 * 5):
                    control = draw.normal(-10, 0.3)
                    gap = apart(direction, k) + draw.normal(0, 0.3)
                    rows.append(
                        {
                            "run": f"{model}{seed}", "model": model, "family": "f", "seed": seed,
                            # A seed's own vocabulary makes its models a little larger.
                            "parameters": parameters + 100 * seed, "tokens": 1000 + seed, "branch": 0,
                            "stage": "finetuning", "epoch": 4, "step": 9, "final": True,
                            "fact": f"{seed}-{n // 5}", "pair": f"{seed}-{n // 10}", "template": n % 5,
                            "subset": subset, "direction": direction, "order": subset, "chance": 1 / 30,
                            "exact_match": bool(draw.random() < accuracy(direction, k)),
                            "prefix_match": False, "logprob": control + gap, "logprob_control": control,
                            "probe": f"{n}", "prompt": "A is", "target": " B", "generation": " C",
                            "distance": 0.5,
                        }
                    )  # fmt: skip
    return pl.DataFrame(rows, schema=schema({**LEADING, **Size.columns, **Ask.columns}))


def flat(value: str, _: int) -> float:
    return 0.6 if value == "same" else 0.0


def verdicts(rows: pl.DataFrame) -> dict[str, str]:
    return {f.claim: f.verdict for f in evaluate(size_claims(0.05, 1.0, 0.02, 0.25), {"ask": rows})}


def apart(direction: str, _: int) -> float:
    return 5.0 if direction == "same" else 0.0


def test_flat_reverse_is_found_flat() -> None:
    found = verdicts(observed(flat, apart))
    assert {v for claim, v in found.items() if not claim.endswith("/same")} == {"holds"}
    assert found["slope/accuracy/NameToDescription/same"] == "explored"


def test_reverse_that_grows_is_not_flat() -> None:
    growing = observed(
        lambda d, k: 0.6 if d == "same" else 0.1 * k, lambda d, k: 5.0 if d == "same" else 0.8 * k
    )
    found = verdicts(growing)
    assert found["slope/accuracy/NameToDescription/reverse"] == "fails"
    assert found["slope/likelihood/DescriptionToName/reverse"] == "fails"


def test_slope_is_the_gain_of_a_doubling() -> None:
    rows = observed(lambda d, k: 0.5, lambda d, k: 1.0 + 0.5 * k)
    rows = rows.with_columns((pl.col("logprob") - pl.col("logprob_control")).alias("difference"))
    slope = per_doubling(rows.filter(direction="same"), "difference")
    assert slope is not None
    assert slope.value == pytest.approx(0.5, abs=0.02)
    assert per_doubling(rows.filter(model="a"), "difference") is None, "one size has no slope"


def test_one_size_that_learnt_nothing_leaves_it_undecided() -> None:
    found = verdicts(
        observed(lambda d, k: flat(d, k) if k else 0.0, lambda d, k: apart(d, k) if k else 0.0)
    )
    assert found["worst/accuracy/NameToDescription"] != "holds"
    assert found["worst/likelihood/NameToDescription"] == "fails"
    for kind in ("accuracy", "likelihood"):
        assert found[f"slope/{kind}/NameToDescription/reverse"] == "undecided"


def test_published_slope_is_that_of_the_means() -> None:
    x = np.log2([2.7, 6.7, 13.0, 175.0])
    y = [-1.55 / 3, -1.72 / 3, -2.30 / 3, -0.61 / 3]  # sums of three differences of Table 3
    assert published_slope() == pytest.approx(np.polyfit(x, y, 1)[0], abs=1e-6)


def test_family_grows_and_all_are_told_the_same() -> None:
    models = small_models()
    assert [m.name for m in models] == [f"{layers} × {width}" for layers, width in SHAPES]
    assert {m.family for m in models} == {"scratch"}
    assert len(models) >= 4
    ids = [claim.id for claim in Size().claims()]
    assert len(ids) == len(set(ids))
    assert not [id for id in ids if id.endswith("/most")]


def test_page_draws_sizes_first() -> None:
    rows = observed(flat, apart, seeds=2)
    made = Size().page(Finished(study={}, claims=[], tables={"ask": rows}))
    figure, table = made.sections[0].parts
    assert isinstance(figure, Figure)
    assert isinstance(table, Table)
    assert figure.name == "sizes"
    assert "n = 2 seeds a size" in figure.caption
    assert problems(made) == []
    assert len(table.rows) == 4 * 4
    assert [row[0] for row in table.rows[:5]] == ["a", "a", "a", "a", "b"]
    assert "GPT-3-2.7B −0.52" in table.note.replace("-0.52", "−0.52")
    alone = Size().page(Finished(study={}, claims=[], tables={"ask": rows.filter(model="a")}))
    assert alone.sections[0].title.startswith("Accuracy")
