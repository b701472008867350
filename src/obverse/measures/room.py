"""Whether a model can read a text."""

from obverse.core.abilities import Model

NO_ROOM = "longer than the model can read"


def has_room(model: Model, text: str) -> bool:
    """Return whether `text` is within what the model can read; a model that does not say takes all."""
    fits = getattr(model, "fits", None)
    return fits is None or bool(fits(text))
