"""The measure that asks several times over."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest

from obverse.core.data import Probe
from obverse.core.errors import ObverseError
from obverse.measures.sample import Sample
from obverse.models.causal import CausalModel
from tests.conftest import moment

PROBES = (
    Probe(id="a", prompt="Who?", targets=(" Ada Vale",), fact="f", match="name", labels={"side": "x"}),
    Probe(id="b", prompt="And who?", targets=(" Bo Reed", " Cy Park"), fact="g", match="name"),
)


@dataclass
class Drawer:
    """Answers from a list, and remembers how it was asked."""

    answers: dict[str, list[str]]
    parameters: None = None
    asked: list[tuple[list[int], int, float, int]] = field(default_factory=list)

    def sample(
        self,
        prompts: Sequence[str],
        max_new_tokens: Sequence[int],
        *,
        samples: int,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> list[list[str]]:
        self.asked.append((list(max_new_tokens), samples, temperature, seed))
        return [self.answers[prompt] for prompt in prompts]


@pytest.mark.parametrize("wrong", [{"samples": 1.5}, {"most": 0}, {"most": -1}, {"temperature": 1e-40}])
def test_settings_that_draw_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ObverseError, match="expected"):
        Sample(probes=(), **wrong)


def test_counts_right_answers() -> None:
    model = Drawer(
        {
            "Who?": [" Ada Vale.", " I don't know", " It is Ada Mary Vale", " Vale, Ada"],
            "And who?": ["Di", "Ed", "Flo", "Gus"],
        }
    )
    measure = Sample(probes=PROBES, samples=4, temperature=0.5, seed=3, most=20)
    table = measure(model, moment())
    assert table.select("fact", "samples", "share", "once").rows() == [
        ("f", 4, 0.5, True), ("g", 4, 0.0, False),
    ]  # fmt: skip
    assert table["right_answer"].to_list() == [" Ada Vale.", None]
    assert table["wrong_answer"].to_list() == [" I don't know", "Di"]
    assert table["side"].to_list() == ["x", None]
    assert model.asked == [([20, 20], 4, 0.5, 3)]


def test_texts_are_kept_at_the_last_moment_alone(model: CausalModel) -> None:
    table = Sample(probes=PROBES, samples=2)(model, moment(final=False))
    assert not {"right_answer", "wrong_answer"} & set(table.columns)
    assert table["share"].is_between(0, 1).all()


def test_probes_without_room_are_left_out_and_counted(
    model: CausalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "fits", lambda text: text.startswith("Who"), raising=False)
    left: list[tuple[str, int]] = []
    at = moment(leave_out=lambda reason, count: left.append((reason, count)))
    assert Sample(probes=PROBES, samples=1)(model, at)["probe"].to_list() == ["a"]
    assert left == [("longer than the model can read", 1)]
    with pytest.raises(ObverseError, match="every question"):
        Sample(probes=PROBES[1:], samples=1)(model, at)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 0}, "one or more answers"),
        ({"temperature": 0.0}, r"drawn at temperature 0\.0001 or above"),
        ({"probes": PROBES[:1] * 2}, "two probes"),
        ({"probes": (Probe(id="c", prompt="?", targets=("x",), fact="h", match=None),)}, "no rule"),
    ],
)
def test_refuses(changes: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"probes": PROBES} | changes
    with pytest.raises(ObverseError, match=message):
        Sample(**given)  # type: ignore[arg-type]


def test_identity_tells_all_that_matters() -> None:
    usual = Sample(probes=PROBES).identity()
    for other in (Sample(probes=PROBES, seed=1), Sample(probes=PROBES, temperature=2.0)):
        assert other.identity() != usual
    assert isinstance(Sample(probes=PROBES).columns, dict)
    assert pl.DataFrame(list(Sample(probes=PROBES).rows()), strict=False).height == 2
