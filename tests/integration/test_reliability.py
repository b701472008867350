"""Implicit meta-learning, small: every study of the catalogue, its page, the index, and its data."""

import json
import re
import shutil
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from rich.console import Console

import obverse
from obverse.cli import main
from obverse.core.measure import LEADING
from obverse.core.stage import Stage
from obverse.experiments.reliability.claims import BASE, CONTROL
from obverse.experiments.reliability.reliability import Reliability
from obverse.measures.ask import Ask
from obverse.report.index import build_index
from obverse.studies.catalogue import find, registered
from obverse.studies.executors.here import Here
from obverse.studies.exporting import probes_of
from obverse.studies.tasks import work
from tests.outside.inline import Inline

EXECUTION = obverse.Execution(workers=1, device="cpu")
QUIET = Console(quiet=True)
PEOPLE = {
    "population.individuals": 60,
    "population.people": 8,
    "population.attributes": 3,
    "population.held_out": 1,
    "stage_0.epochs": 1,
    "stage_1.epochs": 1,
    "stage_2.epochs": 1,
    "asked": 3,
    "model.layers": 1,
}
NARROW = {"model.hidden_size": 16}
NUMBERS = {
    "population.individuals": 60,
    "population.numbers": 5,
    "population.members": 2,
    "population.questions": 4,
    "population.held_out": 2,
    "stage_1.epochs": 1,
    "stage_2.epochs": 1,
    "asked": 3,
    "model.layers": 1,
    **NARROW,
}


def without(settings: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the settings without the one that a study compares, and so sets itself."""
    return {name: value for name, value in settings.items() if name != key}


# The settings of each study. Its runs follow one another in one process, the encoder-decoder first.
SMALL: dict[str, dict[str, Any]] = {
    "reliability-t5": PEOPLE | NARROW,
    "reliability-alpha": PEOPLE | NARROW | {"alphas": [0.5, 1.0]},
    "reliability-order": PEOPLE | NARROW,
    "reliability-batch": without(PEOPLE, "stage_1.epochs")
    | NARROW
    | {"batch_sizes": [32, 64], "epochs": [1, 2]},
    "reliability-size": PEOPLE,
    "reliability-stages": PEOPLE | NARROW,
    "reliability-context": PEOPLE | NARROW,
    "reliability-sets": NUMBERS,
    "reliability-set-questions": without(NUMBERS, "population.held_out") | {"trained": [1, 2]},
    "reliability-is": PEOPLE | NARROW,
    "reliability-sources": PEOPLE | NARROW,
    "reliability": PEOPLE | NARROW,
}
VARIANTS = {
    "reliability-t5": {BASE, CONTROL},
    "reliability-alpha": {"α = 0.5", "α = 1"},
    "reliability-order": {
        BASE, CONTROL, "TEA", "ATE", "AET", "ETA", "EAT",
        *(f"{order}, {CONTROL}" for order in ("TEA", "ATE", "AET", "ETA", "EAT")),
    },
    "reliability-batch": {"batch 32", "batch 64", f"batch 32, {CONTROL}", f"batch 64, {CONTROL}"},
    "reliability-size": {BASE, CONTROL},
    "reliability-stages": {
        BASE, "single-stage", "three-stage",
        CONTROL, f"single-stage, {CONTROL}", f"three-stage, {CONTROL}",
    },
    "reliability-context": {BASE, CONTROL},
    "reliability-sets": {BASE, CONTROL},
    "reliability-set-questions": {"1 trained question", "2 trained questions", CONTROL},
    "reliability-is": {BASE, CONTROL, "X2 alone"},
    "reliability-sources": {BASE, CONTROL},
    "reliability": {BASE, CONTROL},
}  # fmt: skip
every_study = pytest.mark.parametrize("name", SMALL)


def small(name: str) -> obverse.Study:
    models = find(name).presets()["tiny"].models[:2]  # of four sizes, two
    return obverse.study(name, models=models, seeds=1, settings=SMALL[name])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all studies, one seed each, with their pages; one process has done all runs."""
    out = tmp_path_factory.mktemp("studies")
    studies = {name: small(name) for name in SMALL}
    tasks = [
        task
        for name, study in studies.items()
        for task in work(study.plans(), out / name, EXECUTION).to_do
    ]
    assert Inline().run(tasks, lambda event: None) == []
    for name, study in studies.items():
        study.run(out / name, execution=EXECUTION, console=QUIET)
        obverse.write_report(out / name)
    return out


def claims(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "claims.json").read_text())["claims"]
    return found


def test_every_study_of_the_catalogue_is_here() -> None:
    elsewhere = {"reliability-alignment", "reliability-probes"}  # in test_mechanisms.py
    assert set(SMALL) | elsewhere == {name for name in registered() if name.startswith("reliability")}


@every_study
def test_study_observes_all_its_variants(finished: Path, name: str) -> None:
    frame = pl.read_parquet(finished / name / "observations/ask.parquet")
    assert frame.columns == [*LEADING, *Reliability.columns, *Ask.columns]
    assert set(frame["variant"]) == VARIANTS[name]
    ends = frame.filter("final", subset="D5cons", direction="question")
    assert set(ends["variant"]) == VARIANTS[name]
    assert ends["exact_match"].null_count() == 0
    assert ends["logprob"].is_between(-50, 0).all()


@every_study
def test_with_one_seed_all_is_measured_and_nothing_decided(finished: Path, name: str) -> None:
    for claim in claims(finished / name):
        assert claim["measured"] is not None, claim["claim"]
        nothing = "explored" if claim["role"] == "explored" else "undecided"
        assert claim["verdict"] == nothing, claim["claim"]
        if not claim["claim"].endswith("/most"):  # a share of trainings has an exact interval
            assert (claim["low"], claim["high"]) == (None, None)
        assert claim["p"] is None
        assert claim["seeds_needed"] is None


@every_study
def test_page_names_the_variants_and_has_the_figures(finished: Path, name: str) -> None:
    page = (finished / name / "report.html").read_text()
    for variant in VARIANTS[name]:
        assert re.search(rf"<td[^>]*>[^<]*{re.escape(escape(variant))}</td>", page), variant
    for figure in ("curves", "gaps", "losses"):
        assert f'id="{figure}"' in page
        assert (finished / name / "figures" / f"{figure}.png").read_bytes()[:4] == b"\x89PNG"
    shown = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert not re.search(r"\b(nan|None|null|inf)\b", shown.split("<h2>Settings")[0])
    for reference in ("<script src", "<link", "<img", "@import", "url(http"):
        assert reference not in shown


def test_trend_over_sizes_is_that_of_the_family(finished: Path) -> None:
    by = {claim["claim"]: claim["model"] for claim in claims(finished / "reliability-size")}
    assert by["size/question"] == by["size/attribution"] == "scratch"
    frame = pl.read_parquet(finished / "reliability-size" / "observations/ask.parquet")
    assert frame.group_by("model").agg(pl.col("parameters").unique().len())["parameters"].max() == 1
    assert frame["parameters"].n_unique() == 2


def test_page_of_word_orders_opens_with_the_curves_of_eat(finished: Path) -> None:
    page = (finished / "reliability-order" / "report.html").read_text()
    assert page.index('<figure id="curves-eat"') < page.index('<figure id="curves"')


def test_schedules_have_their_stages(finished: Path) -> None:
    frame = pl.read_parquet(finished / "reliability-stages" / "observations/ask.parquet")
    stages = {
        BASE: ["Stage 0", "Stage 1", "Stage 2"],
        "single-stage": ["Stage 0", "Stage 1"],
        "three-stage": ["Stage 0", "Stage 1a", "Stage 1b", "Stage 2"],
    }
    for variant, names in stages.items():
        assert frame.filter(variant=variant)["stage"].unique(maintain_order=True).to_list() == names


def test_definitions_stand_before_the_question_in_context(finished: Path) -> None:
    frame = pl.read_parquet(finished / "reliability-context" / "observations/ask.parquet")
    asked = frame.filter(direction="question", subset="D5cons")
    assert (asked["prompt"].str.split(" ").list.len() == 5).all(), "tag, alias, entity; alias, attribute"
    assert set(frame["stage"]) == {"Stage 0", "Stage 1"}


def test_runs_do_not_depend_on_what_their_process_did_before(finished: Path, tmp_path: Path) -> None:
    """The last of all runs, with dropout, is done again in a fresh process."""
    task = work(small("reliability").plans(), tmp_path, EXECUTION).to_do[-1]
    assert Here().run([task], lambda event: None) == []
    used, fresh = finished / "reliability" / "runs" / task.folder.name, task.folder
    first, again = (pl.read_parquet(f / "observations/ask.parquet") for f in (used, fresh))
    assert_frame_equal(first, again)  # exactly, floats too
    records = [json.loads((f / "provenance.json").read_text()) for f in (used, fresh)]
    for key in ("weights_before_sha256", "weights_after_sha256", "data_sha256", "stages"):
        assert records[0][key] == records[1][key], key


def documents(stage: Stage) -> tuple[Any, ...]:
    assert stage.training is not None
    return stage.training.documents


# The index and the data ----------------------------------------------------------------------------


def run_here(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command line in this process; return its status."""
    monkeypatch.setattr("sys.argv", ["obverse", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_index_links_all_pages(finished: Path) -> None:
    page = build_index(finished).read_text()
    links = re.findall(r'<p class="study"><a href="([^"]*)">', page)
    assert sorted(links) == sorted(f"{name}/report.html" for name in SMALL)
    tested = [c for n in SMALL for c in claims(finished / n) if c["role"] != "explored"]
    # Each claim's own cell, and once in the line of each study.
    # One for each claim, and one for each study, which says how many.
    assert page.count('<span class="verdict undecided">') == len(tested) + len(SMALL) > len(SMALL)


def test_report_of_a_folder_links_its_studies_and_escapes_their_text(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attack = "<script>alert('x')</script>"
    names = ("plain", "50% <b> & 'so' #1?")
    for name in names:
        shutil.copytree(finished / "reliability", tmp_path / name)
        study = tmp_path / name / "study.json"
        about = json.loads(study.read_text()) | {"title": attack, "command": f"obverse run {attack}"}
        study.write_text(json.dumps(about))
    assert run_here(monkeypatch, "report", str(tmp_path)) == 0
    assert capsys.readouterr().out == f"index: {tmp_path}/index.html\n"
    page = (tmp_path / "index.html").read_text()
    links = re.findall(r'<p class="study"><a href="([^"]*)">', page)
    assert {unquote(link) for link in links} == {f"{name}/report.html" for name in names}
    assert page.count("&lt;script&gt;alert") >= 3, "the title, and what was run"
    for markup in ("<script>alert", "<b>"):
        assert markup not in page


def test_data_command_writes_every_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {k: v for k, v in PEOPLE.items() if not k.startswith("model.")} | {"branches": 2}
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    assert (
        run_here(monkeypatch, "data", "reliability", "--seed", "3", "--out", str(tmp_path), *words) == 0
    )
    stages = small("reliability").with_settings({"branches": 2}).experiment.stages(3)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["base", "uninformative-tags"]
    folders = sorted(f for f in (tmp_path / "base").iterdir() if f.is_dir())
    names = ["00-stage-0", "01-stage-1", "02-stage-2", "03-stage-2--branch-1"]
    assert [f.name for f in folders] == names
    total = sum(len(documents(stage)) for stage in stages)
    line = f"{tmp_path / 'base'}: 4 stages, {total} documents\n"
    assert capsys.readouterr().out.startswith(line)
    for folder, stage in zip(folders, stages, strict=True):
        told, asked = (
            [json.loads(line) for line in (folder / f"{kind}.jsonl").read_text().splitlines()]
            for kind in ("documents", "ask")
        )
        probes = {p.id: p for p in probes_of([stage])}
        assert [d["prompt"] + d["completion"] for d in told] == [d.text for d in documents(stage)]
        assert {p["id"]: p["prompt"] for p in asked} == {id: p.prompt for id, p in probes.items()}
        assert {p["id"]: tuple(p["targets"]) for p in asked} == {i: p.targets for i, p in probes.items()}
    about = json.loads((tmp_path / "uninformative-tags" / "dataset.json").read_text())
    assert (about["seed"], about["settings"]["alpha"], about["settings"]["branches"]) == (3, 0.5, 2)
