"""Implicit meta-learning, small: branches, interruption, published data, and what is refused."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import obverse
from obverse.cli import main
from obverse.models.scratch import Scratch
from tests.conftest import made, text_of, wait_for
from tests.outside.inline import Inline

BRANCHES = 3
EPOCHS = 8  # so many that a busy machine, too, kills a process before a second stage has ended
SETTINGS = {
    "population.individuals": 40,
    "population.people": 8,
    "population.attributes": 3,
    "population.held_out": 1,
    "stage_0.epochs": 1,
    "stage_1.epochs": 2,
    "stage_2.epochs": EPOCHS,
    "stage_2.batch_size": 8,
    "stage_2.embedding_learning_rate": 0.1,  # so that eight short epochs show in every answer
    "branches": BRANCHES,
    "asked": None,
    "model.hidden_size": 16,
    "model.layers": 1,
}
# What the paper's preset takes for a GPU and for thousands of people, at a size for a CPU.
PAPER_SETTINGS = {
    "branches": 2,
    "asked": 9,
    **{
        f"stage_{stage}.{key}": value
        for stage in (1, 2)
        for key, value in {
            "epochs": 1, "batch_size": 16, "micro_batch_size": 8, "precision": "float32", "pad_to": 128,
        }.items()
    },
}  # fmt: skip
Ended = tuple[Any, str, str]  # a command's status, its output and its messages
EXECUTION = obverse.Execution(workers=1, device="cpu", keep_weights=True)


def given(settings: dict[str, Any]) -> list[str]:
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def branched() -> obverse.Study:
    return obverse.study("reliability", seeds=1, settings=SETTINGS)


def records(out: Path) -> dict[str, dict[str, Any]]:
    """Return what is recorded of every run under `out`, by the run's folder name."""
    return {p.parent.name: json.loads(p.read_text()) for p in out.glob("runs/*/provenance.json")}


# Branches ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished study with several second stages from each first."""
    out = tmp_path_factory.mktemp("whole")
    branched().run(out, executor=Inline(), execution=EXECUTION)
    return out


def test_branches_go_on_from_one_stage_1(whole: Path) -> None:
    for record in records(whole).values():
        names = [stage["name"] for stage in record["stages"]]
        assert names == ["Stage 0", "Stage 1", *["Stage 2"] * BRANCHES]
        weights = [stage["weights_sha256"] for stage in record["stages"]]
        assert len(set(weights)) == len(weights), "every stage changes the weights, in its own way"
        assert record["weights_after_sha256"] == weights[-1]
        assert len({stage["steps"] for stage in record["stages"][2:]}) == 1
    for run in whole.glob("runs/*"):
        losses = json.loads((run / "losses.json").read_text())
        branches = ["Stage 2", *(f"Stage 2, branch {b}" for b in range(1, BRANCHES))]
        assert list(losses) == ["Stage 0", "Stage 1", *branches]
        assert sorted(f.name for f in (run / "weights").iterdir()) == [f"branch-{b}" for b in range(3)]


def test_branches_start_from_the_same_weights(whole: Path) -> None:
    """Before its first epoch a branch answers as the model did after Stage 1, and later it does not."""
    frame = pl.read_parquet(whole / "observations/ask.parquet").filter(
        pl.col("subset").is_in(["D1cons-QA1", "D2incons-QA2", "QA3"])
    )
    asked = ["variant", "probe", "prompt", "logprob"]
    after_1 = frame.filter(stage="Stage 1", epoch=2).select(asked)
    for branch in range(1, BRANCHES):
        rows = frame.filter(stage="Stage 2", branch=branch)
        before, later = (rows.filter(epoch=e).select(asked) for e in (0, EPOCHS))
        # Other questions of X2 are in the same batches, so that the last bits may differ.
        assert_frame_equal(before, after_1, abs_tol=1e-5, rel_tol=0)
        assert (later["logprob"] - after_1["logprob"]).abs().max() > 0.01  # type: ignore[operator]


def test_branches_divide_x2_anew(whole: Path) -> None:
    ends = pl.read_parquet(whole / "observations/ask.parquet").filter("final", variant="base")
    assert sorted(ends["branch"].unique()) == list(range(BRANCHES))
    for subset, same in (("D1cons-QA1", True), ("D5cons", False)):
        facts = {
            frozenset(ends.filter(subset=subset, branch=branch)["fact"]) for branch in range(BRANCHES)
        }
        assert (len(facts) == 1) is same


def test_run_killed_in_its_second_branch_finishes_with_the_same_numbers(
    whole: Path, tmp_path: Path
) -> None:
    """SIGKILL a real process, then finish: neither Stage 1 nor the first branch is trained again."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "obverse.cli", "run", "reliability", "--seeds", "1", "--device", "cpu",
            "--workers", "1", "--checkpoint-every", "1", "--keep-weights", *given(SETTINGS),
            "--out", str(tmp_path),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(tmp_path, "runs/*/stage-03/checkpoint-*/complete", process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    [run] = (tmp_path / "runs").iterdir()
    assert not (run / "provenance.json").exists(), "it had finished already"
    assert not (run / "stage-03" / "record.json").exists(), "the second branch had finished already"
    for number in range(3):  # what is trained again has no such mark
        path = run / f"stage-{number:02d}" / "record.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"mark": "first try"}))
    branched().run(tmp_path, execution=EXECUTION)
    resumed, undisturbed = records(tmp_path), records(whole)
    stages = resumed[run.name]["stages"]
    assert [stage.pop("mark", "") for stage in stages] == ["first try"] * 3 + [""] * 2
    assert stages[3].pop("resumed_from_step") is not None
    assert undisturbed[run.name]["stages"][3].pop("resumed_from_step") is None
    for name, record in undisturbed.items():
        for key in ("stages", "weights_before_sha256", "weights_after_sha256", "data_sha256"):
            assert resumed[name][key] == record[key]
    for weights in whole.glob("runs/*/weights/*/model.safetensors"):
        assert (tmp_path / weights.relative_to(whole)).read_bytes() == weights.read_bytes()
    killed, complete = (pl.read_parquet(out / "observations/ask.parquet") for out in (tmp_path, whole))
    assert_frame_equal(killed, complete)
    assert (tmp_path / "claims.json").read_text() == (whole / "claims.json").read_text()


# Published data ------------------------------------------------------------------------------------


def published_table(folder: Path) -> Path:
    """Write 24 women and as many men in CVDB's format: Latin-1, more columns than are used."""
    lines = [
        "wikidata_code,birth,death,updated_death_date,name,gender,level1_main_occ,level3_main_occ,"
        "string_citizenship_raw_d,un_region,wiki_readers_2015_2018"
    ]
    for i in range(48):
        name, gender = (f"Zoë_Müller{i}", "Female") if i % 2 else (f"José_Nuñez{i}", "Male")
        lines.append(
            f'Q{i},{1700 + 5 * i},{1760 + 5 * i},"1852, or so",{name},{gender},Culture,'
            f"{('painter', 'poet', 'film_director')[i % 3]},'Perú'_'Spain',Europe,{1000 - i}.0"
        )
    path = folder / "cross-verified-database.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode("latin-1"))
    return path


def published_triples(folder: Path, genre: str) -> Path:
    """Write a directory with 30 works in T-REx's format, in two files."""
    folder.mkdir()
    for part in range(2):
        documents = []
        for i in range(part, 30, 2):
            values = {
                "P136": genre, "P123": f"Publisher {i % 5}", "P840": f"Town {i % 7}",
                "P577": f"May 1, {1950 + i}", "P57": f"Ann{i % 3} Director",
            }  # fmt: skip
            triples = [
                {
                    "subject": {"surfaceform": f"Work {i} (film)"},
                    "predicate": {"uri": f"http://www.wikidata.org/prop/direct/{predicate}"},
                    "object": {"surfaceform": value},
                }
                for predicate, value in values.items()
            ]
            documents.append({"docid": f"Q{i}", "triples": triples})
        (folder / f"re-nlg_{part}.json").write_text(json.dumps(documents), encoding="utf-8")
    return folder


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run the command line in this process; return its status, and what it said."""

    def run(*words: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["obverse", "run", *words, "--device", "cpu"])
        with pytest.raises(SystemExit) as ended:
            main()
        return (ended.value.code, *capsys.readouterr())

    return run


def paper_words(study: str, preset: str, model: Path, data: Path, out: Path) -> list[str]:
    return [
        study, "--preset", preset, "--model", str(model), "--data", str(data), "--out", str(out),
        "--seeds", "1", "--workers", "1", *given(PAPER_SETTINGS),
    ]  # fmt: skip


def test_paper_preset_on_the_published_table(
    run_here: Callable[..., Ended], checkpoint: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = paper_words("reliability", "paper", checkpoint, published_table(tmp_path), out)
    status, told, problems = run_here(*words, "--set", "population.entities=40")
    assert status == 0, problems
    assert "undecided" in told
    assert f"report: {out}/report.html" in told
    frame = pl.read_parquet(out / "observations/ask.parquet")
    assert set(frame["variant"]) == {"base", "uninformative tags"}
    for record in records(out).values():
        assert [stage["name"] for stage in record["stages"]] == ["Stage 1", "Stage 2", "Stage 2"]
    questions = frame.filter(direction="question", subset="D5cons")
    assert questions["prompt"].str.contains(r"^Q: .*<\|[a-z]{5}\|>.*\?\nA:$").all()
    names = frame.filter(direction="attribution")["target"]
    assert names.str.contains(r"^ (Zoë Müller|José Nuñez)\d+$").all(), "Latin-1 is read as such"
    own = frame.filter(subset="QA4")
    assert own["prompt"].str.contains("Zoë Müller|José Nuñez").all(), "QA4 go by their own names"
    assert "cvdb" in (out / "report.html").read_text()


def test_works_asked_of_an_encoder_decoder_with_the_authors_options(
    run_here: Callable[..., Ended], tmp_path: Path
) -> None:
    """T-REx and T5, with loss on the padding and answers compared as in the authors' code."""
    attack = "<script>alert('x')</script>"
    data = published_triples(tmp_path / "trex", genre=attack)
    shape = Scratch(architecture="t5", hidden_size=16, layers=1, heads=2, vocabulary=300)
    made(shape, ["Q: What is the genre of the work?"] * 3, seed=0).save(tmp_path / "t5")
    out = tmp_path / "out"
    options = {"match": "normalised", "stage_1.loss_on_padding": True, "population.entities": 24}
    words = paper_words("reliability-t5", "trex", tmp_path / "t5", data, out)
    status, _, problems = run_here(*words, *given(options))
    assert status == 0, problems
    frame = pl.read_parquet(out / "observations/ask.parquet")
    assert set(frame["model"]) == {"t5"}
    assert (frame["logprob"].is_finite() & (frame["logprob"] < 0)).all()
    assert frame.filter(direction="attribution")["target"].str.contains(r"^ Work \d+$").all()
    page = (out / "report.html").read_text()
    assert "compared without case, punctuation and articles" in text_of(page)
    assert "<script>alert" not in page


# What is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("reliability --data TABLE", "the population 'world' is generated; data is read by"),
        ("reliability --preset paper --model scratch", "'cvdb' is read from a file: --data PATH"),
        ("reliability --preset trex --model scratch", "'trex' is read from a file: --data PATH"),
        ("reliability --preset paper --model scratch --data away", "away: no such file or directory"),
        ("reliability --preset paper --model scratch --data TABLE", "Lower population.entities to 48"),
        ("reliability --set stage_3.epochs=2", "unknown setting 'stage_3.epochs'; did you mean stage_"),
        ("reliability --set fractions.qa3=0.5", "the fractions sum to 1.44; expected 1"),
        ("reliability --set tags=natural --set order=eta", "order eta: the word order is that of random"),
        ("reliability-order --set tags=natural", "order tea: the word order is that of random tags"),
        ("reliability-context --set schedule=three-stage", "definitions before questions have one stage"),
        ("reliability --set stage_2.loss_on_padding=true", "loss_on_padding needs pad_to"),
        ("reliability --set population.held_out=10", "of 10 questions about an alias, 10 are held out"),
        ("reliability-batch --set batch_sizes=[256,64]", "expected each once, from small to large"),
        ("reliability-batch --set epochs=[1,2]", "epochs (1, 2): expected one for each of batch_sizes"),
        ("reliability-sets --set population.held_out=16", "of 16 questions about an alias, 16"),
        ("reliability --set population.individuals=20 --set population.people=2", "use more entities or"),
    ],
)
def test_bad_input_is_one_message_before_any_training(
    run_here: Callable[..., Ended], words: str, said: str, tmp_path: Path
) -> None:
    table, out = published_table(tmp_path), tmp_path / "out"
    status, told, problem = run_here(*words.replace("TABLE", str(table)).split(), "--out", str(out))
    assert (status, told) == (1, "")
    assert problem.startswith("obverse: ")
    assert said in problem
    assert len(problem.splitlines()) == 1
    assert not out.exists(), "nothing is left behind"
