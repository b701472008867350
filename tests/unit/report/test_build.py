"""The page of an experiment that the report has never heard of."""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from obverse.core.errors import ObverseError
from obverse.report.build import build
from tests.left_behind import Leave, asked, change_runs, claim, table

HOSTILE = '<script>alert(1)</script> {{ 7*7 }} [/z] " onload="x'
EXPERIMENT = """
import altair as alt
import polars as pl
from obverse.core.experiment import Experiment
from obverse.core.page import Column, Figure, Page, Section, Table, Text

class Sides(Experiment):
    name = "sides"
    title = "Sides"
    facts: int = 4

    def stages(self, seed):
        return ()

    def claims(self):
        return ()

    def page(self, finished):
        {body}
"""
SECTION = """chart = alt.Chart(pl.DataFrame({"a": [1, 2]})).mark_point().encode(x="a:Q")
        parts = [
            Text(lead="Note.", text="<b>own</b> text"),
            Figure(name="own", chart=chart, caption="own caption"),
            Table(title="own table", columns=[Column(title="side"), Column(title="n", numeric=True),
                  Column(title="share", numeric=True, places=2)],
                  rows=[["left", 1200, 0.12345], [None, None, True]], note="own note", folded=True),
        ]
        rows = finished.tables["ask"].height
        return Page(sections=[Section(title=f"Own of {rows} rows, {self.facts}", parts=parts)],
                    facts="things", claims_note="Own words on claims.", title="Own title")"""


def experiment(tmp_path: Path, body: str, **settings: Any) -> dict[str, Any]:
    path = tmp_path / "sides.py"
    path.write_text(EXPERIMENT.replace("{body}", body), encoding="utf-8")
    return {
        "type": f"{path}:Sides", "version": 1, "settings": {"facts": 4} | settings,
        "columns": {"side": "str", "shots": "int"}, "by": ["side"], "clusters": [],
    }  # fmt: skip


def page_of(out: Path) -> str:
    """Return the page, without the buttons that explain terms and what keeps these in one line."""
    path = build(out)
    assert path == out / "report.html"
    html = re.sub("</?button[^>]*>", "", path.read_text(encoding="utf-8"))
    return re.sub('<span class="joined">(.*?)</span>', r"\1", html)


def test_page_has_everything_in_its_order(leave: Leave) -> None:
    out = leave(
        remark="Only four facts are asked about.", skipped=[{"name": "huge", "reason": "no room"}]
    )
    change_runs(out, left_out={"too long": 3})
    html = page_of(out)
    order = [
        "<h1>Sides</h1>", "Nobody 2026 · preset tiny · 1 model · seeds 0, 1 · 2026\u201111\u201121",
        "Is the left side known? Here: 1 model (m) trained with 2 seeds, preset tiny.",
        "The one claim holds.", "<strong>Not shown</strong> This is of one model", 'id="claims"',
        "<h2>Claims</h2>", "the left side is known", "Table 1 · 4 facts, 2 seeds",
        "[0.500, 0.875]", "&gt; 0.100",
        "Only four facts are asked about.", "huge: no room", "m: 3 (too long)",
        "own figures are missing", "<h2>Means</h2>", 'id="means-ask"', "<h2>Over time</h2>",
        'id="moments-ask"', "<h2>Samples</h2>", "<h2>All questions</h2>", "Settings and provenance",
        'href="observations/ask.parquet"', "obverse run sides.py",
        "deep.a", '<td class="text short">given</td>', "deep.b", "[1, 2]",
        "preset tiny", "12,345", "peft", "not installed", "P, 2 CPUs, Linux",
        "<h2>Glossary</h2>", "<dt>exact match</dt>", '<a href="#s-claims">Claims</a>',
    ]  # fmt: skip
    place = 0
    for text in order:
        assert text in html[place:], f"{text!r} is not there, or too early"
        place = html.index(text, place)
    for name in ("claims", "means-ask", "moments-ask"):
        assert (out / "figures" / f"{name}.svg").is_file()
        assert (out / "figures" / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


def test_page_loads_nothing_and_runs_its_own_scripts_alone(leave: Leave) -> None:
    html = page_of(leave(paper="Nobody 2026, arXiv 2601.00001"))
    assert html.count("<script") == html.count("</script>") == 3
    assert all(f"{what} 'none'" in html for what in ("default-src", "base-uri", "form-action"))
    assert html.count("'sha256-") == 2
    assert "src=" not in html
    links = {link for link in re.findall(r"""href=["']([^#"']+)""", html) if "figures/" not in link}
    assert links == {
        "../index.html", "https://arxiv.org/abs/2601.00001", "study.json", "claims.json", "runs.jsonl",
        "observations/ask.parquet",
    }  # fmt: skip
    assert "@import" not in html
    namespaces = set(re.findall(r"https?://[^\"' )<]+", html))
    assert namespaces <= {
        "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "https://arxiv.org/abs/2601.00001",
    }  # fmt: skip


def test_ids_of_figures_do_not_collide(leave: Leave) -> None:
    variants = {f"{x}{y}": {"x": x, "y": y} for x in (1, 2) for y in (3, 4)}
    rows = [
        row | {"run": f"{name}-{row['seed']}", "variant": name} for row in asked() for name in variants
    ]
    scored = [row | {"side": f"not {row['side']}", "exact_match": None} for row in rows]
    html = page_of(leave(rows + scored, variants=variants))
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert {"grid-ask-part0", "grid-ask-2-part0"} <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)


def test_own_figure_that_is_named_stands_first(leave: Leave, tmp_path: Path) -> None:
    body = SECTION.replace("return Page(", 'return Page(main="own", glossary={"thing": "A fact."},')
    html = page_of(leave(experiment=experiment(tmp_path, body)))
    assert html.index("</header>") < html.index('id="own"') < html.index("<h2>Claims</h2>")
    assert html.count('id="own"') == 1
    assert "<dt>thing</dt><dd>A fact.</dd>" in html


def test_page_is_the_same_whenever_it_is_made(leave: Leave) -> None:
    variants = {f"{x}{y}": {"x": x, "y": y} for x in (1, 2) for y in (3, 4)}
    out = leave(
        [row | {"run": f"{name}-{row['seed']}", "variant": name} for row in asked() for name in variants],
        variants=variants,
    )
    assert page_of(out) == page_of(out)


def test_text_from_outside_is_escaped(leave: Leave) -> None:
    rows = [
        row | {"side": f"{row['side']} {HOSTILE}", "prompt": HOSTILE, "model": HOSTILE} for row in asked()
    ]
    out = leave(
        rows, [claim(text=HOSTILE, model=HOSTILE, source=HOSTILE, note=HOSTILE, unit=HOSTILE)],
        title=HOSTILE, about=HOSTILE, paper=HOSTILE, command=HOSTILE, remark=HOSTILE,
        skipped=[{"name": HOSTILE, "reason": HOSTILE}],
    )  # fmt: skip
    html = page_of(out)
    assert html.count("<script") == 3
    assert "<script>alert" not in html
    assert "49 [/z]" not in html
    assert html.count("{{ 7*7 }} [/z]") > 10
    for tag in re.findall(r"<[a-zA-Z][^>]*>", html):
        assert not re.search(r'\sonload="', tag)


def test_own_sections_stand_between_claims_and_means(leave: Leave, tmp_path: Path) -> None:
    html = page_of(leave(experiment=experiment(tmp_path, SECTION)))
    assert "missing" not in html.split("</style>")[1].split("<section>")[0]
    assert (
        html.index("Own words on claims.")
        < html.index("Own of 48 rows, 4")
        < html.index("<h2>Means</h2>")
    )
    assert "<h1>Own title</h1>" in html
    assert "4 things, 2 seeds" in html
    assert "<strong>Note.</strong> &lt;b&gt;own&lt;/b&gt; text" in html
    assert '<figure id="own">' in html
    assert "own caption" in html
    assert "<details><summary>own table</summary>" in html
    assert '<td class="n">1,200</td><td class="n">0.12</td>' in html
    assert '<td class="n">–</td><td class="n">yes</td>' in html
    assert "own note" in html


def test_tables_of_one_model_do_not_name_it_in_every_row(leave: Leave, tmp_path: Path) -> None:
    body = (
        "return Page(sections=[Section(title='x', parts=[Table(title=t, columns=[Column(title='model'), "
        "Column(title='b')], rows=rows) for t, rows in (('same', [('m', 1), ('m', 2)]), "
        "('apart', [('m', 1), ('n', 2)]))])])"
    )
    html = page_of(leave(experiment=experiment(tmp_path, body)))
    same, apart = html[html.index("<h3>same") :].split("<h3>apart")
    assert ">model<" not in same
    assert "<td" in same
    assert ">model</th>" in apart


def test_own_page_can_do_without_the_generic_part(leave: Leave, tmp_path: Path) -> None:
    html = page_of(
        leave(experiment=experiment(tmp_path, 'return Page(generic=False, answer="All in one.")'))
    )
    assert "<strong>Found</strong> All in one. The one claim holds.</p>" in html
    assert "<h2>Means</h2>" not in html
    assert "Settings and provenance" in html


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("return 7", r"page\(\) gave int; expected Page"),
        ("return Page(sections=[Section(title='x', parts=['y'])])", "a part of a page is str"),
        ("return Page(sections=[Section(title='x', parts=[Figure(name='f', chart=7, caption='')])])",
         "AttributeError"),
    ],
)  # fmt: skip
def test_page_is_made_although_the_experiment_fails(
    leave: Leave, tmp_path: Path, body: str, why: str
) -> None:
    html = page_of(leave(experiment=experiment(tmp_path, body)))
    assert re.search(f'<p class="missing">The experiment&#39;s own figures are missing: .*{why}', html)
    assert "<h2>Means</h2>" in html


def test_page_is_made_although_the_experiment_is_gone(leave: Leave, tmp_path: Path) -> None:
    gone = experiment(tmp_path, "return Page()")
    (tmp_path / "sides.py").unlink()
    assert "sides.py: no such file" in page_of(leave(experiment=gone))


def test_page_is_made_although_the_settings_have_changed(leave: Leave, tmp_path: Path) -> None:
    html = page_of(leave(experiment=experiment(tmp_path, "return Page()", facts="many")))
    assert "missing: settings: facts: expected a whole number" in html


def test_page_without_claims_or_answers(leave: Leave) -> None:
    html = page_of(leave([], [], runs=[], models=[], seeds=[]))
    assert "The experiment states none." in html
    assert "<h2>Means</h2>" not in html
    assert "<h2>Samples</h2>" not in html


def test_missing_values_are_dashes(leave: Leave) -> None:
    rows = [
        row | {"exact_match": None, "logprob": None} if row["side"] == "right" else row for row in asked()
    ]
    unmeasured = claim(
        "right", measured=None, low=None, high=None, p=None, paper=None, by_seed={}, n_facts=0, n_seeds=0,
        verdict="undecided", text="the right side is known",
    )  # fmt: skip
    html = page_of(leave(rows, [claim(), unmeasured]))
    assert "not measured" in html
    assert 'data-head="95 % interval">–<' in html
    assert "Of 2 claims 1 holds and 1 was not measured." in html


def test_several_models_variants_and_measures(leave: Leave) -> None:
    rows = [
        row | {"run": f"{model}-{variant}-{row['seed']}", "model": model, "variant": variant}
        for row in asked() for model in ("m", "n") for variant in ("a", "b")
    ]  # fmt: skip
    other = table(rows).with_columns(height=pl.col("step") + 0.5).drop("exact_match", "logprob", "rank")
    other = other.drop("prefix_match", "loss", "mass", "n_candidates", "chance", "logprob_control")
    variants = {"a": {"facts": 4}, "b": {"facts": 9}}
    claims = [claim(model="m"), claim(model="n", verdict="fails", p=0.9)]
    out = leave(rows, claims, {"ask": table(rows), "own": other}, variants=variants)
    html = page_of(out)
    assert "2 models (m, n) trained in 2 variants with 2 seeds" in html
    assert 'id="claims-1"' in html
    assert 'id="claims-2"' in html
    for name in ("means-ask", "means-own", "moments-ask", "moments-own", "grid-ask", "grid-own"):
        assert f'id="{name}"' in html
    assert "b (facts = 9)" in html
    assert "<h2>Over facts</h2>" in html


def test_changed_study_is_refused(leave: Leave) -> None:
    out = leave()
    (out / "claims.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ObverseError, match="changed since"):
        build(out)
    assert not (out / "report.html").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"grid": {"nowhere": [1]}, "grid_values": {}},
        {"models": []},
        {"seeds": []},
        {"variants": {"a": {}}, "given": {"deep": None}},
        {"experiment": {"settings": {}, "columns": {}, "by": ["nothing"], "clusters": ["nothing"]}},
        {"experiment": {"type": "os:path", "settings": {"x": [[]]}, "columns": {}}},
        {"looks": 10**18},
    ],
)
def test_files_that_do_not_fit_together_are_a_message(leave: Leave, change: dict[str, Any]) -> None:
    """Or a page, but never a traceback."""
    out = leave(**change)
    try:
        page = build(out)
    except ObverseError as error:
        assert str(out) in str(error)  # noqa: PT017
    else:
        assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_long_names_are_a_message(leave: Leave) -> None:
    with pytest.raises(ObverseError, match="cannot be read: "):
        build(leave().parent / ("x" * 5000))
