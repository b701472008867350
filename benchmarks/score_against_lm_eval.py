"""Time obverse's likelihood scoring beside lm-evaluation-harness's, on the same model and items.

    python benchmarks/score_against_lm_eval.py --threads 1

One process, one model object: a GPT-NeoX with Pythia-70M's shape and random weights, and a byte-level
BPE trained here. Two cases: 30 prompts × 30 names (first and last, 2–6 tokens), as in reversal, and 200
prompts × 2 classes of one token, as in repetition.
"""

import argparse
import statistics
import time
from dataclasses import dataclass
from itertools import chain

import lm_eval
import torch
import transformers
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, PreTrainedTokenizerBase

from obverse.engine.score import Scorer
from obverse.experiments.repetition.grid import items
from obverse.experiments.reversal.people import invent
from obverse.experiments.reversal.templates import DESCRIPTION_TO_NAME, fill
from obverse.models.corpus import standard_library
from obverse.models.tokenizers import train_tokenizer

NAMES = 30
CLASSIFIED = 200
SHORTEST, LONGEST = 2, 6  # tokens of a name
VOCABULARY = 50304


@dataclass(frozen=True, slots=True)
class Case:
    """Prompts, and the continuations of each."""

    name: str
    prompts: list[str]
    continuations: list[list[str]]

    def requests(self) -> list[Instance]:
        """Return the same pairs as lm-eval takes them, in order."""
        pairs = [
            (prompt, one)
            for prompt, options in zip(self.prompts, self.continuations, strict=True)
            for one in options
        ]
        return [
            Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=number)
            for number, pair in enumerate(pairs)
        ]


def make_model(layers: int) -> GPTNeoXForCausalLM:
    torch.manual_seed(0)
    config = GPTNeoXConfig(
        vocab_size=VOCABULARY,
        hidden_size=512,
        num_hidden_layers=layers,
        num_attention_heads=8,
        intermediate_size=2048,
    )
    model = GPTNeoXForCausalLM(config)
    model.eval()
    return model


def name_case(tokenizer: PreTrainedTokenizerBase) -> Case:
    facts = invent(20 * NAMES, seed=0)
    prompts = [
        fill(template, "DescriptionToName", fact).prompt
        for template, fact in zip(DESCRIPTION_TO_NAME[:NAMES], facts, strict=False)
    ]
    names = [
        f" {fact.name}"
        for fact in facts
        if SHORTEST <= len(tokenizer(f" {fact.name}")["input_ids"]) <= LONGEST
    ][:NAMES]
    assert len(prompts) == len(names) == NAMES
    return Case(f"{NAMES} prompts × {NAMES} names", prompts, [names] * NAMES)


def two_class_case() -> Case:
    chosen = list(items("balanced"))[:CLASSIFIED]
    return Case(
        f"{CLASSIFIED} prompts × 2 classes",
        [item.prompts["against"] for item in chosen],
        [list(item.classes) for item in chosen],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="obverse and lm-eval score the same items")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=16, help="lm-eval's")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    model = make_model(options.layers)
    # Source code has few names of people; without them a name would be nine tokens, not four.
    people = " ".join(fact.name for fact in invent(NAMES * 20, seed=0))
    tokenizer = train_tokenizer([standard_library(), people], 16384)
    harness = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=options.batch_size, device="cpu")
    print(
        f"torch {torch.__version__}, transformers {transformers.__version__}, lm-eval "
        f"{lm_eval.__version__}; {options.layers} layers, {options.threads} threads, lm-eval's batch "
        f"{options.batch_size}; median of {options.repeats}, after one round to warm up\n"
    )
    print(f"{'case':<24} {'tokens':>7} {'obverse':>9} {'lm-eval':>9} {'ratio':>7} {'difference':>11}")
    for case in (name_case(tokenizer), two_class_case()):
        requests = case.requests()
        own: list[float] = []
        theirs: list[float] = []
        for number in range(options.repeats + 1):
            begun = time.perf_counter()
            scorer = Scorer(model, tokenizer)  # which would know the tokens of a second round
            mine = list(chain(*scorer.logprobs(case.prompts, case.continuations)))
            between = time.perf_counter()
            given = [value for value, _ in harness.loglikelihood(requests, disable_tqdm=True)]
            ended = time.perf_counter()
            if number:
                own.append(between - begun)
                theirs.append(ended - between)
        difference = max(abs(a - b) for a, b in zip(mine, given, strict=True))
        tokens = sum(len(tokenizer("".join(r.args))["input_ids"]) for r in requests)
        a, b = statistics.median(own), statistics.median(theirs)
        print(f"{case.name:<24} {tokens:>7} {a:>7.2f} s {b:>7.2f} s {b / a:>6.1f}× {difference:>11.1e}")


if __name__ == "__main__":
    main()
