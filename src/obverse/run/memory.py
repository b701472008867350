"""How much memory this process has taken."""

import resource
import sys


def peak_memory() -> int:
    """Return the largest resident set that this process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
