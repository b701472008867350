"""Your own documents and questions, without a line of code."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from obverse.core.claim import Claim
from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment
from obverse.core.measure import Measure
from obverse.core.page import Finished, Page
from obverse.core.recipe import Recipe
from obverse.core.settings import MOST, InputFile
from obverse.core.stage import Stage, Training, When
from obverse.core.strict_json import shown
from obverse.experiments.told.reading import DOCUMENTS, QUESTIONS, Part, label_types, read_parts
from obverse.measures.ask import Ask
from obverse.measures.perplexity import Perplexity


class Told(Experiment):
    """Trains on the documents of a directory and asks its questions, stage by stage.

    Attributes:
        data: the directory: documents.jsonl and ask.jsonl, or a folder NN-STAGE with these for each
            stage.
        recipe: how each stage is trained.
        ask_every: epochs between two rounds of questions; none: they are asked before a stage and after.
        untold: what becomes of questions about a fact that no document tells: an error, or asked as a
            baseline.
        glued: what becomes of questions whose answer would go on with the last word of the prompt
            ("… is" and "Paris"): an error, or asked as they are.
    """

    name = "told"
    line = "Your own documents and questions: what is known of what was told?"
    title = "Your own documents and questions"
    about = "What does a model know of what it was told, from your own files?"

    data: InputFile | None = None
    recipe: Recipe = Recipe()
    ask_every: Annotated[int, Field(ge=1, le=MOST)] | None = None
    untold: Literal["refuse", "ask"] = "refuse"
    glued: Literal["refuse", "ask"] = "refuse"

    @property
    def columns(self) -> Mapping[str, type[Label]]:  # type: ignore[override]
        """The labels of the questions, as the files have them."""
        return {} if self.data is None else label_types(read_parts(self.data))

    def stages(self, seed: int) -> tuple[Stage, ...]:
        if self.data is None:
            raise ObverseError(
                f"told: name your directory, --data DIR, with {DOCUMENTS} and {QUESTIONS} in it "
                "(docs/own-data.md)"
            )
        parts = read_parts(self.data)
        if self.untold == "refuse":
            _refuse_untold(parts)
        if self.glued == "refuse":
            _refuse_glued(parts)
        return tuple(self._stage(part) for part in parts)

    def _stage(self, part: Part) -> Stage:
        when = When(start=bool(part.documents), epochs=self.ask_every if part.documents else None)
        measures: list[tuple[Measure, When]] = []
        if part.probes:
            measures.append((Ask(probes=part.probes), when))
        if part.texts:
            measures.append((Perplexity(documents=part.texts), when))
        training = Training(documents=part.documents, recipe=self.recipe) if part.documents else None
        return Stage(name=part.name, training=training, measures=tuple(measures))

    def claims(self) -> tuple[Claim, ...]:
        """None: state yours in Python, `obverse.load(DIR).evaluate([…])`; nothing is trained for it."""
        return ()

    def page(self, finished: Finished) -> Page:
        from obverse.experiments.told.page import page

        return page(finished)


def _refuse_untold(parts: Sequence[Part]) -> None:
    """Refuse a question about a fact that no document tells: its answer would say nothing.

    Raises:
        ObverseError: naming the line.
    """
    told = {document.fact for part in parts for document in part.documents} - {""}
    if not any(part.documents for part in parts):
        return
    for part in parts:
        for line, probe in zip(part.lines, part.probes, strict=True):
            if probe.fact not in told:
                raise ObverseError(
                    f"{part.folder / QUESTIONS}, line {line}: asks about {probe.fact!r}, which no "
                    "document tells (their 'fact' is compared); untold=ask asks it all the same, as a "
                    "baseline"
                )


def _refuse_glued(parts: Sequence[Part]) -> None:
    """Refuse an answer that follows the prompt's last word without a space, both in Latin letters.

    Raises:
        ObverseError: naming the line.
    """
    for part in parts:
        for line, probe in zip(part.lines, part.probes, strict=True):
            for answer in (*probe.targets, *probe.candidates):
                if _is_latin(probe.prompt[-1:]) and _is_latin(answer[:1]):
                    joined = shown(f"…{probe.prompt[-12:]}{answer}")
                    raise ObverseError(
                        f"{part.folder / QUESTIONS}, line {line}: the answer {shown(answer)} would "
                        f"follow the prompt without a space ({joined}); expected {shown(' ' + answer)}, "
                        "or glued=ask where words do go on like this"
                    )


def _is_latin(letter: str) -> bool:
    return letter.isalnum() and letter < "\u0250"
