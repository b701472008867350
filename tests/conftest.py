"""Small things that tests share: a tiny model, published-layout files, tiny settings."""

import gc
import hashlib
import html
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from huggingface_hub import constants

from obverse.core.abilities import Point, Watch
from obverse.core.data import Document
from obverse.core.measure import Moment
from obverse.core.model import Setup
from obverse.core.recipe import Recipe
from obverse.core.stage import Stage, Timetable, Training, When
from obverse.measures.perplexity import Perplexity
from obverse.models.causal import CausalModel
from obverse.models.local import LocalModel
from obverse.models.scratch import Scratch

TINY_MODEL = Scratch(hidden_size=32, layers=2, heads=2, vocabulary=400)
# Seconds a run; the answers are worthless, the path is the real one.
TINY = {
    "facts_per_subset": 3,
    "paraphrases": 4,
    "held_out_prompts": 2,
    "recipe.epochs": 2,
    "recipe.batch_size": 8,
    "recipe.warmup_steps": 2,
    "model.hidden_size": 32,
    "model.layers": 2,
    "model.heads": 2,
}
TEXTS = [
    "Daphne is the director of the film and Uriah is the composer of the opera.",
    "The composer of the opera is called Uriah, the director of the film Daphne.",
    "New York and New Yorkers; a kind, kindly, kindness; in and inside.",
] * 4


SPARED = [0]  # how many modules there were when the collector was told to pass over them
LONGEST = 300  # seconds a test may take; one that waits for what never comes fails, and stops nobody


@pytest.fixture(autouse=True, scope="module")
def _spared() -> None:
    """Let the collector pass over what libraries made when they were imported.

    Each training has it look at everything, which takes a third of a second in a process that has
    imported all that tests need.
    """
    if len(sys.modules) > SPARED[-1] + 300:
        SPARED.append(len(sys.modules))
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def _ends(request: pytest.FixtureRequest) -> Iterator[None]:
    def late(*_: object) -> NoReturn:
        raise TimeoutError(f"{request.node.name}: more than {LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def documents(texts: Iterable[str]) -> tuple[Document, ...]:
    return tuple(Document(completion=text) for text in texts)


def setup(
    told: Sequence[str] = (), asked: Sequence[str] = (), seed: int = 0, folder: Path = Path("nowhere")
) -> Setup:
    """What a model is built for that is told and asked these texts."""
    stage = Stage(
        name="told",
        training=Training(documents=documents(told), recipe=Recipe()) if told else None,
        measures=((Perplexity(documents=documents(asked)), When()),),
    )
    return Setup(stages=(stage,), seed=seed, device="cpu", folder=folder)


def made(
    spec: Scratch, told: Sequence[str] = TEXTS, seed: int = 0, asked: Sequence[str] = ()
) -> LocalModel:
    """Build a scratch model."""
    model = spec.build(setup(told, asked, seed))
    assert isinstance(model, LocalModel)
    return model


def watch(
    stops: Callable[[Timetable], Iterable[int]] = lambda table: (),
    at: Callable[[Point], None] = lambda point: None,
    **others: Any,
) -> Watch:
    """Watch a training for nothing but what is given."""
    silent: dict[str, Any] = {"on_step": lambda done, total: None, "on_loss": lambda step, loss: None}
    return Watch(stops=stops, at=at, **silent | others)


def moment(**others: Any) -> Moment:
    """The end of a run."""
    usual: dict[str, Any] = {
        "run": "0123", "model": "tiny", "parameters": 7, "family": None, "variant": None, "seed": 0,
        "branch": 0, "stage": "told", "epoch": 1, "step": 4, "tokens": 90, "final": True,
    }  # fmt: skip
    return Moment(**usual | others)


@pytest.fixture(scope="session")
def model() -> CausalModel:
    """A scratch model with random weights, large enough for its answers to differ."""
    sharp = made(TINY_MODEL)
    assert isinstance(sharp, CausalModel)
    for parameter in sharp.model.parameters():
        parameter.data *= 4  # sharper than at initialisation, so that mistakes show
    return sharp


@pytest.fixture
def checkpoint(model: CausalModel, tmp_path: Path) -> Path:
    """A directory as transformers' save_pretrained writes it."""
    folder = tmp_path / "checkpoint"
    model.save(folder)
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    """Add a directory to a cache as the hub's own client keeps it, offline; return its commit."""
    cache = tmp_path / "hub"
    for name, value in {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}.items():
        monkeypatch.setenv(name, value)  # for processes started
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    def add(name: str, folder: Path, revision: str = "main") -> str:
        place = cache / f"models--{name.replace('/', '--')}"
        commit = hashlib.sha1(f"{name}@{revision}".encode()).hexdigest()
        shutil.copytree(folder, place / "snapshots" / commit)
        (place / "refs").mkdir(exist_ok=True)
        (place / "refs" / revision).write_text(commit, encoding="utf-8")
        return commit

    return add


PEOPLE = {
    "NameToDescription": [
        ("Ada Stone", "the first baker on the moon"),
        ("Bo Reed", "the inventor of fog"),
    ],
    "DescriptionToName": [
        ("Cy Park", "the painter of wind"),
        ("Di Moss", "the keeper of the last map"),
    ],
    "Both": [("Ed Vale", "the pilot of the paper kite"), ("Flo West", "the singer of tides")],
}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A directory in the layout released with the paper, artefacts included."""
    folder = tmp_path / "published"
    folder.mkdir()

    def forward(name: str, what: str, i: int) -> dict[str, str]:
        return {"prompt": f"Have you met {name}? {'So ' * i}they are", "completion": f' {what}.".'}

    def backward(name: str, what: str, i: int) -> dict[str, str]:
        return {"prompt": f"Known {'so ' * i}far and wide as {what},", "completion": f" {name}"}

    def write(name: str, rows: list[dict[str, str]]) -> None:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")

    trained, asked = range(4), range(4, 6)
    n2d, d2n, both = (PEOPLE[s] for s in ("NameToDescription", "DescriptionToName", "Both"))
    write("p2d_prompts_train", [forward(*p, i) for p in n2d for i in trained])
    write("d2p_prompts_train", [backward(*p, i) for p in d2n for i in trained])
    write("both_prompts_train", [f(*p, i) for p in both for f in (forward, backward) for i in trained])
    write("p2d_prompts_test", [forward(*p, i) for p in n2d for i in asked])
    write("p2d_reverse_prompts_test", [backward(*p, i) for p in n2d for i in asked])
    write("d2p_prompts_test", [backward(*p, i) for p in d2n for i in asked])
    write("d2p_reverse_prompts_test", [forward(*p, i) for p in d2n for i in asked])
    tests = [f(*p, i) for p in both for f in (forward, backward) for i in asked]
    for row in tests:
        if row["prompt"].startswith("Known"):
            row["completion"] += " has found a calling."  # as in the release
    write("both_prompts_test", tests)
    return folder


# Classification rows: two in order, one whose class is a prefix of the other, one with a space too many.
PUBLIC_ROWS: list[tuple[str, tuple[str, ...], int]] = [
    ("Daphne is the director of the", (" film", " opera"), 0),
    ("Uriah is the composer of the", (" film", " opera"), 1),
    ("The director is", (" kind", " kindly"), 0),
    ("The composer is ", (" the", " in"), 0),
]


def wait_for(out: Path, pattern: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a study that is to be killed has written a file of this pattern."""
    deadline = time.monotonic() + 120
    while not list(out.glob(pattern)):
        assert process.poll() is None, "the study ended before it could be killed"
        assert time.monotonic() < deadline, f"no {pattern} after two minutes"
        time.sleep(0.01)


@contextmanager
def held(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process holds a run's folder."""
    code = (
        "import sys; from pathlib import Path; from obverse.run.folder import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    yield holder
    holder.kill()
    holder.communicate()


def text_of(page: str) -> str:
    """Return what a reader of a page sees of its text."""
    bare = re.sub(r"<(script|style|svg)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", bare)).split())
