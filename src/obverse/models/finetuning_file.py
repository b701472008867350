"""Training files of fine-tuning services: how documents are written, and what is refused.

Two layouts of JSON lines, as OpenAI's fine-tuning API takes them:

    completions   {"prompt": "…", "completion": "…"}
    chat          {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}

Loss is borne by the completion, or by what the assistant says.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.strict_json import parse, shown

Layout = Literal["completions", "chat"]

LEAST = 10  # examples that OpenAI's service asks for
LARGEST = 512 * 10**6  # bytes that it takes as one file
ROLES = ("system", "developer", "user", "assistant", "tool", "function")
# Tokens that a chat spends on saying who speaks: about four a message.
BY_MESSAGE = 4
# What else an example of a chat may hold.
BESIDE = {"messages", "tools", "functions", "parallel_tool_calls"}
OF_MESSAGE = {"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call"}


def row(document: Document, layout: Layout, loss_on: str) -> dict[str, Any]:
    """Return a document as one example.

    With loss on the whole document, all of it is the completion of an empty prompt. What an assistant
    says has no leading space, since it continues no line.
    """
    if layout == "chat":
        return {
            "messages": [
                {"role": "user", "content": document.prompt},
                {"role": "assistant", "content": document.completion.strip()},
            ]
        }
    if loss_on == "document":
        return {"prompt": "", "completion": document.text}
    return {"prompt": document.prompt, "completion": document.completion}


def written(documents: Sequence[Document], layout: Layout, loss_on: str) -> bytes:
    """Return a training file, checked.

    Raises:
        ObverseError: as of `check`, and if documents are no texts or their loss cannot be as is said.
    """
    if layout == "chat" and loss_on != "completion":
        raise ObverseError(
            "in a chat, what the assistant says bears loss, and no whole document does; set the recipe's "
            "loss_on=completion"
        )
    for document in documents:
        if not isinstance(document, Document):
            raise ObverseError(
                f"documents of the type {type(document).__name__} cannot be written as text"
            )
    rows = (row(document, layout, loss_on) for document in documents)
    content = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows).encode()
    check(content, layout, "the training file")
    return content


def check(content: bytes, layout: Layout, name: str) -> None:
    """Refuse a training file that a service would refuse, or that would teach something else.

    Args:
        content: of the file, in UTF-8.
        name: what the file is called in messages.

    Raises:
        ObverseError: naming the line and what was expected.
    """
    if len(content) > LARGEST:
        raise ObverseError(f"{name}: has {len(content):,} bytes; a service takes at most {LARGEST:,}")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        at = content[: error.start].count(b"\n") + 1
        raise ObverseError(f"{name}, line {at}: not UTF-8") from None
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, start=1):
        problem = _problem(parse(line, name, number), layout)
        if problem is not None:
            raise ObverseError(f"{name}, line {number}: {problem}")
    if len(lines) < LEAST:
        raise ObverseError(f"{name}: has {len(lines)} examples; a service takes no fewer than {LEAST}")


def tokens_of(documents: Sequence[Document], layout: Layout, bytes_per_token: float) -> int:
    """Return about how many tokens one epoch trains on; nobody knows the service's tokenizer."""
    of_text = sum(len(document.text.encode()) for document in documents) / bytes_per_token
    return round(of_text) + len(documents) * (2 * BY_MESSAGE if layout == "chat" else 1)


def _problem(example: object, layout: Layout) -> str | None:
    """Return what is wrong with an example, or None."""
    if not isinstance(example, dict):
        return f"expected a JSON object, got {shown(example)}"
    return (_of_chat if layout == "chat" else _of_completions)(example)


def _of_completions(example: Mapping[str, Any]) -> str | None:
    if set(example) != {"prompt", "completion"}:
        return f"expected the keys prompt and completion, got {', '.join(map(str, example)) or 'none'}"
    for key in ("prompt", "completion"):
        if not isinstance(example[key], str):
            return f"{key}: expected text, got {example[key]!r}"
    return None if example["completion"].strip() else "the completion is empty"


def _of_chat(example: Mapping[str, Any]) -> str | None:
    messages = example.get("messages")
    if unknown := set(example) - BESIDE:
        return f"unknown key {min(unknown)!r}; expected messages"
    if not isinstance(messages, list) or not messages:
        return "expected messages, a list of at least one"
    for number, message in enumerate(messages, start=1):
        if (problem := _of_message(message)) is not None:
            return f"message {number}: {problem}"
    if messages[-1]["role"] != "assistant":
        return f"the last message is the {messages[-1]['role']}'s; expected the assistant's"
    if not any(m["role"] == "assistant" and m.get("weight", 1) for m in messages):
        return "no message of the assistant has weight, so that nothing is learnt"
    return None


def _of_message(message: object) -> str | None:
    if not isinstance(message, dict):
        return f"expected an object with role and content, got {message!r}"
    if unknown := set(message) - OF_MESSAGE:
        return f"unknown key {min(unknown)!r}"
    role, content = message.get("role"), message.get("content")
    if role not in ROLES:
        return f"role {role!r}; expected {', '.join(ROLES)}"
    if content is None and (message.get("tool_calls") or message.get("function_call")):
        return None
    if not isinstance(content, str):
        return f"content: expected text, got {content!r}"
    if not content.strip():
        return f"the {role}'s content is empty"
    if "weight" in message and (role != "assistant" or message["weight"] not in (0, 1)):
        return f"weight {message['weight']!r}; expected 0 or 1, of the assistant's messages alone"
    return None


# How `obverse data --layout` calls them.
LAYOUTS: Mapping[str, Layout] = {"openai-completions": "completions", "openai-chat": "chat"}
