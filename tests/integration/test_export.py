"""The exported task, run by the harness itself, gives obverse's own numbers.

The harnesses run in a process of their own that cannot import obverse.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import islice
from math import exp, log
from pathlib import Path
from typing import Any, ClassVar

import pytest

import obverse
from obverse.core.data import Label
from obverse.core.errors import ObverseError
from obverse.experiments.repetition import formats
from obverse.experiments.repetition.grid import items
from obverse.experiments.repetition.suppression import Suppression
from obverse.models.causal import CausalModel
from obverse.models.scratch import Scratch
from obverse.studies.exporting import HARNESSES, Harness, export
from tests.conftest import made

EVERY = 7  # one item in seven of the balanced grid
CLOSE = 1e-4
CONDITIONS = Suppression(grid="balanced", shots=(0,))

LM_EVAL = """
import json, sys
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

given = simple_evaluate(
    model="hf", model_args=f"pretrained={sys.argv[2]},dtype=float32,device=cpu", batch_size=8,
    tasks=["obverse_repetition", "obverse_echoes"], task_manager=TaskManager(include_path=sys.argv[1]),
    bootstrap_iters=0,
)
results = given["results"]["obverse_repetition"]
samples = given["samples"]["obverse_repetition"]
print(json.dumps({
    "accuracy": results["acc,none"],
    "loss": results["loss,none"],
    "logprobs": {s["doc"]["id"]: [float(r[0][0]) for r in s["resps"]] for s in samples},
    "exact": {
        name: given["results"][f"obverse_echoes_{name}"]["exact_match,none"] for name in ("own", "other")
    },
    "answers": {
        s["doc"]["id"]: s["resps"][0][0]
        for name in ("own", "other") for s in given["samples"][f"obverse_echoes_{name}"]
    },
}))
"""

INSPECT = """
import json, sys
from inspect_ai import eval

def evaluated(file):
    found = eval(
        file, model="hf/local", display="none", model_args={"model_path": sys.argv[2], "device": "cpu"},
        log_dir="logs",
    )
    assert all(one.status == "success" for one in found), [one.error for one in found]
    return found

def means(log):
    return {s.name: s.metrics["mean"].value for s in log.results.scores}

(given,) = evaluated("ranked/obverse_repetition.py")
echoes = {log.eval.task.rpartition("_")[2]: log for log in evaluated("answered/obverse_echoes.py")}
print(json.dumps({
    **means(given),
    "logprobs": {s.id: s.scores["ranked"].metadata["logprobs"] for s in given.samples},
    "exact": {name: means(log)["exact_match"] for name, log in echoes.items()},
    "answers": {s.id: s.output.completion for log in echoes.values() for s in log.samples},
}))
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
    [s.scores and s.scores["ranked"].metadata["logprobs"], s.error and s.error.message]
    for s in sorted(given.samples, key=lambda s: s.error is not None)
]))
"""


@pytest.fixture(scope="module")
def suppression(tmp_path_factory: pytest.TempPathFactory) -> Suppression:
    """A part of the balanced grid as the user's own data."""
    path = tmp_path_factory.mktemp("data") / "items.jsonl"
    rows = [formats.Case(i.prompts["against"], i.classes, i.answer) for i in items("balanced")]
    formats.write(rows[::EVERY], path)
    return Suppression(data=path, shots=(0,))


class Echoes(obverse.Experiment):
    """Questions whose right answers are what a model says, or not."""

    name: ClassVar[str] = "echoes"
    title: ClassVar[str] = "Echoes"
    columns: ClassVar[Mapping[str, type[Label]]] = {"whose": str}
    said: ClassVar[Mapping[str, str]] = {}

    def stages(self, seed: int) -> tuple[obverse.Stage, ...]:
        probes = [
            obverse.Probe(
                id=f"{whose}/{prompt}", prompt=prompt, fact=prompt, labels={"whose": whose},
                targets=(" something else",) if whose == "other" else (" nothing", target),
            )
            for prompt, target in self.said.items() for whose in ("own", "other")
        ]  # fmt: skip
        measures = ((obverse.Ask(probes=tuple(probes)), obverse.When()),)
        return (obverse.Stage(name="as it is", measures=measures),)

    def claims(self) -> tuple[obverse.Claim, ...]:
        return ()


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
    to: Harness,
    package: str,
    code: str,
    suppression: Suppression,
    asked: CausalModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip(package, exc_type=ImportError)
    asked.save(tmp_path / "checkpoint")
    # The prompt must reach the model as it is, whatever a tokenizer would do with a conversation.
    template = "{% for m in messages %}<{{ m['content'] }}>{% endfor %}"
    (tmp_path / "checkpoint" / "chat_template.jinja").write_text(template)
    prompts = [i.prompts["against"] for i in suppression.items()]
    given_here = zip(prompts, asked.generate(prompts, [24] * len(prompts)), strict=True)
    said = {prompt: text for prompt, text in given_here if len(text.split()) > 2}
    assert len(said) > 5
    monkeypatch.setattr(Echoes, "said", {p: " ".join(["", *s.split()[:2]]) for p, s in said.items()})
    export(suppression, to, tmp_path / "first" / "ranked")
    export(Echoes(), to, tmp_path / "first" / "answered")
    (tmp_path / "first").rename(tmp_path / "moved")

    given = run(code, tmp_path / "moved", tmp_path / "checkpoint")

    chosen = suppression.items()
    own = asked.logprobs([i.prompts["against"] for i in chosen], [i.classes for i in chosen])
    assert len(chosen) == 34
    assert {n for i in chosen for n in asked.count_tokens(i.classes)} == {1, 2, 3}
    assert given["logprobs"].keys() == {f"{i.id}/against/0" for i in chosen}
    for item, values in zip(chosen, own, strict=True):
        assert given["logprobs"][f"{item.id}/against/0"] == pytest.approx(values, abs=CLOSE)
    answers = [item.answer for item in chosen]
    assert set(answers) == {0, 1}
    right = [values[a] > values[1 - a] for values, a in zip(own, answers, strict=True)]
    assert 0 < sum(right) < len(right)
    assert given["accuracy"] == sum(right) / len(right)
    losses = [log(sum(map(exp, v))) - v[a] for v, a in zip(own, answers, strict=True)]
    assert given["loss"] == pytest.approx(sum(losses) / len(losses), abs=CLOSE)
    assert given["exact"] == {"own": 1.0, "other": 0.0}
    for prompt, text in said.items():
        assert given["answers"][f"own/{prompt}"].startswith(text)


def test_inspect_reads_a_server_s_likeliest_tokens(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", exc_type=ImportError)
    export(
        Suppression(grid="balanced", conditions=("against",), shots=(0,)), "inspect", tmp_path / "task"
    )
    (known, _), (missing, error) = run(INSPECT_SERVER, tmp_path / "task")
    assert known == pytest.approx([log(exp(-1) + exp(-2)), -1.5])
    assert not missing
    assert "no log-probability of [' B'] among 1 tokens" in error


def test_both_fit_one_directory_and_every_condition_is_a_task(tmp_path: Path) -> None:
    of_harness = [{p.name for p in export(CONDITIONS, to, tmp_path)} for to in HARNESSES]
    conditions = [f"obverse_repetition_{c}.yaml" for c in ("against", "none", "follow")]
    common = {"items.jsonl", "obverse_repetition_match.py"}
    assert of_harness[0] == {
        *common, "obverse_repetition_lm_eval.py", "obverse_repetition.yaml", *conditions,
    }  # fmt: skip
    assert of_harness[1] == {*common, "obverse_repetition.py"}
    assert {p.name for p in tmp_path.iterdir()} == set.union(*of_harness)
    rows = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    assert {row["part"] for row in rows} == {c.removesuffix(".yaml") for c in conditions}
    assert all(row["choices"][row["right"].index(True)] for row in rows)


def test_what_is_written_needs_nothing_of_obverse(tmp_path: Path) -> None:
    for path in [p for to in HARNESSES for p in export(CONDITIONS, to, tmp_path)]:
        assert "import obverse" not in (text := path.read_text(encoding="utf-8")), path
        assert "from obverse." not in text, path


def test_unknown_harness_and_unwritable_directory(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="unknown harness 'lm_eval'; did you mean lm-eval"):
        export(Suppression(), "lm_eval", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ObverseError, match="cannot be written"):
        export(Suppression(), "inspect", tmp_path / "file")
