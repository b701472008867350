"""A hash of the program: while it is the same, so is what the same settings and seed give.

Data is built anew to tell a run's identity (`identity.py`), which takes milliseconds a run. What was once
found out counts as long as the program does not change: the code of this package, the versions of those
that it draws on, Python's, and the code of users' own modules.
"""

import hashlib
import platform
import sys
import sysconfig
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import obverse
from obverse.core.content import content_hash, file_hash
from obverse.store.provenance import PACKAGES

LIBRARIES = tuple(
    Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
# Of Python's own places there may be more: a virtual environment sees the system's, or the user's.
INSTALLED = frozenset({"site-packages", "dist-packages"})
OTHERS = ("pydantic", "scikit-learn")  # PACKAGES are those that a run's record names


def program() -> str:
    """Return the hash. Code that was typed at a prompt or in a notebook is in no file and not counted."""
    users = {
        module.__name__: Path(file)
        for module in list(sys.modules.values())
        if is_users(module) and (file := getattr(module, "__file__", None)) is not None
    }
    hashes = {name: file_hash(path) for name, path in users.items() if path.is_file()}
    return content_hash([_own(), hashes])


@cache
def _own() -> str:
    """Return the hash of this package's code and of the versions that it draws on."""
    digest = hashlib.sha256(platform.python_version().encode())
    for name in (*PACKAGES, *OTHERS):
        digest.update(f"{name} {_version(name)}\n".encode())
    root = Path(obverse.__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def is_ours(module: str) -> bool:
    return module.partition(".")[0] == "obverse"


def is_users(module: ModuleType | None) -> bool:
    """Return whether a module is neither ours nor installed with Python or into it."""
    file = getattr(module, "__file__", None)
    if module is None or is_ours(module.__name__):
        return False
    if file is None:
        return module.__name__ == "__main__"
    return _is_users_file(file)


@cache  # thousands of modules are looked at several times
def _is_users_file(file: str) -> bool:
    place = Path(file).resolve()
    return INSTALLED.isdisjoint(place.parts) and not any(map(place.is_relative_to, LIBRARIES))
