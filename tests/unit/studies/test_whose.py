"""A directory is of one study, which may grow; another does not take its place unasked."""

from pathlib import Path

import pytest

import obverse
from obverse.core.errors import ObverseError
from obverse.run.task import Execution
from obverse.studies.study import Study
from obverse.studies.whose import NAME, asked, begin
from tests.outside.counting import Capitals, Compared, TableSpec
from tests.outside.inline import Inline


def study(seeds: int = 2, **settings: int) -> Study:
    return obverse.study(Capitals(**settings), models=[TableSpec()], seeds=seeds)


def run(made: Study, out: Path, *, replace: bool = False) -> obverse.Result:
    return made.run(out, execution=Execution(device="cpu"), executor=Inline(), replace=replace)


def written(out: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in out.rglob("*") if p.is_file() and p.name != ".lock"}


OTHER_MODEL = obverse.study(Capitals(), models=[TableSpec(name="b")], seeds=2)


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (study(facts=9), r"with other settings: facts \(8 → 9\); name another directory .*--replace"),
        (study(1), "with more than is asked for now: seeds 1 would be left out"),
        (OTHER_MODEL, "model table would be left out"),
        (study().grid({"facts": [8, 12]}), r"the grid \(none → facts\)"),
        (obverse.study(Compared, models=[TableSpec()], seeds=2), f"has the study {Capitals.name!r}"),
    ],
)
def test_another_study_is_refused_before_anything_is_written(
    tmp_path: Path, other: Study, problem: str
) -> None:
    run(study(), tmp_path)
    before = written(tmp_path)
    with pytest.raises(ObverseError, match=problem):
        run(other, tmp_path)
    assert written(tmp_path) == before


def test_it_takes_the_place_if_asked_to(tmp_path: Path) -> None:
    run(study(), tmp_path)
    result = run(study(1, facts=9), tmp_path, replace=True)
    assert result.study["experiment"]["settings"]["facts"] == 9
    assert len(list(tmp_path.glob("runs/*/provenance.json"))) == 3
    with pytest.raises(ObverseError, match=r"facts \(9 → 8\)"):
        run(study(), tmp_path)


def test_a_study_grows(tmp_path: Path) -> None:
    run(study(1), tmp_path)
    run(study(3), tmp_path)
    more = obverse.study(Capitals(), models=[TableSpec(), TableSpec(name="b", seconds=0.001)], seeds=3)
    assert len(run(more, tmp_path).runs) == 6
    (tmp_path / "g").mkdir()
    run(study().grid({"facts": [8]}), tmp_path / "g")
    run(study().grid({"facts": [8, 12]}), tmp_path / "g")
    with pytest.raises(ObverseError, match="facts 12 would be left out"):
        run(study().grid({"facts": [8]}), tmp_path / "g")


def test_what_only_claims_use_is_no_other_study(tmp_path: Path) -> None:
    class Tolerant(Capitals):
        name = "tolerant"
        analysis = frozenset({"facts"})

    assert asked(obverse.study(Tolerant(facts=8), models=[TableSpec()])) == asked(
        obverse.study(Tolerant(facts=9), models=[TableSpec()])
    )


def test_who_asked_for_less_meanwhile_leaves_the_larger_study_alone(tmp_path: Path) -> None:
    class Meanwhile(Inline):
        def run(self, tasks, on):  # type: ignore[no-untyped-def]
            begin(tmp_path, asked(study(3)), replace=False)
            return super().run(tasks, on)

    with pytest.raises(ObverseError, match="seeds 2 would be left out"):
        study().run(tmp_path, execution=Execution(device="cpu"), executor=Meanwhile())
    assert not (tmp_path / "study.json").exists()
    assert len(run(study(3), tmp_path).runs) == 3


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"study": 1}'])
def test_a_spoilt_note_is_named(tmp_path: Path, text: str) -> None:
    run(study(), tmp_path)
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ObverseError, match=NAME):
        run(study(), tmp_path)
