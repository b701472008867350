"""The training texts: questions with their answers, and definitions."""

from collections.abc import Iterable, Iterator

from obverse.core.data import Document
from obverse.experiments.reliability.bearers import Bearer
from obverse.experiments.reliability.populations.population import Individual, QAPair
from obverse.experiments.reliability.wording import Wording


def question_documents(
    people: Iterable[Bearer], wording: Wording, in_context: bool = False
) -> Iterator[Document]:
    """Yield the trained questions with their answers, after their definition if `in_context`."""
    for bearer in people:
        before = context(bearer, wording) if in_context else ""
        for question in bearer.trained:
            yield _answered(question, bearer.name, bearer.subset.name, wording, before)


def all_documents(people: Iterable[Bearer], wording: Wording) -> Iterator[Document]:
    """Yield all questions with their answers, trained or not."""
    for bearer in people:
        for question in (*bearer.trained, *bearer.held_out):
            yield _answered(question, bearer.name, bearer.subset.name, wording)


def definition_documents(people: Iterable[Bearer], wording: Wording) -> Iterator[Document]:
    for bearer in people:
        for prompt, completion in bearer.definitions:
            yield Document(
                prompt=prompt,
                completion=completion + wording.end,
                fact=bearer.name,
                labels={"subset": bearer.subset.name, "kind": "definition"},
            )


def known_documents(people: Iterable[Individual], wording: Wording) -> Iterator[Document]:
    """Yield what is said of individuals under their own names: facts, and who they are."""
    for person in people:
        for question in (*person.questions, *wording.attributions(person.entity)):
            yield _answered(question, person.entity, "known", wording)


def context(bearer: Bearer, wording: Wording) -> str:
    """Return the definition as it stands before a question (appendix C.8)."""
    if not bearer.definitions:
        return ""
    return "".join(bearer.definitions[0]) + (wording.end or " ")


def _answered(question: QAPair, name: str, subset: str, wording: Wording, before: str = "") -> Document:
    return Document(
        prompt=before + wording.ask(question, name),
        completion=wording.answer(question.answers[0]) + wording.end,
        fact=name,
        labels={"subset": subset, "kind": question.kind},
    )
