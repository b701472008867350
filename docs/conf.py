"""How the site is built from these pages: `make docs`. Nothing is fetched; a warning is an error."""

import os
import re
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import obverse

HERE = Path(__file__).parent
# Where `make demo` leaves its studies; the site takes their pages as they are.
DEMO = Path(os.environ.get("OBVERSE_DEMO", HERE.parent / "out/demo"))

ABOVE = ("FINDINGS", "CHANGELOG", "CONTRIBUTING")  # each has a page here that includes it
NOT_RUN = """:::{note}
The demonstration had not been run where this site was built: `make demo`, then `make docs`, puts its
pages here.
:::"""

project = "obverse"
author = "the obverse authors"
copyright = "MIT licence"
version = release = obverse.__version__
html_title = f"obverse {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_*"]
myst_heading_anchors = 4  # links to headings as GitHub makes them
default_role = "code"  # `so` in docstrings

html_theme = "furo"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

# Docstrings have their types in the signature, and their parts under Google's headings.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False


def to_pages(app: Sphinx, name: str, source: list[str]) -> None:
    """Lead links to files above docs/, which are written as GitHub reads them, to their pages."""
    source[0] = re.sub(
        rf"\]\(\.\./({'|'.join(ABOVE)})\.md", lambda found: f"]({found[1].lower()}.md", source[0]
    )


class Demo(SphinxDirective):
    """Links to the pages of the demonstration, or the word that it has not been run."""

    def run(self) -> list[nodes.Node]:
        if not (DEMO / "index.html").is_file():
            return self.parse_text_to_nodes(NOT_RUN)
        names = sorted(path.parent.name for path in DEMO.glob("*/report.html"))
        links = [f'<li><a href="demo/{name}/report.html">{name}</a></li>' for name in names]
        links.append('<li><a href="demo/index.html">all of them at a glance</a></li>')
        return [nodes.raw("", f"<ul>{''.join(links)}</ul>", format="html")]


def copy_demo(app: Sphinx, error: Exception | None) -> None:
    """Put what the demonstration left beside the pages, but for its runs."""
    to = Path(app.outdir) / "demo"
    shutil.rmtree(to, ignore_errors=True)
    if error is None and (DEMO / "index.html").is_file():
        shutil.copytree(DEMO, to, ignore=shutil.ignore_patterns("runs", "tasks", ".*"))


def setup(app: Sphinx) -> None:
    app.connect("source-read", to_pages)
    app.connect("build-finished", copy_demo)
    app.connect("env-get-outdated", lambda *_: ["demo"])  # whether it has been run is looked at each time
    app.add_directive("demo", Demo)
