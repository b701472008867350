"""Adapters: what they train, what they leave alone, and how they are kept."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import obverse
from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.core.stage import Stage, Training, When
from obverse.measures.perplexity import Perplexity
from obverse.models.causal import CausalModel
from obverse.models.checkpoint import Checkpoint, Dtype, resolve
from obverse.models.lora import Lora
from obverse.models.seq2seq import Seq2SeqModel
from obverse.run.task import Execution
from obverse.studies.forecast import forecast
from tests.conftest import TEXTS, TINY_MODEL, documents, made, setup, watch

LORA = Lora(rank=4, dropout=0.1)
TRAINING = Training(documents=documents(TEXTS), recipe=Recipe(batch_size=5, epochs=4, learning_rate=0.02))
ASKED = ["Daphne is", "The composer of the opera is"], [[" Uriah", " the director"], [" called", " in"]]


class StopError(Exception):
    pass


def loaded(checkpoint: Path, lora: Lora = LORA, dtype: Dtype = "float32", seed: int = 0) -> CausalModel:
    made = Checkpoint(path=str(checkpoint), lora=lora, dtype=dtype).build(setup(seed=seed))
    assert isinstance(made, CausalModel)
    return made


def trained(
    model: CausalModel, folder: Path, stop_at: int | None = None, recipe: Recipe | None = None
) -> dict[str, Any]:
    def on_step(done: int, total: int) -> None:
        if done == stop_at:
            raise StopError

    training = TRAINING if recipe is None else Training(documents=TRAINING.documents, recipe=recipe)
    return model.train(training, folder=folder, seed=3, watch=watch(on_step=on_step, checkpoint_every=1))


def split(model: CausalModel) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return the weights as they were loaded, and the adapters."""
    whole = {name: t.clone() for name, t in model.model.state_dict().items()}
    own = {name: t for name, t in whole.items() if ".lora_" in name}
    return {name: t for name, t in whole.items() if name not in own}, own


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_adapters_alone_are_trained(checkpoint: Path, tmp_path: Path, dtype: Dtype) -> None:
    model, plain = loaded(checkpoint, dtype=dtype), loaded(checkpoint, Lora(), dtype)
    before, own_before = split(model)
    begins = model.logprobs(*ASKED)[0]
    assert begins == pytest.approx(plain.logprobs(*ASKED)[0], rel=1e-5), "a model begins as it is"
    assert model.parameters == plain.parameters
    assert own_before
    trained(model, tmp_path)
    after, own_after = split(model)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert {t.dtype for t in after.values()} == {getattr(torch, dtype)}
    assert {t.dtype for t in own_after.values()} == {torch.float32}
    assert all(not torch.equal(own_before[name], own_after[name]) for name in own_before)
    [told], [plainly] = (m.logprobs([""], [[TEXTS[0]]]) for m in (model, plain))
    assert told[0] > plainly[0] + 5, "it has learnt what it was told"


def test_adapters_are_on_every_linear_layer_but_the_output(checkpoint: Path) -> None:
    model = loaded(checkpoint).model
    linear = {
        name
        for name, m in loaded(checkpoint, Lora()).model.named_modules()
        if isinstance(m, nn.Linear) and m is not model.get_output_embeddings()
    }
    own = {name.partition(".lora_")[0] for name, _ in model.named_parameters() if ".lora_A" in name}
    assert own == {name for name in linear if name != "embed_out" and name != "lm_head"}
    some = loaded(checkpoint, Lora(rank=2, targets=("query_key_value",))).model
    names = {name for name, p in some.named_parameters() if p.requires_grad}
    assert names
    assert all("query_key_value.lora_" in name for name in names)
    with pytest.raises(ObverseError, match=r"model\.lora\.targets: no layer's name ends in 'nothing'"):
        loaded(checkpoint, Lora(rank=2, targets=("nothing",)))


@pytest.fixture(scope="module")
def learnt(model: CausalModel, tmp_path_factory: pytest.TempPathFactory) -> CausalModel:
    """A model whose adapters were trained; it is only read."""
    folder = tmp_path_factory.mktemp("learnt")
    model.save(folder / "base")
    made = loaded(folder / "base")
    trained(made, folder)
    return made


def test_scores_are_those_of_merged_weights(checkpoint: Path, learnt: CausalModel) -> None:
    """W x + (alpha / rank) · B A x is (W + (alpha / rank) · B A) x, computed here by hand."""
    model = learnt
    merged = loaded(checkpoint, Lora())
    own = split(model)[1]
    with torch.no_grad():
        for name, a in own.items():
            if ".lora_A." in name:
                place = name.partition(".lora_A.")[0]
                b = own[name.replace(".lora_A.", ".lora_B.")]
                weight = merged.model.get_parameter(f"{place}.weight")
                weight.add_((LORA.alpha / LORA.rank) * b @ a)
    [one, two], [same, too] = model.logprobs(*ASKED), merged.logprobs(*ASKED)
    assert one == pytest.approx(same, abs=1e-4)
    assert two == pytest.approx(too, abs=1e-4)
    assert one != pytest.approx(loaded(checkpoint, Lora()).logprobs(*ASKED)[0], abs=1e-2)
    assert model.generate(ASKED[0], [8, 8]) == merged.generate(ASKED[0], [8, 8])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_resumed_training_ends_with_the_same_bits(checkpoint: Path, tmp_path: Path, dtype: Dtype) -> None:
    recipe = TRAINING.recipe.with_overrides({"epochs": 2})  # over after steps 2 and 5
    whole, cut, resumed = (loaded(checkpoint, dtype=dtype) for _ in range(3))
    trained(whole, tmp_path / "a", recipe=recipe)
    with pytest.raises(StopError):
        trained(cut, tmp_path / "b", stop_at=4, recipe=recipe)
    assert trained(resumed, tmp_path / "b", recipe=recipe)["resumed_from_step"] == 2
    assert resumed.weights_hash() == whole.weights_hash() != cut.weights_hash()
    [kept] = (tmp_path / "b").glob("checkpoint-2")
    weights = (kept / "adapter_model.safetensors").stat().st_size
    assert weights < (checkpoint / "model.safetensors").stat().st_size / 2
    assert not (kept / "model.safetensors").exists()


def test_adapters_are_kept_and_taken_back(checkpoint: Path, tmp_path: Path, learnt: CausalModel) -> None:
    model, other = learnt, loaded(checkpoint, seed=1)
    assert other.weights_hash() != loaded(checkpoint).weights_hash(), "drawn from the seed"
    model.save(tmp_path / "kept")
    other.restore(tmp_path / "kept")
    assert other.weights_hash() == model.weights_hash()
    with pytest.raises(ObverseError, match="not the adapters of this model"):
        loaded(checkpoint, Lora(rank=4, targets=("dense",))).restore(tmp_path / "kept")
    with pytest.raises(ObverseError, match=r"kept: holds adapters alone.*docs/finetuning\.md"):
        resolve(str(tmp_path / "kept"))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")  # of peft's own loading
def test_kept_adapters_are_peft_s(checkpoint: Path, tmp_path: Path, learnt: CausalModel) -> None:
    from peft import PeftModel

    model = learnt
    model.save(tmp_path / "kept")
    theirs: Any = PeftModel.from_pretrained(loaded(checkpoint, Lora()).model, tmp_path / "kept")
    again = CausalModel(theirs.merge_and_unload(), model.tokenizer)
    assert again.logprobs(*ASKED)[0] == pytest.approx(model.logprobs(*ASKED)[0], abs=1e-4)


def test_recomputed_activations_give_the_same_adapters(checkpoint: Path, tmp_path: Path) -> None:
    plain = Recipe(batch_size=5, epochs=1)
    one, two = loaded(checkpoint, Lora(rank=4)), loaded(checkpoint, Lora(rank=4))
    before = one.weights_hash()
    trained(one, tmp_path / "a", recipe=plain)
    trained(two, tmp_path / "b", recipe=plain.with_overrides({"gradient_checkpointing": True}))
    own, again = split(one)[1], split(two)[1]
    assert all(torch.allclose(own[name], again[name], atol=1e-5) for name in own)
    assert before != one.weights_hash()


def test_adapters_of_an_encoder_decoder(tmp_path: Path) -> None:
    spec = TINY_MODEL.model_copy(update={"architecture": "t5"})
    made(spec).save(tmp_path / "t5")
    model = Checkpoint(path=str(tmp_path / "t5"), lora=LORA).build(setup())
    assert isinstance(model, Seq2SeqModel)
    told = tuple(Document(prompt=text[:20], completion=text[20:]) for text in TEXTS)
    before = model.logprobs([told[0].prompt], [[told[0].completion]])[0][0]
    training = Training(documents=told, recipe=TRAINING.recipe)
    model.train(training, folder=tmp_path, seed=0, watch=watch())
    assert model.logprobs([told[0].prompt], [[told[0].completion]])[0][0] > before + 5


def test_adapters_tell_runs_apart(checkpoint: Path) -> None:
    plain = resolve(str(checkpoint))
    assert plain.identity() == {"weights": plain.weights, "dtype": "float32"}, "as before there were any"
    found = [plain]
    for settings in ({"rank": 2}, {"rank": 2, "alpha": 8}, {"rank": 2, "dropout": 0.1}, {"rank": 4}):
        other = plain.model_copy(update={"lora": Lora(**settings)})
        assert all(other.identity() != known.identity() for known in found)
        found.append(other)


def test_half_precision_is_trained_in_with_adapters_alone(checkpoint: Path) -> None:
    needed = frozenset({"trains", "scores"})
    for dtype, rank, may in (("bfloat16", 0, False), ("bfloat16", 2, True), ("float16", 2, False)):
        spec = Checkpoint(path=str(checkpoint), dtype=dtype, lora=Lora(rank=rank))
        assert (spec.lacks(needed) is None) == may


def test_what_adapters_cannot_do_is_said_before_the_training(checkpoint: Path) -> None:
    spec = Checkpoint(path=str(checkpoint), lora=LORA)
    measures = ((Perplexity(documents=documents(["a"])), When()),)
    alone = Stage(name="asked", measures=measures)
    assert "nothing is trained" in (spec.refuses([alone]) or "")
    recipe = Recipe(embedding_learning_rate=0.1)
    told = Stage(
        name="told", training=Training(documents=documents(["a"]), recipe=recipe), measures=measures
    )
    assert "embeddings are not trained" in (spec.refuses([told]) or "")
    assert Checkpoint(path=str(checkpoint)).refuses([told, alone]) is None


def test_target_that_is_no_layer_is_refused(checkpoint: Path) -> None:
    with pytest.raises(ObverseError, match=r"targets: no layer's name ends in 'nope'; linear layers are"):
        loaded(checkpoint, Lora(rank=2, targets=("query_key_value", "nope")))
    with pytest.raises(ObverseError, match="no layer's name ends in 'key_value'"):
        loaded(checkpoint, Lora(rank=2, targets=("key_value",)))


@pytest.mark.parametrize("settings", [{"alpha": 8.0}, {"dropout": 0.1}, {"targets": ("dense",)}])
def test_adapters_without_a_rank_are_refused(checkpoint: Path, settings: dict[str, Any]) -> None:
    spec = Checkpoint(path=str(checkpoint), lora=Lora(**settings))
    assert "without model.lora.rank all weights are trained" in (spec.refuses([]) or "")


def test_rate_for_models_from_scratch_is_said_where_it_meets_a_checkpoint(checkpoint: Path) -> None:
    def remark(**given: Any) -> str | None:
        made = obverse.study("reversal", **given)
        return made._recipe_remark(made.plans())

    models = [str(checkpoint)]
    assert "for models made from scratch" in (remark(models=models) or "")
    assert remark(models=models, settings={"recipe.learning_rate": 1e-4}) is None
    assert remark() is None
    with pytest.raises(ObverseError, match=r"model\.lora\.rank: belongs to a checkpoint, which --model"):
        remark(settings={"model.lora.rank": 8})


def test_settings_of_adapters_are_the_user_s(checkpoint: Path) -> None:
    study = obverse.study("reversal", models=[str(checkpoint)], settings={"model.lora.rank": "2"})
    [spec] = study.models
    assert isinstance(spec, Checkpoint)
    assert spec.lora == Lora(rank=2)
    for key, said in (
        ("model.lora.rang", r"did you mean model\.lora\.rank"),
        ("model.layers", "has its own shape"),
        ("model.dtype", "has its own shape"),
    ):
        with pytest.raises(ObverseError, match=said):
            obverse.study("reversal", models=[str(checkpoint)], settings={key: "2"})
    grid = study.without_grid().grid({"model.lora.alpha": [8, 16]})
    cells = [model.identity() for plan in grid.plans() for model in plan.arms[""].models]
    assert cells[0] != cells[1]


def test_memory_is_that_of_weights_and_of_what_is_trained(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded(checkpoint)
    own = sum(t.numel() for t in split(model)[1].values())
    base = model.parameters
    for dtype, weight in (("float32", 4), ("bfloat16", 2)):
        spec = Checkpoint(path=str(checkpoint), dtype=dtype, lora=LORA).resolve()
        assert spec.adapters() == own
        assert spec.memory(base, 16) == weight * base + 16 * own
    assert Checkpoint(path=str(checkpoint)).memory(base, 16) == 16 * base
    assert Checkpoint(path=str(checkpoint), dtype="bfloat16").memory(base, 0) == 2 * base
    monkeypatch.setattr(Checkpoint, "at_hand", lambda self: False)  # nothing is timed
    settings = {"facts_per_subset": 3, "paraphrases": 2, "held_out_prompts": 1, "model.lora.rank": 4}
    study = obverse.study("reversal", models=[str(checkpoint)], seeds=1, settings=settings)
    found = forecast(study, tmp_path / "out", Execution(device="cpu"))
    assert found.on_gpu == 4 * base + 16 * own
    assert found.parameters == (base, base)
    assert found.adapters == own
    assert found.training_flops == 4 * base * found.load[2]
