"""The page that leads to several studies."""

import json
from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from obverse.report.index import build_index


def finished(
    out: Path, title: str, time: str, *verdicts: str, command: str | None = "obverse run"
) -> None:
    """Write what a study with a report leaves behind."""
    out.mkdir(parents=True)
    claims: list[dict[str, Any]] = [
        {"text": f"{title}: claim {i}", "model": "m", "paper": 0.5, "measured": -0.25, "low": None,
         "high": 0.125, "verdict": verdict}
        for i, verdict in enumerate(verdicts)
    ]  # fmt: skip
    study = {
        "title": title, "reference": {"paper": "arXiv 2310.15047"}, "command": command,
        "provenance": {"time": time},
    }  # fmt: skip
    (out / "study.json").write_text(json.dumps(study), encoding="utf-8")
    (out / "claims.json").write_text(json.dumps({"claims": claims}), encoding="utf-8")
    (out / "report.html").touch()


def test_studies_are_listed_by_time_with_their_claims(tmp_path: Path) -> None:
    finished(tmp_path / "a", "Later", "2026-02-01", "holds", "holds", "fails")
    finished(tmp_path / "b", "Earlier", "2026-01-01", "undecided", command=None)
    (tmp_path / "unfinished").mkdir()
    path = build_index(tmp_path)
    assert path == tmp_path / "index.html"
    html = path.read_text(encoding="utf-8")
    assert html.index("Earlier") < html.index("Later")
    assert "2 studies" in html
    assert 'href="a/report.html"' in html
    assert 'href="b/report.html"' in html
    assert "(run from Python)" in html
    assert html.index("Earlier: claim 0") < html.index("Later: claim 2")
    for count, verdict in ((2, "holds"), (1, "fails"), (1, "undecided")):
        assert f'{count} <span class="verdict {verdict}">' in html
    assert "0 <span" not in html
    assert "[–, 0.125]" in html
    assert "−0.250" in html


def test_text_of_a_study_is_escaped(tmp_path: Path) -> None:
    finished(tmp_path / 'x "y" & z', "<script>alert(1)</script>", "2026", "holds", command="a < b")
    html = build_index(tmp_path).read_text(encoding="utf-8")
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "a &lt; b" in html
    assert 'href="x%20%22y%22%20%26%20z/report.html"' in html
    assert "1 study," in html


def test_folder_without_studies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="no study; expected"):
        build_index(tmp_path)
    assert not (tmp_path / "index.html").exists()
