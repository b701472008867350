"""The files of a task for lm-evaluation-harness (`studies.exporting`)."""

from collections.abc import Iterable

TASK = """\
# Written by obverse.
#
#   lm_eval --include_path THIS_DIRECTORY --tasks {whole} --model hf --model_args pretrained=CHECKPOINT
task: {task}
custom_dataset: !function {whole}_lm_eval.items
test_split: test
num_fewshot: 0
doc_to_text: prompt
# Answers carry their leading space.
target_delimiter: ""
fewshot_delimiter: "\\n\\n\\n"
process_results: !function {whole}_lm_eval.{kind}
"""

RANKED = """\
output_type: multiple_choice
doc_to_choice: choices
doc_to_target: answer_index
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
  - metric: loss
    aggregation: mean
    higher_is_better: false
"""

ANSWERED = """\
output_type: generate_until
doc_to_target: "{{{{choices[0]}}}}"
generation_kwargs:
  until: []
  do_sample: false
  max_gen_toks: {tokens}
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
  - metric: prefix_match
    aggregation: mean
    higher_is_better: true
"""

END = """\
metadata:
  version: 1
  part: {task}
"""

GROUP = """\
group: {whole}
task:
{tasks}
metadata:
  version: 1
"""

CODE = '''\
"""Data and metrics of {whole}, for lm-evaluation-harness. Written by obverse."""

import json
import sys
from math import exp, log
from pathlib import Path

from datasets import Dataset

HERE = Path(__file__).parent
if str(HERE) not in sys.path:
    sys.path.append(str(HERE))

from {whole}_match import exact_match, prefix_match


def items(part, **_):
    """Return the questions of a task, which stand beside this file."""
    lines = (HERE / "items.jsonl").read_text(encoding="utf-8").split("\\n")
    rows = [row for row in map(json.loads, filter(None, lines)) if row["part"] == part]
    for row in rows:
        row["answer_index"] = row["right"].index(True) if any(row["right"]) else 0
    return {{"test": Dataset.from_list(rows)}}


def ranked(doc, results):
    """Return accuracy (a tie is wrong) and the loss: −ln of the right answers' share, in nats.

    The likeliest right answer counts, where there are several.
    """
    values = [value for value, _ in results]
    best = max(value for value, right in zip(values, doc["right"]) if right)
    wrong = [value for value, right in zip(values, doc["right"]) if not right]
    top = max(values)
    return {{
        "acc": float(all(best > other for other in wrong)),
        "loss": top + log(sum(exp(value - top) for value in values)) - best,
    }}


def answered(doc, results):
    """Return whether the answer is one of those accepted, by the question's own rule."""
    return {{
        "exact_match": float(any(exact_match(results[0], t, doc["match"]) for t in doc["choices"])),
        "prefix_match": float(any(prefix_match(results[0], t) for t in doc["choices"])),
    }}
'''


def files(whole: str, parts: Iterable[tuple[str, str, int]]) -> dict[str, str]:
    """Return the files by name; a part has a name, a kind and at most so many tokens an answer."""
    made = {f"{whole}_lm_eval.py": CODE.format(whole=whole)}
    names = []
    for name, kind, tokens in parts:
        body = RANKED if kind == "ranked" else ANSWERED.format(tokens=tokens)
        head, end = TASK.format(whole=whole, task=name, kind=kind), END.format(task=name)
        made[f"{name}.yaml"] = head + body + end
        names.append(name)
    if names != [whole]:
        made[f"{whole}.yaml"] = GROUP.format(whole=whole, tasks="\n".join(f"  - {n}" for n in names))
    return made
