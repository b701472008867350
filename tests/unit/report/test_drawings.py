"""The files of figures: what they are, when they are drawn again, and which go."""

import json
import struct
from pathlib import Path

import altair as alt
import polars as pl
import pytest

from obverse.core.content import file_hash
from obverse.core.page import Figure
from obverse.report import drawings
from obverse.report.drawings import Drawings, finished, png_of


def figure(name: str = "one", value: float = 1.0, caption: str = "What it is. n = 2 <seeds>.") -> Figure:
    table = pl.DataFrame({"x": [value], "name": ["a long name"]})
    chart = alt.Chart(table).mark_point().encode(x="x:Q", color="name:N").properties(width=200)
    return Figure(name=name, chart=chart, caption=caption)


def save(folder: Path, *some: Figure) -> list[str]:
    made = Drawings(folder)
    svgs = [made.save(one.name, one)[0] for one in some]
    made.finish()
    return svgs


def test_svg_png_and_pdf(tmp_path: Path) -> None:
    [svg] = save(tmp_path / "figures", figure())
    titled = 'aria-labelledby="one-title one-desc"><title id="one-title">What it is</title>'
    assert f'role="graphics-document" {titled}' in svg
    assert '<desc id="one-desc">n = 2 &lt;seeds&gt;.</desc>' in svg
    assert (tmp_path / "figures" / "one.svg").read_text() == svg
    png = (tmp_path / "figures" / "one.png").read_bytes()
    place = png.index(b"pHYs") + 4
    width = struct.unpack(">I", png[16:20])[0]
    per_metre = struct.unpack(">II", png[place : place + 8])
    assert width == pytest.approx(6.5 * 300, abs=2)
    assert per_metre == (11811, 11811), "300 dots an inch"
    assert (tmp_path / "figures" / "one.pdf").read_bytes()[:5] == b"%PDF-"


def test_figure_that_is_the_same_is_not_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def counted(svg: str) -> bytes:
        drawn.append(svg)
        return png_of(svg)

    monkeypatch.setattr(drawings, "png_of", counted)
    first = save(tmp_path / "figures", figure())
    assert save(tmp_path / "figures", figure()) == first
    assert len(drawn) == 1
    save(tmp_path / "figures", figure(value=2.0))
    save(tmp_path / "figures", figure(value=2.0, caption="Another."))
    assert len(drawn) == 3
    (tmp_path / "figures" / "one.png").write_bytes(b"edited")
    save(tmp_path / "figures", figure(value=2.0, caption="Another."))
    assert len(drawn) == 4


def test_what_a_page_shows_is_drawn_of_the_data_whatever_lies_there(tmp_path: Path) -> None:
    """Somebody may have changed a figure, and the list of what was drawn with it."""
    [first] = save(tmp_path / "figures", figure())
    svg, kept = tmp_path / "figures" / "one.svg", tmp_path / ".cache" / "figures.json"
    svg.write_text("<svg>edited</svg>")
    made = json.loads(kept.read_text())
    made["one"]["files"]["svg"] = file_hash(svg)
    kept.write_text(json.dumps(made))
    assert save(tmp_path / "figures", figure()) == [first]
    assert svg.read_text() == first


def test_figures_of_an_earlier_page_go_and_a_users_own_stay(tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    save(folder, figure("one"), figure("two"), figure("three"))
    (folder / "mine.svg").write_text("<svg/>")
    (folder / "three.svg").write_text("<svg>edited</svg>")
    save(folder, figure("one"))
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["mine.svg", "one.pdf", "one.png", "one.svg", "three.svg"]


def test_list_that_somebody_has_spoilt_removes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "study" / "figures"
    save(folder, figure("one"))
    (tmp_path / "secret.svg").write_text("<svg/>")
    for text in ("[]", "{", '{"one": 1}', json.dumps({"../../secret": {"of": "", "files": {}}})):
        (folder.parent / ".cache" / "figures.json").write_text(text)
        save(folder, figure("two"))
        assert (tmp_path / "secret.svg").exists()
        assert (folder / "one.svg").exists()


def test_ids_are_those_of_the_figure() -> None:
    svg = '<svg width="9"><clipPath id="clip1"/><g clip-path="url(#clip1)"/></svg>'
    made = finished(svg, "b", "A caption")
    assert 'id="b-part0"' in made
    assert "url(#b-part0)" in made
    assert "<desc" not in made


def test_line_breaks_that_javascript_has_are_spaces(tmp_path: Path) -> None:
    table = pl.DataFrame({"x": [1.0, 2.0], "name": ["a long\u2028name", "b\u2029b"]})
    encoded = alt.Chart(table).mark_point().encode(x="x:Q", row="name:N", color="name:N")
    [svg] = save(tmp_path / "figures", Figure(name="one", chart=encoded, caption="It is."))
    assert "a long name" in svg
