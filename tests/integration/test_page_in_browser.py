"""The page of a study and the index in a real browser: what is seen, reached, filtered and explained."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from obverse.report.build import build
from obverse.report.index import build_index
from tests.integration.browser import BEYOND, FAINT, chromium, needs_chromium, opened
from tests.left_behind import asked, claim, leaving

pytestmark = needs_chromium
HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)"> {{ 7*7 }}'
LONG = "a" * 300  # a word that nothing can break at
COUNT = re.compile(r"^([\d,]+) answers?\b")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two studies of one name, whose texts are hostile, with their pages and index."""
    made = tmp_path_factory.mktemp("studies")
    rows = [
        row | {"run": f"{model}-{row['seed']}", "model": model, "target": f" {HOSTILE}"}
        | ({"prompt": f"{HOSTILE} {LONG}"} if row["probe"] == "left0" else {})
        for row in asked(facts=16) for model in ("m", LONG[:60])
    ]  # fmt: skip
    claims = [
        claim("a", text=f"{HOSTILE} {LONG}", note=LONG, model="m"),
        claim("b", text="The left side is known, by exact match", model=LONG[:60], verdict="undecided"),
    ]
    first = leaving(made)(rows, claims, title=HOSTILE, command=None)
    shutil.move(first, made / "a")
    build(made / "a")
    shutil.move(leaving(made)(None, claims[:1], seeds=[0]), made / "b")
    build(made / "b")
    build_index(made)
    return made


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_in_the_window_and_legible(
    browser: Any, folder: Path, scheme: Literal["light", "dark"], scripts: bool
) -> None:
    for path in (folder / "a" / "report.html", folder / "index.html"):
        with opened(browser, path, scheme=scheme, scripts=scripts) as page:
            for width in (1200, 800, 400):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate(BEYOND) == []
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert page.evaluate(BEYOND) == []
            assert page.evaluate(FAINT) == []


def test_a_phone_shows_the_answer_and_verdicts_before_numbers(browser: Any, folder: Path) -> None:
    with opened(browser, folder / "a" / "report.html", width=400) as page:
        top = {
            name: page.locator(where).first.bounding_box()["y"]
            for name, where in {
                "answer": "#s-answer", "figure": "figure", "claims": ".claims",
                "verdict": ".claims .verdict", "number": ".claims tbody .n", "contents": "nav",
            }.items()
        }  # fmt: skip
    assert sorted(top, key=top.__getitem__) == list(top)


def test_figures_stand_upright_on_a_phone_and_lie_elsewhere(browser: Any, folder: Path) -> None:
    """Each figure is seen once, as wide as the screen has room for, and printed as on a desk."""
    with opened(browser, folder / "a" / "report.html") as page:
        for width, media, other in (
            (1200, "screen", "narrow"), (800, "screen", "narrow"), (400, "screen", "broad"),
            (360, "screen", "broad"), (400, "print", "narrow"),
        ):  # fmt: skip
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(media=media)
            figures = page.locator("figure:visible").count()
            shown = page.locator(".drawn:visible")
            assert shown.count() == figures > 1
            assert page.locator(f".drawn.{other}").count() > 1
            assert page.locator(f".drawn.{other}:visible").count() == 0
            for one in shown.all():
                assert one.evaluate("it => it.scrollWidth <= it.clientWidth")
                assert one.locator("svg").bounding_box()["width"] > 0.6 * min(width, 340)


def test_every_filter_works(browser: Any, folder: Path) -> None:
    with opened(browser, folder / "a" / "report.html") as page:

        def found() -> int:
            told = COUNT.match(page.inner_text("#s-questions [role=status]"))
            assert told is not None
            return int(told[1].replace(",", ""))

        assert found() == 2 * 2 * 2 * 16, "models, seeds, sides and facts at the last moment"
        selects = {one.get_attribute("name"): one for one in page.locator("#s-questions select").all()}
        assert set(selects) == {"model", "seed", "side", "moment", "verdict"}
        selects.pop("moment").select_option("")
        whole = found()
        assert whole == 3 * 128
        for name, select in selects.items():
            options = [one.get_attribute("value") for one in select.locator("option").all()]
            counts = []
            for option in options[1:]:
                select.select_option(option)
                counts.append(found())
                shown = page.locator(
                    f"#s-questions td[data-head='{'judged' if name == 'verdict' else name}']"
                )
                assert len(set(shown.all_inner_texts())) == 1
            assert sum(counts) == whole
            assert min(counts) > 0
            select.select_option("")
        words = page.locator("#s-questions input")
        words.fill("on the LEFT of 3?")
        assert found() == 12
        words.fill("nowhere")
        assert found() == 0
        page.click("#s-questions button[type=reset]")
        page.locator("#s-questions [role=status]", has_text=re.compile("^128 ")).wait_for()
        assert found() == 128
        for _ in range(5):
            page.click("text=next →")
        assert page.inner_text("#s-questions [role=status]").endswith("Shown: 126–128.")
        assert page.locator(".questions > tbody > tr").count() == 3
        assert page.locator(".pages button").last.is_disabled()


def test_a_question_shows_how_its_answer_changed_and_its_text_stays_text(
    browser: Any, folder: Path
) -> None:
    with opened(browser, folder / "a" / "report.html") as page:
        scripts = page.locator("script").count()
        page.fill("#s-questions input", "</SCRIPT><script>alert")
        page.click(".questions tbody .more >> nth=0")
        whole = page.locator(".questions .whole")
        assert whole.locator("dd").first.inner_text().startswith(HOSTILE)
        moments = whole.locator("table tr").all_inner_texts()
        assert [one.split("\t")[0] for one in moments] == [
            "moment", "training, epoch 0", "training, epoch 1", "training, epoch 2",
        ]  # fmt: skip
        assert page.locator("script").count() == scripts
        assert page.locator("img").count() == 0


def test_terms_are_explained_to_the_pointer_the_finger_and_the_keyboard(
    browser: Any, folder: Path
) -> None:
    with opened(browser, folder / "a" / "report.html") as page:
        tip, term = page.locator("#tip"), page.locator("#s-claims .term", has_text="p-value").first
        term.hover()
        assert "by chance alone" in tip.inner_text()
        page.mouse.move(5, 5)
        assert not tip.is_visible()
        term.click()
        page.mouse.move(5, 5)
        assert tip.is_visible(), "what was clicked stays"
        page.keyboard.press("Escape")
        assert not tip.is_visible()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "tip"


def test_marks_are_explained_to_the_pointer_and_the_keyboard(browser: Any, folder: Path) -> None:
    with opened(browser, folder / "a" / "report.html") as page:
        mark = page.locator('#s-claims .drawn path[role="graphics-symbol"][aria-label]').first
        mark.scroll_into_view_if_needed()
        page.wait_for_timeout(100)  # scrolling takes explanations away
        box = mark.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        said = page.inner_text("#tip").split("\n")
        assert len(said) > 1
        assert all(line in mark.get_attribute("aria-label") for line in said)
        page.locator("#s-claims .drawn").first.focus()
        page.keyboard.press("ArrowRight")
        first = page.inner_text("#tip")
        page.keyboard.press("ArrowRight")
        assert page.locator("#tip").is_visible()
        page.keyboard.press("ArrowLeft")
        assert page.inner_text("#tip") == first


def test_everything_is_reached_by_the_keyboard(browser: Any, folder: Path) -> None:
    with opened(browser, folder / "a" / "report.html") as page:
        page.locator("#s-questions select").first.focus()
        reached = set()
        for _ in range(12):
            reached.add(
                page.evaluate("document.activeElement.className || document.activeElement.tagName")
            )
            page.keyboard.press("Tab")
        assert {"SELECT", "INPUT", "BUTTON", "more"} <= reached
        page.keyboard.press("Enter")
        assert page.locator(".questions .whole").count() == 1
        passed_over = "a[href], button, summary, .drawn, pre, select, input"
        assert page.locator(passed_over).and_(page.locator("[tabindex='-1']")).count() == 0


def test_without_scripts_terms_open_and_the_samples_are_there(browser: Any, folder: Path) -> None:
    with opened(browser, folder / "a" / "report.html", scripts=False) as page:
        assert not page.locator("#s-questions").is_visible()
        assert not page.locator("nav >> text=All questions").is_visible()
        page.locator("#s-claims .term", has_text="p-value").first.click()
        assert page.locator("[popover]:popover-open").count() == 1
        page.keyboard.press("Escape")
        assert page.locator("#s-samples td", has_text=HOSTILE).first.is_visible()


def test_print_shows_what_is_folded_and_no_controls(browser: Any, folder: Path) -> None:
    with opened(browser, folder / "a" / "report.html", scheme="dark") as page:
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert not page.locator("#s-questions").is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        folded = page.locator("#s-glossary dd").first
        assert folded.evaluate("one => one.checkVisibility({contentVisibilityAuto: true})")


def test_the_index_leads_to_claims_and_back(browser: Any, folder: Path) -> None:
    with opened(browser, folder / "index.html") as page:
        assert page.locator(".matrix >> text=holds").count() >= 2
        address = page.locator(".matrix a").first.get_attribute("href")
    name, _, anchor = address.partition("#")
    with opened(browser, folder / name) as page:
        assert page.locator(f"#{anchor} .verdict").inner_text() == "holds"
        assert page.locator("a", has_text="all studies").get_attribute("href") == "../index.html"
        assert page.locator("a", has_text="all studies").is_visible()
