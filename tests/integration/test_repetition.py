"""Repetition suppression, small: a family grown here, checkpoints from directories, and the page."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import obverse
from obverse.core.errors import ObverseError
from obverse.experiments.repetition import formats
from obverse.models.causal import CausalModel
from obverse.models.grown import Grown
from obverse.models.scratch import Scratch
from tests.completions import serving
from tests.conftest import PUBLIC_ROWS, made, text_of
from tests.outside.inline import Inline

EXECUTION = obverse.Execution(workers=2, device="cpu")
SETTINGS = {"shots": [0, 1], "induction": 4}
FAMILY = [
    Grown(name=f"grown-{n}L", layers=n, hidden_size=32, tokens=20_000, window=64, checkpoints=2)
    for n in (1, 2)
]


def small_data(folder: Path) -> Path:
    path = folder / "items.csv"
    formats.write([formats.Case(*row) for row in PUBLIC_ROWS], path)
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("repetition")
    settings = SETTINGS | {"grid": "balanced"}
    study = obverse.study("repetition", models=FAMILY, seeds=2, settings=settings)
    result = study.run(out, execution=EXECUTION)
    assert len(result.claims) == 16
    assert all(f.measured is not None for f in result.claims)
    obverse.write_report(out)
    return out


def test_family_is_asked_as_it_grows(finished: Path) -> None:
    frame = pl.read_parquet(finished / "observations/ask.parquet")
    assert frame["family"].unique().to_list() == ["grown"]
    assert frame["tokens"].n_unique() == 2
    assert frame["parameters"].n_unique() == 2
    asked = frame.filter(subset="suppression", shots=0)
    counts = asked.group_by("model", "seed", "tokens", "condition").len()
    assert set(counts.select("condition", "len").rows()) == {
        ("against", 234),
        ("follow", 234),
        ("none", 182),
    }
    assert asked["loss"].is_between(0, 50).all()
    assert asked["mass"].is_between(0, 1).all()
    assert frame.filter(pl.col("shots") == 1)["final"].all(), "examples at the last moment alone"
    assert frame.filter(subset="induction")["logprob"].null_count() == 0


def test_page_shows_trends_controls_and_says_what_they_mean(finished: Path) -> None:
    page = (finished / "report.html").read_text()
    for figure in ("scaling", "growth", "shots", "slices"):
        assert f'id="{figure}"' in page
        assert (finished / "figures" / f"{figure}.png").is_file()
    assert "It would not be disobedience" in page
    for table in (
        "What must not come is named",
        "Accuracy by which symbol",
        "in every slice of the grid",
    ):
        assert table in page
    assert page.count("Sensitivity to the instruction") == 2, "at the end, and earlier"
    assert page.count("arlier moments (") == 2
    assert "induction," in page
    assert "seeds 0, 1 ·" in text_of(page)
    assert "leave out one of the items, one pattern, one template and one seed at a time" in text_of(page)
    assert "Left out." not in page
    for reference in ("<script src", "<link", "<img", "url(http"):
        assert reference not in page


def test_same_seed_grows_the_same_model(finished: Path, tmp_path: Path) -> None:
    settings = SETTINGS | {"grid": "balanced"}
    study = obverse.study("repetition", models=FAMILY[:1], seeds=[1], settings=settings)
    again = study.run(tmp_path, execution=EXECUTION).observations
    first = pl.read_parquet(finished / "observations/ask.parquet").filter(seed=1, model="grown-1L")
    assert_frame_equal(again, first)


def test_killed_growth_finishes_with_the_same_numbers(tmp_path: Path) -> None:
    """SIGKILL a real process while its model grows, then let the same command finish."""
    words = [
        sys.executable, "-m", "obverse.cli", "run", "repetition", "--seeds", "1", "--device", "cpu",
        "--set", "model.hidden_size=32", "--set", "model.tokens=60000", "--set", "shots=[0]",
        "--set", "model.checkpoints=3", "--set", "induction=2", "--workers", "1",
        "--set", "conditions=[\"against\"]",
    ]  # fmt: skip
    process = subprocess.Popen(
        [*words, "--out", str(tmp_path / "killed")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list((tmp_path / "killed").glob("runs/grown-3L*/moments/ask/*.parquet")):
        assert process.poll() is None, "the study ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list((tmp_path / "killed").glob("runs/*/provenance.json")), "a run had finished already"
    for name in ("killed", "whole"):
        done = subprocess.run([*words, "--out", str(tmp_path / name)], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    tables = [tmp_path / n / "observations/ask.parquet" for n in ("killed", "whole")]
    killed, whole = map(pl.read_parquet, tables)
    assert_frame_equal(killed, whole)


def test_own_data_on_a_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    study = obverse.study(
        "repetition", models=[str(checkpoint)], data=small_data(tmp_path), seeds=3, settings=SETTINGS
    )
    assert len(study.plans()[0]) == 1, "a model asked as it is has no seeds"
    result = study.run(tmp_path / "out", executor=Inline(), execution=EXECUTION)
    asked = result.observations.filter(subset="suppression", shots=0)
    assert len(asked) == len(PUBLIC_ROWS)
    assert asked["target"].to_list() == [classes[i] for _, classes, i in PUBLIC_ROWS]
    assert asked.select("pattern", "template", "repetitions").null_count().row(0) == (4, 4, 4)
    obverse.write_report(tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Classification of your own data" in page
    assert "own data, items.csv" in page
    assert "asked as it is, once" in page
    shown = page.split("<h2>Settings")[0]
    for word in ("pattern", "seeds", "one seed", "Sensitivity", "undecided</span>", "follow"):
        assert word not in shown, "nothing is said of the grid, of seeds, of what was not asked"


def test_flawed_items_are_kept_or_left_out(checkpoint: Path, tmp_path: Path) -> None:
    data = small_data(tmp_path)
    for keep, expected in (("true", 4), ("false", 2)):
        settings = SETTINGS | {"keep_flawed": keep, "induction": 0, "shots": [0]}
        study = obverse.study("repetition", models=[str(checkpoint)], data=data, settings=settings)
        result = study.run(tmp_path / keep, executor=Inline(), execution=EXECUTION)
        assert len(result.observations) == expected
    [record] = (tmp_path / "false").glob("runs/*/provenance.json")
    reasons = json.loads(record.read_text())["left_out"]
    assert reasons == {"classes are flawed for the tokenizer": 2}
    for keep in ("true", "false"):
        obverse.write_report(tmp_path / keep)
        said = "checkpoint: 2 (classes are flawed for the tokenizer)"
        assert (said in (tmp_path / keep / "report.html").read_text()) == (keep == "false")


@pytest.mark.parametrize("reason", ["classes are flawed", "longer than the model can read"])
def test_run_without_any_item_left_is_refused(checkpoint: Path, tmp_path: Path, reason: str) -> None:
    prompt = "The director is" if reason.startswith("classes") else "The director is" * 1000
    classes = (" kind", " kindly") if reason.startswith("classes") else (" film", " opera")
    formats.write([formats.Case(f"{n} {prompt}", classes, 0) for n in range(3)], tmp_path / "items.csv")
    settings = SETTINGS | {"keep_flawed": "false", "shots": [0]}
    study = obverse.study(
        "repetition", models=[str(checkpoint)], data=tmp_path / "items.csv", settings=settings
    )
    with pytest.raises(ObverseError, match=f"checkpoint: every item is left out \\(3: {reason}"):
        study.run(tmp_path / "out", execution=EXECUTION)


def test_check_lists_what_is_wrong(checkpoint: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "obverse.cli", "data", "repetition", "--check", "--model",
         str(checkpoint), "--data", str(small_data(tmp_path))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the class ' kind' is a prefix of ' kindly'" in done.stdout
    assert "the prompt ends in a space" in done.stdout


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "obverse.cli", *words], capture_output=True, text=True, check=False
    )


def test_data_check_and_export_take_the_full_grid(tmp_path: Path) -> None:
    written = command("data", "repetition", "--out", str(tmp_path / "items.csv"))
    assert written.stdout.endswith("items.csv: 1,638 items\n")
    assert len(list(formats.read(tmp_path / "items.csv"))) == 1638
    checked = command("data", "repetition", "--check")
    assert checked.stdout == "text: 1,820 facts, 3,458 questions, nothing wrong\n"
    one = ("--set", "shots=[0]", "--set", 'conditions=["against"]')
    exported = command("export", "repetition", "--to", "lm-eval", "--out", str(tmp_path), *one)
    assert exported.returncode == 0
    assert (tmp_path / "items.jsonl").read_text().count("\n") == 1638
    smaller = command("data", "repetition", "--check", "--set", "grid=balanced")
    assert smaller.stdout == "text: 416 facts, 650 questions, nothing wrong\n"
    refused = command("data", "repetition", "--check", "--set", "model.layers=3")
    assert "no model takes part here" in refused.stderr


def test_check_takes_families_and_revisions(
    checkpoint: Path, hub: Callable[..., str], tmp_path: Path
) -> None:
    sizes = ("70m", "160m", "410m", "1b", "1.4b", "2.8b", "6.9b", "12b")
    for size in sizes:
        hub(f"EleutherAI/pythia-{size}", checkpoint)
    hub("EleutherAI/pythia-70m", checkpoint, "step1")
    data = str(small_data(tmp_path))
    models = ["--model", "pythia", "--model", "EleutherAI/pythia-70m@step1"]
    done = command("data", "repetition", "--check", "--data", data, *models)
    names = [line.partition(":")[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert names == [*(f"EleutherAI/pythia-{s}" for s in sizes), "EleutherAI/pythia-70m@step1"]
    missing = command("data", "repetition", "--check", "--model", "EleutherAI/pythia-70m@step2")
    assert "hub did not give it" in missing.stderr
    local = command("data", "repetition", "--check", "--model", f"{checkpoint}@step1")
    assert "is a directory, which holds one set of weights" in local.stderr


def test_family_goes_on_without_what_cannot_be_loaded(
    checkpoint: Path, hub: Callable[..., str], tmp_path: Path
) -> None:
    """From the command line, offline: two of eight members are in the hub's cache."""
    small = Scratch(hidden_size=16, layers=1, heads=2, vocabulary=300)
    made(small, ["a text"], seed=0).save(tmp_path / "small")
    hub("EleutherAI/pythia-70m", tmp_path / "small")
    hub("EleutherAI/pythia-160m", checkpoint)
    out = tmp_path / "out"
    done = command(
        "run", "repetition", "--model", "pythia", "--dtype", "bfloat16", "--device", "cpu",
        "--set", "shots=[0]", "--set", "induction=2", "--out", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (
        "What is asked are 234 of 1,638 items (grid=balanced); --set grid=full asks them all."
        in done.stdout
    )
    for stream in (done.stdout, done.stderr):
        assert stream.count("left out: EleutherAI/pythia-") == 6
    left = json.loads((out / "study.json").read_text())["skipped"]
    assert left[0]["name"] == "EleutherAI/pythia-410m"
    frame = pl.read_parquet(out / "observations/ask.parquet")
    assert frame["parameters"].n_unique() == frame["model"].n_unique() == 2
    assert frame["family"].unique().to_list() == ["pythia"]
    assert "accuracy/parameters" in (out / "claims.json").read_text()


def test_family_named_after_the_runs(checkpoint: Path, tmp_path: Path) -> None:
    settings = SETTINGS | {"shots": [0]}
    data = small_data(tmp_path)
    for family in ("", "mine"):
        study = obverse.study(
            "repetition", models=[str(checkpoint)], data=data, settings=settings, family=family
        )
        result = study.run(tmp_path / "out", executor=Inline(), execution=EXECUTION)
        assert result.observations["family"].unique().to_list() == [family or None]
    assert len(list((tmp_path / "out").glob("runs/*"))) == 1, "what was asked is not asked again"


def test_interrupted_endpoint_is_asked_for_the_rest(model: CausalModel, tmp_path: Path) -> None:
    with serving(model) as server:
        study = obverse.study(
            "repetition", models=["tiny=5e6"], endpoint=server.url, family="mine",
            data=small_data(tmp_path), settings={"shots": [0], "induction": 4},
        )  # fmt: skip
        study.run(tmp_path / "whole", execution=EXECUTION)
        needed = len(server.seen)
        server.seen.clear()
        server.patience = needed // 2
        with pytest.raises(ObverseError, match="1 of 1 run failed"):
            study.run(tmp_path / "out", execution=EXECUTION)
        [kept] = (tmp_path / "out").glob("runs/*/unfinished/answers.jsonl")
        answered = len(kept.read_text().splitlines())
        assert answered >= needed // 2 - 8, "but for what was on its way"
        server.seen.clear()
        server.patience = None
        study.run(tmp_path / "out", execution=EXECUTION)
        assert len(server.seen) <= needed - answered
        assert not kept.exists()
    first, again = (pl.read_parquet(tmp_path / n / "observations/ask.parquet") for n in ("whole", "out"))
    assert_frame_equal(first, again)
    assert first["parameters"].unique().to_list() == [5_000_000]


def test_model_from_scratch_cannot_be_asked_as_it_is(tmp_path: Path) -> None:
    study = obverse.study("repetition", models=["scratch"], settings={"grid": "balanced"})
    with pytest.raises(ObverseError, match="knows nothing before it is trained"):
        study.run(tmp_path, execution=EXECUTION)
