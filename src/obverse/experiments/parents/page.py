"""What the page of experiment 2 shows."""

from typing import TYPE_CHECKING

from obverse.core.page import Finished, Page

if TYPE_CHECKING:
    from obverse.experiments.parents.parents import Parents


def page(finished: Finished, experiment: "Parents") -> Page:
    return Page()
