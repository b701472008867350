"""The measure of gradient alignment: which pairs are meant, and what is said of them."""

from pathlib import Path

import numpy as np
import pytest

from obverse.core.abilities import GivesGradients
from obverse.core.data import Document
from obverse.core.errors import ObverseError
from obverse.core.recipe import Recipe
from obverse.core.stage import Training, When
from obverse.measures.gradients import NO_OPTIMIZER, Gradients
from obverse.models.causal import CausalModel
from obverse.models.scratch import Scratch
from tests.conftest import made, moment, watch

FACTS = ("Daphne", "Uriah", "York")


def document(text: str, fact: str, group: str = "one") -> Document:
    return Document(completion=text, fact=fact, labels={"group": group})


FIRST = tuple(document(f"{fact} is the director", fact) for fact in FACTS)
SECOND = tuple(
    document(f"The {role} is called {fact}", fact) for fact in FACTS for role in ("opera", "film")
)


def test_own_and_other_pairs(model: CausalModel) -> None:
    assert isinstance(model, GivesGradients)
    products = model.gradient_products(FIRST, SECOND, loss_on="document")
    assert products is not None
    table = Gradients(first=FIRST, second=SECOND)(model, moment())
    assert len(table) == 2 * len(FACTS)
    for i, fact in enumerate(FACTS):
        own = [j for j, d in enumerate(SECOND) if d.fact == fact]
        other = [j for j, d in enumerate(SECOND) if d.fact != fact]
        for pair, chosen in (("own", own), ("other", other)):
            [row] = table.filter(fact=fact, partner=pair).to_dicts()
            assert row["pairs"] == len(chosen)
            assert row["group"] == "one"
            assert row["inner"] == pytest.approx(products.inner[i, chosen].mean())
            assert row["cosine"] == pytest.approx(products.cosine[i, chosen].mean())
            assert row["squared_distance"] == pytest.approx(products.distance[i, chosen].mean())
            assert row["norm"] == pytest.approx(np.sqrt(products.first[i]))
            assert row["norm_other"] == pytest.approx(np.sqrt(products.second[chosen]).mean())
            assert "error" not in table.columns


def test_pairs_are_formed_among_texts_alike(model: CausalModel) -> None:
    first = (*FIRST, document("New York is kind", "Paul", "two"))
    second = (*SECOND, document("in and inside", "Paul", "two"))
    table = Gradients(first=first, second=second, among=("group",))(model, moment())
    whole = Gradients(first=FIRST, second=SECOND)(model, moment())
    assert table.filter(fact="Daphne")["inner"].to_list() == pytest.approx(
        whole.filter(fact="Daphne")["inner"].to_list(), rel=1e-4
    )
    assert table.filter(fact="Paul")["partner"].to_list() == ["own"], (
        "there is no other text of its group"
    )


def test_loss_on_the_completion_alone(model: CausalModel) -> None:
    first = (Document(prompt="Daphne is", completion=" the director", fact="Daphne"),)
    of = {
        loss_on: Gradients(first=first, second=first, loss_on=loss_on)(model, moment())["norm"][0]
        for loss_on in ("document", "completion")
    }
    assert of["document"] != pytest.approx(of["completion"], rel=1e-3)


def test_estimates_have_errors(model: CausalModel) -> None:
    exact = Gradients(first=FIRST, second=SECOND)(model, moment())
    found = Gradients(first=FIRST, second=SECOND, projections=4096, seed=3)(model, moment())
    for one, other in zip(exact.to_dicts(), found.to_dicts(), strict=True):
        assert other["error"] > 0
        assert abs(one["inner"] - other["inner"]) < 6 * other["error"]


def test_adams_metric_is_there_while_it_trains(tmp_path: Path) -> None:
    measure = Gradients(first=FIRST, second=SECOND, preconditioned=True)
    left: list[str] = []
    texts = [d.text for d in (*FIRST, *SECOND)]
    model = made(Scratch(hidden_size=16, layers=1, heads=2), texts)
    spaces: list[list[str]] = []

    def at(point: object) -> None:
        table = measure(model, moment(leave_out=lambda reason, count: left.append(reason)))
        spaces.append(sorted(table["space"].unique()))

    training = Training(documents=SECOND, recipe=Recipe(epochs=2, batch_size=3, warmup_steps=0))
    model.train(training, folder=tmp_path, seed=0, watch=watch(When(start=True, epochs=1).steps_of, at))
    assert spaces == [["gradient"], ["adam", "gradient"], ["adam", "gradient"]]
    assert left == [NO_OPTIMIZER]
    assert model.gradient_products(FIRST, SECOND, loss_on="document", preconditioned=True) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"second": SECOND[:2]}, "no text of the second set is of the fact 'Uriah'"),
        ({"among": ("subset",)}, "has no label 'subset', within which gradients are compared"),
        ({"projections": 1}, "projections 1: expected two or more"),
        ({"projections": 8, "preconditioned": True}, "none where preconditioned"),
    ],
)
def test_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ObverseError, match=said):
        Gradients(**({"first": FIRST, "second": SECOND} | given))  # type: ignore[arg-type]


def test_what_is_compared_is_written_and_known() -> None:
    measure = Gradients(first=FIRST, second=SECOND)
    rows = list(measure.rows())
    assert [row["side"] for row in rows] == ["first"] * len(FIRST) + ["second"] * len(SECOND)
    assert set(measure.texts()) == {d.text for d in (*FIRST, *SECOND)}
