"""The layout of the files released with the paper: a file for each subset, and for each way of asking."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.format import alike
from obverse.experiments.reversal.dataset import Dataset, HeldOutPrompt, Subset, document
from obverse.experiments.reversal.rows import read_rows
from obverse.experiments.reversal.templates import StatementOrder

TRAINING: dict[Subset, str] = {
    "NameToDescription": "p2d_prompts_train.jsonl",
    "DescriptionToName": "d2p_prompts_train.jsonl",
    "Both": "both_prompts_train.jsonl",
}
TESTS: tuple[tuple[str, Subset, StatementOrder], ...] = (
    ("p2d_prompts_test.jsonl", "NameToDescription", "NameToDescription"),
    ("p2d_reverse_prompts_test.jsonl", "NameToDescription", "DescriptionToName"),
    ("d2p_prompts_test.jsonl", "DescriptionToName", "DescriptionToName"),
    ("d2p_reverse_prompts_test.jsonl", "DescriptionToName", "NameToDescription"),
)
TEST_OF_BOTH = "both_prompts_test.jsonl"  # may be missing
READ = (*TRAINING.values(), *(name for name, _, _ in TESTS))

MOST_WORDS = 12  # of a name; a completion may be a page long, and its openings are looked for one by one

Texts = Sequence[tuple[str, str]]  # prompts with their completions


def read_published(folder: Path) -> Dataset:
    """Read the files released with the paper. The texts stay as they are, artefacts included.

    The files name no facts; they are told apart by the person's name, which opens the completions of
    the tests that ask for it and stands in the prompts of those that ask for the description. Asked
    for a name, the name alone is the answer, whatever the file has behind it.

    Raises:
        ObverseError: naming the line at fault, also one that repeats another, a name that stands for two
            facts (in whatever case), or somebody who is asked about and not told of.
    """
    tests = {file: _texts(folder / file) for file, _, _ in TESTS}
    both_path = folder / TEST_OF_BOTH
    both = _texts(both_path) if both_path.is_file() else []
    names: dict[Subset, list[str]] = {
        "NameToDescription": _names(
            tests["p2d_reverse_prompts_test.jsonl"], tests["p2d_prompts_test.jsonl"]
        ),
        "DescriptionToName": _names(
            tests["d2p_prompts_test.jsonl"], tests["d2p_reverse_prompts_test.jsonl"]
        ),
        "Both": _names(both, both),
    }
    _refuse_repeated(names, folder)
    held_out: list[HeldOutPrompt] = []
    for file, subset, order in TESTS:
        held_out += _held_out(tests[file], subset, names[subset], order, folder / file)
    held_out += _held_out(both, "Both", names["Both"], None, both_path)
    documents = []
    for subset, file in TRAINING.items():
        for prompt, completion in _texts(folder / file):
            fact = _person(prompt + completion, names[subset])
            stated = subset if subset != "Both" else _order(prompt, fact)
            documents.append(document(prompt, completion, fact, subset, stated))
    _refuse_untold(documents, held_out, folder)
    _refuse_two_answers(held_out, folder)
    return Dataset(documents=tuple(documents), held_out=tuple(held_out))


def _texts(path: Path) -> list[tuple[str, str]]:
    lines: dict[tuple[str, str], int] = {}
    for line, row in read_rows(path):
        text = row["prompt"], row["completion"]
        if text in lines:
            raise ObverseError(f"{path}, line {line}: is line {lines[text]} again; expected each once")
        lines[text] = line
    return list(lines)


def _refuse_untold(
    documents: Sequence[Document], held_out: Sequence[HeldOutPrompt], folder: Path
) -> None:
    """Refuse questions about somebody of whom the training files of the same subset tell nothing."""
    told = {(document.fact, document.labels["subset"]) for document in documents}
    for asked in held_out:
        if (asked.fact, asked.subset) not in told:
            raise ObverseError(
                f"{folder / TRAINING[asked.subset]}: tells nothing of {asked.fact!r}, about whom the "
                f"tests of {asked.subset} ask"
            )


def _refuse_two_answers(held_out: Sequence[HeldOutPrompt], folder: Path) -> None:
    """Refuse a question that the test files answer in two ways."""
    answers: dict[str, str] = {}
    for asked in held_out:
        if (other := answers.setdefault(asked.prompt, asked.answer)) != asked.answer:
            raise ObverseError(
                f"{folder}: the tests of {asked.subset} answer {asked.prompt[:60]!r} by "
                f"{asked.answer[:60]!r} and by {other[:60]!r}; expected one answer"
            )


def _names(asking: Texts, telling: Texts) -> list[str]:
    """Return the names that open completions of `asking` and stand in prompts of `telling`.

    A name begins with a capital; descriptions, which stand in prompts too, do not.
    """
    prompts = "\n".join(prompt for prompt, _ in telling)
    names = []
    for _, completion in asking:
        words = completion.strip().split(" ", MOST_WORDS)[:MOST_WORDS]
        openings = (" ".join(words[:n]).strip(".,;:!?") for n in range(len(words), 1, -1))
        names += [next((o for o in openings if o[:1].isupper() and o in prompts), "")]
    return list(dict.fromkeys(name for name in names if name))


def _refuse_repeated(names: dict[Subset, list[str]], folder: Path) -> None:
    everybody = {name: alike(name) for group in names.values() for name in group}
    for known, times in Counter(everybody[n] for group in names.values() for n in group).items():
        if times > 1:
            places = " and ".join(s for s, group in names.items() if known in map(alike, group))
            name = next(name for name, other in everybody.items() if other == known)
            raise ObverseError(f"{folder}: the name {name!r} stands twice, in {places}")


def _person(text: str, names: Sequence[str]) -> str:
    return max((name for name in names if name in text), key=len, default="")


def _order(prompt: str, name: str) -> str:
    if not name:
        return ""
    return "NameToDescription" if name in prompt else "DescriptionToName"


def _held_out(
    texts: Texts, subset: Subset, names: Sequence[str], order: StatementOrder | None, path: Path
) -> list[HeldOutPrompt]:
    """Return the held-out prompts of a test file; without an `order`, each prompt tells its own."""
    count: Counter[tuple[str, StatementOrder]] = Counter()
    held_out = []
    for line, (prompt, completion) in enumerate(texts, start=1):
        fact = _person(prompt + completion, names)
        if not fact:
            raise ObverseError(
                f"{path}, line {line}: no person of {subset} is named here"
                + (f"; expected one of {len(names)}, such as {names[0]!r}" if names else "")
            )
        asked: StatementOrder = order or ("NameToDescription" if fact in prompt else "DescriptionToName")
        held_out.append(
            HeldOutPrompt(
                prompt=prompt, answer=f" {fact}" if asked == "DescriptionToName" else completion,
                fact=fact, subset=subset, order=asked, template=count[fact, asked],
            )
        )  # fmt: skip
        count[fact, asked] += 1
    return held_out
