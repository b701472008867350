"""The site is built from docs/ without a warning, hangs together, and loads nothing from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import obverse
from obverse.studies.catalogue import registered
from tests.site_check import problems

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# What is read on GitHub as it stands.
READ_THERE = (*ROOT.glob("*.md"), *DOCS.glob("*.md"))


def build(out: Path, demo: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        "-d",
        str(out / "trees"),
    ]
    done = subprocess.run(
        [*command, str(DOCS), str(out / "site")],
        env=os.environ | {"OBVERSE_DEMO": str(demo)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_site_without_and_with_the_demonstration(tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    build(tmp_path, demo)
    site = tmp_path / "site"
    assert problems(site) == []
    assert "had not been run where this site was built" in (site / "demo.html").read_text("utf-8")
    missing = [
        name
        for name in obverse.__all__
        if f'id="obverse.{name}"' not in (site / "api.html").read_text("utf-8")
    ]
    assert not missing

    (demo / "reversal/runs").mkdir(parents=True)
    for name in ("index.html", "reversal/report.html", "reversal/claims.json", "reversal/runs/weights"):
        (demo / name).write_text("<p>of the demonstration</p>", encoding="utf-8")
    build(tmp_path, demo)
    assert problems(site) == []
    assert 'href="demo/reversal/report.html"' in (site / "demo.html").read_text("utf-8")
    assert (site / "demo/reversal/claims.json").is_file()
    assert not (site / "demo/reversal/runs").exists()


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="nowhere.html">', "nowhere.html leads nowhere"),
        ('<a href="#place">', "#place: there is no such place"),
        ('<img src="nothing.png">', "nothing.png leads nowhere"),
        ('<script src="https://cdn.example/x.js">', "loads https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="//fonts.example/a.css">', "loads //fonts.example/a.css"),
        ("<style>@import url(https://fonts.example/b.css)</style>", "loads https://fonts.example/b.css"),
        ('<a href="https://example.org">elsewhere</a> <a id="x" href="#x">here</a>', None),
    ],
)
def test_check_finds(html: str, problem: str | None, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    assert problems(tmp_path) == ([] if problem is None else [f"index.html: {problem}"])


@pytest.mark.parametrize("page", READ_THERE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_as_github_reads_them(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    wrong = [
        link
        for link in links
        if not link.startswith(("http", "#")) and not (page.parent / link.partition("#")[0]).exists()
    ]
    assert not wrong


def test_each_study_has_its_line() -> None:
    text = (DOCS / "studies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[`([\w-]+)`\]", text, flags=re.MULTILINE)) == set(registered())


def test_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {obverse.__version__}\n" in text
    assert f"\n## {obverse.__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
