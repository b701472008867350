"""What the experiment itself adds to the page."""

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.loading import load
from obverse.core.page import Finished, Page
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
    except (Exception, SystemExit) as error:
        return Page(), MISSING + why(error)
    return page, ""


def why(error: BaseException) -> str:
    """Return an error as one line."""
    text = " ".join(str(error).split())
    text = text if isinstance(error, ObverseError) else f"{type(error).__name__}: {text}"
    return text if len(text) <= LONG else text[:LONG] + " …"
