"""Classes by reference: `package.module:Class`, or `file.py:Class` for one file anywhere.

A file is imported under a name made of its path, so that two files called alike are two modules, and so
that another process finds the same module under the same name. What lies beside a user's file can be
imported by it, and never stands in for a module of Python's or of a library: its directory is the last
on the import path, and there only while the file is imported.
"""

import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from obverse.core.errors import ObverseError, StudyStarted
from obverse.core.settings import unknown_name

C = TypeVar("C")
PREFIX = "obverse_file_"
CONTENT = "__obverse_content__"

_being_imported: list[str] = []


def is_reference(text: str) -> bool:
    """Return whether `text` names a class by file or module, and not by a name of its own."""
    place = text.rpartition(":")[0] or text
    return place.endswith(".py") or (":" in text and "/" not in text and " " not in text)


def load(reference: str, base: type[C]) -> type[C]:
    """Return the class that `reference` names, a subclass of `base`.

    A file or module without `:Class` has to define exactly one.

    Raises:
        ObverseError: if it is not there, cannot be imported, or is no such class.
    """
    place, colon, name = reference.rpartition(":")
    if not colon or place == "" or name.endswith(".py"):
        place, name = reference, ""
    module = _module(place)
    found = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, base) and not inspect.isabstract(value)
    }
    if name:
        if name not in found:
            raise ObverseError(f"{place}: {unknown_name(name, found, base.__name__.lower())}")
        return found[name]
    own = {key: value for key, value in found.items() if value.__module__ == module.__name__}
    if len(own) != 1:
        there = ", ".join(own) or "none"
        raise ObverseError(
            f"{place}: expected one subclass of {base.__name__}, found {there}; name it, as {place}:NAME"
        )
    return next(iter(own.values()))


def reference_of(kind: type) -> str | None:
    """Return the reference by which another process finds a class; None if it cannot.

    A class of a script that is being run (`__main__`) is found in the script's file; one of a notebook
    or of a prompt, or one that is defined inside a function, is nowhere to be found.
    """
    if "." in kind.__qualname__:
        return None
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None)
    if kind.__module__ == "__main__":
        spec = getattr(module, "__spec__", None)
        if spec is not None and spec.name != "__main__":
            return f"{spec.name}:{kind.__qualname__}"
        known = file is not None and Path(file).is_file()  # a script on standard input is nowhere
        return f"{Path(str(file)).resolve()}:{kind.__qualname__}" if known else None
    if kind.__module__.startswith(PREFIX) and file is not None:
        return f"{file}:{kind.__qualname__}"
    return f"{kind.__module__}:{kind.__qualname__}"


def _module(place: str) -> ModuleType:
    if place.endswith(".py"):
        return _file(Path(place))
    try:
        with _looking_in(Path.cwd()):
            return importlib.import_module(place)
    except ObverseError:
        raise
    except (Exception, SystemExit) as error:
        kind = "" if isinstance(error, ImportError) else f"{type(error).__name__}: "
        raise ObverseError(f"{place}: cannot be imported: {kind}{error}") from error


def _file(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise ObverseError(f"{path}: no such file")
    name = f"{PREFIX}{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    known = sys.modules.get(name)
    if known is not None and getattr(known, CONTENT, None) == content:
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    setattr(module, CONTENT, content)  # a file that was edited since is imported anew
    sys.modules[name] = module
    _being_imported.append(name)
    try:
        with _looking_in(path.parent):
            spec.loader.exec_module(module)
    except StudyStarted:
        pass  # a script without a guard; what it defines before it starts its study is there
    except ObverseError:
        del sys.modules[name]
        raise
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        where = _line(error, path)
        raise ObverseError(f"{path}{where}: cannot be imported: {_in_words(error)}") from error
    finally:
        _being_imported.remove(name)
    return module


def _in_words(error: BaseException) -> str:
    """Return what is wrong with a file; of a setting without a type, in our words."""
    untyped = getattr(error, "code", None) == "model-field-missing-annotation"
    if untyped and (found := re.search(r"`(\w+) = ", str(error))) is not None:
        return f"{found[1]}: has no type; expected {found[1]}: TYPE = VALUE, as each setting has it"
    return f"{type(error).__name__}: {error}"


def stop_if_importing() -> None:
    """End the import of a script that starts a study, where the file is imported only for its classes.

    Raises:
        StudyStarted: while a user's file is being imported.
    """
    if _being_imported:
        raise StudyStarted


def _line(error: BaseException, path: Path) -> str:
    """Return ", line N" for the last line of the file that an error passed through."""
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return "" if line is None else f", line {line}"


@contextmanager
def _looking_in(folder: Path) -> Iterator[None]:
    """Find modules that lie in `folder`, after all others, while a user's module is imported."""
    place = str(folder)
    sys.path.append(place)
    try:
        yield
    finally:
        sys.path.reverse()  # it may stand there already: the one that was added goes
        sys.path.remove(place)
        sys.path.reverse()
