"""Executors by name: ours, or a user's own class."""

from importlib import import_module
from typing import Any

from obverse.core.errors import ObverseError
from obverse.core.loading import is_reference, load
from obverse.core.settings import unknown_name
from obverse.run.task import Executor

# Where each is, so that nothing is imported that is not used.
KNOWN = {
    "here": "obverse.studies.executors.here:Here",
    "work": "obverse.studies.executors.work:Work",
    "ray": "obverse.studies.executors.on_ray:Ray",
    "slurm": "obverse.studies.executors.on_slurm:Slurm",
}
# Which options each takes.
HEEDS = {
    "ray": frozenset({"address", "storage"}),
    "slurm": frozenset({"partition", "slurm", "cancel"}),
}
CALLED = {"slurm": "settings"}  # what options are called there


def executor(name: str, options: dict[str, Any] | None = None) -> Executor:
    """Return the executor of a name (`here`, `work`), or a user's own: FILE.py:CLASS or MODULE:CLASS.

    `options` are those of the command line, by their names; None: was not given.

    Raises:
        ObverseError: on an unknown name, an option that it does not take, or a package that is missing.
    """
    given = {option: value for option, value in (options or {}).items() if value is not None}
    for option in given:
        if option not in HEEDS.get(name, ()):
            of = " or ".join(f"--executor {known}" for known, heeds in HEEDS.items() if option in heeds)
            raise ObverseError(f"--{option}: is an option of {of}; expected it with no other")
    if name in KNOWN:
        module, _, kind = KNOWN[name].partition(":")
        made: Executor = getattr(import_module(module), kind)(
            **{CALLED.get(option, option): value for option, value in given.items()}
        )
        return made
    if not is_reference(name):
        raise ObverseError(f"--executor: {unknown_name(name, KNOWN, 'executor')}; or FILE.py:CLASS")
    kind_of_users = load(name, Executor)
    try:
        return kind_of_users()
    except TypeError as error:
        raise ObverseError(f"--executor {name}: cannot be made without arguments: {error}") from error
