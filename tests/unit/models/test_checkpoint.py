"""Which directories are checkpoints, and what is known of one by its name."""

from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from obverse.models import families
from obverse.models.causal import CausalModel
from obverse.models.checkpoint import check, load, resolve


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
    with pytest.raises(ObverseError, match=r"config\.json: not valid JSON"):
        check(checkpoint)
    (checkpoint / "config.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ObverseError, match=r"config\.json: not valid JSON"):
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


def test_model_that_is_not_causal_is_refused(checkpoint: Path) -> None:
    spec = resolve(str(checkpoint))
    (checkpoint / "config.json").write_text('{"model_type": "no-such-model"}', encoding="utf-8")
    with pytest.raises(ObverseError, match="cannot be loaded as a causal model"):
        load(spec)


def test_path_that_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(ObverseError, match="no such directory"):
        resolve(str(tmp_path / "nothing"))


def test_training_checkpoint_is_named_with_its_tokens(checkpoint: Path) -> None:
    pythia = checkpoint.rename(checkpoint.parent / "pythia-70m")
    spec = resolve(str(pythia), revision="step1000")
    assert spec.name == "pythia-70m@step1000"
    assert spec.revision == "step1000"
    assert spec.family == "pythia"
    assert spec.tokens == 1000 * 1024 * 2048  # a step is 1,024 sequences of 2,048 tokens
    assert resolve(str(pythia), family="mine").family == "mine"


@pytest.mark.parametrize(
    ("name", "revision", "tokens"),
    [
        ("EleutherAI/pythia-1.4b-deduped", "step512", 512 * 2_097_152),
        ("EleutherAI/pythia-70m", "step0", 0),
        ("EleutherAI/pythia-70m", "main", None),
        ("EleutherAI/pythia-70m", None, None),
        ("EleutherAI/pythia-70m", "step", None),
        ("someone/other", "step1000", None),
    ],
)
def test_tokens_are_known_where_the_revision_tells(
    name: str, revision: str | None, tokens: int | None
) -> None:
    assert families.tokens_of(name, revision) == tokens


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("openai-community/gpt2", "gpt2"),
        ("gpt2-xl", "gpt2"),
        ("EleutherAI/gpt-neo-2.7B", "gpt-neo"),
        ("EleutherAI/gpt-neox-20b", None),
        ("facebook/opt-1.3b", "opt"),
        ("EleutherAI/Pythia-70m-deduped", "pythia"),
        ("someone/optimist", None),
        ("distilgpt2", None),
        ("pythia/other", None),
    ],
)
def test_family_is_told_by_the_name(name: str, family: str | None) -> None:
    assert families.family_of(name) == family


def test_members_belong_to_their_family_and_grow() -> None:
    for family, members in families.FAMILIES.items():
        assert {families.family_of(m.name) for m in members} == {family}
        sizes = [m.parameters for m in members]
        assert sizes == sorted(set(sizes))
