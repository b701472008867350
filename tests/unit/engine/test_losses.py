"""The losses of a training that is interrupted are those of one that is not."""

import math
from pathlib import Path

import pytest

from obverse.core.errors import ObverseError
from obverse.engine.losses import Losses

LOSSES = [2.0, 1.5, 1.25, 1.0 / 3, 0.1, 0.7, math.pi]


def told(folder: Path, steps: int, cut: int | None) -> list[tuple[int, float]]:
    """Return what is told of LOSSES, repeated over `steps`; at `cut` all but the checkpoint is lost."""
    every = [LOSSES[step % len(LOSSES)] for step in range(steps)]
    found: list[tuple[int, float]] = []
    losses = Losses(steps, lambda step, loss: found.append((step, loss)))
    for step, loss in enumerate(every, start=1):
        losses.add(step, loss)
        if step == cut:
            losses.save(folder)
            found.clear()
            losses = Losses(steps, lambda step, loss: found.append((step, loss)))
            losses.go_on(folder)
    return found


@pytest.mark.parametrize("cut", [1, 6, 7, 8, 699, 700])
def test_resumed_losses_are_those_of_an_undisturbed_training(cut: int, tmp_path: Path) -> None:
    undisturbed = told(tmp_path, 700, None)
    assert told(tmp_path, 700, cut) == undisturbed
    assert [step for step, _ in undisturbed] == list(range(7, 701, 7))
    assert undisturbed[0][1] == pytest.approx(sum(LOSSES) / 7)


def test_every_step_of_a_short_training_is_told() -> None:
    found: list[tuple[int, float]] = []
    losses = Losses(3, lambda step, loss: found.append((step, loss)))
    for step in (1, 2, 3):
        losses.add(step, float(step))
    assert found == [(1, 1.0), (2, 2.0), (3, 3.0)]


def test_a_loss_that_is_no_number_stays_one(tmp_path: Path) -> None:
    found: list[tuple[int, float]] = []
    losses = Losses(200, lambda step, loss: None)
    losses.add(1, math.nan)
    losses.save(tmp_path)
    losses = Losses(200, lambda step, loss: found.append((step, loss)))
    losses.go_on(tmp_path)
    losses.add(2, 1.0)
    losses.add(3, 1.0)
    losses.add(4, 1.0)
    assert math.isnan(found[0][1])
    assert found[1] == (4, 1.0)


@pytest.mark.parametrize(
    "text",
    ["[]", "7", '{"told": 7, "sum": 0}', '{"told": [[1, 2.0]]}', '{"told": [["one", 2.0]], "sum": 0}',
     '{"told": [[1, "low"]], "sum": 0}', '{"told": [[1, null]], "sum": 0}', '{"told": [[1]], "sum": 0}',
     '{"told": [], "sum": "none"}', '{"told": [], "told": [], "sum": 0}', "{"],
)  # fmt: skip
def test_losses_that_somebody_has_edited_are_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "losses.json").write_text(text)
    with pytest.raises(ObverseError, match=r"losses\.json"):
        Losses(3, lambda step, loss: None).go_on(tmp_path)
