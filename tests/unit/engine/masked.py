"""A tiny model of hidden tokens."""

from typing import Any

from obverse.models.masked import MaskedModel
from tests.conftest import TEXTS, TINY_MODEL, setup


def tiny(objective: str = "mlm-u", sharp: bool = False, **settings: Any) -> MaskedModel:
    """Make one with random weights; `sharp`: as decided as a trained one, so that mistakes show."""
    spec = TINY_MODEL.with_overrides({"objective": objective, **settings}, exact=True)
    model = spec.build(setup(TEXTS))
    assert isinstance(model, MaskedModel)
    if sharp:
        for parameter in model.model.parameters():
            parameter.data *= 4
    return model
