"""A finished study as an object, and two of them side by side."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

import obverse
from obverse.core.errors import ObverseError
from obverse.run.task import Execution
from tests.outside.counting import Capitals, Compared, TableSpec

EXECUTION = Execution(device="cpu", workers=1)


class Here:
    def run(self, tasks: Any, on: Any) -> list[Any]:
        for task in tasks:
            task.perform(lambda done, total: None)
        return []


def run(out: Path, kind: Any = Capitals, seeds: Any = 3, **more: Any) -> obverse.Result:
    study = obverse.study(kind, models=[TableSpec()], seeds=seeds, **more)
    return study.run(out, execution=EXECUTION, executor=Here())


def test_loaded_study_is_what_its_run_gave(tmp_path: Path) -> None:
    ran, loaded = run(tmp_path), obverse.load(tmp_path)
    assert repr(loaded.claims) == repr(ran.claims)
    assert list(loaded.claims) == list(ran.claims)
    assert loaded.observations.equals(ran.observations)
    assert set(loaded.tables) == {"ask", "entries"}
    assert loaded.runs.select("seed", "steps", "documents", "trained").rows() == [
        (seed, 6, 6, True) for seed in (0, 1, 2)
    ]


def test_findings_are_a_table(tmp_path: Path) -> None:
    grid = obverse.study(Capitals, models=[TableSpec()], seeds=2).grid({"facts": [8, 12]})
    frame = grid.run(tmp_path, execution=EXECUTION, executor=Here()).claims.to_frame()
    assert frame.select("facts", "claim", "measured").rows() == [
        (8, "told", 1.0), (8, "entries", 6.0), (12, "told", 1.0), (12, "entries", 10.0),
    ]  # fmt: skip
    assert frame["by_seed"].to_list()[1] == [6.0, 6.0]


def test_claims_are_evaluated_again_with_other_margins_and_of_ones_own(tmp_path: Path) -> None:
    loaded = run(tmp_path, Capitals(threshold=0.5))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    [told, _] = loaded.evaluate(settings={"threshold": 0.9})
    assert (loaded.claims[0].criterion, told.criterion) == ("> 0.500", "> 0.900")
    own = obverse.Claim(
        id="new",
        text="what was not told is not known",
        criterion=obverse.Below(0.5),
        estimate=lambda rows: obverse.mean(rows.filter("final", kind="new"), "exact_match"),
    )
    [found] = loaded.evaluate([own])
    assert (found.measured, found.n_seeds, found.by_seed) == (0.0, 3, {"0": 0.0, "1": 0.0, "2": 0.0})
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before, "nothing is written"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"facts": 9}, "facts: determines what is trained or asked; .* threshold"),
        ({"recipe.epochs": 3}, "unknown setting that matters after the runs 'recipe.epochs'"),
        ({"facts.many": 3}, r"facts.many: determines what is trained"),
        ({"model.seconds": 3}, r"model.seconds: determines what is trained"),
        ({"treshold": 0.1}, "did you mean threshold"),
        ({"threshold": "much"}, "threshold: Input should be a valid number"),
    ],
)
def test_settings_that_would_be_another_study_are_refused(
    settings: Any, said: str, tmp_path: Path
) -> None:
    loaded = run(tmp_path)
    with pytest.raises(ObverseError, match=said):
        loaded.evaluate(settings=settings)
    with pytest.raises(ObverseError, match="expected one of them"):
        loaded.evaluate([], settings={"threshold": 0.1})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"of": "asked"}, "the claim 'own' is of='asked': unknown measure 'asked'; did you mean ask"),
        (
            {"beside": ("entires",)},
            "is beside='entires': unknown measure 'entires'; did you mean",
        ),
        ({"needs": ("tolt",)}, "needs 'tolt'"),
    ],
)
def test_claim_of_ones_own_about_what_is_not_there_is_refused(
    given: Any, said: str, tmp_path: Path
) -> None:
    loaded = run(tmp_path)
    own = obverse.Claim(
        id="own", text="own", criterion=obverse.Above(0), estimate=lambda *rows: None, **given
    )
    with pytest.raises(ObverseError, match=f"claims of your own: .*{said}"):
        loaded.evaluate([own])
    with pytest.raises(ObverseError, match="expected a list or tuple of Claim"):
        loaded.evaluate("own")  # type: ignore[arg-type]


def test_folder_that_is_no_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match=r"no study.json; expected the directory of a finished study"):
        obverse.load(tmp_path)
    with pytest.raises(ObverseError, match=r"no study.json"):
        obverse.compare(tmp_path, tmp_path)


# Side by side --------------------------------------------------------------------------------------


def test_differences_are_paired_by_seed_and_fact(tmp_path: Path) -> None:
    """Of 8 facts 6 are told, of 12 facts 10: the fact is told in both, in neither, or in one."""
    small, large = run(tmp_path / "a"), run(tmp_path / "b", Capitals(facts=12))
    found = obverse.compare(large, small, by=[])
    [finding] = found
    known = {
        n: result.observations.filter("final").select("seed", "fact", "exact_match")
        for n, result in (("a", small), ("b", large))
    }
    both = known["b"].join(known["a"], on=["seed", "fact"], suffix="_a")
    differences = both["exact_match"].cast(int) - both["exact_match_a"].cast(int)
    assert len(both) == 24
    assert finding.measured == pytest.approx(differences.mean())
    assert finding.text == "all: exact_match 1.000 − 0.750"
    assert finding.whom == "b:table − a:table"
    assert obverse.compare(small, large, by=[])[0].measured == pytest.approx(-0.25)


def test_facts_that_each_seed_has_for_itself_leave_students_t(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", seeds=5), run(tmp_path / "b", seeds=5)
    rng = np.random.default_rng(0)

    def noisy(result: obverse.Result, shift: float) -> obverse.Result:
        table = result.tables["ask"]
        table = table.with_columns(
            logprob=pl.Series(rng.normal(shift, 1, len(table))),
            fact=pl.col("fact") + pl.col("seed").cast(pl.String),
        )
        return obverse.Result(
            out=result.out, tables={"ask": table}, claims=result.claims, study=result.study,
            records=result.records,
        )  # fmt: skip

    one, other = noisy(a, 0.5), noisy(b, 0.0)
    [finding] = obverse.compare(one, other, metric="logprob", by=[])
    finals = [r.observations.filter("final").group_by("seed").agg(pl.col("logprob").mean()).sort("seed")
              for r in (one, other)]  # fmt: skip
    paired = stats.ttest_rel(finals[0]["logprob"], finals[1]["logprob"])
    assert (finding.low, finding.high) == pytest.approx(tuple(paired.confidence_interval()))


def test_alike_is_claimed_within_a_margin(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b")
    found = obverse.compare(a, b, margin=0.1)
    assert {f.criterion for f in found} == {"within ±0.1"}
    assert [f.claim for f in found] == ["told", "new"], "as means are taken"
    with pytest.raises(ObverseError, match="margin 0: expected a number above 0"):
        obverse.compare(a, b, margin=0)


def test_rows_can_be_chosen(tmp_path: Path) -> None:
    a = run(tmp_path / "a", Compared)
    found = obverse.compare(a, a, where={"variant": "few"}, by=["kind"])
    assert [(f.claim, f.measured) for f in found] == [("told", 0.0), ("new", 0.0)]
    with pytest.raises(ObverseError, match="no rows where variant is 'none'; there are: few, many"):
        obverse.compare(a, a, where={"variant": "none"})
    with pytest.raises(ObverseError, match="unknown column 'kinds'"):
        obverse.compare(a, a, by=["kinds"])
    with pytest.raises(ObverseError, match="unknown number that both have 'kind'"):
        obverse.compare(a, a, metric="kind")


def test_studies_that_share_no_seed_or_fact_are_refused(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", seeds="0-1"), run(tmp_path / "b", seeds="2-3")
    with pytest.raises(ObverseError, match="no seed in common"):
        obverse.compare(a, b)
    table = a.tables["ask"].with_columns(fact=pl.lit("other"))
    strange = obverse.Result(
        out=a.out, tables={"ask": table}, claims=a.claims, study=a.study, records=a.records
    )
    with pytest.raises(ObverseError, match="no fact in common"):
        obverse.compare(a, strange)


def test_cells_of_a_grid_are_not_averaged_in_silence(tmp_path: Path) -> None:
    grid = obverse.study(Capitals, models=[TableSpec()], seeds=2).grid({"facts": [8, 12]})
    many = grid.run(tmp_path / "grid", execution=EXECUTION, executor=Here())
    plain = run(tmp_path / "plain", seeds=2)
    with pytest.raises(ObverseError, match=r"several values of facts, .* --where facts=8"):
        obverse.compare(many, plain)
    [told, new] = obverse.compare(many, plain, where={"facts": "8"})
    assert (told.measured, new.measured) == (0.0, 0.0)
    assert len(obverse.compare(many, many)) == 4, "each cell with its own"


def test_looks_of_a_study_count(tmp_path: Path) -> None:
    a = run(tmp_path / "a", looks=5)
    assert obverse.compare(a, a, by=[])[0].tested_at == pytest.approx(0.025 / 5)


def test_model_asked_as_it_is_is_held_against_every_seed(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a", seeds=4), run(tmp_path / "b", seeds=1)
    fixed = replace(b, study={**b.study, "as_it_is": ["table"]})
    [finding] = obverse.compare(a, fixed, by=[])
    assert (finding.n_seeds, finding.trained) == (4, True)


@pytest.mark.parametrize("metric", ["step", "seed", "final"])
def test_bookkeeping_is_no_metric(metric: str, tmp_path: Path) -> None:
    a = run(tmp_path)
    with pytest.raises(ObverseError, match=f"unknown number that both have '{metric}'"):
        obverse.compare(a, a, metric=metric)
    with pytest.raises(ObverseError, match="by: fact is what is paired"):
        obverse.compare(a, a, by=["fact"])
    with pytest.raises(ObverseError, match="expected columns, each once, got 'kind'"):
        obverse.compare(a, a, by="kind")


def test_one_of_several_models_is_named(tmp_path: Path) -> None:
    study = obverse.study(Capitals, models=[TableSpec(), TableSpec(name="b:c", seconds=1e-6)], seeds=2)
    study.run(tmp_path, execution=EXECUTION, executor=Here())
    [told, _] = obverse.compare(f"{tmp_path}:table", f"{tmp_path}:b:c")
    assert (told.measured, told.whom) == (0.0, f"{tmp_path.name}:table − {tmp_path.name}:b:c")
    with pytest.raises(ObverseError, match="has 2 models; expected one of them"):
        obverse.compare(tmp_path, tmp_path)
    with pytest.raises(ObverseError, match="unknown model 'c'"):
        obverse.compare(f"{tmp_path}:c", tmp_path)
