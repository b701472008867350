"""Debian's chromium, driven by Playwright, and what is looked at on every page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip

# Elements that are seen, stand beyond the window, and lie in nothing that scrolls.
BEYOND = """() => [...document.querySelectorAll('body *')].filter(one => {
  const box = one.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  return box.width && box.height && (box.right > room + 1 || box.left < -1)
    && !one.parentElement.closest('.wide, pre, nav, svg') && !one.closest('.unseen');
}).map(one => one.outerHTML.slice(0, 120))"""

# Texts whose colour is too near that of what is behind them (WCAG 2.2, AA).
FAINT = """() => {
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = colour => numbers(colour).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = one => {
    const colour = getComputedStyle(one).backgroundColor;
    return numbers(colour)[3] === 0 && one.parentElement ? behind(one.parentElement) : colour;
  };
  const told = one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll('body *')].filter(one =>
    told(one) && one.checkVisibility() && !one.closest('svg, script, :disabled')
  ).map(one => {
    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), one.outerHTML.slice(0, 120)];
  }).filter(([ratio]) => ratio < 4.5);
}"""


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser."""
    sync = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install 'obverse[dev]'")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Any,
    path: Path,
    *,
    width: int = 1200,
    scheme: Literal["light", "dark"] = "light",
    scripts: bool = True,
) -> Iterator[Any]:
    """Open a page from its file; it may neither complain, nor fail, nor load anything else."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
    )
    wrong: list[str] = []
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda said: wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("request", lambda asked: wrong.extend({asked.url} - {path.as_uri()}))
    page.goto(path.as_uri())
    if scripts and page.locator("#s-questions").count():
        page.wait_for_selector("#s-questions[data-ready]")
    yield page
    assert not wrong
    context.close()
