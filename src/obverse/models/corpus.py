"""Text that every machine has: the sources of Python's standard library."""

import hashlib
import sysconfig
from functools import lru_cache
from pathlib import Path

MOST = 2_000_000  # characters
LEFT_OUT = {"site-packages", "test", "tests", "idlelib", "lib2to3", "__pycache__"}


def corpus_hash() -> str:
    """Return the SHA-256 of the text."""
    return hashlib.sha256(standard_library().encode()).hexdigest()


@lru_cache(maxsize=1)
def standard_library() -> str:
    """Return sources of the running Python's standard library, in a fixed order.

    The text differs between Python versions; its hash is part of a run's identity.
    """
    root = Path(sysconfig.get_path("stdlib"))
    texts, size = [], 0
    for path in sorted(root.rglob("*.py"), key=lambda p: hashlib.sha256(p.name.encode()).digest()):
        if LEFT_OUT & set(path.relative_to(root).parts):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        texts.append(text)
        size += len(text)
        if size > MOST:
            break
    return "\n".join(texts)[:MOST]
