"""The page that leads to several studies."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from obverse.report.build import build
from obverse.report.index import build_index
from tests.left_behind import claim, leaving


def finished(out: Path, title: str, time: str, *verdicts: str, **changes: Any) -> None:
    """Write what a study with a report leaves behind."""
    claims = [
        claim(str(i), text=f"{title}: claim {i}", measured=-0.25, low=None, high=0.125, verdict=verdict)
        for i, verdict in enumerate(verdicts)
    ]
    made = leaving(out.parent)(None, claims, title=title, **changes)
    study = json.loads((made / "study.json").read_text(encoding="utf-8"))
    study["provenance"]["time"] = time
    (made / "study.json").write_text(json.dumps(study), encoding="utf-8")
    (made / "report.html").touch()
    shutil.move(made, out)


def test_studies_are_listed_by_time_with_their_claims(tmp_path: Path) -> None:
    finished(tmp_path / "a", "Later", "2026-02-01", "holds", "holds", "fails")
    finished(tmp_path / "b", "Earlier", "2026-01-01", "undecided", command=None)
    finished(tmp_path / "c", "Last", "2026-03-01")
    (tmp_path / "unfinished").mkdir()
    path = build_index(tmp_path)
    assert path == tmp_path / "index.html"
    html = path.read_text(encoding="utf-8")
    assert html.index(">Earlier</a>") < html.index(">Later</a>") < html.index(">Last</a>")
    assert "3 studies" in html
    assert 'href="a/report.html"' in html
    assert 'href="b/report.html"' in html
    assert "obverse.study(experiment, models=models, seeds=[0, 1])" in html
    assert "Is the left side known?" in html
    assert html.index("Earlier: claim 0") < html.index("Later: claim 2")
    said = re.sub(r"</?(button|a)\b[^>]*>", "", html)
    for count, verdict in ((2, "holds"), (1, "fails"), (1, "undecided")):
        assert f'<span class="verdict {verdict}">{verdict}</span>: {count}' in said
    assert "</span>: 0" not in said
    assert "[−∞, 0.125]" in html
    assert "−0.250" in html


def test_a_study_says_what_its_page_found_and_explains_its_terms(tmp_path: Path) -> None:
    """What the page says is kept; of a page that was made by another version it is told by the claims."""
    for name in "ab":
        out = leaving(tmp_path / name)(None, [claim()])
        build(out)
        shutil.move(out, tmp_path / "both" / name)
    (tmp_path / "both" / "b" / ".cache" / "page.json").unlink()
    kept = tmp_path / "both" / "a" / ".cache" / "page.json"
    told = json.loads(kept.read_text(encoding="utf-8"))
    assert told["found"].startswith("The one claim holds. What holds: the left side is known (0.750 ")
    told |= {"found": "All <b>boxes</b> are known.", "glossary": {"boxes": "What is <asked>."}}
    kept.write_text(json.dumps(told), encoding="utf-8")
    html = build_index(tmp_path / "both").read_text(encoding="utf-8")
    said = re.sub("</?(?:button|span)[^>]*>", "", html)
    assert "All &lt;b&gt;boxes&lt;/b&gt; are known.</p>" in said
    assert "The one claim holds. What holds: the left side is known (0.750 " in said
    assert "2026‑11‑21\xa012:00\xa0UTC" in html
    assert re.search(
        r'popovertarget="term-([\w-]+)">boxes</button>.*'
        r'<div popover id="term-\1"><strong>boxes</strong> <span>What is &lt;asked&gt;.</span>',
        html, re.DOTALL,
    )  # fmt: skip
    told["found"] = "Of other numbers."
    kept.write_text(json.dumps(told | {"study": "another"}), encoding="utf-8")
    assert "Of other" not in build_index(tmp_path / "both").read_text(encoding="utf-8")


def test_text_of_a_study_is_escaped(tmp_path: Path) -> None:
    finished(tmp_path / 'x "y" & z', "<script>alert(1)</script>", "2026", "holds", command="a < b")
    html = build_index(tmp_path).read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "a &lt; b" in html
    assert 'href="x%20%22y%22%20%26%20z/report.html"' in html
    assert "1 study," in html


def test_folder_without_studies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="no study; expected"):
        build_index(tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_missing_key_is_named(tmp_path: Path) -> None:
    finished(tmp_path / "a", "A", "2026", "holds")
    path = tmp_path / "a" / "study.json"
    study = json.loads(path.read_text(encoding="utf-8"))
    del study["provenance"]["time"]
    path.write_text(json.dumps(study), encoding="utf-8")
    with pytest.raises(ObverseError, match=r"a/study\.json: provenance\.time: is missing"):
        build_index(tmp_path)
