"""What a person is told about a run's state: of what was kept, what is not, and what is lost."""

from collections.abc import Sequence

from engine.memory import size
from engine.run.keyframes import is_large

MOST_NAMED = 6  # weights that were kept


def kept(names: Sequence[str]) -> str:
    """Of a new run; nothing where it took nothing over."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"weights that still fit were kept: {', '.join(names[:MOST_NAMED])}{more}" if names else ""


def not_kept(state: int) -> str:
    """Of a run of so many bytes of state that no copy is kept; nothing of a smaller one."""
    words = "of weights, too many to keep a copy while they train: File → Save keeps them as they are then"
    return f"{size(state)} {words}" if is_large(state) else ""


def lost(reason: str, state: int, step: int) -> str:
    """Of a worker that has died, and of what becomes of its run."""
    if is_large(state):
        return f"{reason}; the run begins anew: its {size(state)} of weights were too many to keep a copy"
    return f"{reason}; the run goes on from step {step}"
