"""Questions that could never be judged."""

from typing import Any

import pytest

from obverse.core.data import Probe


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"targets": " cat"}, "probe p: targets is a text; expected several"),
        ({"targets": (" cat",), "candidates": " cat"}, "probe p: candidates is a text"),
        ({"targets": ()}, "probe p has no accepted answer"),
        ({"targets": (" cat", " ")}, "probe p has no accepted answer, or one without a letter"),
    ],
)
def test_probe_that_could_not_be_judged(given: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        Probe(id="p", prompt="Ada keeps a", fact="Ada", **given)
