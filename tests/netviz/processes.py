"""Processes that a window has started."""

import os


def gone(pid: int) -> bool:
    """Whether there is no process of that number any more."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
