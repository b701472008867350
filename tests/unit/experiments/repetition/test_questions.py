"""Which questions are put to which model, with models that are made up."""

from collections.abc import Sequence

import pytest

from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.core.measure import Moment
from obverse.experiments.repetition.grid import Item
from obverse.experiments.repetition.questions import FLAWED, Questions, few_shot, induction, zero_shot
from obverse.measures.room import NO_ROOM

ITEMS = [
    Item("short", {"against": "A, B, A,"}, (" A", " B")),
    Item("words", {"against": "in, out, in,"}, (" in", " out")),
    Item("prefix", {"against": "so"}, (" i", " in")),
]
ZERO = tuple(zero_shot(ITEMS, ("against",)))


class Remote:
    """Says nothing of its tokens, and reads any text."""

    parameters = None

    def logprobs(
        self, prompts: Sequence[str], continuations: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        return [[-float(len(c)) for c in some] for some in continuations]

    def generate(self, prompts: Sequence[str], max_new_tokens: Sequence[int]) -> list[str]:
        return ["" for _ in prompts]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


class Local(Remote):
    """Has a token for each letter, and reads so many."""

    def __init__(self, room: int = 10_000) -> None:
        self.room = room

    def fits(self, text: str) -> bool:
        return len(text) <= self.room

    def count_in_context(self, prompt: str, continuation: str) -> int:
        return len(continuation.strip())


def ask(
    probes: Sequence[Probe], model: Remote, keep_flawed: bool = True
) -> tuple[list[str], dict[str, int]]:
    """Return the facts that were asked about, and what was left out and why."""
    left_out: dict[str, int] = {}
    moment = Moment(
        run="r", model="m", parameters=None, family=None, variant=None, seed=0, branch=0,
        stage="as it is", epoch=0, step=0, tokens=None, final=True, leave_out=left_out.__setitem__,
    )  # fmt: skip
    table = Questions(probes=tuple(probes), keep_flawed=keep_flawed)(model, moment)
    return table["fact"].to_list() if len(table) else [], left_out


def test_flawed_items_are_kept_or_left_out() -> None:
    assert ask(ZERO, Local()) == (["short", "words", "prefix"], {})
    assert ask(ZERO, Local(), keep_flawed=False) == (["short"], {FLAWED: 2})


def test_without_a_tokenizer_the_text_alone_is_checked() -> None:
    assert ask(ZERO, Remote(), keep_flawed=False) == (["short", "words"], {FLAWED: 1})


def test_sequences_are_never_flawed() -> None:
    facts, left_out = ask([*ZERO, *induction(2)], Local(), keep_flawed=False)
    assert facts == ["short", "sequence-0", "sequence-0", "sequence-1", "sequence-1"]
    assert left_out == {FLAWED: 2}


def test_what_is_left_out_is_counted_by_its_reason() -> None:
    found = ask([*ZERO, *induction(2)], Local(room=13), keep_flawed=False)
    assert found == (["short"], {FLAWED: 2, NO_ROOM: 4})


@pytest.mark.parametrize(
    ("room", "said"), [(10_000, f"3: {FLAWED}"), (5, f"3: {NO_ROOM}")], ids=["flawed", "long"]
)
def test_that_no_item_is_left_is_an_error(room: int, said: str) -> None:
    """Even where sequences are left: without the task a run says nothing."""
    items = ITEMS[1:2] * 3 if room > 5 else ITEMS[:1] * 3
    probes = [
        *zero_shot([Item(f"{n}", i.prompts, i.classes) for n, i in enumerate(items)], ("against",)),
        *induction(1),
    ]
    with pytest.raises(ObverseError, match=rf"m: every item is left out \(.*{said}.*keep_flawed=true"):
        ask(probes, Local(room), keep_flawed=False)


def test_examples_may_all_be_too_long() -> None:
    """A model that can read no example is asked without any; that is no error."""
    assert ask(few_shot(ITEMS, 2, 0), Local(room=20)) == ([], {NO_ROOM: 3})
