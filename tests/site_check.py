"""Check a built site: every link inside it leads somewhere, and nothing is loaded from elsewhere.

python tests/site_check.py site
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What makes a browser fetch, and not only lead its reader away.
LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "object": "data",
}
IN_STYLE = re.compile(r"(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)")


class Page(HTMLParser):
    """The links of a page, what it loads, and the places in it that a link may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set(IN_STYLE.findall(text))
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value for key, value in attrs if value}
        self.places |= {given[key] for key in ("id", "name") if key in given}
        target = given.get(LOADS.get(tag, "href"))
        if target is None:
            return
        self.links.add(target)
        if tag in LOADS and given.get("rel") not in {"canonical", "next", "prev", "search", "index"}:
            self.loads.add(target)


def problems(site: Path) -> list[str]:
    """Return what is wrong with a site, one line each."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"{site}: there is no page"]
    for path, page in pages.items():
        name = path.relative_to(site)
        found += [f"{name}: loads {load}" for load in sorted(page.loads) if urlsplit(load).netloc]
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                found.append(f"{name}: {link} leads nowhere")
            elif (
                parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places
            ):
                found.append(f"{name}: {link}: there is no such place")
    for path in sorted(site.rglob("*.css")):
        found += [
            f"{path.relative_to(site)}: loads {load}"
            for load in IN_STYLE.findall(path.read_text("utf-8"))
        ]
    return found


if __name__ == "__main__":
    wrong = problems(Path(sys.argv[1]).resolve())
    sys.exit("\n".join(wrong) if wrong else 0)
