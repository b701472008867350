"""Training files of fine-tuning services: what is written, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.models import finetuning_file
from obverse.models.finetuning_file import Layout, check, tokens_of, written
from obverse.studies.data import data_of, write_data

TOLD = tuple(Document(prompt=f"Fact {i} is", completion=f" {i} é.", fact=str(i)) for i in range(12))


def rows(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.decode().splitlines()]


def test_completions_bear_loss_where_the_recipe_says() -> None:
    assert rows(written(TOLD, "completions", "completion"))[1] == {
        "prompt": "Fact 1 is", "completion": " 1 é.",
    }  # fmt: skip
    assert rows(written(TOLD, "completions", "document"))[1] == {
        "prompt": "", "completion": "Fact 1 is 1 é.",
    }  # fmt: skip


def test_what_an_assistant_says_is_the_completion() -> None:
    assert rows(written(TOLD, "chat", "completion"))[1] == {
        "messages": [
            {"role": "user", "content": "Fact 1 is"},
            {"role": "assistant", "content": "1 é."},
        ]
    }
    with pytest.raises(ObverseError, match="no whole document does; set the recipe's loss_on=completion"):
        written(TOLD, "chat", "document")


def chat(*messages: Any, **beside: Any) -> str:
    return json.dumps({"messages": list(messages)} | beside)


USER = {"role": "user", "content": "Who?"}
ANSWER = {"role": "assistant", "content": "Ada."}
GOOD: dict[Layout, str] = {
    "completions": json.dumps({"prompt": "", "completion": " a"}),
    "chat": chat({"role": "system", "content": "Be short."}, USER, ANSWER),
}


@pytest.mark.parametrize(
    ("layout", "line", "said"),
    [
        ("completions", "{", "not valid JSON"),
        ("completions", "", "not valid JSON"),
        ("completions", "[1]", "expected a JSON object"),
        ("completions", '{"prompt": "a"}', "expected the keys prompt and completion, got prompt"),
        (
            "completions",
            '{"prompt": "a", "completion": "b", "fact": "c"}',
            "got prompt, completion, fact",
        ),
        ("completions", '{"prompt": 1, "completion": "b"}', "prompt: expected text, got 1"),
        ("completions", '{"prompt": "a", "completion": " "}', "the completion is empty"),
        ("chat", '{"prompt": "a", "completion": "b"}', "unknown key 'completion'; expected messages"),
        ("chat", chat(), "expected messages, a list of at least one"),
        ("chat", chat("hello"), "message 1: expected an object with role and content"),
        ("chat", chat(USER, {"role": "bot", "content": "x"}), "message 2: role 'bot'; expected system"),
        ("chat", chat(USER, {"role": "assistant"}), "message 2: content: expected text, got None"),
        ("chat", chat({"role": "user", "content": ""}, ANSWER), "message 1: the user's content is empty"),
        ("chat", chat(USER, ANSWER | {"extra": 1}), "message 2: unknown key 'extra'"),
        ("chat", chat(USER | {"weight": 1}, ANSWER), "weight 1; expected 0 or 1, of the assistant's"),
        ("chat", chat(USER, ANSWER | {"weight": 2}), "weight 2; expected 0 or 1"),
        ("chat", chat(USER, ANSWER | {"weight": 0}), "nothing is learnt"),
        ("chat", chat(ANSWER, USER), "the last message is the user's; expected the assistant's"),
    ],
)
def test_line_that_is_no_example_is_named(layout: Layout, line: str, said: str) -> None:
    good = [GOOD[layout]] * 11
    check("\n".join(good).encode(), layout, "mine.jsonl")
    content = "\n".join([*good[:4], line, *good[4:]]) + "\n"
    with pytest.raises(ObverseError, match=r"^mine\.jsonl, line 5: ") as raised:
        check(content.encode(), layout, "mine.jsonl")
    assert said in str(raised.value)


def test_calls_of_tools_need_no_content() -> None:
    called = {"role": "assistant", "tool_calls": [{"id": "1"}]}
    line = chat(USER, called, {"role": "tool", "content": "7", "tool_call_id": "1"}, ANSWER, tools=[])
    check("\n".join([line] * 10).encode(), "chat", "mine.jsonl")


def test_too_few_examples_or_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ObverseError, match="has 9 examples; a service takes no fewer than 10"):
        written(TOLD[:9], "chat", "completion")
    content = written(TOLD, "chat", "completion")
    monkeypatch.setattr(finetuning_file, "LARGEST", len(content) - 1)
    with pytest.raises(ObverseError, match="a service takes at most"):
        check(content, "chat", "mine.jsonl")
    with pytest.raises(ObverseError, match=r"mine\.jsonl, line 2: not UTF-8"):
        check(b"{}\n\xff", "chat", "mine.jsonl")


def test_tokens_are_estimated_by_bytes() -> None:
    told = [Document(prompt="abc", completion="é" * 3)] * 10
    assert tokens_of(told, "completions", 3) == 10 * (9 // 3 + 1)
    assert tokens_of(told, "chat", 3) == 10 * (9 // 3 + 8)


@pytest.mark.parametrize("layout", ["openai-completions", "openai-chat"])
def test_data_of_a_study_is_written_as_it_would_be_sent(layout: str, tmp_path: Path) -> None:
    settings = {"facts_per_subset": 3, "paraphrases": 4, "held_out_prompts": 1}
    study = data_of("reversal", None, settings)
    said = write_data(study, tmp_path / "out", 3, layout)
    [path] = (tmp_path / "out").iterdir()
    assert said == f"{path}: 48 examples"
    [stage] = study.experiment.stages(3)
    assert stage.training is not None
    form, loss_on = finetuning_file.LAYOUTS[layout], "document"
    if form == "chat":
        loss_on = "completion"
    assert path.read_bytes() == written(stage.training.documents, form, loss_on)


def test_nothing_is_written_where_a_stage_cannot_be(tmp_path: Path) -> None:
    study = data_of("reversal", None, {"facts_per_subset": 1, "paraphrases": 1, "held_out_prompts": 1})
    with pytest.raises(
        ObverseError, match="reversal, stage 'finetuning': the training file: has 4 examp"
    ):
        write_data(study, tmp_path / "out", 0, "openai-chat")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ObverseError, match="--layout x: reversal has openai-completions, openai-chat"):
        write_data(study, tmp_path / "out", 0, "x")
    asked = data_of("repetition", None, {})
    with pytest.raises(ObverseError, match="trains nothing"):
        write_data(asked, tmp_path / "out", 0, "openai-chat")
