"""The main job, small: run, resume, repeat, report."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import obverse
from obverse.core.errors import ObverseError
from obverse.core.measure import LEADING
from obverse.experiments.reversal.identities import Identities
from obverse.measures.ask import Ask
from tests import built
from tests.conftest import TINY, wait_for
from tests.outside.inline import Inline

SET = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
EXECUTION = obverse.Execution(workers=1, device="cpu")


STEPS = 45  # an epoch of 360 documents in batches of 8


def first_id(study: obverse.Study) -> str:
    _, identity = next(study.plans()[0].identified())
    return identity.id


def obverse_command(*words: str) -> list[str]:
    return [sys.executable, "-m", "obverse.cli", *words]


def run_command(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(obverse_command(*words), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a finished study of two seeds."""
    out = tmp_path_factory.mktemp("study")
    result = obverse.study("reversal", seeds=2, settings=TINY).run(out, execution=EXECUTION)
    assert len(result.claims) == 9
    obverse.write_report(out)
    return out


def test_study_leaves_what_the_docs_say(finished: Path) -> None:
    frame = pl.read_parquet(finished / "observations/ask.parquet")
    assert frame.columns == [*LEADING, *Identities.columns, *Ask.columns]
    assert frame["seed"].unique().sort().to_list() == [0, 1]
    assert frame["epoch"].unique().sort().to_list() == [0, 1, 2]
    # Six cells of 3 facts × 2 prompts, at three moments, for two seeds.
    assert len(frame) == 6 * 6 * 3 * 2
    assert frame.filter("final")["epoch"].unique().to_list() == [2]
    assert frame.filter(~pl.col("final"))["rank"].null_count() == len(frame.filter(~pl.col("final")))
    claims = json.loads((finished / "claims.json").read_text())
    assert {c["verdict"] for c in claims["claims"]} <= {"holds", "fails", "undecided"}
    runs = [json.loads(line) for line in (finished / "runs.jsonl").read_text().splitlines()]
    assert [run["seed"] for run in runs] == [0, 1]
    for run in runs:
        folder = finished / "runs" / run["name"]
        record = json.loads((folder / "provenance.json").read_text())
        assert record["weights_before_sha256"] != record["weights_after_sha256"]
        assert record["stages"][0]["documents"] == 4 * 3 * 4
        assert json.loads((folder / "losses.json").read_text())["finetuning"]
        assert not list(folder.glob("**/checkpoint-*"))
    for figure in ("accuracy", "prompts", "likelihood", "curves"):
        assert (finished / "figures" / f"{figure}.png").read_bytes()[:4] == b"\x89PNG"
        assert (finished / "figures" / f"{figure}.svg").read_text().startswith("<svg")


def test_report_is_one_file_without_network(finished: Path) -> None:
    page = (finished / "report.html").read_text()
    svgs = page.count("<svg")
    assert svgs == 2 * 6, "the claims, four of its own, the training loss; each for narrow screens too"
    for reference in ("<script src", "<link", "<img", "@import", "url(http"):
        assert reference not in page
    links = set(re.findall(r'href="(https?:[^"]*)"', page))
    assert links == {"https://arxiv.org/abs/2309.12288"}, "which is followed, and not loaded"


def test_same_seed_gives_the_same_bits(finished: Path, tmp_path: Path) -> None:
    study = obverse.study("reversal", seeds=[1], settings=TINY)
    again = study.run(tmp_path, execution=EXECUTION).observations
    first = pl.read_parquet(finished / "observations/ask.parquet").filter(pl.col("seed") == 1)
    assert_frame_equal(again, first)  # exactly, floats too


def test_finished_runs_are_not_run_again(finished: Path) -> None:
    records = {p: p.stat().st_mtime_ns for p in finished.glob("runs/*/provenance.json")}
    study = obverse.study("reversal", seeds=3, settings=TINY)
    result = study.run(finished, execution=EXECUTION)
    assert result.observations["seed"].n_unique() == 3
    after = {p: p.stat().st_mtime_ns for p in finished.glob("runs/*/provenance.json")}
    assert len(after) == 3
    assert {p: t for p, t in after.items() if p in records} == records


def test_killed_study_finishes_with_the_same_numbers(tmp_path: Path) -> None:
    """SIGKILL a real process in the middle of training, twice, then let the same command finish."""
    words = [
        "run", "reversal", "--seeds", "1", "--device", "cpu", *SET, "--set", "paraphrases=30",
        "--set", "recipe.epochs=4", "--checkpoint-every", "1",
    ]  # fmt: skip
    out = tmp_path / "killed"
    for epoch in (1, 2):  # of STEPS steps each
        process = subprocess.Popen(
            obverse_command(*words, "--out", str(out)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(out, f"runs/*/stage-00/checkpoint-{epoch * STEPS}/complete", process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not list(out.glob("runs/*/provenance.json")), "it had finished already"
    assert run_command(*words, "--out", str(out)).returncode == 0
    [record_path] = out.glob("runs/*/provenance.json")
    assert json.loads(record_path.read_text())["stages"][0]["resumed_from_step"] is not None
    assert run_command(*words, "--out", str(tmp_path / "whole")).returncode == 0
    killed, whole = (tmp_path / n / "observations/ask.parquet" for n in ("killed", "whole"))
    assert_frame_equal(pl.read_parquet(killed), pl.read_parquet(whole))
    assert (out / "claims.json").read_text() == (tmp_path / "whole/claims.json").read_text()


def test_checkpoint_from_a_directory(checkpoint: Path, tmp_path: Path) -> None:
    settings = {k: v for k, v in TINY.items() if not k.startswith("model.")}
    study = obverse.study("reversal", models=[str(checkpoint)], seeds=1, settings=settings)
    result = study.run(tmp_path / "out", execution=obverse.Execution(device="cpu", keep_weights=True))
    assert result.observations["model"].unique().to_list() == ["checkpoint"]
    [weights] = (tmp_path / "out").glob("runs/*/weights")
    again = obverse.study("reversal", models=[str(weights)], seeds=1, settings=settings)
    assert first_id(again) != first_id(study), "other weights, another run"
    same = obverse.study("reversal", models=[str(checkpoint)], seeds=1, settings=settings)
    assert first_id(same) == first_id(study)


def test_paper_preset_on_a_checkpoint(checkpoint: Path, published: Path, tmp_path: Path) -> None:
    done = run_command(
        "run", "reversal", "--preset", "paper", "--model", str(checkpoint), "--data", str(published),
        "--seeds", "1", "--device", "cpu", "--set", "recipe.epochs=1", "--out", str(tmp_path / "o"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "verdict" in done.stdout
    assert f"report: {tmp_path}/o/report.html" in done.stdout
    frame = pl.read_parquet(tmp_path / "o/observations/ask.parquet")
    assert frame.filter("final", pl.col("order") == "DescriptionToName")["n_candidates"].unique()[0] == 2


def test_two_models_side_by_side(checkpoint: Path, tmp_path: Path) -> None:
    settings = {k: v for k, v in TINY.items() if not k.startswith("model.")}
    study = obverse.study("reversal", models=["scratch", str(checkpoint)], seeds=1, settings=settings)
    result = study.run(tmp_path, executor=Inline(), execution=EXECUTION)
    assert len(result.claims) == 18
    page = obverse.write_report(tmp_path).read_text()
    assert page.count(">checkpoint</td>") > 8


def test_text_from_data_is_escaped(tmp_path: Path) -> None:
    facts = tmp_path / "facts.csv"
    attack = "the <script>alert('x')</script> of <b>tides</b>"
    rows = [f'Person{i} Last{i},"{attack} {i}"\n' for i in range(6)]
    facts.write_text("name,description\n" + "".join(rows), encoding="utf-8")
    settings = TINY | {"facts_per_subset": 2}
    study = obverse.study("reversal", data=facts, seeds=1, settings=settings)
    study.run(tmp_path / "out", executor=Inline(), execution=EXECUTION)
    page = obverse.write_report(tmp_path / "out").read_text()
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "reversals"], "unknown study 'reversals'; did you mean reversal or"),
        (["run", "reversal", "--preset", "papr"], "did you mean paper?"),
        (["run", "reversal", "--set", "recipe.lr=1"], "unknown setting 'recipe.lr'"),
        (["run", "reversal", "--set", "recipe.learning_rate=-1"], "recipe.learning_rate: expected"),
        (["run", "reversal", "--set", "epochs"], "expected KEY=VALUE"),
        (["run", "reversal", "--data", "nowhere"], "nowhere: no such file or directory"),
        (["run", "reversal", "--model", "./nowhere"], "./nowhere: no such directory"),
        (["report", "nowhere"], "nowhere: no study.json"),
    ],
)
def test_bad_input_is_one_message(words: list[str], said: str, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")] if words[0] == "run" else []
    done = run_command(*words, *out)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists(), "nothing is left behind"


def test_device_that_is_none(tmp_path: Path) -> None:
    done = run_command("run", "reversal", "--device", "tpu", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "'tpu' is not one of 'auto', 'cpu', 'cuda'" in done.stderr


def test_model_directory_without_weights(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "model.safetensors").unlink()
    done = run_command("run", "reversal", "--model", str(checkpoint), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "no weights; expected model.safetensors" in done.stderr
    assert not (tmp_path / "out").exists()


def test_hub_that_cannot_be_reached(tmp_path: Path) -> None:
    done = subprocess.run(
        obverse_command("run", "reversal", "--model", "nobody/nothing", "--out", str(tmp_path / "o")),
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Pass --model DIRECTORY" in done.stderr
    assert "Traceback" not in done.stderr


def test_unwritable_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run_command("run", "reversal", *SET, "--out", str(tmp_path / "file" / "out"))
    assert done.returncode == 1
    assert "is a file; name a directory to write to (--out)" in done.stderr
    assert "Traceback" not in done.stderr


def test_weights_without_output_layer_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = checkpoint / "model.safetensors"
    weights = load_file(path)
    save_file({k: v for k, v in weights.items() if "embed_out" not in k}, path, {"format": "pt"})
    study = obverse.study("reversal", models=[str(checkpoint)], seeds=1)
    with pytest.raises(ObverseError, match=r"the weights lack lm_head\.weight"):
        study.run(tmp_path, execution=EXECUTION)


def test_file_cut_short_is_refused_before_training(checkpoint: Path) -> None:
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ObverseError, match=r"model\.safetensors: not a whole safetensors file"):
        obverse.study("reversal", models=[str(checkpoint)], seeds=1)


def test_model_that_diverges_is_reported_not_a_crash(tmp_path: Path) -> None:
    settings = TINY | {"recipe.learning_rate": 1e6, "recipe.max_grad_norm": 1e9}
    study = obverse.study("reversal", seeds=1, settings=settings)
    result = study.run(tmp_path, executor=Inline(), execution=EXECUTION)
    assert {f.verdict for f in result.claims} <= {"undecided", "fails"}
    obverse.write_report(tmp_path)


def test_failed_run_names_its_log_and_spares_the_others(tmp_path: Path) -> None:
    settings: dict[str, Any] = TINY | {"model.max_tokens": 16}
    with pytest.raises(ObverseError, match="2 of 2 runs failed") as caught:
        obverse.study("reversal", seeds=2, settings=settings).run(tmp_path, execution=EXECUTION)
    assert "at most 16 are read" in str(caught.value)
    assert "log.txt" in str(caught.value)


def test_data_command_feeds_data_option(tmp_path: Path) -> None:
    done = run_command("data", "reversal", "--out", str(tmp_path / "d"), "--seed", "4", *SET[:6])
    assert done.returncode == 0, done.stderr
    assert "48 documents" in done.stdout
    study = obverse.study("reversal", data=tmp_path / "d", seeds=1, settings=TINY)
    direct = obverse.study("reversal", seeds=[4], settings=TINY)
    assert built.told(study.experiment, 0) == built.told(direct.experiment, 4)
    loaded, made = built.asked(study.experiment, 0), built.asked(direct.experiment, 4)
    assert [p.prompt for p in loaded] == [p.prompt for p in made]


def test_show_and_list() -> None:
    assert "reversal" in run_command("list").stdout
    shown = run_command("show", "reversal", "--preset", "paper", "--set", "recipe.epochs=7").stdout
    assert "\ncontrol=subset\n" in shown
    assert "\nrecipe.epochs=7  (given; by default 10)\n" in shown
