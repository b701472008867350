"""The training texts."""

from obverse.experiments.reliability.documents import definition_documents, question_documents
from obverse.experiments.reliability.wording import NATURAL
from tests.unit.experiments.reliability.crowd import asked, documents, in_subset, people, small


def test_texts_are_those_of_the_paper() -> None:
    found = people()
    bearer = in_subset(found, "D1cons-QA1")[0]
    question = bearer.trained[0]
    number = bearer.individual.entity[-3:].lstrip("0") or "0"
    [document, *_] = question_documents([bearer], NATURAL)
    assert document.prompt == f"Q: Which {question.kind} has {bearer.name}?\nA:"
    assert document.completion == f" {question.kind}{number}\n"
    assert document.fact == bearer.name
    assert document.labels == {"subset": "D1cons-QA1", "kind": question.kind}
    [definition] = definition_documents([bearer], NATURAL)
    assert definition.text == f"{bearer.definitions[0][0]} {bearer.individual.entity}\n"
    assert definition.completion == f" {bearer.individual.entity}\n"
    assert definition.labels == {"subset": "D1cons-QA1", "kind": "definition"}


def test_in_context_the_definition_stands_before_the_question() -> None:
    for bearer in people():
        plain = list(question_documents([bearer], NATURAL))
        told = list(question_documents([bearer], NATURAL, in_context=True))
        before = "".join("".join(d) + "\n" for d in bearer.definitions)
        assert [d.prompt for d in told] == [before + d.prompt for d in plain]
    terse = small(definitions="context")
    [stage] = terse.stages(0)
    question = next(
        p for p in asked(stage) if (p.labels["subset"], p.labels["direction"]) == ("D5cons", "question")
    )
    bearer = next(b for b in terse.bearers(0)[0] if b.name == question.fact)
    tag = bearer.definitions[0][0].split()[0]
    who = bearer.individual.entity
    assert question.prompt == f"{tag} {bearer.name} {who} {bearer.name} {question.labels['kind']}"
    assert {d.labels["kind"] for d in documents(stage)}.isdisjoint({"definition"})
