"""Seeds, one per purpose, all derived from the seed of a run.

Python's own `hash` differs between processes, so seeds come from SHA-256.
"""

import hashlib
import random


def derive(seed: int, purpose: str) -> int:
    """Return the 32-bit seed for `purpose` ("data", "initialisation", "order", …) under `seed`."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def generator(seed: int, purpose: str) -> random.Random:
    """Return a generator that gives the same draws in every process and on every machine."""
    return random.Random(derive(seed, purpose))
