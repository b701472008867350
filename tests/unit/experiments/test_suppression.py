import json
import re
from collections import Counter
from pathlib import Path

import pytest

from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.experiments.repetition import formats
from obverse.experiments.repetition.check import problems, summary
from obverse.experiments.repetition.formats import Row
from obverse.experiments.repetition.grid import CONDITIONS, Grid, Item, items
from obverse.experiments.repetition.suppression import Suppression
from obverse.sweep.datasets import write_data
from obverse.sweep.study import Study

FULL = list(items("full"))


@pytest.mark.parametrize(
    ("grid", "patterns", "templates", "each"),
    [("full", 13, 18, 7), ("released", 12, 17, 7), ("balanced", 13, 18, 1)],
)
def test_grid_is_complete(grid: Grid, patterns: int, templates: int, each: int) -> None:
    made = list(items(grid))
    assert len(made) == patterns * templates * each
    assert len({i.id for i in made}) == len(made)
    assert len({i.prompts["against"] for i in made}) == len(made)
    cells = Counter((i.labels["pattern"], i.labels["template"]) for i in made)
    assert len({p for p, _ in cells}) == patterns
    assert len({t for _, t in cells}) == templates
    assert set(cells.values()) == {each}
    assert {i.labels["repetitions"] for i in made} == set(range(3, 10))


def test_balanced_grid_balances_repetitions() -> None:
    counts = Counter(i.labels["repetitions"] for i in items("balanced"))
    assert max(counts.values()) - min(counts.values()) <= 2
    for axis in ("pattern", "template"):
        seen = Counter((i.labels[axis], i.labels["repetitions"]) for i in items("balanced"))
        assert max(seen.values()) <= 3


def shown(item: Item) -> list[str]:
    """Return the symbols of an item's sequence, read back from its prompt."""
    last_line = item.prompts["none"].split("\n")[-1]
    assert last_line.endswith(",")
    return last_line.removesuffix(",").split(", ")


def pattern(item: Item) -> list[str]:
    return str(item.labels["pattern"]).split(" ")


@pytest.mark.parametrize("item", FULL[::41], ids=lambda i: i.id)
def test_sequence_follows_the_pattern_and_the_truth_breaks_it(item: Item) -> None:
    first, second = pattern(item)
    symbols, repetitions = shown(item), int(item.labels["repetitions"])
    assert symbols[0::2] == [first] * repetitions
    assert symbols[1::2] == [second] * (repetitions - 1)
    right, wrong = item.classes[item.answer], item.classes[1 - item.answer]
    assert (right, wrong) == (f" {first}", f" {second}")
    assert right.strip() == symbols[-1], "the pattern would have the other symbol"


def test_conditions_differ_in_the_instruction_alone() -> None:
    for item in FULL:
        alone = item.prompts["none"]
        before = {item.prompts[c].removesuffix(alone) for c in ("against", "follow")}
        assert len(before) == 2
        assert alone not in before
        assert all(len(b) > 20 for b in before), "there is an instruction"
        assert len({b[-1] for b in before}) == 1, "the sequence stands below both in the same way"


def test_texts_are_well_formed() -> None:
    for item in FULL:
        for prompt in item.prompts.values():
            assert prompt == prompt.strip()
            assert not re.search(r"[{}]|  | [,.:;?]", prompt.replace(" -,", "")), prompt
        numbers = re.findall(r"(?:\b|number )(\d+) symbols|number (\d+)", item.prompts["against"])
        stated = [int(a or b) for a, b in numbers if (a or b) not in pattern(item)]
        assert set(stated) <= {2 * int(item.labels["repetitions"])}, (
            "the length counts the symbol to come"
        )


def asked(experiment: Suppression, condition: str = "against", shots: int = 0) -> list[Probe]:
    labels = {"condition": condition, "shots": shots}
    return [p for p in experiment.probes(0) if labels.items() <= p.labels.items()]


def test_every_item_is_asked_in_every_condition() -> None:
    experiment = Suppression(grid="balanced", shots=(0, 2))
    for condition in CONDITIONS:
        for probe, item in zip(asked(experiment, condition), items("balanced"), strict=True):
            assert probe.prompt == item.prompts[condition]
            assert probe.targets == (item.classes[item.answer],)
            assert probe.candidates == item.classes
            assert probe.chance == 0.5
            assert problems(probe) == []
    assert len({p.id for p in experiment.probes(0)}) == len(experiment.probes(0))


@pytest.mark.parametrize("shots", [1, 2, 32])
def test_examples_are_other_items_with_their_answers(shots: int) -> None:
    experiment = Suppression(grid="balanced", shots=(0, shots))
    answered = {i.prompts["against"] + i.classes[i.answer] for i in items("balanced")}
    probes = asked(experiment, shots=shots)
    assert len(probes) == 234
    for probe, item in zip(probes, items("balanced"), strict=True):
        *examples, question = probe.prompt.split("\n\n\n")
        assert question == item.prompts["against"]
        assert len(examples) == shots
        assert set(examples) <= answered
        assert len(set(examples)) == shots, "drawn without replacement"
        assert item.prompts["against"] + item.classes[item.answer] not in examples
    first_examples = {p.prompt.split("\n\n\n")[0] for p in probes}
    assert len(first_examples) > 100, "each question has examples of its own"


def test_examples_are_the_same_for_all_runs_and_follow_their_seed() -> None:
    experiment = Suppression(grid="balanced", shots=(0, 2))
    assert experiment.probes(0) == experiment.probes(7)
    assert experiment.stages(0) == ()
    other = Suppression(grid="balanced", shots=(0, 2), shots_seed=1)
    assert asked(other) == asked(experiment)
    assert asked(other, shots=2) != asked(experiment, shots=2)


def test_the_task_itself_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="'against' is the task"):
        Suppression(conditions=("none",))
    with pytest.raises(ValueError, match="zero-shot"):
        Suppression(shots=(1,))


def test_induction_asks_for_the_same_words_twice() -> None:
    probes = [p for p in Suppression(grid="balanced", induction=5).probes(0) if p.subset == "induction"]
    assert len(probes) == 10
    for first, second in zip(probes[::2], probes[1::2], strict=True):
        assert (first.direction, second.direction) == ("first", "second")
        assert first.targets == second.targets
        assert second.prompt == first.prompt + first.targets[0]
        assert len(first.targets[0].split()) == 20
    assert len({p.targets for p in probes}) == 5


ROWS = [
    Row('She said "A, B"', (" A", " B"), 0),
    Row("two\nlines\tand, commas", (" it's", ' "so"'), 1),
    Row("naïve ☃ 日本\r\nline\rreturn\u2028", (" é", " ☃"), 1),
    Row(" spaces kept ", (" one", " two", "\n"), 2),
]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("hub", [False, True])
@pytest.mark.parametrize("labelled", [False, True])
def test_formats_round_trip(tmp_path: Path, ending: str, hub: bool, labelled: bool) -> None:
    path = tmp_path / f"data.{ending}"
    rows = [*ROWS, Row("p", (" a", " b"), 0, part="x, 1", round="2")] if labelled else ROWS
    formats.write(rows, path, hub=hub)
    assert formats.read(path) == rows
    head = path.read_text(encoding="utf-8").split("\n")[0]
    names = ("text", "target") if hub else ("prompt", "answer_index")
    assert [n in head for n in (*names, "part", "round")] == [True, True, labelled, labelled]


def test_files_are_as_the_prize_writes_them(tmp_path: Path) -> None:
    row = [Row("Say A, B,", (" A", " B"), 0)]
    formats.write(row, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == (
        "prompt,classes,answer_index\n\"Say A, B,\",\"[' A', ' B']\",0\n"
    )
    formats.write(row, tmp_path / "a.jsonl", hub=True)
    assert json.loads((tmp_path / "a.jsonl").read_text()) == {
        "text": "Say A, B,", "classes": [" A", " B"], "target": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("p,\"[' a', ' b']\",2", "answer index 2 for 2 classes"),
        ("p,\"[' a', ' b']\",-1", "answer index -1 for 2 classes"),
        ("p,\"[' a', ' b']\",first", "must be a whole number, got 'first'"),
        ("p,\"[' a', ' b']\",", "must be a whole number, got ''"),
        ("p,\"[' a', ' b']\"", "no answer_index or target"),
        (",\"[' a', ' b']\",0", "the prompt must be text"),
        ("p, a b,0", "must be a list such as"),
        ("p,__import__('os'),0", "must be a list such as"),
        ("p,{[]: 1},0", "must be a list such as"),
        (f"p,{'[' * 5000},0", "must be a list such as"),
        ('p,"[1, 2]",0', "must be a list of texts"),
        ("p,\"[' a']\",0", "two different classes"),
        ("p,\"[' a', ' a']\",0", "two different classes"),
        ('"p"q,x,0', "not valid CSV"),
        ('"p,x,0', "not valid CSV: unexpected end"),
        ("p,\"[' a', ' b']\",0,1", "not valid CSV: more cells than columns"),
    ],
)
def test_bad_csv_row_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(f"prompt,classes,answer_index\nfine,\"[' a', ' b']\",0\n{line}\n")
    with pytest.raises(ObverseError, match=re.escape(message)) as caught:
        formats.read(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer_index": 0.9}, "must be a whole number, got 0.9"),
        ({"answer_index": True}, "must be a whole number, got True"),
        ({"answer_index": [0]}, "must be a whole number, got [0]"),
        ({"answer_index": None}, "no answer_index or target; found"),
        ({"prompt": 3}, "the prompt must be text, got 3"),
        ({"classes": {" a": 1}}, "must be a list of texts"),
        ({"classes": [" a", ""]}, "must be a list of texts"),
    ],
)
def test_bad_jsonl_row_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "data.jsonl"
    good = {"prompt": "p", "classes": [" a", " b"], "answer_index": 0}
    path.write_text(json.dumps(good) + "\n\n" + json.dumps(good | change) + "\n")
    with pytest.raises(ObverseError, match=re.escape(message)) as caught:
        formats.read(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")


@pytest.mark.parametrize("name", ["data.csv", "data.jsonl"])
@pytest.mark.parametrize("content", ["", "prompt,classes,answer_index\n"])
def test_file_without_rows_is_refused(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    with pytest.raises(ObverseError, match="cannot be read"):
        formats.read(path)
    path.write_text(content)
    with pytest.raises(ObverseError, match=f"{name}.*(no rows|empty|not valid JSON)"):
        formats.read(path)


def probe(prompt: str, *classes: str) -> Probe:
    return Probe("x", prompt, classes[:1], "x", "suppression", "", "", candidates=classes)


def test_flawed_items_are_told() -> None:
    assert problems(probe("A, B,", " A", " B")) == []
    assert problems(probe("A, B, ", "A", "B")) == ["the prompt ends in a space before the class"]
    assert problems(probe("so", " in", " into")) == ["the class ' in' is a prefix of ' into'"]

    def letters(prompt: str, continuation: str) -> int:
        return len(continuation.strip())

    assert problems(probe("A, B,", " A", " B"), letters) == []
    assert problems(probe("so", " no", " on"), letters) == [
        "the class ' no' is 2 tokens in context",
        "the class ' on' is 2 tokens in context",
    ]
    assert problems(probe("so", " A", " on"), letters) == [
        "the class ' on' is 2 tokens in context",
        "the classes differ in length",
    ]
    assert summary([probe("a ", " A", " B"), probe("b", " A", " B")]) == {
        "the prompt ends in a space before the class": ["x"]
    }


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_own_data_takes_the_same_way(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"own.{ending}"
    rows = [
        Row(f"question {i}", (" yes", " no", " perhaps"), i % 3, part="quiz", round="2") for i in range(4)
    ]
    formats.write(rows, path)
    experiment = Suppression(data=path, shots=(0, 2, 4), induction=0)
    probes = asked(experiment)
    assert [(p.prompt, p.targets, p.candidates) for p in probes] == [
        (r.prompt, (r.classes[r.answer_index],), r.classes) for r in rows
    ]
    assert {p.chance for p in probes} == {1 / 3}
    for probe in probes:
        assert probe.labels == {"condition": "against", "shots": 0}, "`part` is no template"
    assert {c.id for c in experiment.claims()} == {
        "accuracy/parameters", "accuracy/tokens", "accuracy/chance", "induction/parameters",
    }  # fmt: skip
    assert "pattern" not in " ".join(c.text for c in experiment.claims())
    write_data(Study("repetition", experiment, ()), tmp_path / f"again.{ending}", seed=0, hub=False)
    assert formats.read(tmp_path / f"again.{ending}") == rows, "part and round are kept"
    assert len(asked(experiment, shots=2)) == 4
    assert asked(experiment, "follow") == [], "the user's data has no controls"
    assert asked(experiment, shots=4) == [], "there are only three others"
    formats.write(rows[:2], path)
    assert len(asked(experiment)) == 2, "changed data is read again"
