"""A finished study as an object."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.run.task import Execution
from obverse.studies.findings import Findings
from obverse.studies.forecast import forecast
from tests.outside.counting import Capitals, TableSpec
from tests.outside.inline import Inline

EXECUTION = Execution(device="cpu", workers=1)


def run(out: Path, kind: Any = Capitals, seeds: Any = 3, **more: Any) -> obverse.Result:
    study = obverse.study(kind, models=[TableSpec()], seeds=seeds, **more)
    return study.run(out, execution=EXECUTION, executor=Inline())


def test_loaded_study_is_what_its_run_gave(tmp_path: Path) -> None:
    ran, loaded = run(tmp_path), obverse.load(tmp_path)
    assert repr(loaded.claims) == repr(ran.claims)
    assert list(loaded.claims) == list(ran.claims)
    assert loaded.observations.equals(ran.observations)
    assert set(loaded.tables) == {"ask", "entries"}
    asked = loaded.observations.select("run", "seed").unique(maintain_order=True)
    assert asked.equals(loaded.runs.select("run", "seed"))
    assert loaded.runs.select("seed", "steps", "documents", "trained").rows() == [
        (seed, 6, 6, True) for seed in (0, 1, 2)
    ]


def test_findings_are_a_table(tmp_path: Path) -> None:
    grid = obverse.study(Capitals, models=[TableSpec()], seeds=2).grid({"facts": [8, 12]})
    result = grid.run(tmp_path, execution=EXECUTION, executor=Inline())
    frame = result.claims.to_frame()
    assert frame.select("facts", "claim", "measured").rows() == [
        (8, "told", 1.0), (8, "entries", 6.0), (12, "told", 1.0), (12, "entries", 10.0),
    ]  # fmt: skip
    assert frame.select("seeds", "by_seed").row(1) == ([0, 1], [6.0, 6.0])
    assert result.evaluate([]).to_frame().is_empty()
    assert result.runs.select("facts", "seed", "documents").rows() == [
        (8, 0, 6), (8, 1, 6), (12, 0, 10), (12, 1, 10),
    ]  # fmt: skip


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
        ({"threshold": "much"}, "threshold: expected a number"),
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


@pytest.mark.parametrize("given", [None, 3, b"out", ["out"]])
def test_what_is_no_directory_is_refused(given: Any) -> None:
    with pytest.raises(ObverseError, match="load: expected the directory of a finished study"):
        obverse.load(given)


def test_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(ObverseError, match="cannot be read: File name too long"):
        obverse.load("x" * 6000)


def test_study_that_is_not_finished_is_said_to_be(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "study.json").unlink()
    with pytest.raises(ObverseError, match="is not finished; the same `obverse run` goes on with it"):
        obverse.load(tmp_path)


def test_corrupt_study_is_written_anew_by_the_same_command(tmp_path: Path) -> None:
    ran = run(tmp_path)
    for content in ("{", "[" * 100_000):
        (tmp_path / "study.json").write_text(content)
        with pytest.raises(ObverseError, match="not valid JSON"):
            obverse.load(tmp_path)
        assert list(run(tmp_path).claims) == list(ran.claims)
    (tmp_path / "study.json").write_text("{")
    (tmp_path / "begun.json").unlink()
    with pytest.raises(ObverseError, match="remove the file, and the same command writes it anew"):
        run(tmp_path)


def test_file_in_place_of_the_directory_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(ObverseError, match=r"/file is a file; name a directory to write to"):
            run(out)
        with pytest.raises(ObverseError, match=r"/file is a file; name a directory to write to"):
            forecast(obverse.study(Capitals, models=[TableSpec()]), out, EXECUTION)


def test_nothing_measured_is_said(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="has no tables; nothing was measured"):
        _ = replace(run(tmp_path), tables={}).observations


def test_is_shown_in_a_line_drawn_and_escaped(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert repr(result).startswith("Result(capitals: 1 model, 3 seeds; ")
    assert "\n" not in repr(result)
    assert repr(obverse.study(Capitals, seeds=2)) == "Study(capitals, preset small: table; 2 seeds)"
    result.plot().save(tmp_path / "claims.svg")
    assert "<svg" in (tmp_path / "claims.svg").read_text(encoding="utf-8")
    marked = replace(result, study=dict(result.study) | {"title": "<script>"})
    assert "<script>" not in marked._repr_html_()
    with pytest.raises(ObverseError, match="no claim was measured"):
        replace(result, claims=Findings(())).plot()
