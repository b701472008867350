"""Settings of models: light to import, and the same after being written down."""

import subprocess
import sys

import pytest

from obverse.core.errors import ObverseError
from obverse.core.model import ModelSpec
from obverse.models.checkpoint import Checkpoint
from obverse.models.endpoint import Endpoint
from obverse.models.grown import Grown
from obverse.models.scratch import Scratch

HEAVY = ("torch", "transformers", "tokenizers", "openai", "safetensors", "huggingface_hub", "numpy")


@pytest.mark.parametrize("module", ["scratch", "grown", "checkpoint", "endpoint"])
def test_settings_are_light_to_import(module: str) -> None:
    code = f"""
import sys, obverse.models.{module}
print([name for name in {HEAVY} if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "spec",
    [
        Scratch(layers=3),
        Grown(layers=3),
        Checkpoint(path="somewhere", weights="abc", tokens=7),
        Endpoint(name="tiny", url="http://here/v1", api="chat"),
    ],
)
def test_settings_come_back_from_json(spec: ModelSpec) -> None:
    again = type(spec).model_validate_json(spec.model_dump_json())
    assert again == spec
    assert again.identity() == spec.identity()


def test_what_is_made_here_differs_with_the_seed() -> None:
    made_here = {kind for kind in (Scratch, Grown, Checkpoint, Endpoint) if kind.made_here}
    assert made_here == {Scratch, Grown}
    assert made_here == {
        kind for kind in (Scratch, Grown, Checkpoint, Endpoint) if not kind.same_for_all_seeds
    }


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hidden_size": "1000000000"}, "hidden_size: expected at most 65536"),
        ({"layers": "1000000000"}, "layers: expected at most 1000"),
        ({"heads": "1e9"}, "heads: expected at most 1024"),
        ({"max_tokens": "9" * 18}, "max_tokens: expected at most 1000000"),
        (
            {"hidden_size": "65536", "layers": "1000"},
            r"about 5\.2e\+13 parameters; expected at most",
        ),
        ({"layers": "9" * 5000}, "layers: "),
        ({"family": "a\x1b[31m"}, r"family: .* holds the control character U\+001B"),
        ({"family": "\ud800"}, "half a surrogate pair"),
    ],
)
def test_a_slip_of_the_finger_is_refused_before_memory_is_taken(
    settings: dict[str, str], said: str
) -> None:
    with pytest.raises(ObverseError, match=said) as caught:
        Scratch().with_overrides(settings)
    assert len(str(caught.value)) < 300
