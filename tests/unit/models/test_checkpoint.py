"""Which directories and hub repositories are checkpoints, and how they are loaded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub import HfApi

from obverse.core.errors import CannotLoadError, ObverseError
from obverse.models.causal import CausalModel
from obverse.models.checkpoint import Checkpoint, Dtype, load_tokenizer, resolve
from obverse.models.pretrained import check
from obverse.studies.models import OfAll, choose
from tests.conftest import setup


def load(spec: Checkpoint) -> CausalModel:
    model = spec.build(setup())
    assert isinstance(model, CausalModel)
    return model


def test_whole_checkpoint_is_loaded_as_it_was_saved(checkpoint: Path, model: CausalModel) -> None:
    spec = resolve(str(checkpoint))
    assert (spec.name, spec.family, spec.tokens) == ("checkpoint", "", None)
    assert load(spec).weights_hash() == model.weights_hash()


def test_other_weights_are_another_checkpoint(checkpoint: Path, model: CausalModel) -> None:
    before = resolve(str(checkpoint))
    assert resolve(str(checkpoint)) == before
    weights = checkpoint / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    assert resolve(str(checkpoint)).identity() != before.identity()
    moved = checkpoint.rename(checkpoint.parent / "elsewhere")
    weights = moved / "model.safetensors"
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    assert resolve(str(moved)).identity() == before.identity(), "where it lies does not matter"


def test_missing_configuration_is_named(checkpoint: Path) -> None:
    (checkpoint / "config.json").unlink()
    with pytest.raises(ObverseError, match=r"checkpoint: no config\.json"):
        resolve(str(checkpoint))


def test_broken_configuration_is_named(checkpoint: Path) -> None:
    (checkpoint / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ObverseError, match=r"config\.json(, line 1)?: not valid JSON"):
        check(checkpoint)
    (checkpoint / "config.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ObverseError, match=r"config\.json(, line 1)?: not valid JSON"):
        check(checkpoint)


def test_pickles_are_not_loaded(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "pytorch_model.bin")
    with pytest.raises(ObverseError, match=r"no weights.*pytorch_model\.bin is a pickle"):
        check(checkpoint)
    (checkpoint / "pytorch_model.bin").unlink()
    with pytest.raises(ObverseError, match=r"no weights; expected model\.safetensors or its shards$"):
        check(checkpoint)


def test_missing_tokenizer_is_named(checkpoint: Path) -> None:
    (checkpoint / "tokenizer.json").unlink()
    with pytest.raises(ObverseError, match=r"no tokenizer; expected tokenizer\.json"):
        check(checkpoint)


def test_model_that_is_no_language_model_is_refused(checkpoint: Path) -> None:
    spec = resolve(str(checkpoint))
    (checkpoint / "config.json").write_text('{"model_type": "no-such-model"}', encoding="utf-8")
    with pytest.raises(ObverseError, match="cannot be loaded as a language model"):
        load(spec)


def test_path_that_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="no such directory"):
        resolve(str(tmp_path / "nothing"))


def test_directory_has_no_revisions(checkpoint: Path) -> None:
    with pytest.raises(
        ObverseError, match=r"checkpoint@v2: .*checkpoint is a directory, which holds one"
    ):
        resolve(str(checkpoint), revision="v2")
    with pytest.raises(ObverseError, match="is a directory, which holds one"):
        load_tokenizer(str(checkpoint), "v2")


def test_parameters_are_known_before_the_weights_are_read(checkpoint: Path, model: CausalModel) -> None:
    assert resolve(str(checkpoint)).parameters == model.parameters


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_weights_are_loaded_as_asked(checkpoint: Path, dtype: Dtype) -> None:
    spec = resolve(str(checkpoint), dtype=dtype)
    loaded = load(spec)
    assert {p.dtype for p in loaded.model.parameters()} == {getattr(torch, dtype)}
    [values] = loaded.logprobs(["Daphne is"], [[" Uriah", " the director"]])
    [exact] = load(resolve(str(checkpoint))).logprobs(["Daphne is"], [[" Uriah", " the director"]])
    assert values == pytest.approx(exact, rel=0.02)
    assert (values == exact) == (dtype == "float32")
    assert (spec.identity() == resolve(str(checkpoint)).identity()) == (dtype == "float32")


def test_half_precision_is_not_trained_in(checkpoint: Path) -> None:
    half = resolve(str(checkpoint), dtype="bfloat16")
    assert half.lacks(frozenset({"scores", "generates", "saves"})) is None
    said = half.lacks(frozenset({"trains", "scores"}))
    assert said is not None
    assert "--dtype bfloat16 is for models that are only asked; training is in float32, or in" in said
    assert resolve(str(checkpoint)).lacks(frozenset({"trains", "scores"})) is None


def test_settings_given_by_hand_are_kept(checkpoint: Path) -> None:
    given = Checkpoint(name="mine", path=str(checkpoint), family="ours", tokens=7, dtype="float16")
    spec = given.resolve()
    assert (spec.name, spec.family, spec.tokens, spec.dtype) == ("mine", "ours", 7, "float16")
    assert spec.resolve() is spec
    assert (spec.size(), spec.seen(), spec.position()) == (spec.parameters, 7, 7)
    assert given.identity() == spec.identity() != {"weights": "", "dtype": "float16"}
    assert spec.longer_name() == f"{checkpoint.parent.name}/checkpoint"


def test_code_of_a_checkpoint_is_not_run(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the user is not asked at the terminal whether it may be."""

    asked: list[object] = []

    def answer(*question: object) -> str:
        asked.append(question)
        return "n"

    monkeypatch.setattr("builtins.input", answer)
    mark = tmp_path / "mark"
    (checkpoint / "own.py").write_text(f"open({str(mark)!r}, 'w')", encoding="utf-8")
    spec = resolve(str(checkpoint))
    for file, about in {
        "config.json": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"},
        "tokenizer_config.json": {"AutoTokenizer": ["own.T", None]},
    }.items():
        path = checkpoint / file
        settings = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(
            json.dumps(settings | {"auto_map": about, "model_type": "own", "tokenizer_class": "Own"}),
            encoding="utf-8",
        )
    with pytest.raises(ObverseError):
        load_tokenizer(str(checkpoint))
    with pytest.raises(CannotLoadError):
        load(spec)
    with pytest.raises(CannotLoadError):
        resolve(str(checkpoint))
    assert not asked
    assert not mark.exists()


def test_loading_and_saving_say_nothing(
    checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Progress bars of libraries would write over those of obverse."""
    from transformers.utils import logging

    logging.enable_progress_bar()
    model = load(resolve(str(checkpoint)))
    logging.enable_progress_bar()
    model.save(tmp_path / "again")
    model.restore(tmp_path / "again")
    assert capfd.readouterr() == ("", "")


def test_training_checkpoint_on_the_hub(checkpoint: Path, hub: Callable[..., str]) -> None:
    commit = hub("EleutherAI/pythia-70m", checkpoint, "step1000")
    spec = resolve("EleutherAI/pythia-70m", revision="step1000")
    assert spec.name == "EleutherAI/pythia-70m@step1000"
    assert (spec.revision, spec.commit, spec.family) == ("step1000", commit, "pythia")
    assert spec.tokens == 1000 * 1024 * 2048  # a step is 1,024 sequences of 2,048 tokens
    assert spec.parameters == resolve(str(checkpoint)).parameters
    assert load(spec).weights_hash() == load(resolve(str(checkpoint))).weights_hash()
    assert resolve("EleutherAI/pythia-70m", "step1000", family="mine").family == "mine"
    assert (spec.seen(), spec.position(), spec.longer_name()) == (spec.tokens, spec.tokens, spec.name)
    with pytest.raises(CannotLoadError, match=r"EleutherAI/pythia-70m: .* hub did not give it"):
        resolve("EleutherAI/pythia-70m")


def test_weights_on_the_hub_wait_until_they_are_loaded(
    checkpoint: Path, hub: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkpoint / "model.safetensors").unlink()
    commit = hub("someone/model", checkpoint)
    asked = []

    def listed(_: HfApi, name: str, revision: str) -> list[str]:
        asked.append((name, revision))
        return ["config.json", "tokenizer.json", "model.safetensors"]

    monkeypatch.setattr(HfApi, "list_repo_files", listed)
    spec = resolve("someone/model")
    assert asked == [("someone/model", commit)]
    with pytest.raises(CannotLoadError, match="no weights"):
        load(spec)


@pytest.mark.parametrize("weights", ["pytorch_model.bin", "onnx/model.safetensors"])
def test_pickles_on_the_hub_are_refused_before_anything_is_loaded(
    weights: str, checkpoint: Path, hub: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub("facebook/opt-350m", checkpoint)
    files = ["config.json", "tokenizer.json", weights]
    monkeypatch.setattr(HfApi, "list_repo_files", lambda *_, **__: files)
    said = r"facebook/opt-350m: no weights; expected model\.safetensors or its shards"
    pickle = r" \(pytorch_model\.bin is a pickle, which is not loaded\)" if "bin" in weights else "$"
    with pytest.raises(CannotLoadError, match=said + pickle):
        resolve("facebook/opt-350m")


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", []),
        ("config.json", {"hidden_size": "wide"}),
        ("config.json", {"hidden_size": {}}),
        ("config.json", {"hidden_size": 10**9}),
        ("config.json", {"num_hidden_layers": 10**9}),
        ("config.json", {"vocab_size": -5}),
        ("config.json", {"vocab_size": 2**31 - 1}),
        ("config.json", {"num_attention_heads": 0}),
        ("config.json", {"model_type": 5}),
        ("config.json", {"model_type": ["gpt2"]}),
        ("config.json", {"dtype": 5}),
        ("config.json", {"rope_parameters": 5}),
        ("config.json", 10**400),
        ("tokenizer.json", []),
        ("tokenizer.json", {"model": 5}),
        ("tokenizer.json", {"added_tokens": {}}),
        ("tokenizer_config.json", []),
        ("tokenizer_config.json", {"tokenizer_class": 5}),
        ("tokenizer_config.json", {"model_max_length": {}, "pad_token": 5}),
    ],
)
def test_files_of_wrong_types_are_a_reason(checkpoint: Path, file: str, change: object) -> None:
    path = checkpoint / file
    if isinstance(change, dict):
        change = json.loads(path.read_text(encoding="utf-8")) | change
    path.write_text(json.dumps(change), encoding="utf-8")
    try:
        load(resolve(str(checkpoint)))
    except CannotLoadError as error:
        assert str(checkpoint) in str(error)  # noqa: PT017
    else:
        assert "config" in file
        assert isinstance(change, dict)


def test_weights_cut_short_are_a_reason(checkpoint: Path) -> None:
    weights = checkpoint / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CannotLoadError, match=r"model\.safetensors: not a whole safetensors file"):
        resolve(str(checkpoint))
    weights.write_bytes(b"\xff" * 64)
    with pytest.raises(CannotLoadError, match=r"model\.safetensors: not a whole safetensors file"):
        resolve(str(checkpoint))


def test_one_bad_model_does_not_stop_the_others(checkpoint: Path) -> None:
    bad = checkpoint.parent / "bad"
    shutil.copytree(checkpoint, bad)
    (bad / "tokenizer.json").write_text('{"model": 5}', encoding="utf-8")
    specs, left = choose([str(bad), str(checkpoint)], OfAll())
    assert [spec.name for spec in specs] == ["checkpoint"]
    assert [(one.name, "no tokenizer that can be loaded" in one.reason) for one in left] == [
        (str(bad), True)
    ]
