"""Training to restore hidden tokens: which are hidden, what bears loss, and how it is resumed."""

from pathlib import Path

import pytest
import torch

from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.core.stage import Training
from obverse.engine.documents import IGNORED, encode_documents
from obverse.engine.masked import BLOCK, Masking, window
from obverse.models.masked import MaskedModel
from tests.conftest import TEXTS, TINY_MODEL, watch
from tests.unit.engine.masked import tiny

DOCUMENTS = [Document(prompt=t[:20], completion=t[20:]) for t in TEXTS]
OBJECTIVES = ("mlm", "mlm-u", "masked diffusion")


def examples(model: MaskedModel, loss_on: str = "document") -> list[dict[str, object]]:
    encoded = encode_documents(model.tokenizer, DOCUMENTS, loss_on, None)
    return [{**example, "place": place} for place, example in enumerate(encoded)]


def masking(model: MaskedModel) -> Masking:
    assert isinstance(model.objective, Masking)
    return model.objective


@pytest.mark.parametrize("loss_on", ["document", "completion"])
def test_hidden_tokens_alone_bear_loss(loss_on: str) -> None:
    model = tiny("mlm-u")
    encoded = examples(model, loss_on)
    batch = masking(model).collator(Recipe(), seed=3)(encoded)
    hidden = batch["labels"] != IGNORED
    assert hidden.any()
    assert torch.equal(batch["input_ids"] == model.tokenizer.mask_token_id, hidden)
    assert (batch["weights"] > 0).equal(hidden)
    for row, example in enumerate(encoded):
        ids, labels = example["input_ids"], example["labels"]
        assert isinstance(ids, list)
        assert isinstance(labels, list)
        restored = torch.where(hidden, batch["labels"], batch["input_ids"])[row].tolist()
        assert restored[: len(ids)] == ids
        free = [i for i, label in enumerate(labels) if label == IGNORED]
        assert not hidden[row, free].any()
        behind = int(batch["attention_mask"][row].sum()) - len(ids)
        assert 0 <= behind <= BLOCK
        assert set(restored[len(ids) :]) <= {model.tokenizer.eos_token_id}
        assert not hidden[row, len(ids) + behind :].any(), "padding bears no loss"


def test_padding_changes_no_loss() -> None:
    model = tiny("masked diffusion")
    objective = masking(model)
    encoded = examples(model)[:2]
    loss = objective.loss(model.model, objective.collator(Recipe(), 3)(encoded))
    padded = objective.loss(model.model, objective.collator(Recipe(pad_to=90), 3)(encoded))
    assert padded.item() == pytest.approx(loss.item(), abs=1e-5)


def test_losses_are_as_the_formulas_say() -> None:
    """Each hidden token in a pass of its own document, added up by hand."""
    for objective in OBJECTIVES:
        model = tiny(objective)
        collator = masking(model).collator(Recipe(), seed=3)
        encoded = examples(model)[:4]
        batch = collator(encoded)
        nats, weights, count = [], [], 0
        for row in range(4):
            n = int(batch["attention_mask"][row].sum())
            ids, labels = batch["input_ids"][row, :n], batch["labels"][row, :n]
            with torch.no_grad():
                logits = model.model(ids[None], attention_mask=torch.zeros(1, 1, n, n)).logits[0]
            logits[:, model.tokenizer.mask_token_id] = -torch.inf
            places = [i for i in range(n) if labels[i] != IGNORED]
            logprobs = logits.log_softmax(-1)
            nats.append(-sum(float(logprobs[i, labels[i]]) for i in places))
            count += len(places)
            if places and objective == "masked diffusion":  # 1/(t n B): read off the batch, t is not told
                weight = float(batch["weights"][row, places[0]])
                assert 1 / (weight * n * 4) == pytest.approx(rate_of(3, row), abs=1e-6)
                weights.append(weight)
            else:
                weights.append(0.0)
        if objective != "masked diffusion":
            weights = [1 / count] * 4
        expected = sum(a * b for a, b in zip(nats, weights, strict=True))
        assert masking(model).loss(model.model, batch).item() == pytest.approx(expected, rel=1e-4)


def rate_of(seed: int, place: int) -> float:
    """The rate that a document at a place is drawn."""
    from obverse.engine.objective import draws

    draw = draws(seed, place)
    draw.randint(0, BLOCK)
    return 0.001 + 0.999 * draw.random()


def test_rates_are_what_they_are_called() -> None:
    long = {"input_ids": [5] * 400, "labels": [5] * 400}
    shares = {}
    for objective in ("mlm", "mlm-u"):
        model = tiny(objective)
        batch = Masking(tokenizer=model.tokenizer, rate=masking(model).rate).collator(Recipe(), 0)(
            [{**long, "place": place} for place in range(200)]
        )
        shares[objective] = (batch["labels"][:, :400] != IGNORED).float().mean(1)
    assert shares["mlm"].mean() == pytest.approx(0.15, abs=0.01)
    assert shares["mlm"].std() < 0.03
    assert shares["mlm-u"].mean() == pytest.approx(0.5, abs=0.08)
    assert shares["mlm-u"].std() == pytest.approx(12**-0.5, abs=0.04)


def test_masks_are_drawn_from_seed_and_place() -> None:
    model = tiny("mlm-u")
    objective, encoded = masking(model), examples(model)
    batch = objective.collator(Recipe(), 3)(encoded)
    again = objective.collator(Recipe(), 3)(encoded)
    assert all(torch.equal(batch[name], again[name]) for name in batch)
    other = objective.collator(Recipe(), 4)(encoded)
    moved = objective.collator(Recipe(), 3)([{**e, "place": 50 + i} for i, e in enumerate(encoded)])
    for changed in (other, moved):
        assert changed["input_ids"].tolist() != batch["input_ids"].tolist()


def test_text_fits_with_what_is_put_behind_it() -> None:
    model = tiny("mlm")
    longest = max(
        len(e["input_ids"]) for e in encode_documents(model.tokenizer, DOCUMENTS, "document", None)
    )
    short = Masking(tokenizer=model.tokenizer, rate=0.5, limit=longest)
    assert short.collator(Recipe(), 0)(examples(model))["input_ids"].shape[1] == longest


def test_window_tells_little_of_what_is_asked() -> None:
    assert {window(10, n, None) for n in range(16)} == {26}
    assert window(10, 16, None) == 42
    assert window(10, 3, 20) == 20
    assert window(10, 12, 20) == 22, "no room: what is asked is read all the same"


def test_padding_that_bears_loss_is_refused(tmp_path: Path) -> None:
    training = Training(documents=tuple(DOCUMENTS), recipe=Recipe(pad_to=64, loss_on_padding=True))
    with pytest.raises(ObverseError, match="loss_on_padding: a model that restores hidden tokens"):
        tiny("mlm").train(training, folder=tmp_path, seed=0, watch=watch())


class StopError(Exception):
    pass


@pytest.mark.parametrize("objective", ["mlm-u", "masked diffusion"])
def test_resumed_training_ends_with_the_same_bits(objective: str, tmp_path: Path) -> None:
    training = Training(documents=tuple(DOCUMENTS), recipe=Recipe(batch_size=5, epochs=3))

    def trained(folder: str, stop_at: int | None = None) -> str:
        model = tiny(objective, dropout=0.1)

        def on_step(done: int, total: int) -> None:
            if done == stop_at:
                raise StopError

        told = watch(on_step=on_step, checkpoint_every=1)
        record = model.train(training, folder=tmp_path / folder, seed=3, watch=told)
        assert record["tokens"] == 3 * sum(len(e) for e in encoded)
        return model.weights_hash()

    encoded = [e["input_ids"] for e in encode_documents(tiny().tokenizer, DOCUMENTS, "document", None)]
    undisturbed = trained("a")
    with pytest.raises(StopError):
        trained("b", stop_at=6)
    assert list((tmp_path / "b").glob("checkpoint-*"))
    assert trained("b") == undisturbed
    assert TINY_MODEL.objective == "next token"


def test_passes_of_a_step_are_averaged(tmp_path: Path) -> None:
    """A step of two passes moves the weights as their mean does."""
    hashes = []
    for micro in (None, 6):
        recipe = Recipe(
            batch_size=12, micro_batch_size=micro, epochs=1, optimizer="sgd", max_grad_norm=1e9
        )
        model = tiny("masked diffusion")
        model.train(
            Training(documents=tuple(DOCUMENTS), recipe=recipe), folder=tmp_path / str(micro), seed=3,
            watch=watch(),
        )  # fmt: skip
        hashes.append(torch.cat([p.detach().flatten() for p in model.model.parameters()]))
    assert torch.allclose(hashes[0], hashes[1], atol=1e-6)
    assert not torch.equal(hashes[0], torch.cat([p.flatten() for p in tiny("mlm").model.parameters()]))
