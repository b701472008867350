"""From what a user names to the experiment: a name, a file, a module, a class.

Names are those of the entry-point group `obverse.experiments`, under which any installed package, this
one among them, registers its experiments.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from obverse.core.errors import ObverseError
from obverse.core.experiment import Experiment, Preset
from obverse.core.loading import is_reference, load
from obverse.core.settings import unknown_name

GROUP = "obverse.experiments"

What = str | Path | type[Experiment] | Experiment


@cache
def registered() -> dict[str, EntryPoint]:
    """Return the names that are registered, in alphabetical order."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda p: p.name)}


def find(what: What) -> type[Experiment]:
    """Return the class of an experiment.

    Args:
        what: a registered name, `file.py` or `file.py:Class`, `package.module:Class`, a class, or an
            experiment with its settings.

    Raises:
        ObverseError: if there is none, naming the nearest, or it cannot be imported.
    """
    if isinstance(what, Experiment):
        return type(what)
    if isinstance(what, type):
        return what
    text = str(what)
    if text in registered():
        return of_entry_point(registered()[text])
    if is_reference(text):
        return load(text, Experiment)
    said = unknown_name(text, registered(), "study")
    raise ObverseError(
        f"{said}{'' if said.endswith('?') else '.'} Your own: FILE.py, FILE.py:CLASS or MODULE:CLASS"
    )


def of_entry_point(point: EntryPoint) -> type[Experiment]:
    """Return the class that an entry point registers.

    Raises:
        ObverseError: if it cannot be imported, or is no experiment.
    """
    try:
        kind = point.load()
    except Exception as error:
        raise ObverseError(f"{point.name} ({point.value}): cannot be imported: {error}") from error
    if not (isinstance(kind, type) and issubclass(kind, Experiment)):
        raise ObverseError(f"{point.name} ({point.value}): not a subclass of obverse.Experiment")
    return kind


def preset_of(kind: type[Experiment], name: str | None) -> tuple[str, Preset]:
    """Return a preset of an experiment, by default its first one, and its name.

    Raises:
        ObverseError: if it has none of that name.
    """
    presets = kind.presets()
    if name is None:
        name = next(iter(presets))
    if name not in presets:
        raise ObverseError(unknown_name(name, presets, "preset"))
    return name, presets[name]
