"""Models that grow: what they are told, when they are asked, and that an interruption changes nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_model

from obverse.core.abilities import Generates, Grows, Point, Saves, Scores
from obverse.core.errors import ObverseError
from obverse.engine.pretrain import windows
from obverse.engine.score import Scorer
from obverse.models.causal import CausalModel
from obverse.models.checkpoint import resolve
from obverse.models.corpus import corpus_hash
from obverse.models.growing import GrowingModel
from obverse.models.grown import Grown
from obverse.models.relative import RelativeConfig, RelativeModel
from tests.conftest import setup

SMALL = Grown(
    tokens=20_000, window=64, batch=16, hidden_size=32, heads=2, layers=1, checkpoints=3, vocabulary=300
)


STEPS = 20_000 // 64 // 16


def built(folder: Path, seed: int = 0, spec: Grown = SMALL) -> GrowingModel:
    model = spec.build(setup(seed=seed, folder=folder))
    assert isinstance(model, GrowingModel)
    return model


def grow(folder: Path, seed: int = 0, stops: int = 3, disturb: bool = False) -> list[tuple[int, str]]:
    """Return the tokens seen and the weights' hash at the first `stops` stops."""
    model, found = built(folder, seed), []
    growing = model.grow(lambda done, total: None)
    for point in growing:
        found.append((point.tokens, model.weights_hash()))
        if len(found) == stops:
            break
        if disturb:
            model.model.eval()
            model.model(input_ids=torch.tensor([[5, 6, 7]])).logits.sum().backward()
    growing.close()  # type: ignore[attr-defined]
    return found


def test_model_can_do_all_that_its_settings_say(tmp_path: Path) -> None:
    model = built(tmp_path)
    for protocol in (Scores, Generates, Saves, Grows):
        assert isinstance(model, protocol)
    assert SMALL.lacks(frozenset({"scores", "generates", "saves"})) is None
    assert SMALL.lacks(frozenset({"trains"})) == "a model of this kind (Grown) cannot be trained"


def test_points_are_halves_up_to_the_end(tmp_path: Path) -> None:
    steps: list[int] = []
    points = list(built(tmp_path).grow(lambda done, total: steps.append(done)))
    assert points == [
        Point(step=step, epoch=0, tokens=step * 16 * 64, last=step == STEPS)
        for step in (STEPS // 4, STEPS // 2, STEPS)
    ]
    assert steps == list(range(1, STEPS + 1))
    assert 20_000 - 16 * 64 < points[-1].tokens <= 20_000


def test_size_is_known_before_the_model_is_made(tmp_path: Path) -> None:
    assert SMALL.size() == built(tmp_path).parameters
    assert SMALL.position() == 20_000
    assert SMALL.seen() is None, "its points count what it has seen"


def test_too_few_tokens_for_the_stops_are_refused() -> None:
    with pytest.raises(ValueError, match="too few for 8 checkpoints"):
        Grown(tokens=20_000, window=64, batch=16, checkpoints=8)


def test_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    first = grow(tmp_path / "first")
    assert grow(tmp_path / "second") == first
    assert len({weights for _, weights in first}) == 3, "it learns between the stops"
    assert grow(tmp_path / "third", seed=1)[-1][1] != first[-1][1]


@pytest.mark.parametrize("interrupted_after", [1, 2, 3])
def test_interruption_changes_nothing(tmp_path: Path, interrupted_after: int) -> None:
    whole = grow(tmp_path / "whole")
    before = grow(tmp_path / "halves", stops=interrupted_after)
    after = grow(tmp_path / "halves")
    assert before == whole[:interrupted_after]
    assert after == whole[interrupted_after - 1 :], "the last stop again, in case it was not measured"


def test_what_measures_leave_behind_changes_nothing(tmp_path: Path) -> None:
    assert grow(tmp_path / "disturbed", disturb=True) == grow(tmp_path / "alone")


def test_text_of_another_python_is_another_model(tmp_path: Path) -> None:
    resolved = SMALL.resolve()
    assert resolved.corpus == corpus_hash()
    assert len(resolved.corpus) == 64
    other = SMALL.model_copy(update={"corpus": "0" * 64})
    assert other.identity() != resolved.identity()
    with pytest.raises(ObverseError, match="use the same version in both places"):
        other.build(setup(folder=tmp_path))


CORPUS = np.arange(10_000)
SEPARATOR = np.array([77])


def test_windows_without_repetition_are_stretches_of_the_corpus() -> None:
    made = windows(CORPUS, 300, SEPARATOR, 50, 64, seed=0, repeated=0)
    assert made.shape == (50, 64)
    assert (np.diff(made) == 1).all()
    assert len(set(made[:, 0].tolist())) > 40


def test_windows_with_repetition_end_in_copies() -> None:
    made = windows(CORPUS, 300, SEPARATOR, 200, 64, seed=0, repeated=1)
    assert made.shape == (200, 64)
    periods = [next((n for n in range(2, 26) if (w[-n:] == w[-2 * n : -n]).all()), None) for w in made]
    assert None not in periods
    assert len(set(periods)) > 15
    separated = sum(77 in w[-26:] for w in made)
    assert 40 <= separated <= 120  # four of ten, and a few by chance


def test_share_of_windows_with_repetition() -> None:
    made = windows(CORPUS, 300, SEPARATOR, 500, 64, seed=0, repeated=0.3)
    assert np.mean((np.diff(made) != 1).any(1)) == pytest.approx(0.3, abs=0.06)
    again = windows(CORPUS, 300, SEPARATOR, 500, 64, seed=0, repeated=0.3)
    assert (made == again).all()
    assert (made != windows(CORPUS, 300, SEPARATOR, 500, 64, seed=1, repeated=0.3)).any()


@pytest.fixture
def relative(model: CausalModel) -> CausalModel:
    """A relative-position model with random weights, farther than its distances go."""
    torch.manual_seed(0)
    config = RelativeConfig(
        vocab_size=len(model.tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        distances=8,
    )  # fmt: skip
    made = RelativeModel(config)
    for parameter in made.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return CausalModel(made, model.tokenizer)


PROMPTS = ["Daphne is", "The composer of the opera is called", "New Yor", "☃"]
OPTIONS = [" Uriah", " the director of the film", "kers", "."]


def test_shared_scoring_pass_agrees_with_the_plain_one(relative: CausalModel) -> None:
    shared = relative.logprobs(PROMPTS, [OPTIONS] * 4)
    assert relative.scorer._shared
    plain = Scorer(relative.model, relative.tokenizer)
    plain._shared = False
    for a, b in zip(shared, plain.logprobs(PROMPTS, [OPTIONS] * 4), strict=True):
        assert a == pytest.approx(b, abs=1e-4)


def test_padding_on_the_left_changes_no_logits(relative: CausalModel) -> None:
    ids, pad = [5, 6, 7, 8, 9], [0, 0, 0]
    with torch.no_grad():
        alone = relative.model(input_ids=torch.tensor([ids])).logits[0]
        padded = relative.model(
            input_ids=torch.tensor([pad + ids]),
            attention_mask=torch.tensor([[0] * len(pad) + [1] * len(ids)]),
        ).logits[0, len(pad) :]
    assert torch.allclose(alone, padded, atol=1e-5)


def test_order_of_tokens_and_their_distance_matter(relative: CausalModel) -> None:
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    with torch.no_grad():
        logits = relative.model(input_ids=ids).logits
        swapped = relative.model(input_ids=ids[:, [1, 0, 2, 3, 4]]).logits
        later = relative.model(input_ids=ids[:, [0, 1, 2, 4, 3]]).logits
    assert not torch.allclose(logits[0, -1], swapped[0, -1])
    assert torch.allclose(logits[0, :3], later[0, :3]), "what comes later is not seen"


def test_weights_survive_saving(relative: CausalModel, tmp_path: Path) -> None:
    relative.save(tmp_path)
    loaded = RelativeModel(RelativeConfig.from_pretrained(tmp_path))
    load_model(loaded, tmp_path / "model.safetensors")
    again = CausalModel(loaded, relative.tokenizer)
    assert again.weights_hash() == relative.weights_hash()
    assert again.logprobs(PROMPTS, [OPTIONS] * 4) == relative.logprobs(PROMPTS, [OPTIONS] * 4)


def test_kept_model_comes_back_as_a_checkpoint(tmp_path: Path) -> None:
    model = built(tmp_path / "growth")
    for _ in model.grow(lambda done, total: None):
        pass
    model.save(tmp_path / "kept")
    again = resolve(str(tmp_path / "kept")).build(setup())
    assert isinstance(again, CausalModel)
    prompts = ["import os", "def f(x):"]
    assert again.logprobs(prompts, [[" return", ", sys"]] * 2) == model.logprobs(
        prompts, [[" return", ", sys"]] * 2
    )
    assert again.generate(prompts, [4, 4]) == model.generate(prompts, [4, 4])
