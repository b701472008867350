"""Linear probes: they read what is there, and nothing where nothing is."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from obverse.core.errors import ObverseError
from obverse.measures.hidden import OTHER_LENGTH, SURPLUS, Labelled, LinearProbe
from obverse.models.causal import CausalModel
from tests.conftest import moment

TEXTS = 60


class Shows:
    """Hidden states of noise, (3 layers, 2 tokens, 8), in which one place tells the class."""

    parameters = 1

    def __init__(self, told: bool, longer: int = 0) -> None:
        self.told, self.longer = told, longer

    def hidden_states(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        draw = np.random.default_rng(5)
        found = []
        for i, text in enumerate(texts):
            tokens = 3 if i < self.longer else 2
            states = draw.normal(size=(3, tokens, 8)).astype(np.float32)
            if self.told:
                states[2, 1, 4] += 3.0 * text.startswith("tag 1")
            found.append(states)
        return found


def examples(first: int = TEXTS, second: int = TEXTS) -> tuple[Labelled, ...]:
    return tuple(
        Labelled(text=f"{name} {i}", target=name, fact=f"{name}/{i}")
        for name, count in (("tag 1", first), ("tag 2", second))
        for i in range(count)
    )


def test_what_is_there_is_read_where_it_is() -> None:
    table = LinearProbe(examples=examples(), task="tag", seed=1)(Shows(told=True), moment())
    assert len(table) == 2 * TEXTS * 3 * 2
    means = {
        (layer, position): group["accuracy"].mean()
        for (layer, position), group in table.group_by("layer", "position")
    }
    assert means.pop((2, 1)) > 0.85  # type: ignore[operator]
    assert all(0.3 < value < 0.7 for value in means.values())  # type: ignore[operator]
    assert table.filter(layer=2, position=1)["baseline"].mean() == pytest.approx(0.5, abs=0.1)
    assert table["chance"].unique().to_list() == [0.5]
    assert set(table["task"]) == {"tag"}


def test_nothing_is_read_where_nothing_is() -> None:
    table = LinearProbe(examples=examples(), task="tag", seed=1)(Shows(told=False), moment())
    gap = (table["accuracy"] - table["baseline"]).mean()
    assert isinstance(gap, float)
    assert abs(gap) < 0.05


def test_a_fact_is_never_in_both_parts() -> None:
    """Texts of one fact have one noise, by which a probe would know the class if it had seen another of
    them.
    """

    class Same(Shows):
        def hidden_states(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
            of = {t.split(" of ")[1]: i for i, t in enumerate(texts)}
            noise = [np.random.default_rng(i).normal(size=(1, 1, 40)) for i in range(len(texts))]
            return [noise[of[t.split(" of ")[1]]].astype(np.float32) for t in texts]

    several = tuple(
        Labelled(text=f"{i} of {fact}", target=f"tag {1 + fact % 2}", fact=str(fact))
        for fact in range(24)
        for i in range(6)
    )
    table = LinearProbe(examples=several, task="tag", seed=2)(Same(told=False), moment())
    assert table["accuracy"].mean() < 0.75  # type: ignore[operator]


def test_classes_are_of_equal_size_and_texts_of_equal_length() -> None:
    left: dict[str, int] = {}
    noted = moment(leave_out=lambda reason, count: left.update({reason: count}))
    table = LinearProbe(examples=examples(40, 30), task="tag")(Shows(told=False, longer=5), noted)
    assert left == {OTHER_LENGTH: 5, SURPLUS: 5}
    assert table["fact"].n_unique() == 60
    assert table.filter(layer=0, position=0)["fact"].str.starts_with("tag 1").sum() == 30


def test_hidden_states_are_transformers(model: CausalModel) -> None:
    texts = ["Daphne is the director", "in", "Uriah is the composer of the opera"]
    for text, found in zip(texts, model.hidden_states(texts), strict=True):
        ids = torch.tensor([model.tokenizer(text)["input_ids"]])
        with torch.no_grad():
            expected = model.model(input_ids=ids, output_hidden_states=True).hidden_states
        assert found.shape == (len(expected), ids.shape[1], expected[0].shape[2])
        assert found == pytest.approx(torch.stack(expected)[:, 0].numpy(), abs=1e-4)


def test_same_seed_same_numbers() -> None:
    one, other = (
        LinearProbe(examples=examples(), task="tag", seed=4)(Shows(told=True), moment()) for _ in range(2)
    )
    assert one.equals(other)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"examples": examples(TEXTS, 0)}, "all texts are of one class"),
        ({"examples": examples(TEXTS, 9)}, "the class 'tag 2' has 9 facts; expected 10 or more"),
        ({"folds": 1}, "expected two or more folds"),
    ],
)
def test_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ObverseError, match=said):
        LinearProbe(**({"examples": examples(), "task": "tag"} | given))  # type: ignore[arg-type]


def test_too_few_of_one_length_and_a_model_without_states_are_refused() -> None:
    probe = LinearProbe(examples=examples(12, 12), task="tag")
    with pytest.raises(ObverseError, match="of a class have 2 tokens, as most texts have; expected 10"):
        probe(Shows(told=False, longer=5), moment())
    with pytest.raises(ObverseError, match="shows no hidden states; expected a causal model"):
        probe(object(), moment())  # type: ignore[arg-type]
