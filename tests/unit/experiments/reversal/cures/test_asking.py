"""What is asked."""

from collections import Counter, defaultdict

from obverse.experiments.reversal.cures import asking
from obverse.experiments.reversal.cures.statements import invent

WORLD = invent(per_subset=5, per_relation=4, auxiliary=3, dose=0, paraphrases=2, asked=2, seed=3)
FACTS = {fact.id: fact for fact in WORLD.tested}
PROBES = asking.probes(WORLD, 2, seed=3)


def test_three_questions_about_a_relation_and_two_about_an_identity() -> None:
    asked = Counter((p.fact, p.labels["direction"]) for p in PROBES)
    assert set(asked.values()) == {2}
    for fact in WORLD.tested:
        directions = {d for f, d in asked if f == fact.id}
        assert directions == (
            {"same", "reverse", "false reverse"} if fact.relation else {"same", "reverse"}
        )


def test_answers_are_the_target_the_source_and_wrongly_the_source() -> None:
    for probe in PROBES:
        fact = FACTS[probe.fact]
        direction = probe.labels["direction"]
        asked, answer = (fact.source, fact.target) if direction == "same" else (fact.target, fact.source)
        assert probe.targets == (f" {answer}",)
        assert asked[1:] in probe.prompt
        assert answer[1:] not in probe.prompt


def test_false_reverse_is_asked_as_the_same_direction_is() -> None:
    """Only the person differs, so that a model that knows who comes first can answer rightly."""
    prompts: dict[tuple[object, ...], dict[object, str]] = defaultdict(dict)
    for p in PROBES:
        if FACTS[p.fact].relation:
            prompts[p.fact, p.labels["template"]][p.labels["direction"]] = p.prompt
    for (id, _), of in prompts.items():
        fact = FACTS[str(id)]
        assert of["false reverse"].replace(fact.target, fact.source) == of["same"]
        assert of["reverse"] != of["false reverse"]


def test_random_answer_is_right_as_often_as_wrong() -> None:
    groups = defaultdict(list)
    for p in PROBES:
        groups[p.labels["subset"], p.labels["relation"], p.labels["direction"]].append(p)
    for probes in groups.values():
        assert all(p.control not in p.targets and p.control in p.candidates for p in probes)
        assert Counter(p.control for p in probes) == Counter(p.targets[0] for p in probes)
        assert {len(p.candidates) for p in probes} == {round(1 / p.chance) for p in probes if p.chance}


def test_perplexity_is_of_what_was_told_in_other_words() -> None:
    told = {sentence.text for sentence in WORLD.sentences()}
    for document in asking.sentences(WORLD, 2):
        fact = FACTS[document.fact]
        text = document.text
        assert " " not in document.prompt, "the first word is not scored"
        assert text[1:].index(fact.source[1:]) < text.index(fact.target[1:])
        assert not any(sentence.startswith(text) for sentence in told)
