"""The exported task, run by the harness itself, gives obverse's own numbers.

The harnesses run in a process of their own that cannot import obverse.
"""

import json
import os
import subprocess
import sys
from itertools import islice
from math import exp, log
from pathlib import Path
from typing import Any

import pytest

from obverse.core.errors import ObverseError
from obverse.experiments.repetition import formats
from obverse.experiments.repetition.export import Harness
from obverse.experiments.repetition.grid import items
from obverse.experiments.repetition.suppression import Suppression
from obverse.models.causal import CausalModel
from obverse.models.scratch import Scratch
from obverse.studies.data import export
from tests.conftest import made

EVERY = 7  # one item in seven of the balanced grid
CLOSE = 1e-4

LM_EVAL = """
import json, sys
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

given = simple_evaluate(
    model="hf", model_args=f"pretrained={sys.argv[2]},dtype=float32,device=cpu", batch_size=8,
    tasks=["obverse_repetition"], task_manager=TaskManager(include_path=sys.argv[1]),
    bootstrap_iters=0,
)
results = given["results"]["obverse_repetition"]
samples = given["samples"]["obverse_repetition"]
print(json.dumps({
    "accuracy": results["acc,none"],
    "loss": results["loss,none"],
    "logprobs": {s["doc"]["id"]: [float(r[0][0]) for r in s["resps"]] for s in samples},
}))
"""

INSPECT = """
import json, sys
from inspect_ai import eval

(given,) = eval(
    "obverse_repetition.py", model="hf/local", display="none",
    model_args={"model_path": sys.argv[2], "device": "cpu"}, log_dir="logs",
)
assert given.status == "success", given.error and given.error.traceback
means = {s.name: s.metrics["mean"].value for s in given.results.scores}
samples = {s.id: s.scores["two_class"].metadata["logprobs"] for s in given.samples}
print(json.dumps({**means, "logprobs": samples}))
"""

# A server's model lists likely tokens alone, with and without the space.
INSPECT_SERVER = """
import json, sys
from inspect_ai import eval
from inspect_ai.model import Logprob, Logprobs, ModelOutput, TopLogprob, get_model

def output(**top):
    made = ModelOutput.from_content("m", "A")
    top = [TopLogprob(token=t.replace("_", " "), logprob=v) for t, v in top.items()]
    made.choices[0].logprobs = Logprobs(
        content=[Logprob(token="A", logprob=-1.0, top_logprobs=top)]
    )
    return made

model = get_model("mockllm/model", custom_outputs=[output(A=-1.0, _A=-2.0, B=-1.5), output(A=-1.0)])
(given,) = eval(
    "obverse_repetition.py", model=model, display="none", limit=2, max_samples=1,
    log_dir="logs", fail_on_error=False,
)
print(json.dumps([
    [s.scores and s.scores["two_class"].metadata["logprobs"], s.error and s.error.message]
    for s in sorted(given.samples, key=lambda s: s.error is not None)
]))
"""


@pytest.fixture(scope="module")
def suppression(tmp_path_factory: pytest.TempPathFactory) -> Suppression:
    """A part of the balanced grid as the user's own data."""
    path = tmp_path_factory.mktemp("data") / "items.jsonl"
    rows = [formats.Case(i.prompts["against"], i.classes, i.answer) for i in items("balanced")]
    formats.write(rows[::EVERY], path)
    return Suppression(data=path)


@pytest.fixture(scope="module")
def asked() -> CausalModel:
    """A model whose tokenizer has each class as one token, all but those of "red blue"."""
    texts = [
        i.prompts["against"] + one
        for i in islice(items("full"), 0, None, 5)
        for one in i.classes
        if i.labels["pattern"] != "red blue"
    ]
    spec = Scratch(hidden_size=32, layers=2, heads=2, vocabulary=600)
    sharp = made(spec, texts, seed=0)
    assert isinstance(sharp, CausalModel)
    for parameter in sharp.model.parameters():
        parameter.data *= 4  # sharper than at initialisation, so that mistakes show
    return sharp


def run(code: str, *arguments: Path) -> Any:
    """Run `code` away from obverse, without a network, and return the JSON of its last line."""
    blocked = "import sys; sys.modules['obverse'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", blocked + code, *map(str, arguments)],
        capture_output=True, text=True, timeout=300, cwd=arguments[0],
        env=os.environ
        | {"HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("to", "package", "code"), [("lm-eval", "lm_eval", LM_EVAL), ("inspect", "inspect_ai", INSPECT)]
)
def test_harness_gives_the_same_numbers(
    to: Harness, package: str, code: str, suppression: Suppression, asked: CausalModel, tmp_path: Path
) -> None:
    pytest.importorskip(package, exc_type=ImportError)
    asked.save(tmp_path / "checkpoint")
    # The prompt must reach the model as it is, whatever a tokenizer would do with a conversation.
    template = "{% for m in messages %}<{{ m['content'] }}>{% endfor %}"
    (tmp_path / "checkpoint" / "chat_template.jinja").write_text(template)
    export(suppression, to, tmp_path / "first")
    (tmp_path / "first").rename(tmp_path / "moved")

    given = run(code, tmp_path / "moved", tmp_path / "checkpoint")

    chosen = suppression.items()
    own = asked.logprobs([i.prompts["against"] for i in chosen], [i.classes for i in chosen])
    assert len(chosen) == 34
    assert {n for i in chosen for n in asked.count_tokens(i.classes)} == {1, 2, 3}
    assert given["logprobs"].keys() == {i.id for i in chosen}
    for item, values in zip(chosen, own, strict=True):
        assert given["logprobs"][item.id] == pytest.approx(values, abs=CLOSE)
    answers = [item.answer for item in chosen]
    assert set(answers) == {0, 1}
    right = [values[a] > values[1 - a] for values, a in zip(own, answers, strict=True)]
    assert 0 < sum(right) < len(right)
    assert given["accuracy"] == sum(right) / len(right)
    losses = [log(sum(map(exp, v))) - v[a] for v, a in zip(own, answers, strict=True)]
    assert given["loss"] == pytest.approx(sum(losses) / len(losses), abs=CLOSE)


def test_inspect_reads_a_server_s_likeliest_tokens(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", exc_type=ImportError)
    export(Suppression(grid="balanced"), "inspect", tmp_path / "task")
    (known, _), (missing, error) = run(INSPECT_SERVER, tmp_path / "task")
    assert known == pytest.approx([log(exp(-1) + exp(-2)), -1.5])
    assert not missing
    assert "no log-probability of [' B'] among 1 tokens" in error


def test_both_fit_one_directory(tmp_path: Path) -> None:
    written = {p for to in ("lm-eval", "inspect") for p in export(Suppression(), to, tmp_path)}
    assert sorted(p.name for p in written) == [
        "items.jsonl", "obverse_repetition.py", "obverse_repetition.yaml",
        "obverse_repetition_lm_eval.py",
    ]  # fmt: skip
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in written}


def test_unknown_harness_and_unwritable_directory(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="unknown harness 'lm_eval'; did you mean lm-eval"):
        export(Suppression(), "lm_eval", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ObverseError, match="cannot be written"):
        export(Suppression(), "inspect", tmp_path / "file")
