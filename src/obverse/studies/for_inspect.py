"""The files of a task for Inspect AI (`studies.exporting`)."""

from collections.abc import Iterable

CODE = '''\
"""{whole}, for Inspect AI. Written by obverse.

    inspect eval {whole}.py --model hf/local -M model_path=CHECKPOINT

- With the provider `hf` the prompt reaches the model as it is (the provider itself would put "user: "
  before it, or a chat's format around it). Answers are greedy; a choice may be any number of tokens: its
  score is that of its whole text.
- With any other provider the prompt is a user's message, and choices are looked up among the twenty
  likeliest first tokens of the answer, with or without their leading space. A choice of several tokens
  counts by its first. Where a choice is not listed, or two begin alike, the sample fails, for its
  loss is not known; `--no-fail-on-error` leaves such samples out.
"""

import json
import sys
from math import exp, log
from os.path import commonprefix
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import Score, mean, scorer, stderr
from inspect_ai.solver import solver

HERE = Path(__file__).parent
if str(HERE) not in sys.path:
    sys.path.append(str(HERE))

from {whole}_match import exact_match, prefix_match

TOP = 20

{tasks}

def samples(part):
    lines = (HERE / "items.jsonl").read_text(encoding="utf-8").split("\\n")
    rows = [row for row in map(json.loads, filter(None, lines)) if row["part"] == part]
    return MemoryDataset([sample(row) for row in rows])


def sample(row):
    right = [c for c, r in zip(row["choices"], row["right"]) if r] or row["choices"]
    metadata = {{k: v for k, v in row.items() if k not in ("id", "prompt")}}
    return Sample(id=row["id"], input=row["prompt"], target=right, metadata=metadata)


@solver
def likelihoods():
    """Take the log-probability of each choice, and the likeliest for the answer."""

    async def solve(state, generate):
        choices = state.metadata["choices"]
        api = get_model().api
        if type(api).__name__ == "HuggingFaceAPI":
            values = of_continuations(api.model, api.tokenizer, state.input_text, choices)
            choice = choices[values.index(max(values))]
            state.output = ModelOutput.from_content(str(get_model()), choice)
        else:
            config = GenerateConfig(logprobs=True, top_logprobs=TOP, max_tokens=1, temperature=0)
            state.output = await get_model().generate(state.input_text, config=config)
            values = of_first_token(state.output, choices)
        state.metadata["logprobs"] = values
        return state

    return solve


@solver
def greedy(tokens):
    """Take the likeliest token again and again, up to the end of the text."""

    async def solve(state, generate):
        api = get_model().api
        if type(api).__name__ == "HuggingFaceAPI":
            answer = continued(api.model, api.tokenizer, state.input_text, tokens)
            state.output = ModelOutput.from_content(str(get_model()), answer)
        else:
            config = GenerateConfig(max_tokens=tokens, temperature=0)
            state.output = await get_model().generate(state.input_text, config=config)
        return state

    return solve


@scorer(metrics={{"accuracy": [mean(), stderr()], "loss": [mean(), stderr()]}})
def ranked():
    """Accuracy (a tie is wrong) and the loss: −ln of the right answers' share, in nats."""

    async def score(state, target):
        values, right = state.metadata["logprobs"], state.metadata["right"]
        best = max(value for value, is_right in zip(values, right) if is_right)
        wrong = [value for value, is_right in zip(values, right) if not is_right]
        top = max(values)
        return Score(
            value={{
                "accuracy": float(all(best > other for other in wrong)),
                "loss": top + log(sum(exp(value - top) for value in values)) - best,
            }},
            answer=state.output.completion,
            metadata={{"logprobs": values}},
        )

    return score


@scorer(metrics={{"exact_match": [mean(), stderr()], "prefix_match": [mean(), stderr()]}})
def answered():
    """Whether the answer is one of those accepted, by the question's own rule."""

    async def score(state, target):
        answer, rule = state.output.completion, state.metadata["match"]
        accepted = state.metadata["choices"]
        return Score(
            value={{
                "exact_match": float(any(exact_match(answer, one, rule) for one in accepted)),
                "prefix_match": float(any(prefix_match(answer, one) for one in accepted)),
            }},
            answer=answer,
        )

    return score


def encode(tokenizer, text):
    ids = tokenizer(text, verbose=False)["input_ids"]
    # Some tokenizers close every text; a prompt is open.
    return ids[:-1] if len(ids) > 1 and ids[-1] == tokenizer.eos_token_id else ids


def continued(model, tokenizer, prompt, tokens):
    """Return the greedy continuation of a prompt, under a model of transformers."""
    import torch

    ids = torch.tensor([encode(tokenizer, prompt)], device=model.device)
    with torch.inference_mode():
        whole = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=tokens,
            pad_token_id=tokenizer.eos_token_id,
        )
    return tokenizer.decode(whole[0, ids.shape[1] :], skip_special_tokens=True)


def of_continuations(model, tokenizer, prompt, choices):
    """Return ln P(choice | prompt) for each choice, under a model of transformers."""
    import torch

    def tail(ids, start):
        """Return ln P(ids[start:] | ids[:start])."""
        batch = torch.tensor([ids], device=model.device)
        logits = model(input_ids=batch, use_cache=False).logits[0, start - 1 : -1].float()
        picked = logits.log_softmax(-1).gather(1, batch[0, start:, None])
        return float(picked.double().sum())

    asked = encode(tokenizer, prompt)
    values = []
    with torch.inference_mode():
        for one in choices:
            whole = encode(tokenizer, prompt + one)
            # A choice may merge with the end of the prompt; what both read alike is given.
            start = len(commonprefix([asked, whole]))
            ids = asked
            if start == 0:
                first = tokenizer.bos_token_id
                first = tokenizer.eos_token_id if first is None else first
                ids, whole, start = [first, *asked], [first, *whole], 1
            values.append(tail(whole, start) - (tail(ids, start) if start < len(ids) else 0.0))
    return values


def of_first_token(output, choices):
    """Return for each choice the log-probability of the listed tokens that begin it alone."""
    content = output.choices[0].logprobs.content if output.choices[0].logprobs else []
    listed = (content[0].top_logprobs or []) if content else []
    total = dict.fromkeys(choices, 0.0)
    for token in listed:
        text = token.token.strip()
        begun = [one for one in choices if text and one.strip().startswith(text)]
        if len(begun) == 1:
            total[begun[0]] += exp(token.logprob)
    unknown = [one for one, share in total.items() if share == 0]
    if unknown:
        raise ValueError(f"no log-probability of {{unknown}} among {{len(listed)}} tokens listed")
    return [log(total[one]) for one in choices]
'''

TASK = """
@task
def {name}():
    return Task(dataset=samples("{name}"), solver={solver}, scorer={kind}())

"""


def files(whole: str, parts: Iterable[tuple[str, str, int]]) -> dict[str, str]:
    """Return the file by its name; a part has a name, a kind and at most so many tokens an answer."""
    tasks = [
        TASK.format(
            name=name, kind=kind, solver="likelihoods()" if kind == "ranked" else f"greedy({tokens})"
        )
        for name, kind, tokens in parts
    ]
    return {f"{whole}.py": CODE.format(whole=whole, tasks="".join(tasks))}
