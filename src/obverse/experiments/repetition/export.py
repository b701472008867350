"""The task as a directory that lm-evaluation-harness or Inspect AI runs as it is.

What is written needs nothing of obverse and can be moved: items.jsonl and the harness's own files,
which find it beside them. Both give accuracy (a tie is no right answer) and the loss over the classes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from obverse.experiments.repetition.grid import Item
from obverse.store.files import write_jsonl, write_text

Harness = Literal["lm-eval", "inspect"]
NAME = "obverse_repetition"

LM_EVAL_TASK = """\
# Repetition suppression, zero-shot. Two classes are scored, the one that breaks the pattern is right.
#
#   lm_eval --include_path THIS_DIRECTORY --tasks obverse_repetition \\
#       --model hf --model_args pretrained=CHECKPOINT
task: obverse_repetition
custom_dataset: !function obverse_repetition_lm_eval.items
test_split: test
output_type: multiple_choice
num_fewshot: 0
doc_to_text: prompt
doc_to_choice: classes
doc_to_target: answer_index
# Classes carry their leading space.
target_delimiter: ""
fewshot_delimiter: "\\n\\n\\n"
process_results: !function obverse_repetition_lm_eval.measure
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
  - metric: loss
    aggregation: mean
    higher_is_better: false
metadata:
  version: 2
"""

LM_EVAL_CODE = '''\
"""Data and metrics of obverse_repetition.yaml, for lm-evaluation-harness."""

import json
from math import exp, log
from pathlib import Path

from datasets import Dataset


def items(**_):
    """Return the items that stand beside this file."""
    text = Path(__file__).with_name("items.jsonl").read_text(encoding="utf-8")
    return {"test": Dataset.from_list([json.loads(line) for line in text.split("\\n") if line])}


def measure(doc, results):
    """Return accuracy (a tie is wrong) and the loss: −ln of the right class's share, in nats."""
    values = [value for value, _ in results]
    right = values.pop(doc["answer_index"])
    return {
        "acc": float(all(right > other for other in values)),
        "loss": log(1 + sum(exp(other - right) for other in values)),
    }
'''

INSPECT_CODE = '''\
"""Repetition suppression, zero-shot, for Inspect AI.

    inspect eval obverse_repetition.py --model hf/local -M model_path=CHECKPOINT

Two classes are scored; the one that breaks the pattern is right.

- With the provider `hf` the prompt reaches the model as it is (the provider itself would put "user: "
  before it, or a chat template around it), and a class may be any number of tokens: its score is that
  of its whole text.
- With any other provider the prompt is a user's message, and the classes are looked up among the twenty
  likeliest first tokens of the answer, with or without their leading space. A class of several tokens
  counts by its first. Where a class is not listed, or both begin alike, the sample fails, for its
  loss is not known; `--no-fail-on-error` leaves such samples out.
"""

from math import exp, log
from os.path import commonprefix
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import Sample, json_dataset
from inspect_ai.model import GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import Score, mean, scorer, stderr
from inspect_ai.solver import solver

TOP = 20


@task
def obverse_repetition():
    return Task(
        dataset=json_dataset(str(Path(__file__).with_name("items.jsonl")), sample),
        solver=likelihoods(),
        scorer=two_class(),
    )


def sample(row):
    return Sample(
        id=row["id"],
        input=row["prompt"],
        target=row["classes"][row["answer_index"]],
        metadata={k: v for k, v in row.items() if k not in ("id", "prompt")},
    )


@solver
def likelihoods():
    """Take the log-probability of each class, and the likeliest class for the answer."""

    async def solve(state, generate):
        classes = state.metadata["classes"]
        api = get_model().api
        if type(api).__name__ == "HuggingFaceAPI":
            values = of_continuations(api.model, api.tokenizer, state.input_text, classes)
            choice = classes[values.index(max(values))]
            state.output = ModelOutput.from_content(str(get_model()), choice)
        else:
            config = GenerateConfig(logprobs=True, top_logprobs=TOP, max_tokens=1, temperature=0)
            state.output = await get_model().generate(state.input_text, config=config)
            values = of_first_token(state.output, classes)
        state.metadata["logprobs"] = values
        return state

    return solve


@scorer(metrics={"accuracy": [mean(), stderr()], "loss": [mean(), stderr()]})
def two_class():
    """Accuracy (a tie is wrong) and the loss: −ln of the right class's share, in nats."""

    async def score(state, target):
        values = list(state.metadata["logprobs"])
        right = values.pop(state.metadata["answer_index"])
        return Score(
            value={
                "accuracy": float(all(right > other for other in values)),
                "loss": log(1 + sum(exp(other - right) for other in values)),
            },
            answer=state.output.completion,
            metadata={"logprobs": state.metadata["logprobs"]},
        )

    return score


def of_continuations(model, tokenizer, prompt, classes):
    """Return ln P(class | prompt) for each class, under a model of transformers."""
    import torch

    def encode(text):
        ids = tokenizer(text, verbose=False)["input_ids"]
        # Some tokenizers close every text; a prompt is open.
        return ids[:-1] if len(ids) > 1 and ids[-1] == tokenizer.eos_token_id else ids

    def tail(ids, start):
        """Return ln P(ids[start:] | ids[:start])."""
        batch = torch.tensor([ids], device=model.device)
        logits = model(input_ids=batch, use_cache=False).logits[0, start - 1 : -1].float()
        picked = logits.log_softmax(-1).gather(1, batch[0, start:, None])
        return float(picked.double().sum())

    asked = encode(prompt)
    values = []
    with torch.inference_mode():
        for one in classes:
            whole = encode(prompt + one)
            # A class may merge with the end of the prompt; what both read alike is given.
            start = len(commonprefix([asked, whole]))
            ids = asked
            if start == 0:
                first = tokenizer.bos_token_id
                first = tokenizer.eos_token_id if first is None else first
                ids, whole, start = [first, *asked], [first, *whole], 1
            values.append(tail(whole, start) - (tail(ids, start) if start < len(ids) else 0.0))
    return values


def of_first_token(output, classes):
    """Return for each class the log-probability of the listed tokens that begin it alone."""
    content = output.choices[0].logprobs.content if output.choices[0].logprobs else []
    listed = (content[0].top_logprobs or []) if content else []
    total = dict.fromkeys(classes, 0.0)
    for token in listed:
        text = token.token.strip()
        begun = [one for one in classes if text and one.strip().startswith(text)]
        if len(begun) == 1:
            total[begun[0]] += exp(token.logprob)
    unknown = [one for one, share in total.items() if share == 0]
    if unknown:
        raise ValueError(f"no log-probability of {unknown} among {len(listed)} tokens listed")
    return [log(total[one]) for one in classes]
'''

FILES: dict[Harness, dict[str, str]] = {
    "lm-eval": {f"{NAME}.yaml": LM_EVAL_TASK, f"{NAME}_lm_eval.py": LM_EVAL_CODE},
    "inspect": {f"{NAME}.py": INSPECT_CODE},
}


def export(items: Sequence[Item], to: Harness, folder: Path) -> list[Path]:
    """Write the items, zero-shot with the instruction against the pattern, as a task of `to`.

    Returns:
        The files written, items.jsonl first.

    Raises:
        ObverseError: if the directory cannot be written.
    """
    rows = [
        {
            "id": item.id,
            "prompt": item.prompts["against"],
            "classes": list(item.classes),
            "answer_index": item.answer,
        }
        | dict(item.labels)
        for item in items
    ]
    data = folder / "items.jsonl"
    write_jsonl(data, rows)
    written = [data]
    for name, text in FILES[to].items():
        write_text(folder / name, text)
        written.append(folder / name)
    return written
