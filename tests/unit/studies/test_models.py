"""From what the user names to the models of a study."""

from collections.abc import Callable
from pathlib import Path

import pytest

import obverse
from obverse.core.errors import CannotLoadError, ObverseError
from obverse.core.model import ModelSpec
from obverse.models.checkpoint import Checkpoint
from obverse.models.endpoint import Endpoint
from obverse.models.grown import Grown
from obverse.models.scratch import Scratch
from obverse.studies.models import OfAll, choose, refuse_averaged, refuse_same
from tests.conftest import TEXTS, TINY_MODEL, made, setup

URL = "http://localhost:1/v1"
SMALL = {"grid": "balanced", "shots": [0], "induction": 2}


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A checkpoint of the shape of `checkpoint` with other weights."""
    made(TINY_MODEL, TEXTS, seed=1).save(tmp_path / "other")
    return tmp_path / "other"


def test_directory_with_at_sign_in_its_name(checkpoint: Path) -> None:
    odd = checkpoint.rename(checkpoint.parent / "odd@v2")
    [spec], _ = choose([str(odd)], OfAll())
    assert isinstance(spec, Checkpoint)
    assert (spec.name, spec.revision) == ("odd@v2", None)


@pytest.mark.parametrize("revision", ["@v2", "@main"])
def test_directory_with_revision_is_refused(checkpoint: Path, revision: str) -> None:
    with pytest.raises(ObverseError, match="a revision is for names on the Hugging Face hub"):
        choose([str(checkpoint), f"{checkpoint}{revision}"], OfAll())


def test_revision_that_is_not_there() -> None:
    with pytest.raises(ObverseError, match="gpt2@: expected NAME@REVISION"):
        choose(["gpt2@"], OfAll())


def test_same_weights_twice_are_refused(checkpoint: Path, other: Path) -> None:
    copy = checkpoint.parent / "copy"
    copy.mkdir()
    for file in checkpoint.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    study = obverse.study("reversal", models=[str(checkpoint), str(copy)])
    with pytest.raises(ObverseError, match="checkpoint, copy are one and the same model"):
        study.plans()[0].check()
    refuse_same(obverse.study("reversal", models=[str(checkpoint), str(other)]).models)


def test_models_of_one_size_in_a_family_are_refused(checkpoint: Path, other: Path) -> None:
    models = [str(checkpoint), str(other)]
    obverse.study("repetition", models=models, settings=SMALL).plans()[0].check()  # no family, no average
    study = obverse.study("repetition", models=models, settings=SMALL, family="mine")
    with pytest.raises(
        ObverseError, match=r"checkpoint, other are all of the family 'mine' with [\d,]+ par"
    ):
        study.plans()[0].check()
    # What is trained is reported model by model.
    obverse.study("reversal", models=models, family="mine").plans()[0].check()


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ([("a", 10, None, 5), ("b", 10, None, 5)], r"a, b .* with 10 parameters at 5 tokens,"),
        ([("a", 10, "x", None), ("b", 10, "x", None)], r"a, b .* with 10 parameters at x,"),
        ([("a", 10, "x", None), ("b", 10, "y", None)], None),
        ([("a", 10, "x", 1), ("b", 10, "y", 2)], None),
        ([("a", 10, None, None), ("b", 11, None, None)], None),
        ([("a", None, None, None), ("b", None, None, None)], None),
    ],
)
def test_place_in_a_trend(
    models: list[tuple[str, int | None, str | None, int | None]], said: str | None
) -> None:
    specs = [
        Checkpoint(name=n, path=n, weights=n, family="f", parameters=p, revision=r, tokens=t)
        for n, p, r, t in models
    ]
    if said is None:
        refuse_averaged(specs)
    else:
        with pytest.raises(ObverseError, match=said):
            refuse_averaged(specs)


def test_grown_models_of_one_size_are_refused(tmp_path: Path) -> None:
    one = Grown(name="one", layers=1, hidden_size=32)
    alike = one.model_copy(update={"name": "other", "learning_rate": 0.03})
    with pytest.raises(ObverseError, match="one, other are all of the family 'grown'"):
        refuse_averaged([one, alike])
    refuse_averaged([one, alike.model_copy(update={"layers": 2})])
    small = one.model_copy(update={"tokens": 4096, "window": 64, "checkpoints": 1})
    assert small.build(setup(folder=tmp_path)).parameters == small.size()


def test_setting_that_makes_all_members_alike_is_refused() -> None:
    with pytest.raises(ObverseError, match="grown-1L, grown-2L, grown-3L are one and the same"):
        obverse.study("repetition", settings={"model.layers": 2})
    with pytest.raises(ObverseError, match="'x' is named twice"):
        obverse.study("repetition", settings={"model.name": "x"})
    assert len(obverse.study("repetition", settings={"model.hidden_size": 32}).models) == 3


def test_endpoint_needs_a_model() -> None:
    with pytest.raises(ObverseError, match="name the server's model with --model NAME"):
        obverse.study("repetition", endpoint=URL)


def test_endpoint_with_its_size() -> None:
    named, plain = choose(["org/a=7e9", "b"], OfAll(endpoint=f"{URL}#chat", family="mine"))[0]
    assert named == Endpoint(name="org/a", url=URL, api="chat", family="mine", parameters=7_000_000_000)
    assert plain == Endpoint(name="b", url=URL, api="chat", family="mine")


@pytest.mark.parametrize("size", ["7B", "-1", "nan", "inf", "0", ""])
def test_size_that_is_no_number(size: str) -> None:
    with pytest.raises(ObverseError, match=rf"--model a={size}: expected NAME=PARAMETERS"):
        choose([f"a={size}"], OfAll(endpoint=URL))


def test_weights_of_an_endpoint_cannot_be_kept(tmp_path: Path) -> None:
    study = obverse.study("repetition", models=["a"], endpoint=URL, settings=SMALL)
    with pytest.raises(ObverseError, match="a: its weights are not here, but a server's"):
        study.run(tmp_path / "out", execution=obverse.Execution(keep_weights=True))
    assert not (tmp_path / "out").exists()


def test_dtype(checkpoint: Path) -> None:
    with pytest.raises(ObverseError, match="unknown dtype 'float8'"):
        choose([str(checkpoint)], OfAll(dtype="float8"))
    with pytest.raises(ObverseError, match="--dtype bfloat16 is for checkpoints"):
        choose(["scratch"], OfAll(dtype="bfloat16"))
    with pytest.raises(
        ObverseError, match="checkpoint: --dtype float16 is for models that are only asked"
    ):
        obverse.study("reversal", models=[str(checkpoint)], dtype="float16").plans()[0].check()
    half = obverse.study("repetition", models=[str(checkpoint)], dtype="float16", settings=SMALL)
    full = obverse.study("repetition", models=[str(checkpoint)], settings=SMALL)
    ids = {next(study.plans()[0].identified())[1].id for study in (half, full)}
    assert len(ids) == 2


def test_family_goes_on_without_members_that_cannot_be_loaded(
    checkpoint: Path, hub: Callable[..., str], tmp_path: Path
) -> None:
    hub("EleutherAI/pythia-70m", checkpoint)
    pickled = tmp_path / "pickled"
    checkpoint.rename(pickled)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    hub("EleutherAI/pythia-160m", pickled)
    specs, skipped = choose(["pythia"], OfAll())
    assert [(s.name, s.family) for s in specs if isinstance(s, Checkpoint)] == [
        ("EleutherAI/pythia-70m", "pythia")
    ]
    assert len(skipped) == 7
    assert skipped[0].name == "EleutherAI/pythia-160m"
    assert "pytorch_model.bin is a pickle" in skipped[0].reason
    assert "did not give it" in skipped[1].reason
    assert "\n" not in skipped[1].reason


def test_no_model_that_can_be_loaded(checkpoint: Path, hub: Callable[..., str]) -> None:
    (checkpoint / "model.safetensors").unlink()
    hub("a/b", checkpoint)
    with pytest.raises(CannotLoadError, match="a/b: no weights"):
        choose(["a/b"], OfAll())
    with pytest.raises(
        ObverseError, match=r"none of the 2 models can be loaded:\n  a/b: no.*\n  c/d: not"
    ):
        choose(["a/b", "c/d"], OfAll())


def test_checkpoint_given_by_its_path_alone(checkpoint: Path, other: Path) -> None:
    given: list[ModelSpec] = [
        Checkpoint(name=n, path=str(p)) for n, p in (("a", checkpoint), ("b", other))
    ]
    a, b = choose(given, OfAll())[0]
    assert a.name == "a"
    assert a.identity() != b.identity()
    assert choose([Scratch()], OfAll(family="mine"))[0] == (Scratch(family="mine"),)
