"""From a study's directory to report.html and figures/."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from obverse.core.content import content_hash, file_hash
from obverse.core.errors import ObverseError, is_failure
from obverse.core.page import Finished, Page, Section
from obverse.report import (
    grid,
    means,
    moments,
    provenance,
    questions,
    readings,
    said,
    samples,
    training_loss,
)
from obverse.report.claims_figure import claims_figures
from obverse.report.claims_words import how, in_order, under
from obverse.report.drawings import Drawings
from obverse.report.glossary import GENERAL, Terms, of_models
from obverse.report.own import MISSING, own_page, why
from obverse.report.read import read
from obverse.report.reading import n_unique
from obverse.report.render import fill, parts, section
from obverse.report.reproduce import reproduce
from obverse.report.words import first, left_out, listed, meta
from obverse.store import files
from obverse.store.files import safe_name
from obverse.store.program import program

OPEN_FIGURES = 3  # of claims; those of further models are folded away


def build(out: str | Path, *, anew: bool = True) -> Path:
    """Write report.html and figures/ under `out`, and return the page's path.

    The experiment's own part is left out, and said to be missing, if its code cannot be had or fails.

    Args:
        out: the directory of a finished study.
        anew: write them even if the page that is there was made of the same, by the same program.

    Raises:
        ObverseError: if `out` holds no finished study, one that was changed since, or files that do not
            fit together.
    """
    out = Path(out)
    path, folder = out / "report.html", out / "figures"
    if not anew and folder.is_dir() and _made_of(out) in _beginning(path):
        return path
    with fitting(out):
        found = read(out)
        drawings = Drawings(folder)
        files.write_text(path, _page(found, out, drawings))
        drawings.finish()
    return path


def _made_of(out: Path) -> str:
    """Return a hash of what a page follows from: the study's files, which study.json has the hashes of,
    and the program."""
    return content_hash([program(), file_hash(out / "study.json")])


@contextmanager
def fitting(out: Path) -> Iterator[None]:
    """Make whatever fails in drawing what others may have edited a message.

    Each file is checked as it is read; that they say the same of models, labels and cells is not.

    Raises:
        ObverseError: naming the study's directory.
    """
    try:
        yield
    except ObverseError:
        raise
    except BaseException as error:
        if not is_failure(error):
            raise
        raise ObverseError(
            f"{out}: no page can be made of what study.json, claims.json and the tables say together "
            f"({why(error)}); run the study again, which writes them anew from its runs"
        ) from error


def _page(found: Finished, out: Path, drawings: Drawings) -> str:
    """Return the page as HTML; its figures are drawn, and what it says is kept."""
    page, own, missing = _own(found, drawings)
    drawn = parts(drawings, claims_figures(in_order(found.claims)))
    generic = (*_generic(found, page), *_losses(found, out))
    sections = own + [section(drawings, one) for one in generic]
    main = main_figure(page.main, own, drawn, sections)
    sections = [one for one in sections if one["parts"]]
    last = section(drawings, provenance.section(found))
    browsed = questions.section(found)
    clusters = _clusters(found)
    told = first(found, page)
    glossary = {**GENERAL, **of_models(found), **page.glossary}
    said.keep(out, told["Found"], glossary)
    return fill(
        "page.html.j2",
        terms=Terms(glossary),
        scripts=("page.js", "questions.js") if browsed else ("page.js",),
        made_of=_made_of(out),
        index=(out.parent / "index.html").is_file(),
        title=page.title or found.study["title"],
        meta=meta(found, page.paper),
        first=told,
        main=main,
        claims=in_order(found.claims),
        how=how(found.claims, found.study["looks"]),
        under=under,
        facts=page.facts,
        resampled=lambda seeds: listed(
            [f"one of the {page.facts}", *(f"one {label}" for label in clusters), *["one seed"] * seeds]
        ),
        claims_note=page.claims_note,
        claims_figures=drawn[:OPEN_FIGURES],
        more_claims_figures=drawn[OPEN_FIGURES:],
        study=found.study,
        left_out=left_out(found.runs),
        missing=missing,
        sections=sections,
        questions=browsed,
        provenance=last,
        data=["study.json", *found.study["files"]],
        reproduce=reproduce(found.study),
        contents=_contents(sections, browsed is not None, last),
    )


def main_figure(
    name: str, own: list[dict[str, Any]], claims: list[dict[str, Any]], sections: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Take the figure that is to stand first out of its place, and return it.

    It is that of the name, else the first of the experiment's own, else that of the claims, else any.
    """
    places = [one["parts"] for one in own] + [claims] + [one["parts"] for one in sections]
    figures = [(place, one) for place in places for one in place if one["kind"] == "figure"]
    figures.sort(key=lambda found: found[1]["name"] != safe_name(name))
    if not figures:
        return None
    place, chosen = figures[0]
    place.remove(chosen)
    return dict(chosen)


def _contents(
    sections: list[dict[str, Any]], browsed: bool, last: dict[str, Any]
) -> list[tuple[str, str]]:
    """Return the anchors and titles of a page's parts."""
    parts_ = [("s-answer", "Answer"), ("s-claims", "Claims")]
    parts_ += [(one["id"], one["title"]) for one in sections]
    parts_ += [("s-questions", "All questions")] * browsed
    return [*parts_, (last["id"], last["title"]), ("s-glossary", "Glossary")]


def _beginning(path: Path) -> str:
    """Return the first lines of a page; "" if there is none."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(1000)


def _own(found: Finished, drawings: Drawings) -> tuple[Page, list[dict[str, Any]], str]:
    """Return the experiment's page, its sections as drawn, and why they are missing if they are."""
    page, missing = own_page(found)
    try:
        return page, [section(drawings, one) for one in page.sections], missing
    except (Exception, SystemExit) as error:  # charts and tables are the experiment's code as well
        return Page(), [], MISSING + why(error)


def _generic(found: Finished, page: Page) -> list[Section]:
    if not page.generic:
        return []
    made = (
        means.section(found, page.facts),
        moments.section(found, page.facts),
        grid.section(found, page.facts),
        readings.section(found),
        samples.section(found),
    )
    return [one for one in made if one is not None]


def _losses(found: Finished, out: Path) -> list[Section]:
    made = training_loss.section(found, out)
    return [] if made is None else [made]


def _clusters(found: Finished) -> list[str]:
    """Return the labels that intervals resample, as far as there are rows that have them."""
    labels = found.study["experiment"]["clusters"]
    return [
        label
        for label in labels
        if any(label in table.columns and n_unique(table, label) > 1 for table in found.tables.values())
    ]
