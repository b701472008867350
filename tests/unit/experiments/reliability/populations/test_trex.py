"""T-REx in the published format: JSON files, each a list of documents with triples."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.reliability.populations import trex
from obverse.experiments.reliability.populations.population import Individual

DIRECT = "http://www.wikidata.org/prop/direct/"
# Four questions without a twist, for works that need some.
FOUR = [("P136", "novel"), ("P123", "Knopf"), ("P161", "Ada Star"), ("P840", "Rome")]


def triple(subject: str, predicate: str, value: str) -> dict[str, Any]:
    return {
        "subject": {"uri": "http://www.wikidata.org/entity/Q1", "surfaceform": subject},
        "predicate": {"uri": DIRECT + predicate, "surfaceform": None, "boundaries": None},
        "object": {"uri": "http://www.wikidata.org/entity/Q2", "surfaceform": value},
        "sentence_id": 0,
    }


def document(subject: str, *pairs: tuple[str, str]) -> dict[str, Any]:
    return {"docid": "Q1", "text": "…", "triples": [triple(subject, p, v) for p, v in pairs]}


def write(path: Path, *documents: Any) -> Path:
    path.write_text(json.dumps(documents), encoding="utf-8")
    return path


def asked(person: Individual) -> dict[str, set[str]]:
    return {q.kind: set(q.answers) for q in person.questions}


def only(path: Path, seed: int = 0) -> dict[str, set[str]]:
    (work,) = trex.read(path, 1, seed)
    return asked(work)


def union(path: Path) -> dict[str, set[str]]:
    """All questions there are about the only work, whichever four a seed draws."""
    kinds: dict[str, set[str]] = {}
    for seed in range(40):
        kinds |= only(path, seed)
    return kinds


def test_a_work_has_four_questions(tmp_path: Path) -> None:
    path = write(
        tmp_path / "re-nlg_0-10000.json",
        document(
            "Dune (film)",
            ("P57", "David Lynch"),
            ("P577", "December 14, 1984"),
            ("P136", "science fiction (genre)"),
            ("P162", "Raffaella De Laurentiis"),
            ("P17", "not asked about"),
        ),
    )
    (work,) = trex.read(path, 1)
    assert work.entity == "Dune"
    assert sorted((q.kind, q.text, q.answers) for q in work.questions) == [
        ("director", "First name of the director of {name}?", ("David",)),
        ("genre", "What is the genre of {name}?", ("science fiction",)),
        ("producer", "First name of the producer of {name}?", ("Raffaella",)),
        ("published", "When was {name} published or released?", ("1980s",)),
    ]


# The paper's Table 2.
TABLE_2 = {
    "P180": "What does [X] depict?",
    "P195": "Which collection is [X] part of?",
    "P135": "Which movement is [X] associated with?",
    "P123": "Who is the publisher of [X]?",
    "P750": "What is the distributor of [X]?",
    "P275": "What is the license of [X]?",
    "P127": "Who owns [X]?",
    "P178": "Who developed [X]?",
    "P407": "In which language was [X] published?",
    "P364": "In which language was [X] published?",
    "P577": "When was [X] published or released?",
    "P179": "Which series is [X] part of?",
    "P50": "First name of the author of [X]?",
    "P57": "First name of the director of [X]?",
    "P58": "First name of the screenwriter of [X]?",
    "P344": "First name of the cinematographer of [X]?",
    "P161": "First name of a cast member of [X]?",
    "P162": "First name of the producer of [X]?",
    "P1040": "First name of the editor of [X]?",
    "P98": "First name of the editor of [X]?",
    "P88": "First name of the commissioner of [X]?",
    "P86": "First name of the composer for [X]?",
    "P136": "What is the genre of [X]?",
    "P921": "What is the main subject of [X]?",
    "P840": "Where is [X] set?",
    "P915": "Where was [X] filmed?",
}


def test_every_predicate_has_the_question_of_table_2() -> None:
    asked = {p: trex.QUESTIONS[kind].format(name="[X]") for p, kind in trex.KINDS.items()}
    assert asked == TABLE_2
    assert set(trex.KINDS.values()) == set(trex.QUESTIONS)
    assert {p for p, kind in trex.KINDS.items() if kind in trex.PEOPLE} == {
        "P50", "P57", "P58", "P86", "P88", "P98", "P161", "P162", "P344", "P1040",
    }  # fmt: skip


def test_several_objects_of_a_question_are_all_accepted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.json",
        document(
            "Babel",
            *FOUR[:3],
            ("P407", "Latin"),
            ("P407", "Latin"),
            ("P364", "Greek"),
        ),
    )
    assert only(path)["language"] == {"Latin", "Greek"}
    (work,) = trex.read(path, 1)
    (answers,) = (q.answers for q in work.questions if q.kind == "language")
    assert len(answers) == 2


def test_people_are_asked_for_by_first_name(tmp_path: Path) -> None:
    editors = [("P98", "Ann Dee"), ("P1040", "Bea Eff"), ("P1040", "Ann Gee")]
    path = write(tmp_path / "a.json", document("Ray", *FOUR[:3], *editors))
    (work,) = trex.read(path, 1)
    assert sorted(a for q in work.questions if q.kind == "editor" for a in q.answers) == ["Ann", "Bea"]


@pytest.mark.parametrize(
    ("predicate", "value"),
    [
        ("P50", "Homer"),
        ("P86", "Sting (musician)"),
        ("P57", "J Ford"),
        ("P57", "J. Ford"),
        ("P577", "last spring"),
        ("P577", "March 99"),
        ("P180", "the dunes of DUNE"),
        ("P135", "They"),
        ("P135", "it"),
        ("P135", "(group)"),
        ("P135", "novel"),  # the work has this object already, as its genre
    ],
)
def test_triples_without_a_usable_answer_are_left_out(tmp_path: Path, predicate: str, value: str) -> None:
    path = write(tmp_path / "a.json", document("Dune", *FOUR[1:], ("P136", "novel"), (predicate, value)))
    kinds = union(path)
    if value == "novel":
        # One of the two questions keeps the object, by draw.
        assert set(kinds) == {"publisher", "cast member", "set in", "genre", "movement"}
        for seed in range(5):
            assert len({"genre", "movement"} & set(only(path, seed))) == 1
    else:
        assert set(kinds) == {"genre", "publisher", "cast member", "set in"}


def test_a_name_within_a_word_of_the_answer_gives_nothing_away(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", document("M", *FOUR[2:], ("P136", "melodrama"), ("P135", "reform")))
    assert only(path)["genre"] == {"melodrama"}
    assert only(path)["movement"] == {"reform"}


def test_pronouns_and_subjects_with_few_predicates_are_no_works(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.json",
        document("It", *FOUR),
        document("she", *FOUR),
        document("(film)", *FOUR),
        document("Once", ("P136", "novel")),
        document("Thrice", *FOUR[:3], ("P136", "poem"), ("P17", "Italy")),
        # Both predicates have one question, so that there are three.
        document("Twin", *FOUR[:2], ("P407", "Latin"), ("P364", "Greek")),
        # Four questions together, but neither has four.
        document("Half (novel)", *FOUR[:2]),
        document("Half (film)", *FOUR[2:]),
        document("Kept", *FOUR),
    )
    with pytest.raises(ObverseError) as error:
        trex.read(path, 2)
    assert str(error.value) == (
        f"{path}: entities with 4 questions or more: 1; expected 2. Lower population.entities to 1"
    )
    assert [w.entity for w in trex.read(path, 1)] == ["Kept"]


def test_files_of_a_directory_are_read_together(tmp_path: Path) -> None:
    write(tmp_path / "b.json", document("Dune", *FOUR[:2]))
    write(tmp_path / "a.json", document("Dune", *FOUR[2:]), document("Emma", *FOUR))
    (tmp_path / "README.txt").write_text("not JSON")
    assert [w.entity for w in trex.read(tmp_path, 2)] == ["Dune", "Emma"]


def test_the_seed_draws_works_and_questions(tmp_path: Path) -> None:
    places = [("P915", place) for place in ("Bonn", "Oslo", "Lima", "Kyiv", "Bern", "Doha")]
    more = [*FOUR, ("P127", "Ace"), ("P179", "Saga"), *places]
    works = [document(f"Work {n}", *more) for n in range(30)]
    one = write(tmp_path / "a.json", *works)
    first = trex.read(one, 10, seed=1)
    assert len({w.entity for w in first}) == 10
    assert [w.entity for w in first] == sorted(w.entity for w in first)
    assert all(len(asked(w)) == 4 for w in first)
    # In every process and on every machine.
    assert first[3].entity == "Work 16"
    assert [(q.kind, q.answers) for q in first[3].questions] == [
        ("cast member", ("Ada",)),
        ("series", ("Saga",)),
        ("filmed in", ("Lima", "Kyiv", "Doha", "Bern", "Oslo", "Bonn")),
        ("set in", ("Rome",)),
    ]
    assert len({frozenset(asked(w)) for w in first}) > 1
    other = trex.read(one, 10, seed=2)
    assert {w.entity for w in other} != {w.entity for w in first}
    # The order of documents and files matters nothing.
    folder = tmp_path / "parts"
    folder.mkdir()
    write(folder / "1.json", *works[:9:-1])
    write(folder / "2.json", *works[:10])
    assert trex.read(folder, 10, seed=1) == first


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", document("Dune", *FOUR))
    assert trex.read(path, 1)[0].entity == "Dune"
    write(path, document("Emma", *FOUR))
    os.utime(path, ns=(0, 0))
    assert trex.read(path, 1)[0].entity == "Emma"


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match=r"away\.json: cannot be read: No such file"):
        trex.read(tmp_path / "away.json")
    with pytest.raises(ObverseError, match=r"no \*\.json in this directory"):
        trex.read(tmp_path)


def test_what_is_not_json_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[\n {"triples": [}\n]')
    with pytest.raises(ObverseError, match=r"a\.json, line 2: not valid JSON"):
        trex.read(path, 1)


def without(*keys: str) -> dict[str, Any]:
    """A document whose second triple lacks what `keys` lead to."""
    whole = document("Dune", *FOUR)
    holder = whole["triples"][1]
    for key in keys[:-1]:
        holder = holder[key]
    del holder[keys[-1]]
    return whole


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"docid": "Q1"}, "document 1: no key 'triples'; found ['docid']"),
        ("text", "document 1: expected an object with 'triples', got text"),
        ({"triples": {}}, "document 1: 'triples' must be a list, got {}"),
        ({"triples": [7]}, "document 1, triple 0: expected an object with 'predicate', got 7"),
        (
            without("predicate"),
            "document 1, triple 1: no key 'predicate'; found ['object', 'sentence_id', 'subject']",
        ),
        (
            without("predicate", "uri"),
            "document 1, triple 1, 'predicate': no key 'uri'; found ['boundaries', 'surfaceform']",
        ),
        (
            without("object"),
            "document 1, triple 1: no key 'object'; found ['predicate', 'sentence_id', 'subject']",
        ),
        (
            without("subject", "surfaceform"),
            "document 1, triple 1, 'subject': no key 'surfaceform'; found ['uri']",
        ),
        (
            document("Du\ud800ne", *FOUR),
            "line 1: 'Du\\ud800ne' holds half a surrogate pair",
        ),
    ],
)
def test_a_document_without_what_is_expected_is_named(tmp_path: Path, bad: Any, message: str) -> None:
    path = write(tmp_path / "a.json", document("Emma", *FOUR), bad)
    with pytest.raises(ObverseError) as error:
        trex.read(path, 1)
    assert str(error.value) == f"{path}, {message}"


def test_a_file_that_is_no_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"triples": []}')
    with pytest.raises(ObverseError, match="expected a list of documents"):
        trex.read(path, 1)
