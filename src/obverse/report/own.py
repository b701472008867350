"""What the experiment itself adds to the page."""

from dataclasses import replace

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.loading import load
from obverse.core.page import Figure, Finished, Page, Table, Text
from obverse.core.settings import validated

LONG = 300
MISSING = "The experiment's own figures are missing: "


def own_page(finished: Finished) -> tuple[Page, str]:
    """Return the experiment's part of the page, and why there is none, "" if there is one.

    The experiment may be anybody's code, and its file may be gone: the study's page is made all the same.
    """
    experiment = finished.study["experiment"]
    if finished.study["grid"]:  # its figures are of one setting, and would mix what is to be compared
        return Page(), ""
    if experiment["type"] is None:
        return (
            Page(),
            MISSING + "it was defined in a notebook or a prompt, where it cannot be found again.",
        )
    try:
        kind = load(experiment["type"], Experiment)
        made = validated(kind, experiment["settings"], "settings: ")
        page = made.page(finished)
        if not isinstance(page, Page):
            raise ObverseError(f"page() gave {type(page).__name__}; expected Page")
        if len(finished.study["models"]) == 1:
            sections = [
                replace(one, parts=[_of_one(part) for part in one.parts]) for one in page.sections
            ]
            page = replace(page, sections=sections)
    except (Exception, SystemExit) as error:
        return Page(), MISSING + why(error)
    return page, ""


def _of_one(part: Text | Figure | Table) -> Text | Figure | Table:
    """Return a table without its column "model": there is one, and the page says at its top which."""
    if not isinstance(part, Table) or len(part.columns) == 1:
        return part
    kept = [
        n
        for n, column in enumerate(part.columns)
        if column.title != "model" or len({row[n] for row in part.rows}) > 1
    ]
    return replace(
        part,
        columns=[part.columns[n] for n in kept],
        rows=[[row[n] for n in kept] for row in part.rows],
    )


def why(error: BaseException) -> str:
    """Return an error as one line."""
    text = " ".join(str(error).split())
    text = text if isinstance(error, ObverseError) else f"{type(error).__name__}: {text}"
    return text if len(text) <= LONG else text[:LONG] + " …"
